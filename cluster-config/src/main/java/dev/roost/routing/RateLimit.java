package dev.roost.routing;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A token bucket that holds two seconds' worth. There is one for each rate that somebody has to
 * keep. Used by one thread at a time; many may share the number of a bucket in an {@link
 * AtomicLong}.
 */
public final class RateLimit {

  /*
   * A bucket is one number: the time at which it will be full again (the generic cell rate
   * algorithm). Times are compared by their difference, since nano times start anywhere.
   */
  private static final long SECOND = 1_000_000_000L;
  private static final long BURST = 2 * SECOND;

  private long full;

  /** Full, as of now. */
  public RateLimit(long now) {
    this.full = now;
  }

  /**
   * Takes out a number of tokens, also more than there are; below 0 it puts some back.
   *
   * @param perSecond how many come in
   * @param now as of {@link System#nanoTime}, never less than before
   * @return nanoseconds until the debt is paid; 0 if there is none
   */
  public long take(long tokens, int perSecond, long now) {
    full = without(tokens, full, perSecond, now);
    return Math.max(0, full - now - BURST);
  }

  /** Takes one token if there is one. */
  public boolean tryTake(int perSecond, long now) {
    if (isEmpty(full, perSecond, now)) {
      return false;
    }
    full = without(1, full, perSecond, now);
    return true;
  }

  /** When the bucket will be full again; a time that has passed if it is. */
  public long full() {
    return full;
  }

  /**
   * Takes one token if there is one, from any thread.
   *
   * @param full of the bucket; one that is full begins with the time that it is made at
   */
  public static boolean tryTake(AtomicLong full, int perSecond, long now) {
    while (true) {
      long before = full.get();
      if (isEmpty(before, perSecond, now)) {
        return false;
      }
      if (full.compareAndSet(before, without(1, before, perSecond, now))) {
        return true;
      }
    }
  }

  private static boolean isEmpty(long full, int perSecond, long now) {
    return full - now > BURST - SECOND / perSecond;
  }

  private static long without(long tokens, long full, int perSecond, long now) {
    long from = full - now > 0 ? full : now;
    return from + tokens * SECOND / perSecond;
  }
}
