package dev.roost.host;

import dev.roost.channel.Channel;
import dev.roost.routing.RateLimit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * How loud the log is about what goes wrong in the channels of one host. A client that joins and
 * crashes in a loop causes a thousand lines a second, each with a stack trace: ten a second are
 * seen, twenty after a quiet time; the others are at debug, and counted. Safe for any thread.
 */
final class FaultLog {

  private static final Logger log = LoggerFactory.getLogger(Channel.class);
  private static final int LINES_PER_SECOND = 10;

  private final LongSupplier clock;
  private final AtomicLong lines;
  private final AtomicLong leftOut = new AtomicLong();

  /**
   * Nothing told yet.
   *
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  FaultLog(LongSupplier clock) {
    this.clock = clock;
    this.lines = new AtomicLong(clock.getAsLong());
  }

  /** Of the next line: debug if it is one too many. */
  Level level(Level loud) {
    if (RateLimit.tryTake(lines, LINES_PER_SECOND, clock.getAsLong())) {
      return loud;
    }
    leftOut.incrementAndGet();
    return Level.DEBUG;
  }

  /** Says how many were left out since the last time, if any were. */
  void tellLeftOut() {
    long count = leftOut.getAndSet(0);
    if (count > 0) {
      log.warn("channels failed more often than is shown: {} lines are at debug only", count);
    }
  }
}
