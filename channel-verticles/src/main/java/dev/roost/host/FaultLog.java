package dev.roost.host;

import dev.roost.routing.RateLimit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * How loud the log is about one kind of what goes wrong at one host, in its channels for instance.
 * A client that joins and crashes in a loop causes a thousand lines a second, each with a stack
 * trace: ten a second are seen, twenty after a quiet time; the others are at debug, and counted.
 * Safe for any thread.
 */
final class FaultLog {

  private static final int LINES_PER_SECOND = 10;

  private final Logger log;
  private final String leftOutLine;
  private final LongSupplier clock;
  private final AtomicLong lines;
  private final AtomicLong leftOut = new AtomicLong();

  /**
   * Nothing told yet.
   *
   * @param log where what was left out is told
   * @param what goes wrong: {@code channels failed}
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  FaultLog(Logger log, String what, LongSupplier clock) {
    this.log = log;
    this.leftOutLine = what + " more often than is shown: {} lines are at debug only";
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
      log.warn(leftOutLine, count);
    }
  }
}
