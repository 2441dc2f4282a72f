package dev.roost.application;

import dev.roost.channel.Payload;
import java.util.Optional;

/**
 * Decides who may connect, and names the connection. Runs on a virtual thread and may block; nobody
 * waits for it but the client that connects. That one is answered HTTP 503 if it takes more than
 * {@code connectTimeout} of the gateway, 10 s by default; after {@code callbackTimeout} of {@link
 * ChannelOptions}, 30 s by default, the thread is interrupted. Follows {@code Phoenix.Socket}.
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
   * disconnected}; empty for an anonymous one (D-1). Null answers HTTP 403; an exception, or an id
   * of more than 21,845 characters, 500.
   */
  default Optional<String> id(ConnectResult.Accepted accepted) {
    return Optional.empty();
  }

  /**
   * Whether a page of this origin may connect; asked before {@link #connect} where the mount has
   * {@link dev.roost.routing.OriginPolicy#byHandler}, and on the same terms. Not asked where a
   * request has no origin: only browsers are constrained (O-2). A refusal is 403, or in long
   * polling {@code {"status": 403}}; an exception answers HTTP 500.
   *
   * @param origin the {@code Origin} header as it came: {@code https://chat.example}, but also
   *     {@code null} as text, {@code file://} or anything else
   */
  default boolean allowsOrigin(String origin) {
    return false;
  }

  /** Accepts everybody, anonymously. */
  static SocketHandler acceptAll() {
    return (params, info) -> ConnectResult.accept();
  }
}
