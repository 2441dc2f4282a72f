package dev.roost.tracking;

import dev.roost.routing.RateLimit;
import java.util.HashSet;
import java.util.Set;

/** What the channels that one socket has at a host may track together. */
final class SocketAllowance {

  private final Set<Tracker> trackers = new HashSet<>(2);
  private final RateLimit uses;

  SocketAllowance(long now) {
    this.uses = new RateLimit(now);
  }

  void add(Tracker tracker) {
    trackers.add(tracker);
  }

  /** Whether nobody is left to share it. */
  boolean remove(Tracker tracker) {
    trackers.remove(tracker);
    return trackers.isEmpty();
  }

  int presences() {
    return trackers.stream().mapToInt(tracker -> tracker.tracked().size()).sum();
  }

  /** Whether one more track or update is within so many a second. */
  boolean mayUse(int rate, long now) {
    return uses.tryTake(rate, now);
  }
}
