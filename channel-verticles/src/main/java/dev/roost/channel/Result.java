package dev.roost.channel;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What {@link Channel#handleIn} may answer: every legal result has a name here. */
public sealed interface Result permits Result.Reply, Outcome {

  /**
   * An answer to the event being handled (M-5, M-6), and perhaps the end of the channel (M-8).
   *
   * @param status {@code ok}, {@code error}, or a name of your own (S-17)
   * @param response any JSON value or binary
   * @param stop why the channel stops after the answer; empty when it goes on
   */
  record Reply(String status, @Nullable Object response, Optional<StopReason> stop)
      implements Result {

    public Reply {
      Objects.requireNonNull(stop, "stop");
      if (status.isEmpty()) {
        throw new IllegalArgumentException(
            "a reply has a status such as \"ok\" or \"error\", got the empty string");
      }
    }

    /** The same answer, then a normal stop: the client gets {@code phx_close}. */
    public Reply thenStop() {
      return thenStop(StopReason.normal());
    }

    /** The same answer, then a stop. */
    public Reply thenStop(StopReason reason) {
      return new Reply(status, response, Optional.of(reason));
    }
  }

  /** Nothing is sent (M-3). */
  static Outcome noReply() {
    return Outcome.NoReply.INSTANCE;
  }

  /** Status {@code ok} with {@code {}}. */
  static Reply ok() {
    return reply("ok", Map.of());
  }

  /**
   * Status {@code ok} with a response: anything that Jackson can write, a {@link Payload} as it
   * came, or a {@code byte[]} for binary.
   */
  static Reply reply(@Nullable Object response) {
    return reply("ok", response);
  }

  /** Status {@code error} with a response, usually {@code Map.of("reason", ..)}. */
  static Reply error(@Nullable Object response) {
    return reply("error", response);
  }

  /** A status of your own with a response. */
  static Reply reply(String status, @Nullable Object response) {
    return new Reply(status, response, Optional.empty());
  }

  /** The channel stops normally: the client gets {@code phx_close} and stays away (L-10, L-11). */
  static Outcome stop() {
    return new Outcome.Stop(StopReason.normal());
  }

  /** The channel stops; the reason decides between {@code phx_close} and {@code phx_error}. */
  static Outcome stop(StopReason reason) {
    return new Outcome.Stop(reason);
  }

  /** This event or message is none of the channel's; the route's policy decides (M-10). */
  static Outcome unhandled() {
    return Outcome.Unhandled.INSTANCE;
  }
}
