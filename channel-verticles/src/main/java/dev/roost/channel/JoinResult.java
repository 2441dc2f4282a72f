package dev.roost.channel;

import org.jspecify.annotations.Nullable;

/** What a join may be answered with. */
public sealed interface JoinResult {

  /** Joined; the client gets status {@code ok} and the response (J-9, J-10). */
  record Ok(@Nullable Object response) implements JoinResult {}

  /** Refused; the client gets status {@code error} and the reason, and may try again (J-11). */
  record Refused(@Nullable Object reason) implements JoinResult {}

  /** Joined, with {@code {}} as response. */
  static JoinResult ok() {
    return new Ok(java.util.Map.of());
  }

  /**
   * Joined, with a response: anything that Jackson can write, a {@link Payload} as it came, or a
   * {@code byte[]} for binary.
   */
  static JoinResult ok(@Nullable Object response) {
    return new Ok(response);
  }

  /** Refused; the reason is usually an object such as {@code Map.of("reason", "full")}. */
  static JoinResult refuse(@Nullable Object reason) {
    return new Refused(reason);
  }
}
