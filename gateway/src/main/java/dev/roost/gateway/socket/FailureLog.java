package dev.roost.gateway.socket;

import dev.roost.routing.RateLimit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Tells the log what went wrong here with what clients sent. Whoever finds out how can cause these
 * lines as often as he likes, each with a stack trace: one a second is seen, two after a quiet
 * time; the others are at debug, and counted. One for all sockets of a gateway verticle, see {@link
 * SocketTable#failures}; used on the gateway's context only.
 */
public final class FailureLog {

  private static final Logger log = LoggerFactory.getLogger(FailureLog.class);
  private static final int LINES_PER_SECOND = 1;

  private final LongSupplier clock;
  private final RateLimit lines;
  private long leftOut;

  /**
   * Nothing told yet.
   *
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  FailureLog(LongSupplier clock) {
    this.clock = clock;
    this.lines = new RateLimit(clock.getAsLong());
  }

  /**
   * Tells of a failure: as an error, or at debug if it is one too many.
   *
   * @param teller logger of whoever saw it
   * @param what failed, and what the client gets for it
   */
  public void tell(Logger teller, String what, @Nullable Throwable cause) {
    boolean due = lines.tryTake(LINES_PER_SECOND, clock.getAsLong());
    leftOut += due ? 0 : 1;
    teller.atLevel(due ? Level.ERROR : Level.DEBUG).setCause(cause).log(what);
  }

  /** Says how many were left out since the last time, if any were; each second. */
  public void tellLeftOut() {
    if (leftOut > 0) {
      log.warn(
          "messages of clients failed more often than is shown: {} lines are at debug only",
          leftOut);
      leftOut = 0;
    }
  }
}
