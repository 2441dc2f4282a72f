package dev.roost.gateway;

import io.vertx.core.Vertx;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.ObjLongConsumer;
import java.util.function.Supplier;

/**
 * Looks at all of many things again and again, for half a millisecond in each turn of the event
 * loop: neither a hundred thousand that are well nor a thousand that have to be closed keep others
 * waiting. Used on the context that it was made on.
 */
final class Rounds<T> {

  /** What a turn takes, and each time as much more as the round has outlived its period. */
  private static final long TURN_NANOS = 500_000;

  /** Between two turns of a round. */
  private static final long PAUSE_MS = 1;

  private final Vertx vertx;
  private final long periodNanos;
  private final Supplier<List<T>> all;
  private final ObjLongConsumer<T> look;
  private final LongSupplier clock;
  private final long timer;
  private Iterator<T> left = Collections.emptyIterator();
  private long began;

  /**
   * Begins a round in each period, or when the one before is over.
   *
   * @param all those there are when a round begins, as a list of its own
   * @param look what is done with each, which may be over since then; told the time of its turn
   */
  Rounds(Vertx vertx, long periodMs, Supplier<List<T>> all, ObjLongConsumer<T> look) {
    this(vertx, periodMs, all, look, System::nanoTime);
  }

  /**
   * The same with a clock of its own.
   *
   * @param clock in nanoseconds
   */
  Rounds(
      Vertx vertx,
      long periodMs,
      Supplier<List<T>> all,
      ObjLongConsumer<T> look,
      LongSupplier clock) {
    this.vertx = vertx;
    this.periodNanos = TimeUnit.MILLISECONDS.toNanos(periodMs);
    this.all = all;
    this.look = look;
    this.clock = clock;
    this.timer = vertx.setPeriodic(periodMs, ignored -> begin());
  }

  /** Looks at nothing any more. */
  void stop() {
    vertx.cancelTimer(timer);
    left = Collections.emptyIterator();
  }

  private void begin() {
    if (!left.hasNext()) {
      left = all.get().iterator();
      began = clock.getAsLong();
      turn();
    }
  }

  private void turn() {
    long now = clock.getAsLong();
    long share = TURN_NANOS * (1 + (now - began) / periodNanos);
    try {
      while (left.hasNext() && clock.getAsLong() - now < share) {
        look.accept(left.next(), now);
      }
    } finally {
      if (left.hasNext()) { // Also if a look failed: the others are not left out.
        vertx.setTimer(PAUSE_MS, ignored -> turn());
      } else {
        left = Collections.emptyIterator(); // Nothing that ends is kept until the next round.
      }
    }
  }
}
