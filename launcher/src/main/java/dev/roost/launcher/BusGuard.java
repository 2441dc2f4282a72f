package dev.roost.launcher;

import dev.roost.routing.RateLimit;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes connections to the bus port on which something comes that is no message of a bus, and says
 * so. On the pipelines of servers; {@link #port} from any thread.
 */
final class BusGuard extends ChannelInboundHandlerAdapter {

  /*
   * Vert.x takes the first four octets for a length, whatever they say, and gathers so many: those of
   * an HTTP request mean 1.2 GB. Whoever goes on sending would fill the heap.
   */

  private static final Logger log = LoggerFactory.getLogger(BusGuard.class);

  /** Longest message: some times what a payload may have (Contract), and far below any text. */
  static final int MOST = 128 << 20;

  private static final int ANY = 0;
  private static final int NONE = -1;

  private final AtomicLong lines = new AtomicLong(System.nanoTime());
  private volatile int port;

  private BusGuard(int port) {
    this.port = port;
  }

  /** Looks at the connections of no server. */
  static BusGuard ofNone() {
    return new BusGuard(NONE);
  }

  /** Looks at those of every server until the port is known: the bus is the first that opens. */
  static BusGuard ofAny() {
    return new BusGuard(ANY);
  }

  /** From now on looks at the connections that come to this port, if at any. */
  void port(int known) {
    if (port != NONE) {
      port = known;
    }
  }

  @Override
  public boolean isSharable() {
    return true;
  }

  /** A connection that a server has accepted. */
  @Override
  public void channelRead(ChannelHandlerContext context, Object accepted) {
    int guarded = port;
    if (guarded != NONE
        && accepted instanceof Channel connection
        && context.channel().localAddress() instanceof InetSocketAddress listening
        && (guarded == ANY || guarded == listening.getPort())) {
      connection.pipeline().addFirst("bus-guard", new Lengths());
    }
    context.fireChannelRead(accepted);
  }

  /** Follows the messages of one connection, by their lengths; on its event loop. */
  private final class Lengths extends ChannelInboundHandlerAdapter {

    private int ofMessage; // octets that are still to come
    private int length;
    private int ofLength; // octets of it that were read
    private boolean refused;

    @Override
    public void channelRead(ChannelHandlerContext context, Object read) {
      if (refused) {
        ReferenceCountUtil.release(read);
      } else if (read instanceof ByteBuf octets && !follow(octets)) {
        refused = true;
        octets.release();
        tell(context.channel());
        var unused = context.close();
      } else {
        context.fireChannelRead(read);
      }
    }

    /** False for a length that no message has. */
    private boolean follow(ByteBuf octets) {
      int at = octets.readerIndex();
      int end = octets.writerIndex();
      while (at < end) {
        if (ofMessage > 0) {
          int some = Math.min(ofMessage, end - at);
          at += some;
          ofMessage -= some;
          continue;
        }
        length = length << 8 | octets.getUnsignedByte(at++);
        if (++ofLength == Integer.BYTES) {
          if (length <= 0 || length > MOST) {
            return false;
          }
          ofMessage = length;
          length = 0;
          ofLength = 0;
        }
      }
      return true;
    }

    private void tell(Channel connection) {
      if (RateLimit.tryTake(lines, 1, System.nanoTime())) {
        log.warn(
            "closed a connection of {} to the bus at {}: what came is no message of an event bus"
                + " (a length of {}); something other than a node connects there; keep it on a"
                + " network of the nodes' own, or set bus-tls-certificate, bus-tls-key and"
                + " bus-tls-ca on all of them",
            connection.remoteAddress(),
            connection.localAddress(),
            length);
      }
    }
  }
}
