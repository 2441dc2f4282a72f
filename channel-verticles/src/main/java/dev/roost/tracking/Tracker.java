package dev.roost.tracking;

import dev.roost.routing.RateLimit;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A channel, or other code of the application, that is present somewhere. What it tracks ends with
 * it. Used on the host's context only.
 */
public final class Tracker {

  /** A presence of it. */
  record Name(String topic, String key) {}

  private final long number;
  private final Optional<String> ownTopic;
  private final Map<Name, Tracked> tracked = new HashMap<>(2);
  private final RateLimit uses;
  private boolean hasEnded;

  /**
   * @param number that no other tracker of the host has
   * @param ownTopic of a channel: it ends when the topic changes its host
   */
  Tracker(long number, Optional<String> ownTopic, long now) {
    this.number = number;
    this.ownTopic = ownTopic;
    this.uses = new RateLimit(now);
  }

  long number() {
    return number;
  }

  Optional<String> ownTopic() {
    return ownTopic;
  }

  Map<Name, Tracked> tracked() {
    return tracked;
  }

  boolean hasEnded() {
    return hasEnded;
  }

  void end() {
    hasEnded = true;
    tracked.clear();
  }

  /** Whether one more track or update is within so many a second. */
  boolean mayUse(int rate, long now) {
    return uses.tryTake(rate, now);
  }
}
