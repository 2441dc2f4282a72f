package dev.roost.it.cluster;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Looks again and again whether something is so. */
final class Waiting {

  /** Generous: several nodes start on a machine that may have other work. */
  static final Duration LIMIT = Duration.ofMinutes(2);

  private Waiting() {}

  static void until(String what, BooleanSupplier condition) {
    until(() -> what, condition);
  }

  static void until(Supplier<String> what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("expected that " + what.get() + " within " + LIMIT);
      }
      // Not a time that anything depends on: only so that waiting leaves the processor to others.
      LockSupport.parkNanos(20_000_000);
    }
  }
}
