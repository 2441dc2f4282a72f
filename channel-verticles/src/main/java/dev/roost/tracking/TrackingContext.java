package dev.roost.tracking;

import dev.roost.application.Telemetry;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.hosting.PartitionTable;
import java.util.Optional;
import org.slf4j.event.Level;

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

  /** Sends over the link to another host, or to a gateway. */
  void send(String inbox, PresenceMessage message);

  /** Broadcasts to the members of a topic that is hosted here. */
  void broadcast(String topic, String event, RawPayload payload);

  /** Members of a topic that is hosted here. */
  int members(String topic);

  /** Takes note that somebody is present, tracked from here. */
  default void tracked(String topic, String key) {}

  /** Takes note that such a presence has ended. */
  default void left(String topic, String key, Telemetry.Cause cause) {}

  /** Takes note of a diff that was broadcast, with its numbers of metas. */
  default void told(String topic, int joins, int leaves, int bytes) {}

  /** Takes note of a bound that a presence in a topic, or what is called for one, would exceed. */
  default void reached(String topic, Telemetry.Bound bound) {}

  /**
   * How loud the next line about what went wrong here is to be: as it asks, or debug where clients
   * could fill the log.
   */
  default Level level(Level loud) {
    return loud;
  }

  /** Runs an action later. */
  void after(long millis, Runnable action);

  /** Runs an action on the context; from any thread. */
  void execute(Runnable action);

  /** A monotonic clock. */
  long nanoTime();
}
