package dev.roost.gateway.transport;

/** The large messages of all clients together leave no room for more. */
final class NoRoomException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  NoRoomException() {
    super("large messages take all that they may together", null, false, false);
  }
}
