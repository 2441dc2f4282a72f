package dev.roost.routing;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * How a mount treats its sockets. Part of what an application advertises, so that gateways need no
 * configuration of their own for it. Every option has a default; {@code with..} methods change one.
 *
 * @param checkOrigin which pages may connect; default {@link OriginPolicy.SameHost}
 * @param websocketPath transport path behind the mount path; default {@code /websocket} (E-3)
 * @param connectInfo what the socket handler is told of the request; default nothing (C-1)
 * @param authToken whether the token in the subprotocol list is read; default false
 * @param subprotocols WebSocket subprotocols offered, in order of preference; default none
 * @param maxChannels channels that one connection may hold (J-4); default 100
 * @param idleTimeout a connection from which no byte came for so long is closed with 1002 (W-1);
 *     default 60 s
 */
public record SocketOptions(
    OriginPolicy checkOrigin,
    String websocketPath,
    Set<ConnectInfoKey> connectInfo,
    boolean authToken,
    List<String> subprotocols,
    int maxChannels,
    Duration idleTimeout) {

  public SocketOptions {
    connectInfo = Set.copyOf(connectInfo);
    subprotocols = List.copyOf(subprotocols);
    if (!websocketPath.startsWith("/") || websocketPath.length() < 2) {
      throw new IllegalArgumentException(
          "websocketPath starts with / and names a segment, such as /websocket, got \""
              + websocketPath
              + "\"");
    }
    if (maxChannels < 1) {
      throw new IllegalArgumentException("maxChannels is 1 or more, got " + maxChannels);
    }
    if (idleTimeout.toMillis() < 1000) {
      throw new IllegalArgumentException("idleTimeout is 1 s or more, got " + idleTimeout);
    }
  }

  /** Phoenix's defaults. */
  public static SocketOptions defaults() {
    return new SocketOptions(
        OriginPolicy.sameHost(),
        "/websocket",
        EnumSet.noneOf(ConnectInfoKey.class),
        false,
        List.of(),
        100,
        Duration.ofSeconds(60));
  }

  public SocketOptions withCheckOrigin(OriginPolicy value) {
    return new SocketOptions(
        value, websocketPath, connectInfo, authToken, subprotocols, maxChannels, idleTimeout);
  }

  public SocketOptions withWebsocketPath(String value) {
    return new SocketOptions(
        checkOrigin, value, connectInfo, authToken, subprotocols, maxChannels, idleTimeout);
  }

  public SocketOptions withConnectInfo(ConnectInfoKey... value) {
    return new SocketOptions(
        checkOrigin,
        websocketPath,
        Set.of(value),
        authToken,
        subprotocols,
        maxChannels,
        idleTimeout);
  }

  public SocketOptions withAuthToken(boolean value) {
    return new SocketOptions(
        checkOrigin, websocketPath, connectInfo, value, subprotocols, maxChannels, idleTimeout);
  }

  public SocketOptions withSubprotocols(String... value) {
    return new SocketOptions(
        checkOrigin,
        websocketPath,
        connectInfo,
        authToken,
        List.of(value),
        maxChannels,
        idleTimeout);
  }

  public SocketOptions withMaxChannels(int value) {
    return new SocketOptions(
        checkOrigin, websocketPath, connectInfo, authToken, subprotocols, value, idleTimeout);
  }

  public SocketOptions withIdleTimeout(Duration value) {
    return new SocketOptions(
        checkOrigin, websocketPath, connectInfo, authToken, subprotocols, maxChannels, value);
  }
}
