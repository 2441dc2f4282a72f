package dev.roost.gateway.transport;

import io.netty.channel.Channel;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.HttpServerConnection;
import java.util.Optional;

/**
 * The Netty channel of a connection, for what Vert.x's own API has no word for: to cut it off. Used
 * on the connection's event loop only.
 */
public final class NettyChannel {

  private NettyChannel() {}

  static Optional<Channel> of(HttpConnection connection) {
    return connection instanceof HttpServerConnection known
        ? Optional.of(known.channelHandlerContext().channel())
        : Optional.empty();
  }

  /** Ends a connection at once, with all that waits to be written. */
  public static void abort(HttpConnection connection) {
    Optional<Channel> channel = of(connection);
    if (channel.isPresent()) {
      abort(channel.get());
    } else {
      connection.close();
    }
  }

  /*
   * Not the channel's own close: of a WebSocket it is a close frame, behind all that still waits, and
   * TLS makes an alert of it, for which it waits 10 s. And without a promise, which takes memory.
   */
  static void abort(Channel channel) {
    channel.unsafe().close(channel.voidPromise());
  }
}
