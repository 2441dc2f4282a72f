package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.hosting.PartitionTable;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
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
    absences.tableChanged(BEFORE, now);
    after(Duration.ofHours(1));
    absences.nodesChanged(ALL, Set.of("a", "gateway"), now);
    absences.tableChanged(AFTER, now);
    after(Duration.ofSeconds(1));
    absences.nodesChanged(Set.of("a", "gateway"), LEFT, now);
    after(Duration.ofMinutes(10));
  }

  @Test
  void whatWasTakenOverAboutTheTimeThatANodeWasMissedCountsOnceWhenItIsBack() {
    takesOver();
    assertFalse(absences.isFirst("gateway", 2), "not back yet");
    absences.nodesChanged(LEFT, ALL, now);
    assertFalse(absences.isFirst("gateway", 1), "it was here all the time");
    assertTrue(absences.isFirst("gateway", 2));
    assertFalse(absences.isFirst("gateway", 2));
    assertTrue(absences.isFirst("b", 2), "each node counts");
    assertFalse(absences.isFirst("c", 2), "never missed");
  }

  @Test
  void whatIsTakenOverLaterOrIsGivenAwayDoesNotCount() {
    takesOver();
    absences.nodesChanged(LEFT, ALL, now);
    after(Duration.ofSeconds(2));
    PartitionTable later = AFTER.change().set(2, HERE, 3).set(3, HERE, 1).made();
    absences.tableChanged(later, now);
    assertFalse(absences.isFirst("gateway", 2), "its members have joined since");
    assertFalse(absences.isFirst("gateway", 3));
    absences.nodesChanged(ALL, LEFT, now);
    PartitionTable given = later.change().set(3, THERE, 2).made();
    absences.tableChanged(given, now);
    absences.nodesChanged(LEFT, ALL, now);
    assertFalse(absences.isFirst("gateway", 3), "it is here no more");
  }

  @Test
  void whereNobodyOfThemJoinsItCountsAfterAWhile() {
    takesOver();
    absences.nodesChanged(LEFT, ALL, now);
    after(Duration.ofSeconds(9));
    assertTrue(absences.overdue(now).isEmpty());
    after(Duration.ofSeconds(2));
    assertEquals(bits(2), absences.overdue(now));
    assertTrue(absences.overdue(now).isEmpty(), "once");
    assertFalse(absences.isFirst("gateway", 2), "it has counted");
  }

  @Test
  void whereAllOfThemHaveJoinedNothingIsOverdue() {
    takesOver();
    absences.nodesChanged(LEFT, ALL, now);
    assertTrue(absences.isFirst("gateway", 2));
    assertTrue(absences.isFirst("b", 2));
    after(Duration.ofSeconds(11));
    assertTrue(absences.overdue(now).isEmpty());
  }

  /** It was started on the other side, by clients' account long before it is seen here. */
  @Test
  void aNodeThatIsFirstSeenWithOneThatIsBackComesFromThere() {
    takesOver();
    Set<String> more = Set.of("a", "b", "new");
    absences.nodesChanged(LEFT, more, now);
    assertFalse(absences.isFirst("new", 1));
    assertTrue(absences.isFirst("new", 2));
    assertFalse(absences.isFirst("new", 2));
  }

  @Test
  void soDoesOneThatIsFirstSeenABitEarlierOrLater() {
    takesOver();
    Set<String> early = Set.of("a", "early");
    absences.nodesChanged(LEFT, early, now);
    assertFalse(absences.isFirst("early", 2), "nobody is back yet");
    after(Duration.ofSeconds(5));
    Set<String> back = Set.of("a", "early", "b");
    absences.nodesChanged(early, back, now);
    assertTrue(absences.isFirst("early", 2));
    after(Duration.ofSeconds(5));
    Set<String> late = Set.of("a", "early", "b", "late");
    absences.nodesChanged(back, late, now);
    assertTrue(absences.isFirst("late", 2));
    after(Duration.ofSeconds(6));
    Set<String> later = Set.of("a", "early", "b", "late", "later");
    absences.nodesChanged(late, later, now);
    assertFalse(absences.isFirst("later", 2), "it has come by itself");
  }

  private static BitSet bits(int... partitions) {
    var bits = new BitSet();
    Arrays.stream(partitions).forEach(bits::set);
    return bits;
  }

  /** Its clients may still be where they were. */
  @Test
  void aTenureThatBeginsInTheMomentsAfterANodeIsBackCounts() {
    takesOver();
    absences.nodesChanged(LEFT, ALL, now);
    after(Duration.ofMillis(500));
    absences.tableChanged(AFTER.change().set(1, HERE, 5).made(), now);
    assertTrue(absences.isFirst("gateway", 1));
    assertFalse(absences.isFirst("gateway", 1));
  }

  @Test
  void whoIsMissedAgainBeforeItsClientsHaveJoinedIsStillAwaited() {
    takesOver();
    absences.nodesChanged(LEFT, ALL, now);
    after(Duration.ofHours(1));
    absences.nodesChanged(ALL, LEFT, now);
    assertFalse(absences.isFirst("gateway", 2));
    absences.nodesChanged(LEFT, ALL, now);
    assertTrue(absences.isFirst("gateway", 2));
    absences.nodesChanged(ALL, LEFT, now);
    absences.nodesChanged(LEFT, ALL, now);
    assertFalse(absences.isFirst("gateway", 2), "nothing was taken over that time");
  }
}
