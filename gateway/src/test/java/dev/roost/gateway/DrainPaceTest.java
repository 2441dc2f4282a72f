package dev.roost.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DrainPaceTest {

  private static final DrainPace DEFAULT = DrainPace.of(GatewayOptions.defaults());

  private static long due(DrainPace pace, long millis) {
    return pace.due(Duration.ofMillis(millis));
  }

  @Test
  void byDefaultTenThousandSocketsGoAtOnceAndAsManyEveryTwoSecondsAsInPhoenix() {
    assertEquals(10_000, due(DEFAULT, 0));
    assertEquals(10_000, due(DEFAULT, 1_999));
    assertEquals(20_000, due(DEFAULT, 2_000));
    assertEquals(150_000, due(DEFAULT, 29_999));
  }

  @Test
  void atTheLimitAllThatAreLeftAreDue() {
    assertEquals(Long.MAX_VALUE, due(DEFAULT, 30_000));
    assertEquals(Long.MAX_VALUE, due(DEFAULT, 60_000));
  }

  @Test
  void aTurnThatWasMissedIsMadeUpFor() {
    var pace = new DrainPace(3, Duration.ofMillis(10), Duration.ofSeconds(1));
    assertEquals(3, due(pace, 9));
    assertEquals(18, due(pace, 55));
  }

  @Test
  void noAmountOverflows() {
    var pace = new DrainPace(Integer.MAX_VALUE, Duration.ofMillis(1), Duration.ofHours(24));
    assertEquals(Integer.MAX_VALUE * 86_400_000L, due(pace, 86_399_999));
  }
}
