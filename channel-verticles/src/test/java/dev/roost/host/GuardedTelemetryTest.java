package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.roost.application.Telemetry;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class GuardedTelemetryTest {

  private static final class Unspeakable extends RuntimeException {

    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      throw new IllegalStateException("asked for its message");
    }
  }

  @Test
  void nothingLeavesAListenerWhoseExceptionCannotSayWhatItIs() {
    var guarded =
        new GuardedTelemetry(
            new Telemetry() {
              @Override
              public void record(Event event) {
                throw new Unspeakable();
              }

              @Override
              public boolean isEnabled() {
                throw new Unspeakable();
              }
            });
    guarded.record(
        new Telemetry.Event.BoundReached("app", "t:*", Telemetry.Bound.CALLBACK_TIMEOUT));
    assertFalse(guarded.isEnabled());
  }

  /** It is asked and told for each join, so clients cause these lines. */
  @Test
  void aListenerThatFailsIsShownTenTimesASecondAndTheOthersAreCounted() {
    var lines = new ListAppender<ILoggingEvent>();
    lines.start();
    var log = (Logger) LoggerFactory.getLogger(Telemetry.class);
    log.addAppender(lines);
    log.setLevel(Level.DEBUG);
    log.setAdditive(false);
    long began = System.nanoTime();
    try {
      failOften(500);
    } finally {
      log.detachAppender(lines);
      log.setLevel(null);
      log.setAdditive(true);
    }
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began);
    long shown = lines.list.stream().filter(line -> line.getLevel() == Level.ERROR).count();
    assertTrue(shown >= 20 && shown <= 30 + 10 * seconds, shown + " lines in " + seconds + " s");
    assertEquals(
        "the telemetry listener failed more often than is shown: %d lines are at debug only"
            .formatted(1_000 - shown),
        lines.list.getLast().getFormattedMessage());
    assertEquals(1_001, lines.list.size());
  }

  private static void failOften(int times) {
    var guarded =
        new GuardedTelemetry(
            new Telemetry() {
              @Override
              public void record(Event event) {
                throw new IllegalStateException("on purpose");
              }

              @Override
              public boolean isEnabled() {
                throw new IllegalStateException("on purpose");
              }
            });
    for (int i = 0; i < times; i++) {
      assertFalse(guarded.isEnabled());
      guarded.record(
          new Telemetry.Event.BoundReached("app", "t:*", Telemetry.Bound.CALLBACK_TIMEOUT));
    }
    guarded.tellLeftOut();
    guarded.tellLeftOut();
  }
}
