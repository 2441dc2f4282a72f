package dev.roost.launcher;

import dev.roost.cluster.ClusterNode;
import dev.roost.hosting.PartitionTable;
import java.util.Set;
import java.util.TreeSet;

/**
 * Whether new clients should be sent to this node, and if not why. Safe for any thread.
 *
 * <p>A node is ready once it is started and has seen a host for every topic of every application
 * that it knows, of one at least, and of each that it was told to await; it stays so until it
 * drains. It does not become unready because applications go: every gateway would at once, and a
 * load balancer would be left with none.
 */
final class Readiness {

  /** What is said: a word for machines, and a sentence unless it is ready. */
  record Answer(String status, String reason) {
    boolean isReady() {
      return status.equals("ready");
    }
  }

  private static final Answer READY = new Answer("ready", "");
  private static final Answer STARTING = new Answer("starting", "the node is not deployed yet");
  private static final Answer NO_APPLICATION =
      new Answer("waiting", "no application is known yet: is a node with channels there?");
  private static final Answer DRAINING =
      new Answer("draining", "the node is about to end: clients belong elsewhere");

  private final Set<String> awaited;
  private boolean started;
  private boolean draining;
  private boolean wasReady;

  /**
   * Of a node that is not there yet.
   *
   * @param awaited names of applications without which it is not ready
   */
  Readiness(Set<String> awaited) {
    this.awaited = Set.copyOf(awaited);
  }

  /** Everything of the role is deployed. */
  synchronized void started() {
    started = true;
  }

  /** The end has begun; there is no way back. */
  synchronized void draining() {
    draining = true;
  }

  /** What holds now. */
  synchronized Answer answer(ClusterNode.Snapshot snapshot) {
    if (draining) {
      return DRAINING;
    }
    if (!started) {
      return STARTING;
    }
    if (!wasReady) {
      Answer missing = missing(snapshot);
      wasReady = missing.isReady();
      return missing;
    }
    return READY;
  }

  private Answer missing(ClusterNode.Snapshot snapshot) {
    Set<String> known = snapshot.applications().names();
    if (known.isEmpty()) {
      return NO_APPLICATION;
    }
    for (String application : new TreeSet<>(awaited)) {
      if (!known.contains(application)) {
        return new Answer(
            "waiting",
            "application " + application + " is not known yet: is a node with it there?");
      }
    }
    for (String application : known) {
      PartitionTable table = snapshot.partitions().table(application);
      for (int partition = 0; partition < PartitionTable.PARTITIONS; partition++) {
        if (table.owner(partition).filter(owner -> snapshot.isLive(owner.inbox())).isEmpty()) {
          return new Answer(
              "waiting", "partition " + partition + " of " + application + " has no host yet");
        }
      }
    }
    return READY;
  }
}
