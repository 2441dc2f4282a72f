package dev.roost.channel;

import java.util.Objects;

/** Why a channel ended, as {@link Channel#terminate} is told (L-30). */
public sealed interface TerminateReason {

  /** The client left the topic. */
  record Left() implements TerminateReason {}

  /**
   * The client's connection ended (L-40).
   *
   * @param detail how, for instance {@code closed}, {@code idle}, {@code disconnected}
   */
  record Closed(String detail) implements TerminateReason {
    public Closed {
      Objects.requireNonNull(detail, "detail");
    }
  }

  /** A callback returned a stop. */
  record Stopped(StopReason reason) implements TerminateReason {
    public Stopped {
      Objects.requireNonNull(reason, "reason");
    }
  }

  /** A callback threw, or answered what it may not. */
  record Crashed(Throwable cause) implements TerminateReason {
    public Crashed {
      Objects.requireNonNull(cause, "cause");
    }
  }

  /** The channel's own join refused the client (J-17); the socket was never joined. */
  record Refused() implements TerminateReason {}

  /**
   * The channel verticle is being undeployed, or hands the topic over, or its members are to join
   * anew after a split: they lack what was said on the other side.
   */
  record Draining() implements TerminateReason {}
}
