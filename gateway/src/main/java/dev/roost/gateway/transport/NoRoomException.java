package dev.roost.gateway.transport;

/** The large messages of all clients together leave no room for one more chunk. */
final class NoRoomException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  NoRoomException() {
    super("unfinished messages take all that they may together", null, false, false);
  }
}
