package dev.roost.hosting;

import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one node does about the partition table of one application. A pure function of what it read
 * and what it remembers; the compare-and-set that follows decides whether it was still true.
 */
public sealed interface Decision {

  /** All is as it should be, as far as it is this node's to change. */
  record Nothing() implements Decision {}

  /** To be written at once: until then partitions are without a host, or in a bygone tenure. */
  record Change(PartitionTable table) implements Decision {}

  /** One partition moves from this node to another. Not urgent: its clients have to join anew. */
  record HandOver(PartitionTable table) implements Decision {}

  Decision NOTHING = new Nothing();

  /**
   * Decides.
   *
   * @param hosts the application's hosts on live nodes
   * @param ought where each partition belongs among those that stay
   * @param mine inboxes of this node
   * @param read the table as it is in the registry
   * @param seen the last table that this node acted on or told anybody of
   */
  static Decision of(
      Hosts hosts, Assignment ought, Set<String> mine, PartitionTable read, PartitionTable seen) {
    PartitionTable.@Nullable Draft change = null;
    int movable = -1;
    for (int partition = 0; partition < read.size(); partition++) {
      long next = Math.max(read.epoch(partition), seen.epoch(partition)) + 1;
      String owner = read.inbox(partition);
      String heir = ought.host(partition);
      boolean inherits = heir != null && mine.contains(heir);
      boolean orphaned = owner == null || !hosts.has(owner);
      boolean held = !orphaned && mine.contains(owner);
      if (orphaned && inherits) {
        change = (change == null ? read.change() : change).set(partition, heir, next);
      } else if (held && heir == null) {
        change = (change == null ? read.change() : change).set(partition, null, next);
      } else if (isBygone(partition, read, seen)) {
        change = (change == null ? read.change() : change).set(partition, owner, next);
      } else if (held && movable < 0 && !Objects.equals(owner, heir)) {
        movable = partition;
      }
    }
    if (change != null) {
      return new Change(change.made());
    }
    if (movable >= 0) {
      return new HandOver(read.with(movable, ought.host(movable), read.epoch(movable) + 1));
    }
    return NOTHING;
  }

  /**
   * Whether the table says of a partition what this node knows to be over. That happens when a
   * split has healed and the other side's entries survived, or entries were lost. The same epoch
   * under two owners counts too: each side of a split may have given it.
   */
  private static boolean isBygone(int partition, PartitionTable read, PartitionTable seen) {
    return read.epoch(partition) < seen.epoch(partition)
        || (read.epoch(partition) == seen.epoch(partition) && !read.sameTenure(partition, seen));
  }
}
