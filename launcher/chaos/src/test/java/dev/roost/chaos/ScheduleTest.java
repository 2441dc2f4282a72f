package dev.roost.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.chaos.Fault.Blow;
import dev.roost.chaos.Fault.Kind;
import dev.roost.chaos.Fault.Way;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ScheduleTest {

  @Test
  void oneSeedIsOneSchedule() {
    assertEquals(withNetworks(7, 50), withNetworks(7, 50));
    assertNotEquals(withNetworks(7, 50), withNetworks(8, 50));
  }

  @Test
  void sevenFaultsHaveEveryKindAndTwoAtOnce() {
    var titles = titles(Schedule.of(1, 7, 2, 3, false));

    assertEquals(7, titles.size());
    for (Kind kind : Kind.values()) {
      assertTrue(titles.contains(kind.title()), kind.title());
    }
  }

  @Test
  void nineFaultsHaveASplitAndLostPacketsToo() {
    var titles = titles(withNetworks(1, 9));

    assertEquals(9, titles.size());
    assertTrue(titles.contains("split"));
    assertTrue(titles.contains("packets lost, 1 to 30 %"));
  }

  @Test
  void aNetworkThatIsNotThereIsNotBroken() {
    assertTrue(Schedule.of(1, 200, 2, 3, false).stream().noneMatch(Fault::breaksNetwork));
  }

  @Test
  void aSplitHasTwoSidesAndIsShorterAndLongerThanItTakesToBeNoticed() {
    var splits = blows(Blow.Split.class);

    for (Blow.Split split : splits) {
      assertTrue(!split.side().isEmpty() && split.side().size() < 5, split.toString());
      assertTrue(split.side().stream().allMatch(node -> node >= 0 && node < 5), split.toString());
      assertTrue(split.length().toSeconds() >= 5 && split.length().toSeconds() < 60);
    }
    assertTrue(splits.stream().anyMatch(split -> split.length().toSeconds() < 10));
    assertTrue(splits.stream().anyMatch(split -> split.length().toSeconds() > 50));
  }

  @Test
  void fromOneToThirtyOfAHundredPacketsAreLost() {
    var percents = blows(Blow.Loss.class).stream().map(Blow.Loss::percent).toList();

    assertTrue(percents.stream().allMatch(percent -> percent >= 1 && percent <= 30));
    assertTrue(percents.stream().anyMatch(percent -> percent <= 5));
    assertTrue(percents.stream().anyMatch(percent -> percent >= 25));
  }

  @Test
  void aBlowHitsANodeOfItsRole() {
    for (Blow.Hit hit : blows(Blow.Hit.class)) {
      assertEquals(hit.kind().hitsGateway(), hit.node() < 2, hit.toString());
      assertTrue(hit.node() < 5, hit.toString());
    }
  }

  @Test
  void twoAtOnceHitTwoNodesOrANodeAndTheNetwork() {
    var twos =
        withNetworks(4, 900).stream().map(Fault::blows).filter(blows -> blows.size() > 1).toList();

    for (List<Blow> blows : twos) {
      assertEquals(2, blows.size());
      assertTrue(blows.stream().filter(Blow::breaksNetwork).count() <= 1, blows.toString());
      var nodes =
          blows.stream()
              .filter(Blow.Hit.class::isInstance)
              .map(blow -> ((Blow.Hit) blow).node())
              .toList();
      assertEquals(nodes.size(), nodes.stream().distinct().count(), blows.toString());
    }
    assertTrue(twos.stream().anyMatch(blows -> blows.stream().noneMatch(Blow::breaksNetwork)));
    assertTrue(twos.stream().anyMatch(blows -> blows.stream().anyMatch(Blow::breaksNetwork)));
  }

  @Test
  void freezesAreShorterAndLongerThanWhatTheClusterTakesForADeath() {
    var freezes =
        blows(Blow.Hit.class).stream()
            .filter(hit -> hit.kind().way() == Way.FROZEN)
            .map(hit -> hit.length().toSeconds())
            .toList();

    assertTrue(freezes.stream().anyMatch(seconds -> seconds < 3));
    assertTrue(freezes.stream().anyMatch(seconds -> seconds >= 7));
  }

  @Test
  void aClusterOfWhichNothingWouldBeLeftIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Schedule.of(1, 1, 2, 1, false));
  }

  private static List<Fault> withNetworks(long seed, int faults) {
    return Schedule.of(seed, faults, 2, 3, true);
  }

  private static Set<String> titles(List<Fault> faults) {
    return faults.stream().map(Fault::title).collect(Collectors.toSet());
  }

  /** All of this kind in a long run. */
  private static <B extends Blow> List<B> blows(Class<B> kind) {
    return withNetworks(3, 900).stream()
        .flatMap(fault -> fault.blows().stream())
        .filter(kind::isInstance)
        .map(kind::cast)
        .toList();
  }
}
