package dev.roost.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class TrackingSimulationTest {

  private static final int SCHEDULES = Integer.getInteger("roost.simulation.schedules", 10_000);

  @Test
  void everyListEqualsTheTruthOnceTheClusterIsAtRest() {
    for (long seed = 0; seed < SCHEDULES; seed++) {
      long which = seed;
      assertEquals(List.of(), new TrackingSimulation(seed).play(), () -> "schedule " + which);
    }
  }
}
