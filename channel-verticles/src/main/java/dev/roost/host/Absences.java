package dev.roost.host;

import dev.roost.hosting.PartitionTable;
import java.time.Duration;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Nodes that were taken for dead, and the partitions that one host took over at that time. Such a
 * node may have been on the other side of a split, where its clients had another host; what they
 * said there did not come here. So when a client of it joins again, the members that are here are
 * told first that they may lack something; and if none does, soon after: code outside channels may
 * have said something there, too. A node that is first seen at that time may come from there.
 *
 * <p>Used on the host verticle's context only.
 */
final class Absences {

  /**
   * How long before a node is missed it may have been cut off, and others of its side been missed:
   * what was taken over then counts. Longer than any sensible {@code cluster-timeout}.
   */
  private static final long BEFORE_NANOS = Duration.ofSeconds(30).toNanos();

  /**
   * How long after a node is back its clients may still talk at their host of the other side: until
   * that host and its gateway have seen whose the topic is now.
   */
  private static final long AFTER_NANOS = Duration.ofMillis(1_500).toNanos();

  /** How long the first join of such a node's clients is awaited; phoenix.js tries within it. */
  private static final long AWAITED_NANOS = Duration.ofSeconds(10).toNanos();

  /** Nodes that come within this time of one another may come from the same side. */
  private static final long TOGETHER_NANOS = Duration.ofSeconds(10).toNanos();

  private static final int MAX_NODES = 1_000;

  /** Since when a node is missed, or back, and where its clients' first join is awaited. */
  private record Node(long since, BitSet awaited) {}

  private final String inbox;
  private final long[] takenOver = new long[PartitionTable.PARTITIONS];
  private final Map<String, Node> missed = new LinkedHashMap<>();
  private final Map<String, Node> back = new HashMap<>();
  private final Map<String, Long> firstSeen = new HashMap<>();
  private final BitSet lacking = new BitSet();
  private long lastBack;
  private PartitionTable table = PartitionTable.empty();

  /**
   * @param inbox of the host
   */
  Absences(String inbox) {
    this.inbox = inbox;
  }

  /** Who hosts what now. */
  void tableChanged(PartitionTable now, long nanos) {
    BitSet begun = now.changed(inbox, table);
    table = now;
    begun.stream().forEach(partition -> takenOver[partition] = nanos);
    // Whoever is a member in a tenure that begins later than that has joined since.
    for (Node node : back.values()) {
      if (nanos - node.since < AFTER_NANOS) {
        node.awaited.or(begun);
      } else {
        node.awaited.andNot(begun);
      }
    }
  }

  /** Somebody came or went. */
  void nodesChanged(Set<String> before, Set<String> now, long nanos) {
    for (String node : before) {
      if (!now.contains(node)) {
        Node again = back.remove(node);
        missed.put(node, new Node(nanos, again == null ? new BitSet() : again.awaited));
      }
    }
    while (missed.size() > MAX_NODES) {
      missed.remove(missed.keySet().iterator().next());
    }
    firstSeen.keySet().retainAll(now);
    firstSeen.values().removeIf(since -> nanos - since > TOGETHER_NANOS);
    if (nanos - lastBack > TOGETHER_NANOS) {
      lacking.clear();
    }
    for (String node : now) {
      Node one = missed.remove(node);
      if (one != null) {
        one.awaited.or(takenOverSince(one.since - BEFORE_NANOS));
        back.put(node, new Node(nanos, one.awaited));
        lastBack = nanos;
        lacking.or(one.awaited);
        firstSeen.keySet().forEach(other -> isBack(other, one.awaited, nanos));
      } else if (!before.contains(node)) {
        firstSeen.put(node, nanos);
        isBack(node, lacking, nanos);
      }
    }
  }

  /** A node that may come from where others have come from, which lack this here. */
  private void isBack(String node, BitSet lack, long nanos) {
    if (!lack.isEmpty()) {
      Node again = back.get(node);
      var awaited = (BitSet) lack.clone();
      if (again != null) {
        awaited.or(again.awaited);
      }
      back.put(node, new Node(nanos, awaited));
    }
  }

  /** Partitions in which the first join was awaited for too long: from now on it is not. */
  BitSet overdue(long nanos) {
    var overdue = new BitSet();
    for (Node node : back.values()) {
      if (nanos - node.since > AWAITED_NANOS) {
        overdue.or(node.awaited);
        node.awaited.clear();
      }
    }
    return overdue;
  }

  private BitSet takenOverSince(long nanos) {
    var since = new BitSet();
    for (int partition = 0; partition < table.size(); partition++) {
      if (inbox.equals(table.inbox(partition)) && takenOver[partition] - nanos > 0) {
        since.set(partition);
      }
    }
    return since;
  }

  /** Whether this is the first join from a node since it is back, in a partition that counts. */
  boolean isFirst(String node, int partition) {
    Node since = back.get(node);
    if (since == null || !since.awaited.get(partition)) {
      return false;
    }
    since.awaited.clear(partition);
    return true;
  }
}
