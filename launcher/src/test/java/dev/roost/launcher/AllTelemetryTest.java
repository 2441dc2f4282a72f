package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.application.Telemetry;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AllTelemetryTest {

  @Test
  void whatOneThrowsKeepsNothingFromTheOthers() {
    var heard = new ArrayList<Telemetry.Event>();
    Telemetry broken =
        event -> {
          throw new AssertionError("an error, even");
        };
    var event = new Telemetry.Event.PresenceTracked("app", "room:1", "ada");
    new AllTelemetry(List.of(broken, heard::add)).record(event);
    assertEquals(List.of(event), heard);
  }
}
