/**
 * Who is here: what applications call to be present in a topic and to see who is, and what they may
 * add to it. A topic's presences live where the topic is hosted, so what clients are told is in one
 * order and never in conflict; {@code dev.roost.tracking} keeps them. Follows {@code
 * Phoenix.Presence}.
 */
@NullMarked
package dev.roost.presence;

import org.jspecify.annotations.NullMarked;
