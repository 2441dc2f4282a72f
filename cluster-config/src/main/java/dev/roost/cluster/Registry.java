package dev.roost.cluster;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The few values that all nodes share, changed by compare-and-set only. Blocking: called from the
 * node's own keeper thread, never from an event loop. Each method may throw an unchecked exception
 * when the values cannot be reached; the keeper tries again later.
 */
public interface Registry {

  /** The value, null if there is none. */
  byte @Nullable [] get(String key);

  /**
   * Replaces the value if it still is the expected one.
   *
   * @param expected what was read, null for nothing
   * @param changed the new value, null to remove it
   * @return whether it did
   */
  boolean compareAndSet(String key, byte @Nullable [] expected, byte @Nullable [] changed);

  /** Names of live nodes, this one included. */
  Set<String> nodes();

  /**
   * Calls back whenever a value or the set of nodes may have changed, on any thread; the callback
   * is cheap.
   */
  void listen(Runnable wake);

  /** Leaves: this node is not among the live ones any more. */
  void close();
}
