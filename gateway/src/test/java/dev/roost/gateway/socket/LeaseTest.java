package dev.roost.gateway.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.gateway.socket.Lease.Stage;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The stages of a lease, at times that the test says. */
class LeaseTest {

  private static final long HOUR = Duration.ofHours(1).toNanos();
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final long now = System.nanoTime();

  private static long inAnHour() {
    return System.currentTimeMillis() + Duration.ofHours(1).toMillis();
  }

  @Test
  void withoutAnEndItIsGoodForEver() {
    assertEquals(Stage.GOOD, Lease.unlimited().stage(now + 1_000_000 * HOUR));
    assertEquals(Stage.GOOD, Lease.unlimited().limit(0).stage(now + 1_000_000 * HOUR));
    assertEquals(Stage.GOOD, Lease.unlimited().limit(Long.MAX_VALUE).stage(now + 10_000 * HOUR));
  }

  @Test
  void itsEndIsToldOnceAMinuteBefore() {
    Lease lease = Lease.unlimited().limit(inAnHour());
    assertEquals(Stage.GOOD, lease.stage(now));
    assertEquals(Stage.GOOD, lease.stage(now + HOUR - 62 * SECOND));
    assertEquals(Stage.ENDING, lease.stage(now + HOUR - 50 * SECOND));
    assertEquals(Stage.GOOD, lease.stage(now + HOUR - 40 * SECOND));
    assertEquals(Stage.OVER, lease.stage(now + HOUR + 60 * SECOND));
  }

  @Test
  void anotherEndTakesThePlaceOfTheFirst() {
    Lease lease = Lease.unlimited().limit(1);
    assertEquals(Stage.OVER, lease.stage(now + SECOND));
    lease.limit(inAnHour());
    assertEquals(Stage.GOOD, lease.stage(now));
    assertEquals(Stage.ENDING, lease.stage(now + HOUR - 30 * SECOND));
    lease.limit(inAnHour());
    assertEquals(Stage.ENDING, lease.stage(now + HOUR - 30 * SECOND));
    lease.limit(0);
    assertEquals(Stage.GOOD, lease.stage(now + 2 * HOUR));
  }

  @Test
  void theNoticeTellsWholeSeconds() {
    Lease lease = Lease.unlimited().limit(1);
    assertEquals("{\"expires_in\":0}", text(lease.notice(System.nanoTime() + SECOND)));
    String left = text(Lease.unlimited().limit(inAnHour()).notice(System.nanoTime() + HOUR / 2));
    int seconds = Integer.parseInt(left.replaceAll("\\D", ""));
    assertEquals(1_800, seconds, 60);
  }

  private static String text(dev.roost.bus.RawPayload payload) {
    return new String(payload.bytes(), java.nio.charset.StandardCharsets.UTF_8);
  }
}
