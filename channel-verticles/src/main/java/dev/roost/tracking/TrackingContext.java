package dev.roost.tracking;

import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.hosting.PartitionTable;
import java.util.Optional;

/**
 * The host that presences live on. But for {@link #execute}, used on its context only: a
 * verticle's, or a simulation's.
 */
public interface TrackingContext {

  /** The host's own inbox. */
  String inbox();

  /** Who hosts a topic now, as far as this node knows, and in which tenure. */
  Optional<PartitionTable.Owner> owner(String topic);

  /** Whether the node of this inbox is in the cluster. */
  boolean isLive(String inbox);

  /** Sends over the link to another host. */
  void send(String inbox, PresenceMessage message);

  /** Broadcasts to the members of a topic that is hosted here. */
  void broadcast(String topic, String event, RawPayload payload);

  /** Members of a topic that is hosted here. */
  int members(String topic);

  /** Runs an action later. */
  void after(long millis, Runnable action);

  /** Runs an action on the context; from any thread. */
  void execute(Runnable action);

  /** A monotonic clock. */
  long nanoTime();
}
