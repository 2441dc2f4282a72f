package dev.roost.channel;

import java.util.Objects;

/**
 * What {@link Channel#handleOut} and {@link Channel#handleInfo} may answer: a {@link Result} that
 * replies to nobody (M-14).
 */
public sealed interface Outcome extends Result {

  /** The channel goes on. */
  record NoReply() implements Outcome {
    static final NoReply INSTANCE = new NoReply();
  }

  /** The channel ends. */
  record Stop(StopReason reason) implements Outcome {
    public Stop {
      Objects.requireNonNull(reason, "reason");
    }
  }

  /** The channel does not know this event or message. */
  record Unhandled() implements Outcome {
    static final Unhandled INSTANCE = new Unhandled();
  }
}
