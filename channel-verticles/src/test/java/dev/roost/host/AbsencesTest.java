package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.hosting.PartitionTable;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Of a host that has partition 1 from the beginning, and takes over 2 from one that is missed. */
class AbsencesTest {

  private static final String HERE = "roost.host.a.1";
  private static final String THERE = "roost.host.b.1";
  private static final PartitionTable BEFORE =
      PartitionTable.empty().change().set(1, HERE, 1).set(2, THERE, 1).made();
  private static final PartitionTable AFTER = BEFORE.change().set(2, HERE, 2).made();
  private static final Set<String> ALL = Set.of("a", "b", "gateway");
  private static final Set<String> LEFT = Set.of("a");

  private final Absences absences = new Absences(HERE);
  private long now = Long.MAX_VALUE - 1; // nanoTime may pass over its end

  private void after(Duration time) {
    now += time.toNanos();
  }

  private void takesOver() {
    absences.tableChanged(PartitionTable.empty(), BEFORE, now);
    after(Duration.ofHours(1));
    absences.nodesChanged(ALL, Set.of("a", "gateway"), BEFORE, now);
    absences.tableChanged(BEFORE, AFTER, now);
    after(Duration.ofSeconds(1));
    absences.nodesChanged(Set.of("a", "gateway"), LEFT, AFTER, now);
    after(Duration.ofMinutes(10));
  }

  @Test
  void whatWasTakenOverAboutTheTimeThatANodeWasMissedCountsOnceWhenItIsBack() {
    takesOver();
    assertFalse(absences.isOver("gateway", 2), "not back yet");
    absences.nodesChanged(LEFT, ALL, AFTER, now);
    assertFalse(absences.isOver("gateway", 1), "it was here all the time");
    assertTrue(absences.isOver("gateway", 2));
    assertFalse(absences.isOver("gateway", 2));
    assertTrue(absences.isOver("b", 2), "each node counts");
    assertFalse(absences.isOver("c", 2), "never missed");
  }

  @Test
  void whatIsTakenOverLaterOrIsGivenAwayDoesNotCount() {
    takesOver();
    absences.nodesChanged(LEFT, ALL, AFTER, now);
    after(Duration.ofSeconds(2));
    PartitionTable later = AFTER.change().set(2, HERE, 3).set(3, HERE, 1).made();
    absences.tableChanged(AFTER, later, now);
    assertFalse(absences.isOver("gateway", 2), "its members have joined since");
    assertFalse(absences.isOver("gateway", 3));
    absences.nodesChanged(ALL, LEFT, later, now);
    PartitionTable given = later.change().set(3, THERE, 2).made();
    absences.tableChanged(later, given, now);
    absences.nodesChanged(LEFT, ALL, given, now);
    assertFalse(absences.isOver("gateway", 3), "it is here no more");
  }

  /** Its clients may still be where they were. */
  @Test
  void aTenureThatBeginsInTheMomentsAfterANodeIsBackCounts() {
    takesOver();
    absences.nodesChanged(LEFT, ALL, AFTER, now);
    after(Duration.ofMillis(500));
    absences.tableChanged(AFTER, AFTER.change().set(1, HERE, 5).made(), now);
    assertTrue(absences.isOver("gateway", 1));
    assertFalse(absences.isOver("gateway", 1));
  }

  @Test
  void whoIsMissedAgainBeforeItsClientsHaveJoinedIsStillAwaited() {
    takesOver();
    absences.nodesChanged(LEFT, ALL, AFTER, now);
    after(Duration.ofHours(1));
    absences.nodesChanged(ALL, LEFT, AFTER, now);
    assertFalse(absences.isOver("gateway", 2));
    absences.nodesChanged(LEFT, ALL, AFTER, now);
    assertTrue(absences.isOver("gateway", 2));
    absences.nodesChanged(ALL, LEFT, AFTER, now);
    absences.nodesChanged(LEFT, ALL, AFTER, now);
    assertFalse(absences.isOver("gateway", 2), "nothing was taken over that time");
  }
}
