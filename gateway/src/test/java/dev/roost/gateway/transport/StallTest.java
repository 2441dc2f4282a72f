package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.FileRegion;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.File;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who takes nothing, at times that the test says. */
class StallTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final Narrow channel = new Narrow();
  private @Nullable Stall stall;
  private long now = -5 * SECOND;

  /** A connection that takes as many octets as it is told. */
  private static final class Narrow extends EmbeddedChannel {

    private int room;

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
      int taken = (int) Math.min(room, in.totalPendingWriteBytes());
      room = 0;
      if (in.current() instanceof FileRegion) {
        in.progress(taken);
      } else {
        in.removeBytes(taken);
      }
    }

    void take(int octets) {
      room = octets;
      flush();
    }
  }

  @AfterEach
  void close() {
    channel.unsafe().closeForcibly();
  }

  private void send(int octets) {
    var unused = channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[octets]));
  }

  private boolean isStuckAfter(int seconds) {
    for (int i = 0; i < seconds; i++) {
      look();
      now += SECOND;
    }
    return stall != null && stall.isLongerThan(LIMIT);
  }

  private void look() {
    stall = Stall.look(stall, channel, now);
  }

  @Test
  void whereNothingWaitsNothingIsKept() {
    look();
    assertNull(stall);
    send(1_000);
    look();
    assertNotNull(stall);
    channel.take(100_000);
    look();
    assertNull(stall);
  }

  @Test
  void whoTakesNothingIsStuck() {
    send(1_000);
    assertFalse(isStuckAfter(31));
    assertTrue(isStuckAfter(1));
  }

  @Test
  void whatElseIsSentIsNoProgress() {
    send(1_000);
    assertFalse(isStuckAfter(30));
    send(1_000);
    assertTrue(isStuckAfter(2));
  }

  @Test
  void whoTakesAnOctetNowAndThenIsNot() {
    send(1_000);
    for (int i = 0; i < 10; i++) {
      assertFalse(isStuckAfter(30));
      channel.take(1);
    }
  }

  @Test
  void whoTakesSomeOfAFileNowAndThenIsNot() {
    var unused =
        channel.writeAndFlush(new DefaultFileRegion(new File("of 1,000 octets"), 0, 1_000));
    for (int i = 0; i < 10; i++) {
      assertFalse(isStuckAfter(29));
      channel.take(1);
    }
    assertTrue(isStuckAfter(32));
  }

  @Test
  void whoTakesAMessageNowAndThenIsNot() {
    for (int i = 0; i < 11; i++) {
      send(1_000);
    }
    for (int i = 0; i < 10; i++) {
      assertFalse(isStuckAfter(30));
      channel.take(1_000);
    }
  }

  @Test
  void aProcessThatStoodStillHasNotMadeItsClientsSlow() {
    send(1_000);
    look();
    now += 3_600 * SECOND;
    assertFalse(isStuckAfter(28));
  }
}
