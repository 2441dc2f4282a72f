package dev.roost.application;

import dev.roost.channel.Payload;
import java.util.Optional;

/**
 * Decides who may connect, and names the connection. Runs on a virtual thread and may block; nobody
 * waits for it but the client that connects. Follows {@code Phoenix.Socket}.
 *
 * {@snippet :
 * SocketHandler handler =
 *     (params, info) ->
 *         params.tree().path("token").asText().equals("secret")
 *             ? ConnectResult.accept().assign("user", 42)
 *             : ConnectResult.refuse();
 * }
 */
@FunctionalInterface
public interface SocketHandler {

  /**
   * Decides on a connection.
   *
   * @param params JSON object: the decoded query string and path variables, all leaves strings
   * @param info what {@link dev.roost.routing.SocketOptions#connectInfo} lists
   * @return {@link ConnectResult#accept()} or {@link ConnectResult#refuse()}; an exception answers
   *     HTTP 500, null 403
   */
  ConnectResult connect(Payload params, ConnectInfo info);

  /**
   * The id topic of an accepted connection, by which it can be {@link Broadcaster#disconnect
   * disconnected}; empty for an anonymous one (D-1).
   */
  default Optional<String> id(ConnectResult.Accepted accepted) {
    return Optional.empty();
  }

  /** Accepts everybody, anonymously. */
  static SocketHandler acceptAll() {
    return (params, info) -> ConnectResult.accept();
  }
}
