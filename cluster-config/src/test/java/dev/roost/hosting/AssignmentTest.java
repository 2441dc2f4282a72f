package dev.roost.hosting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AssignmentTest {

  private static final int PARTITIONS = PartitionTable.PARTITIONS;

  @Test
  void withoutHostsNothingIsHosted() {
    assertNull(Assignment.to(List.of()).host(0));
  }

  @Test
  void theOrderOfTheHostsDoesNotMatter() {
    List<String> inboxes = inboxes(5);
    var reversed = new ArrayList<>(inboxes);
    Collections.reverse(reversed);
    for (int partition = 0; partition < PARTITIONS; partition++) {
      assertEquals(Assignment.to(inboxes).host(partition), Assignment.to(reversed).host(partition));
    }
  }

  /** Nodes of different versions and JVMs have to agree, so these may never change. */
  @ParameterizedTest
  @CsvSource({
    "0, roost.host.n2.4",
    "1, roost.host.n2.4",
    "2, roost.host.n0.1",
    "3, roost.host.n2.4",
    "4, roost.host.n1.2",
    "100, roost.host.n1.3",
    "254, roost.host.n2.4",
    "255, roost.host.n2.4",
  })
  void theHostOfAPartitionIsForEver(int partition, String inbox) {
    assertEquals(inbox, Assignment.to(inboxes(4)).host(partition));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5, 8, 16})
  void sharesAreEven(int hosts) {
    // Thrown at random, a share of 256/n has a standard deviation of sqrt(256/n) or so.
    Map<String, Integer> shares = new HashMap<>();
    Assignment assignment = Assignment.to(inboxes(hosts));
    for (int partition = 0; partition < PARTITIONS; partition++) {
      shares.merge(String.valueOf(assignment.host(partition)), 1, Integer::sum);
    }
    double even = (double) PARTITIONS / hosts;
    double tolerance = 3.5 * Math.sqrt(even);
    shares.forEach(
        (inbox, share) -> assertTrue(Math.abs(share - even) < tolerance, shares.toString()));
    assertEquals(hosts, shares.size());
  }

  @Test
  void aHostThatComesTakesItsShareAndNothingElseMoves() {
    for (int hosts = 1; hosts < 12; hosts++) {
      List<String> before = inboxes(hosts);
      List<String> after = inboxes(hosts + 1);
      String added = after.getLast();
      for (int partition = 0; partition < PARTITIONS; partition++) {
        String was = Assignment.to(before).host(partition);
        String is = Assignment.to(after).host(partition);
        assertTrue(was.equals(is) || added.equals(is), was + " to " + is);
      }
    }
  }

  private static List<String> inboxes(int count) {
    return IntStream.rangeClosed(1, count).mapToObj(i -> "roost.host.n" + i / 2 + "." + i).toList();
  }
}
