package dev.roost.gateway.transport;

import io.netty.channel.Channel;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.HttpServerConnection;
import java.util.Optional;

/**
 * The Netty channel of a connection, for what Vert.x's own API has no word for. Used on the
 * connection's event loop only.
 */
public final class NettyChannel {

  private NettyChannel() {}

  static Optional<Channel> of(HttpConnection connection) {
    return connection instanceof HttpServerConnection known
        ? Optional.of(known.channelHandlerContext().channel())
        : Optional.empty();
  }

  /**
   * Has an event loop read from the connection once, 64 KiB at most, before it looks at the others.
   */
  public static void takeTurns(HttpConnection connection) {
    of(connection).ifPresent(NettyChannel::takeTurns);
  }

  /*
   * Usually it reads 16 times, 1 MiB, from each: with 25 that send as fast as they can, whoever comes
   * behind them would wait until 25 MiB are dealt with.
   */
  static void takeTurns(Channel channel) {
    RecvByteBufAllocator reads = channel.config().getRecvByteBufAllocator();
    if (reads instanceof MaxMessagesRecvByteBufAllocator counted) {
      counted.maxMessagesPerRead(1);
    }
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
