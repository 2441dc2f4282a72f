package dev.roost.chaos;

/**
 * What a member saw or did, in the order in which it did. {@code at} is {@link System#nanoTime()};
 * all clients are in one process, so their times compare.
 */
sealed interface Entry {

  long at();

  /** The join was answered with ok: a stay begins. */
  record Joined(long at) implements Entry {}

  /** The member's own message was handed to the connection. Numbers begin with 1, per member. */
  record Pushed(long at, int number) implements Entry {}

  /** The member's own message was answered with an error. */
  record Refused(long at, int number) implements Entry {}

  /** A message of the topic, by its publisher's client number and its own number. */
  record Received(long at, int publisher, int number) implements Entry {}

  /** The member was told that its stay is over. */
  record Signal(long at, Kind kind) implements Entry {}

  /** What no correct server does: an unasked-for {@code phx_close}, a message of another topic. */
  record Unexpected(long at, String what) implements Entry {}

  /** How a member learns that its stay is over. */
  enum Kind {
    PHX_ERROR,
    SOCKET_CLOSED,
    /** The client itself closed its socket, to go back to its own gateway. */
    MOVED
  }
}
