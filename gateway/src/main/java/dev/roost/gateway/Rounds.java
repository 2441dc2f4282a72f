package dev.roost.gateway;

import io.vertx.core.Vertx;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;

/**
 * Looks at all of many things again and again, a few in each turn of the event loop: neither a
 * hundred thousand that are well nor a thousand that end together keep others waiting. Used on the
 * context that it was made on.
 */
final class Rounds<T> {

  /** Looked at in a turn, some tens of microseconds. */
  private static final int LOOKS = 256;

  /**
   * Of these, those that there was something to do for, such as to close it: much more than a look.
   */
  private static final int DEEDS = 8;

  /** Between two turns of a round. */
  private static final long PAUSE_MS = 1;

  /** What a look does. */
  interface Look<T> {

    /**
     * Looks at one; it may be over since the round began.
     *
     * @return whether there was something to do
     */
    boolean at(T one, long now);
  }

  private final Vertx vertx;
  private final Supplier<List<T>> all;
  private final Look<T> look;
  private final long timer;
  private Iterator<T> left = Collections.emptyIterator();

  /**
   * Begins a round in each period, or when the one before is over.
   *
   * @param all those there are when a round begins, as a list of its own
   */
  Rounds(Vertx vertx, long periodMs, Supplier<List<T>> all, Look<T> look) {
    this.vertx = vertx;
    this.all = all;
    this.look = look;
    this.timer = vertx.setPeriodic(periodMs, ignored -> begin());
  }

  /** No round begins any more. */
  void stop() {
    vertx.cancelTimer(timer);
  }

  private void begin() {
    if (!left.hasNext()) {
      left = all.get().iterator();
      turn();
    }
  }

  private void turn() {
    long now = System.nanoTime();
    int looks = 0;
    int deeds = 0;
    try {
      while (left.hasNext() && looks < LOOKS && deeds < DEEDS) {
        looks++;
        if (look.at(left.next(), now)) {
          deeds++;
        }
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
