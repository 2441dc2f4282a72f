/**
 * The machinery of presences. {@code Trackers} knows what the channels of one host track, wherever;
 * {@code HostedPresences} knows who is present in the topics that the host has, whoever tracks
 * them: two ends that talk by {@code PresenceMessage}, or directly where both are here. {@code
 * PresenceState} is the pure core: what is there, and what members have yet to be told. Internal:
 * applications use {@code dev.roost.presence}.
 */
@NullMarked
package dev.roost.tracking;

import org.jspecify.annotations.NullMarked;
