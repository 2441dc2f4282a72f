package dev.roost.launcher;

import dev.roost.application.Telemetry;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Several listeners, of which what one throws keeps nothing from the others. */
record AllTelemetry(List<Telemetry> listeners) implements Telemetry {

  private static final Logger log = LoggerFactory.getLogger(AllTelemetry.class);

  @Override
  public void record(Event event) {
    for (Telemetry listener : listeners) {
      try {
        listener.record(event);
      } catch (Throwable thrown) {
        log.error("{} failed on {}", listener.getClass().getName(), event, thrown);
      }
    }
  }
}
