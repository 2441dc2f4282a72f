package dev.roost.routing;

import dev.roost.bus.PresenceMessage;
import dev.roost.bus.PresenceMessage.Ruling;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What all channels of one socket track together, kept by its gateway: channels of one socket can
 * be at many hosts, of several applications. Used by one thread at a time.
 */
public final class PresenceAllowance {

  /** Claims that were granted, by channel, and of what, as far as that was said. */
  private final Map<Long, Map<Long, Optional<PresenceMessage.Name>>> granted = new HashMap<>(2);

  private final RateLimit changes;
  private int presences;

  /**
   * Nothing is tracked.
   *
   * @param now as of {@link System#nanoTime}
   */
  public PresenceAllowance(long now) {
    this.changes = new RateLimit(now);
  }

  /** Rules on a claim; what it grants to a new presence counts from here on. */
  public Ruling rule(PresenceMessage.Claim claim, long now) {
    if (claim.isNew() && presences >= claim.presences()) {
      return Ruling.TOO_MANY;
    }
    if (!changes.tryTake(claim.rate(), now)) {
      return Ruling.TOO_OFTEN;
    }
    if (claim.isNew()) {
      var ofChannel = granted.computeIfAbsent(claim.channel(), first -> new HashMap<>(2));
      if (ofChannel.putIfAbsent(claim.claim(), claim.name()) == null) {
        presences++;
      }
    }
    return Ruling.GRANTED;
  }

  /** A presence is no more; a claim that was not granted, or is free already, changes nothing. */
  public void release(PresenceMessage.Release freed) {
    var ofChannel = granted.get(freed.channel());
    if (ofChannel != null && ofChannel.remove(freed.claim()) != null) {
      presences--;
      if (ofChannel.isEmpty()) {
        granted.remove(freed.channel());
      }
    }
  }

  /** A channel has ended, and all that it tracked. */
  public void end(long channel) {
    var ofChannel = granted.remove(channel);
    if (ofChannel != null) {
      presences -= ofChannel.size();
    }
  }

  /** What a channel tracks, as far as its claims said. */
  public List<PresenceMessage.Name> names(long channel) {
    return granted.getOrDefault(channel, Map.of()).values().stream()
        .flatMap(Optional::stream)
        .toList();
  }

  /** Presences that count now. */
  public int presences() {
    return presences;
  }
}
