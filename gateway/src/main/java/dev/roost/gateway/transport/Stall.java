package dev.roost.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Since when a client has taken nothing of what waits for it. */
public final class Stall {

  /*
   * Looked at once a second for each socket, and kept for those only for which something waits: the
   * writes themselves note nothing. If the first message that waits is the same as at the last look,
   * and no octet of it was taken, nothing was. A look that comes late counts as one in time: the
   * whole process may have stood still.
   */
  private static final long LOOK_NS = Duration.ofSeconds(2).toNanos();

  private final Object first;
  private final long left;
  private long looked;
  private long lasts;

  private Stall(Object first, long left, long now) {
    this.first = first;
    this.left = left;
    this.looked = now;
  }

  /**
   * Looks again.
   *
   * @param known what the last look has found, null if nothing waited
   * @param now as of {@link System#nanoTime}
   * @return null if nothing waits
   */
  @SuppressWarnings("ReferenceEquality") // the same message, not one that is alike
  static @Nullable Stall look(@Nullable Stall known, Channel channel, long now) {
    ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
    Object first = queue == null || queue.isEmpty() ? null : queue.current();
    if (first == null) {
      return null;
    }
    // Of a file, which is no buffer, the channel tells how much is gone.
    long left = first instanceof ByteBuf octets ? octets.readableBytes() : -queue.currentProgress();
    if (known == null || known.first != first || known.left != left) {
      return new Stall(first, left, now);
    }
    known.lasts += Math.min(now - known.looked, LOOK_NS);
    known.looked = now;
    return known;
  }

  /** The same for a connection; null if what waits for it cannot be seen, too. */
  public static @Nullable Stall look(@Nullable Stall known, HttpConnection connection, long now) {
    return NettyChannel.of(connection).map(channel -> look(known, channel, now)).orElse(null);
  }

  public boolean isLongerThan(Duration limit) {
    return lasts > limit.toNanos();
  }
}
