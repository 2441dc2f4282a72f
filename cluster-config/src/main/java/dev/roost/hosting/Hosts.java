package dev.roost.hosting;

import java.util.Set;

/**
 * The host verticles of one application on live nodes.
 *
 * @param staying those that partitions may be given to
 * @param leaving those of draining nodes: they keep what they have until it is handed over
 */
public record Hosts(Set<String> staying, Set<String> leaving) {

  public Hosts {
    staying = Set.copyOf(staying);
    leaving = Set.copyOf(leaving);
  }

  /** Whether it is one of them, staying or leaving. */
  public boolean has(String inbox) {
    return staying.contains(inbox) || leaving.contains(inbox);
  }
}
