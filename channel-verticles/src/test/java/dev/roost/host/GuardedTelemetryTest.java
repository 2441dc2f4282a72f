package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.roost.application.Telemetry;
import org.junit.jupiter.api.Test;

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
}
