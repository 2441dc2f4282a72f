package dev.roost.channel;

import org.jspecify.annotations.Nullable;

/**
 * A client's message that can still be answered: later, from any thread, even when the channel is
 * over, as long as the connection lives (Y-5, Y-6). phoenix.js heeds the first answer only.
 */
public interface SocketRef {

  /**
   * Answers with a status and a response (any JSON value, or {@code byte[]}). What {@link Socket}
   * says of binary payloads and those who cannot take them holds here as well.
   *
   * @throws IllegalArgumentException for an empty status, a status of more than 21,845 characters,
   *     a response that Jackson cannot write or of more than 16 MiB, or a binary one whose topic or
   *     status has more than 255 bytes (B-7)
   */
  void reply(String status, @Nullable Object response);

  /** Answers {@code ok}. */
  default void reply(@Nullable Object response) {
    reply("ok", response);
  }
}
