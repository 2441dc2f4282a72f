package dev.roost.presence;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * What an application adds to its presences, and does when they change. One instance for an
 * application on each node; it is called where a topic is hosted, so once in the cluster, on
 * virtual threads: callbacks may block. For one topic {@link #fetch} is called one at a time, and
 * so are the others, in the order of what happened; {@code fetch} and another may run at once, as
 * may those of different topics.
 *
 * <p>A callback that throws, or runs longer than {@code callbackTimeout}, is logged and costs its
 * own effect only; {@code fetch} has {@code presence.fetchTimeout}, 1 s by default, for a list, and
 * for both calls of a diff together, since clients wait for it. Follows the callbacks of {@code
 * Phoenix.Presence}.
 */
public interface PresenceHandler {

  /**
   * Adds to presences what clients are to see beside the metas, for instance names from a database,
   * with one call for all keys of a list, and two for each diff: joins and leaves, either of which
   * may be empty (P-30, P-31). One list serves all who ask for it at about the same time.
   *
   * @param presences from each key to {@code {"metas": [META, ..]}}; may be changed and returned
   * @return the same keys, each with its {@code metas}. A diff or list goes out as it was if this
   *     fails (P-33)
   */
  default Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
    return presences;
  }

  /**
   * Reacts to a diff, after it was broadcast (P-50); to several at once, if they came while this
   * ran: nobody waits for it, and whoever came and went meanwhile is in none of them. A key in
   * {@code diff.joins()} that {@code presences} has with those metas only has just come; one in
   * {@code diff.leaves()} that it has not is gone.
   *
   * <p>When this node stops hosting the topic, everybody is told to have left; who joins again is
   * told of by the next host. If it dies, the next host tells of those who left with it, as far as
   * gateways that live know of them: with no metas, since nobody has them any more.
   *
   * @param diff enriched by {@link #fetch}, but for those last two
   * @param presences all of the topic after the diff, not enriched
   */
  default void handleMetas(String topic, PresenceDiff diff, PresenceList presences) {}

  /** A topic in which nobody was present has somebody now; told at once, before their diff. */
  default void occupied(String topic) {}

  /**
   * The last one has left a topic, told at once, before their diff; also when this node stops
   * hosting it, after which its next host may find it occupied again. Each {@link #occupied} is
   * followed by one of these, told by the topic's next host if this node dies, unless the gateways
   * of all who were there die with it.
   */
  default void vacated(String topic) {}

  /** Adds nothing and does nothing, at no cost. */
  static PresenceHandler none() {
    return None.INSTANCE;
  }

  /** The default. */
  enum None implements PresenceHandler {
    INSTANCE
  }
}
