package dev.roost.hosting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PartitionTableTest {

  @Test
  void anEmptyTableHasNoHosts() {
    for (int partition = 0; partition < PartitionTable.PARTITIONS; partition++) {
      assertEquals(Optional.empty(), PartitionTable.empty().owner(partition));
      assertEquals(0, PartitionTable.empty().epoch(partition));
      assertEquals(Optional.empty(), Partitions.none().owner("chat", partition));
    }
  }

  @Test
  void aChangeGivesANewTableAndLeavesTheOldOneAlone() {
    PartitionTable first = PartitionTable.empty().with(7, "a", 1);
    PartitionTable second = first.with(7, null, 2).with(8, "b", 1);
    assertEquals(Optional.of(new PartitionTable.Owner("a", 1)), first.owner(7));
    assertEquals(Optional.empty(), first.owner(8));
    assertEquals(Optional.empty(), second.owner(7));
    assertEquals(2, second.epoch(7), "the epoch outlives the owner");
    assertEquals(Optional.of(new PartitionTable.Owner("b", 1)), second.owner(8));
  }

  @Test
  void eachApplicationHasItsOwnTable() {
    PartitionTable chat = PartitionTable.empty().with(7, "a", 3);
    var partitions = new Partitions(Map.of("chat", chat));
    assertEquals(Optional.of(new PartitionTable.Owner("a", 3)), partitions.owner("chat", 7));
    assertEquals(Optional.empty(), partitions.owner("chat", 8));
    assertEquals(Optional.empty(), partitions.owner("news", 7));
    assertEquals(chat, partitions.table("chat"));
    assertEquals(PartitionTable.empty(), partitions.table("news"));
  }

  /** Nodes of different versions have to agree, so these numbers may never change. */
  @ParameterizedTest
  @CsvSource({
    "'', 0",
    "lobby, 165",
    "lounge:7, 5",
    "room:1, 222",
    "room:2, 124",
    "users:42, 8",
    "r\u00e4um:\ud83d\ude00, 30",
  })
  void thePartitionOfATopicIsForEver(String topic, int partition) {
    assertEquals(partition, PartitionTable.partition(topic));
  }

  /** Topic names as applications make them. */
  static Stream<Named<IntFunction<String>>> namings() {
    return Stream.of(
        Named.of("counted", i -> "room:" + i),
        Named.of("padded", "room:%08d"::formatted),
        Named.of("with a suffix", i -> "tenant:" + i + ":lobby"),
        Named.of("nested", i -> "org:" + i / 100 + ":doc:" + i % 100),
        Named.of("hexadecimal", i -> "doc:" + Long.toHexString(i * 0x9e3779b97f4a7c15L)),
        Named.of("numbers alone", Integer::toString));
  }

  /**
   * Of 100,000 topics each of the 256 partitions ought to get 390.6. Thrown at random, the largest
   * deviation among 256 would be some 3 standard deviations of 19.7, which is 15 %. No partition
   * has 20 % more or less than its share.
   */
  @ParameterizedTest
  @MethodSource("namings")
  void topicsSpreadEvenlyOverThePartitions(IntFunction<String> naming) {
    int topics = 100_000;
    var counts = new int[PartitionTable.PARTITIONS];
    for (int i = 0; i < topics; i++) {
      counts[PartitionTable.partition(naming.apply(i))]++;
    }
    double share = (double) topics / PartitionTable.PARTITIONS;
    for (int partition = 0; partition < counts.length; partition++) {
      double deviation = Math.abs(counts[partition] - share) / share;
      assertTrue(deviation < 0.20, partition + " has " + counts[partition] + " of " + share);
    }
  }

  @Test
  void aHostIsToldWhatChangedOfItsOwn() {
    PartitionTable before =
        PartitionTable.empty().with(1, "a", 1).with(2, "a", 1).with(3, "a", 1).with(4, "b", 1);
    PartitionTable later = before.with(1, "b", 2).with(2, "a", 2).with(4, "a", 2).with(5, "a", 1);
    assertEquals("{1, 2}", before.changed("a", later).toString());
    assertEquals("{4}", before.changed("b", later).toString());
    assertTrue(before.changed("c", later).isEmpty());
    assertTrue(before.changed("a", before).isEmpty());
  }
}
