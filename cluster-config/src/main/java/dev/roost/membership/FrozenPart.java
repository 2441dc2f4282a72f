package dev.roost.membership;

import com.hazelcast.cluster.ClusterState;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Whether this node's part of the cluster is frozen and nobody is left to set it free. When two
 * parts have found each other, the oldest member of the smaller one freezes it and tells its
 * members to join the other. If it dies before it has told all, Hazelcast leaves the rest frozen
 * for ever: it admits nobody and looks for nobody. Not thread-safe.
 */
final class FrozenPart {

  /** An oldest member that has only just become it may be the one that freezes. */
  private static final Duration SETTLING = Duration.ofSeconds(5);

  /** Hazelcast waits for 30 s at most until all have been told. */
  private static final Duration LONGEST_JOIN = Duration.ofSeconds(60);

  private @Nullable UUID freezer;
  private long thawed = System.nanoTime();

  /**
   * To be asked about each second.
   *
   * @param oldest the oldest member, which alone freezes a part, and is to set it free
   * @param now as of {@link System#nanoTime}
   */
  boolean isStranded(ClusterState state, UUID self, UUID oldest, long now) {
    if (state != ClusterState.FROZEN) {
      freezer = oldest;
      thawed = now;
      return false;
    }
    Duration patience = self.equals(freezer) ? LONGEST_JOIN : SETTLING;
    return self.equals(oldest) && now - thawed > patience.toNanos();
  }
}
