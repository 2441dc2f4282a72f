package dev.roost.routing;

import dev.roost.bus.PresenceMessage;
import dev.roost.bus.PresenceMessage.Ruling;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What all channels of one socket track together, kept by its gateway: channels of one socket can
 * be at many hosts, of several applications. Used by one thread at a time.
 */
public final class PresenceAllowance {

  /** Claims that were granted, by channel. */
  private final Map<Long, Set<Long>> granted = new HashMap<>(2);

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
      Set<Long> ofChannel = granted.computeIfAbsent(claim.channel(), first -> new HashSet<>(2));
      if (ofChannel.add(claim.claim())) {
        presences++;
      }
    }
    return Ruling.GRANTED;
  }

  /** A presence is no more; a claim that was not granted, or is free already, changes nothing. */
  public void release(PresenceMessage.Release freed) {
    Set<Long> ofChannel = granted.get(freed.channel());
    if (ofChannel != null && ofChannel.remove(freed.claim())) {
      presences--;
      if (ofChannel.isEmpty()) {
        granted.remove(freed.channel());
      }
    }
  }

  /** A channel has ended, and all that it tracked. */
  public void end(long channel) {
    Set<Long> ofChannel = granted.remove(channel);
    if (ofChannel != null) {
      presences -= ofChannel.size();
    }
  }

  /** Presences that count now. */
  public int presences() {
    return presences;
  }
}
