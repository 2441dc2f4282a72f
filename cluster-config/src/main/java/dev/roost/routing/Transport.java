package dev.roost.routing;

/** How a client reaches a mount. */
public enum Transport {
  WEBSOCKET("websocket"),
  LONG_POLL("longpoll");

  private final String wireName;

  Transport(String wireName) {
    this.wireName = wireName;
  }

  /** Phoenix's name for it, which socket handlers and channels are told (N-13). */
  public String wireName() {
    return wireName;
  }
}
