package dev.roost.host;

import dev.roost.application.Telemetry;
import dev.roost.tracking.Thrown;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * An application's listener as one host has it: whatever that throws is logged, ten times a second,
 * and keeps nothing that is told of from going on. Safe for any thread.
 */
final class GuardedTelemetry implements Telemetry {

  private static final Logger log = LoggerFactory.getLogger(Telemetry.class);

  private final Telemetry listener;
  private final FaultLog faults =
      new FaultLog(log, "the telemetry listener failed", System::nanoTime);

  GuardedTelemetry(Telemetry listener) {
    this.listener = listener;
  }

  @Override
  public void record(Event event) {
    try {
      listener.record(event);
    } catch (Throwable e) { // Errors too.
      new Thrown(e)
          .log(
              log,
              faults.level(Level.ERROR),
              "telemetry listener failed on {}",
              event.getClass().getSimpleName());
    }
  }

  /** Not, if it cannot say. */
  @Override
  public boolean isEnabled() {
    try {
      return listener.isEnabled();
    } catch (Throwable e) {
      new Thrown(e)
          .log(
              log,
              faults.level(Level.ERROR),
              "telemetry listener failed: it is told of nothing that needs isEnabled");
      return false;
    }
  }

  /** Says how many lines were left out since the last time, if any were. */
  void tellLeftOut() {
    faults.tellLeftOut();
  }
}
