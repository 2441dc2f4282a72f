package dev.roost.routing;

import dev.roost.bus.PresenceMessage;
import dev.roost.bus.PresenceMessage.Ruling;
import java.util.HashSet;
import java.util.Set;

/**
 * What all channels of one socket track together, kept by its gateway: channels of one socket can
 * be at many hosts, of several applications. Used by one thread at a time.
 */
public final class PresenceAllowance {

  /** What was granted, each as that which would free it. */
  private final Set<PresenceMessage.Release> granted = new HashSet<>(2);

  private final RateLimit changes;

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
    if (claim.isNew() && granted.size() >= claim.presences()) {
      return Ruling.TOO_MANY;
    }
    if (!changes.tryTake(claim.rate(), now)) {
      return Ruling.TOO_OFTEN;
    }
    if (claim.isNew()) {
      granted.add(new PresenceMessage.Release(claim.channel(), claim.claim()));
    }
    return Ruling.GRANTED;
  }

  public void release(PresenceMessage.Release freed) {
    granted.remove(freed);
  }

  /** A channel has ended, and all that it tracked. */
  public void end(long channel) {
    granted.removeIf(each -> each.channel() == channel);
  }

  /** Presences that count now. */
  public int presences() {
    return granted.size();
  }
}
