package dev.roost.channel;

import static java.util.Objects.requireNonNull;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a join may be answered with. */
public sealed interface JoinResult {

  /**
   * Joined; the client gets status {@code ok} and the response (J-9, J-10).
   *
   * @param present keys and metas to be present under from then on
   */
  record Ok(@Nullable Object response, Map<String, Object> present) implements JoinResult {

    public Ok {
      // In the order given, which Map.copyOf would not keep.
      present = Collections.unmodifiableMap(new LinkedHashMap<>(present));
    }

    /**
     * With this channel present in its topic: as soon as the join is answered, and before any other
     * callback, it is tracked under the key, and {@code presence_state} is pushed to its client. In
     * this order a client misses nothing. Should that fail, by a limit for instance or since the
     * gateway does not answer, the channel crashes and its client joins again; a key or meta that
     * nobody could track fails the join.
     *
     * @see dev.roost.presence.Presence#track
     */
    public Ok present(String key, Object meta) {
      var more = new LinkedHashMap<>(present);
      if (more.putIfAbsent(requireNonNull(key, "key"), requireNonNull(meta, "meta")) != null) {
        throw new IllegalArgumentException("present under \"" + key + "\" twice; give it one meta");
      }
      return new Ok(response, more);
    }
  }

  /** Refused; the client gets status {@code error} and the reason, and may try again (J-11). */
  record Refused(@Nullable Object reason) implements JoinResult {}

  /** Joined, with {@code {}} as response. */
  static Ok ok() {
    return ok(Map.of());
  }

  /**
   * Joined, with a response: anything that Jackson can write, a {@link Payload} as it came, or a
   * {@code byte[]} for binary.
   */
  static Ok ok(@Nullable Object response) {
    return new Ok(response, Map.of());
  }

  /** Refused; the reason is usually an object such as {@code Map.of("reason", "full")}. */
  static JoinResult refuse(@Nullable Object reason) {
    return new Refused(reason);
  }
}
