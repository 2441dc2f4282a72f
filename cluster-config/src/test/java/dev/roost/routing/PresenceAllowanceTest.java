package dev.roost.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.bus.PresenceMessage.Claim;
import dev.roost.bus.PresenceMessage.Release;
import dev.roost.bus.PresenceMessage.Ruling;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PresenceAllowanceTest {

  private static final int OFTEN = 1_000_000;
  private final PresenceAllowance allowance = new PresenceAllowance(0);
  private long now;
  private long lastClaim;

  private Ruling track(long channel, int presences, int rate) {
    return allowance.rule(
        new Claim(++lastClaim, channel, true, presences, rate, Optional.empty()), now);
  }

  private Ruling update(long channel, int presences, int rate) {
    return allowance.rule(
        new Claim(++lastClaim, channel, false, presences, rate, Optional.empty()), now);
  }

  @Test
  void allChannelsCountTogether() {
    assertEquals(Ruling.GRANTED, track(1, 2, OFTEN));
    assertEquals(Ruling.GRANTED, track(2, 2, OFTEN));
    assertEquals(Ruling.TOO_MANY, track(3, 2, OFTEN));
    assertEquals(Ruling.GRANTED, track(3, 3, OFTEN), "another application may allow more");
    assertEquals(3, allowance.presences());
  }

  @Test
  void whatIsReleasedIsFreeAndCountsNoSecondTime() {
    track(1, 2, OFTEN);
    track(1, 2, OFTEN);
    allowance.release(new Release(1, 2));
    allowance.release(new Release(1, 2));
    allowance.release(new Release(2, 1));
    assertEquals(1, allowance.presences());
  }

  @Test
  void aClaimThatWasRefusedHasNothingToRelease() {
    track(1, 1, OFTEN);
    assertEquals(Ruling.TOO_MANY, track(1, 1, OFTEN));
    allowance.release(new Release(1, 2));
    assertEquals(1, allowance.presences());
  }

  @Test
  void aChannelThatEndsTakesAllItsPresencesAlong() {
    track(1, 3, OFTEN);
    track(1, 3, OFTEN);
    track(2, 3, OFTEN);
    allowance.end(1);
    assertEquals(1, allowance.presences());
  }

  @Test
  void anUpdateIsBoundByTheRateOnly() {
    track(1, 1, OFTEN);
    assertEquals(Ruling.GRANTED, update(1, 1, OFTEN));
    assertEquals(1, allowance.presences());
  }

  /** A bucket holds two seconds' worth; a presence too many takes nothing out of it. */
  @Test
  void allChannelsShareTheRate() {
    assertEquals(Ruling.GRANTED, track(1, 1, 1));
    assertEquals(Ruling.TOO_MANY, track(2, 1, 1));
    assertEquals(Ruling.GRANTED, update(2, 1, 1));
    assertEquals(Ruling.TOO_OFTEN, update(1, 1, 1));
    assertEquals(Ruling.TOO_OFTEN, track(1, 2, 1));
    now = TimeUnit.SECONDS.toNanos(1);
    assertEquals(Ruling.GRANTED, update(1, 1, 1));
  }
}
