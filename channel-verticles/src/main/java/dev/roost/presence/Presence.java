package dev.roost.presence;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The presences of one topic, as a channel sees and adds to them. What a channel tracks lasts until
 * it untracks it or ends, however it ends; clients are told by {@code presence_diff}.
 *
 * {@snippet :
 * public JoinResult join(String topic, Payload payload, Socket socket) {
 *   return JoinResult.ok().present("user:" + user, Map.of("online_at", Instant.now().toString()));
 * }
 * }
 *
 * <p>Whoever joins so is tracked as soon as it is answered, and gets the list then: in this order a
 * client misses nothing. Who does the two by hand, later or in {@code handleInfo}, tracks first and
 * then pushes {@code presence_state}.
 *
 * <p>Each call waits until the host of the topic has answered, which for the channel's own topic is
 * a matter of microseconds; track and update wait for the gateway of the socket before, which keeps
 * its limits: one message to and fro. What it has done is in every list from then on (P-28). Safe
 * for any thread that may wait; on an event loop it is an IllegalStateException: use {@code
 * Deployment.presences()} there. A {@link PresenceException} says what was not possible, and leaves
 * everything as it was; a host that cannot be reached for 5 s is one, a gateway that cannot for 10
 * s is another.
 *
 * <p>A meta is anything that Jackson writes as a JSON object: a record, a Map. It gets {@code
 * phx_ref}, and after an update {@code phx_ref_prev}. A key is any text of up to 255 characters,
 * except names that every JavaScript object has ({@code __proto__}, {@code constructor} and their
 * kin), which would break older clients: prefix keys that users choose.
 */
public interface Presence {

  /**
   * Makes this channel present under a key (P-20).
   *
   * @return the {@code phx_ref} of its meta
   * @throws PresenceException if it is tracked under this key already, or a limit is reached
   * @throws IllegalArgumentException for a key or meta that cannot be
   */
  String track(String key, Object meta);

  /**
   * Replaces this channel's meta under a key (P-24).
   *
   * @return the new {@code phx_ref}
   * @throws PresenceException if it is not tracked under this key, or a limit is reached
   */
  String update(String key, Object meta);

  /**
   * Replaces this channel's meta by one that is made from it.
   *
   * @param change gets the old meta, {@code phx_ref} included, may change it, and returns the new
   *     one; fields that are not carried over are lost
   * @return the new {@code phx_ref}
   */
  String update(String key, UnaryOperator<ObjectNode> change);

  /** Ends this channel's presence under a key; does nothing if there is none (P-23). */
  void untrack(String key);

  /**
   * All who are present: {@code {KEY: {"metas": [META, ..]}}} (P-1, P-26), enriched by {@link
   * PresenceHandler#fetch}.
   *
   * @throws PresenceException if no host of the topic answers
   */
  PresenceList list();

  /** The presence of a key, {@code {"metas": [META, ..]}}; empty if nobody is there (P-27). */
  Optional<ObjectNode> getByKey(String key);
}
