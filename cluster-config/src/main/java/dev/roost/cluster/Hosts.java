package dev.roost.cluster;

import java.util.Set;

/**
 * The host verticles of one application on live nodes.
 *
 * @param staying those that partitions may be given to
 * @param leaving those of draining nodes: they keep what they have until it is handed over
 */
record Hosts(Set<String> staying, Set<String> leaving) {

  Hosts {
    staying = Set.copyOf(staying);
    leaving = Set.copyOf(leaving);
  }

  boolean has(String inbox) {
    return staying.contains(inbox) || leaving.contains(inbox);
  }

  boolean none() {
    return staying.isEmpty() && leaving.isEmpty();
  }
}
