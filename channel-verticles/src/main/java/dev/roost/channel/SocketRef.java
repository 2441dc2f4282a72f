package dev.roost.channel;

import org.jspecify.annotations.Nullable;

/**
 * A client's message that can still be answered: later, from any thread, even when the channel is
 * over, as long as the connection lives (Y-5, Y-6). phoenix.js heeds the first answer only.
 */
public interface SocketRef {

  /**
   * Answers with a status and a response (any JSON value, or {@code byte[]}).
   *
   * @throws IllegalArgumentException for an empty status, or a response that cannot be written
   */
  void reply(String status, @Nullable Object response);

  /** Answers {@code ok}. */
  default void reply(@Nullable Object response) {
    reply("ok", response);
  }
}
