package dev.roost.gateway.socket;

/**
 * A token bucket that holds two seconds' worth, as one number: the time at which it will be full
 * again (the generic cell rate algorithm). A socket has one for each of its rates.
 */
final class RateLimit {

  private static final long SECOND = 1_000_000_000L;
  private static final long BURST = 2 * SECOND;

  private long full;

  /** Full, as of now. */
  RateLimit(long now) {
    this.full = now;
  }

  /**
   * Takes out a number of tokens, also more than there are.
   *
   * @param perSecond how many come in
   * @param now as of {@link System#nanoTime}, never less than before
   * @return nanoseconds until the debt is paid; 0 if there is none
   */
  long take(long tokens, int perSecond, long now) {
    long from = full - now > 0 ? full : now;
    full = from + tokens * SECOND / perSecond;
    return Math.max(0, full - now - BURST);
  }

  /** Takes one token if there is one. */
  boolean tryTake(int perSecond, long now) {
    if (full - now > BURST - SECOND / perSecond) {
      return false;
    }
    take(1, perSecond, now);
    return true;
  }
}
