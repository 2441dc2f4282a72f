package dev.roost.host;

/**
 * Whether virtual threads get to run. Callbacks that compute without an end, or block where Java
 * cannot take them off, keep the threads that carry all others: as many of them as the process has
 * processors, and no callback begins any more. Asked from one thread.
 */
final class CarrierProbe {

  private volatile boolean runs = true;
  private long asked;

  /**
   * Asks for a virtual thread, unless one is awaited already.
   *
   * @param now as of {@link System#nanoTime}
   * @return how long that has been awaited, in nanoseconds
   */
  long waits(long now) {
    if (!runs) {
      return now - asked;
    }
    asked = now;
    runs = false;
    Thread.ofVirtual().name("roost-probe").start(() -> runs = true);
    return 0;
  }
}
