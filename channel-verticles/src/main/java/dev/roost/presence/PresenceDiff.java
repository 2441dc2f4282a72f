package dev.roost.presence;

/**
 * What has changed in a topic since the diff before: {@code joins} and {@code leaves}, each with
 * only those metas that joined or left (P-2). A changed meta has left and joined.
 */
public record PresenceDiff(PresenceList joins, PresenceList leaves) {}
