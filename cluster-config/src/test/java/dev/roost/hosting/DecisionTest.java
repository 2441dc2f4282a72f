package dev.roost.hosting;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** On a table of eight partitions; {@code a} and {@code b} are inboxes of two nodes. */
class DecisionTest {

  private static final int SIZE = 8;
  private static final PartitionTable NONE = PartitionTable.empty(SIZE);
  private static final Set<String> A = Set.of("a");
  private static final Set<String> B = Set.of("b");
  private static final Set<String> NEITHER = Set.of();
  private static final Hosts BOTH = new Hosts(Set.of("a", "b"), Set.of());
  private static final int OF_A = partitionOf("a");
  private static final int OF_B = partitionOf("b");

  private static int partitionOf(String inbox) {
    Assignment both = Assignment.to(Set.of("a", "b"));
    return IntStream.range(0, SIZE)
        .filter(p -> inbox.equals(both.host(p)))
        .findFirst()
        .orElseThrow();
  }

  private static Decision decide(
      Hosts hosts, Set<String> mine, PartitionTable table, PartitionTable seen) {
    return Decision.of(hosts, Assignment.to(hosts.staying()), mine, table, seen);
  }

  /** Everything as rendezvous says, in this epoch. */
  private static PartitionTable settled(Hosts hosts, long epoch) {
    PartitionTable.Draft table = NONE.change();
    Assignment ought = Assignment.to(hosts.staying());
    IntStream.range(0, SIZE).forEach(p -> table.set(p, ought.host(p), epoch));
    return table.made();
  }

  private static Decision changed(PartitionTable table) {
    return new Decision.Change(table);
  }

  @Test
  void aNodeClaimsItsShareOfWhatNobodyHostsAtOnce() {
    PartitionTable.Draft expected = NONE.change();
    Assignment both = Assignment.to(BOTH.staying());
    IntStream.range(0, SIZE)
        .filter(p -> "a".equals(both.host(p)))
        .forEach(p -> expected.set(p, "a", 1));
    assertEquals(changed(expected.made()), decide(BOTH, A, NONE, NONE));
    assertEquals(Decision.NOTHING, decide(BOTH, NEITHER, NONE, NONE), "a gateway claims nothing");
  }

  @Test
  void whatIsSettledStaysAsItIs() {
    PartitionTable table = settled(BOTH, 3);
    assertEquals(Decision.NOTHING, decide(BOTH, A, table, table));
    assertEquals(Decision.NOTHING, decide(BOTH, B, table, NONE));
  }

  @Test
  void aDeadOwnersPartitionIsClaimedByItsHeirAloneInANewEpoch() {
    PartitionTable table = settled(BOTH, 3).with(OF_A, "dead", 9);
    assertEquals(changed(table.with(OF_A, "a", 10)), decide(BOTH, A, table, NONE));
    assertEquals(Decision.NOTHING, decide(BOTH, B, table, NONE));
  }

  @Test
  void anEpochIsAboveAllThatTheNodeHasSeen() {
    PartitionTable seen = settled(BOTH, 3).with(OF_A, "dead", 17);
    PartitionTable table = settled(BOTH, 3).with(OF_A, null, 4);
    assertEquals(changed(table.with(OF_A, "a", 18)), decide(BOTH, A, table, seen));
  }

  @Test
  void aPartitionThatBelongsElsewhereIsHandedOverOneByOne() {
    Hosts alone = new Hosts(A, Set.of());
    PartitionTable table = settled(alone, 3);
    assertEquals(new Decision.HandOver(table.with(OF_B, "b", 4)), decide(BOTH, A, table, table));
    assertEquals(Decision.NOTHING, decide(BOTH, B, table, table), "it is not taken");
  }

  @Test
  void whatIsWithoutAHostGoesBeforeHandingOver() {
    PartitionTable table = settled(new Hosts(A, Set.of()), 3).with(OF_A, "dead", 3);
    assertEquals(changed(table.with(OF_A, "a", 4)), decide(BOTH, A, table, table));
  }

  @Test
  void aDrainingNodeHandsOverWhatItHas() {
    Hosts leaving = new Hosts(B, A);
    PartitionTable table = settled(BOTH, 3);
    assertEquals(new Decision.HandOver(table.with(OF_A, "b", 4)), decide(leaving, A, table, table));
    assertEquals(Decision.NOTHING, decide(leaving, B, table, table), "it is not orphaned yet");
  }

  @Test
  void aDrainingNodeWithoutHeirReleasesAllAtOnce() {
    PartitionTable table = settled(new Hosts(A, Set.of()), 3);
    PartitionTable.Draft released = NONE.change();
    IntStream.range(0, SIZE).forEach(p -> released.set(p, null, 4));
    assertEquals(changed(released.made()), decide(new Hosts(Set.of(), A), A, table, table));
  }

  /** By any node, also by one that hosts nothing. */
  @Test
  void anEpochThatWentBackIsRaised() {
    PartitionTable table = settled(BOTH, 3);
    PartitionTable seen = table.with(OF_B, "b", 7);
    assertEquals(changed(table.with(OF_B, "b", 8)), decide(BOTH, NEITHER, table, seen));
    PartitionTable lost = table.with(OF_B, null, 0);
    assertEquals(changed(lost.with(OF_B, null, 8)), decide(BOTH, NEITHER, lost, seen));
  }

  /** Both sides of a split may have given it. */
  @Test
  void theSameEpochUnderAnotherOwnerIsRaised() {
    PartitionTable table = settled(BOTH, 3);
    PartitionTable seen = table.with(OF_B, "a", 3);
    assertEquals(changed(table.with(OF_B, "b", 4)), decide(BOTH, NEITHER, table, seen));
  }
}
