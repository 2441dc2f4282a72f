package dev.roost.routing;

/** Where in a client's request its token is. */
public sealed interface TokenSource {

  /**
   * A parameter of the query. phoenix.js sends what its {@code params} option holds or returns; any
   * name but {@code token}, which in long polling is the session's.
   */
  record Param(String name) implements TokenSource {
    public Param {
      if (name.isEmpty() || name.equals("token")) {
        throw new IllegalArgumentException(
            "a parameter for tokens has a name, and not token, which long polling uses itself: such"
                + " as access_token, got \""
                + name
                + "\"");
      }
    }
  }

  /**
   * What phoenix.js sends as {@code authToken}: in the subprotocols of a WebSocket, in a
   * header of its own when it polls. The mount has {@link SocketOptions#authToken} for it.
   */
  record AuthToken() implements TokenSource {}

  /** The header {@code Authorization: Bearer TOKEN}; browsers cannot send it with a WebSocket. */
  record Authorization() implements TokenSource {}

  static TokenSource param(String name) {
    return new Param(name);
  }

  static TokenSource authToken() {
    return new AuthToken();
  }

  static TokenSource authorization() {
    return new Authorization();
  }
}
