package dev.roost.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Messages in order of arrival, taken out one by one or by what they are; what is not asked for
 * stays. Safe for any thread.
 */
final class Inbox {

  private final List<Received> all = new ArrayList<>();
  private final List<Received> pending = new ArrayList<>();

  synchronized void add(Received message) {
    all.add(message);
    pending.add(message);
    notifyAll();
  }

  /** Takes the first message that the function makes something of; null if none comes in time. */
  synchronized <T> @Nullable T take(
      Function<? super Received, ? extends @Nullable T> wanted, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    int looked = 0;
    while (true) {
      for (Iterator<Received> rest = pending.listIterator(looked); rest.hasNext(); looked++) {
        @Nullable T found = wanted.apply(rest.next());
        if (found != null) {
          rest.remove();
          return found;
        }
      }
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return null;
      }
      try {
        wait(left / 1_000_000, (int) (left % 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while waiting for a message", e);
      }
      // Another thread may have taken something meanwhile.
      looked = Math.min(looked, pending.size());
    }
  }

  /** Everything that ever came. */
  synchronized List<Received> all() {
    return List.copyOf(all);
  }

  /** What came and was not asked for yet. */
  synchronized List<Received> pending() {
    return List.copyOf(pending);
  }
}
