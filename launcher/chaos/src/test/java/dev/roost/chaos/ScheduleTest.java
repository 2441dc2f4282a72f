package dev.roost.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.chaos.Fault.Kind;
import dev.roost.chaos.Fault.Way;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ScheduleTest {

  @Test
  void oneSeedIsOneSchedule() {
    assertEquals(Schedule.of(7, 50, 2, 3), Schedule.of(7, 50, 2, 3));
    assertNotEquals(Schedule.of(7, 50, 2, 3), Schedule.of(8, 50, 2, 3));
  }

  @Test
  void sevenFaultsHaveEveryKindAndTwoAtOnce() {
    var faults = Schedule.of(1, 7, 2, 3);
    var titles = faults.stream().map(Fault::title).collect(Collectors.toSet());

    assertEquals(7, titles.size());
    for (Kind kind : Kind.values()) {
      assertTrue(titles.contains(kind.title()), kind.title());
    }
  }

  @Test
  void aBlowHitsANodeOfItsRole() {
    for (Fault fault : Schedule.of(3, 200, 2, 3)) {
      for (Fault.Blow blow : fault.blows()) {
        assertEquals(blow.kind().hitsGateway(), blow.node() < 2, fault.toString());
        assertTrue(blow.node() < 5, fault.toString());
      }
    }
  }

  @Test
  void twoAtOnceHitTwoNodes() {
    for (Fault fault : Schedule.of(4, 200, 2, 3)) {
      assertEquals(
          fault.blows().size(), fault.blows().stream().map(Fault.Blow::node).distinct().count());
    }
  }

  @Test
  void freezesAreShorterAndLongerThanWhatTheClusterTakesForADeath() {
    var freezes =
        Schedule.of(5, 200, 2, 3).stream()
            .flatMap(fault -> fault.blows().stream())
            .filter(blow -> blow.kind().way() == Way.FROZEN)
            .map(blow -> blow.length().toSeconds())
            .toList();

    assertTrue(freezes.stream().anyMatch(seconds -> seconds < 3));
    assertTrue(freezes.stream().anyMatch(seconds -> seconds >= 7));
  }

  @Test
  void aClusterOfWhichNothingWouldBeLeftIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Schedule.of(1, 1, 2, 1));
  }
}
