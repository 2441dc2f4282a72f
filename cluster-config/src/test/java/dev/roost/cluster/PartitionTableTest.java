package dev.roost.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
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
      assertEquals(Optional.empty(), PartitionTable.empty().owner("chat", partition));
    }
  }

  @Test
  void aClaimHostsEveryPartitionAndSharesThemEvenly() {
    PartitionTable table = PartitionTable.empty().claim("chat", List.of("a", "b", "c"));
    Map<String, Integer> shares = new HashMap<>();
    for (int partition = 0; partition < PartitionTable.PARTITIONS; partition++) {
      PartitionTable.Owner owner = table.owner("chat", partition).orElseThrow();
      assertEquals(1, owner.epoch());
      shares.merge(owner.inbox(), 1, Integer::sum);
    }
    assertEquals(Map.of("a", 86, "b", 85, "c", 85), shares);
  }

  @Test
  void everyClaimIsANewEpochAlsoAfterARelease() {
    PartitionTable first = PartitionTable.empty().claim("chat", List.of("a"));
    PartitionTable second = first.claim("news", List.of("a"));
    PartitionTable third = second.release("chat").claim("chat", List.of("b"));
    PartitionTable fourth = third.claim("chat", List.of("a"));
    assertEquals(1, first.owner("chat", 7).orElseThrow().epoch());
    assertEquals(1, second.owner("chat", 7).orElseThrow().epoch(), "untouched by the other claim");
    assertEquals(2, second.owner("news", 7).orElseThrow().epoch());
    assertEquals(new PartitionTable.Owner("b", 3), third.owner("chat", 7).orElseThrow());
    assertEquals(new PartitionTable.Owner("a", 4), fourth.owner("chat", 7).orElseThrow());
    assertEquals(new PartitionTable.Owner("a", 1), first.owner("chat", 7).orElseThrow());
  }

  @Test
  void aReleaseLeavesOtherApplicationsAlone() {
    PartitionTable table =
        PartitionTable.empty()
            .claim("chat", List.of("a"))
            .claim("news", List.of("b"))
            .release("chat")
            .release("unknown");
    assertEquals(Optional.empty(), table.owner("chat", 0));
    assertEquals(new PartitionTable.Owner("b", 2), table.owner("news", 0).orElseThrow());
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
}
