package dev.roost.hosting;

import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which host verticle a partition ought to live on, by rendezvous hashing: each inbox draws a
 * number for each partition, the highest wins. So one that comes takes its share from all others
 * evenly, and one that goes leaves its share to all others evenly; nothing else moves.
 *
 * <p>All nodes draw the same numbers, in every JVM: they may never change.
 */
public final class Assignment {

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private final List<String> inboxes;
  private final long[] hashes;

  private Assignment(List<String> inboxes) {
    this.inboxes = inboxes;
    this.hashes = inboxes.stream().mapToLong(Assignment::hash).toArray();
  }

  /** Shares partitions out to these inboxes; their order does not matter. */
  public static Assignment to(Collection<String> inboxes) {
    return new Assignment(inboxes.stream().sorted().distinct().toList());
  }

  /** The inbox that the partition belongs to, null if there is none at all. */
  public @Nullable String host(int partition) {
    int best = -1;
    long highest = 0;
    for (int i = 0; i < hashes.length; i++) {
      // Spread first: inboxes that differ in their last digit alone differ in few bits.
      long drawn = mix(hashes[i] + mix(partition + 1L));
      if (best < 0 || drawn > highest) {
        best = i;
        highest = drawn;
      }
    }
    return best < 0 ? null : inboxes.get(best);
  }

  private static long hash(String inbox) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < inbox.length(); i++) {
      hash = (hash ^ inbox.charAt(i)) * FNV_PRIME;
    }
    return mix(hash);
  }

  /** The finalizer of SplitMix64. */
  private static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}
