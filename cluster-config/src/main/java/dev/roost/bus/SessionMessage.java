package dev.roost.bus;

import java.util.Objects;

/**
 * What gateway verticles tell each other of long-poll sessions: a client's requests arrive at any
 * of them, its session is held by one.
 *
 * <p>A session is named by its number at the holder, and by a secret that only its client has.
 */
public sealed interface SessionMessage extends BusMessage {

  /**
   * The client waits for messages; answered by {@link Answer} when there are some, at the end of
   * the window, or when the session has ended.
   *
   * @param request number that the answer repeats
   * @param secret binary
   */
  record Poll(long request, long session, RawPayload secret) implements SessionMessage {
    public Poll {
      Objects.requireNonNull(secret, "secret");
    }

    @Override
    public int payloadBytes() {
      return secret.size();
    }
  }

  /**
   * The client sends messages; answered by {@link Answer} when the session has taken them.
   *
   * @param batch whether the body holds one message in each line, else it is one message
   * @param body as it was posted, in form of a binary payload
   */
  record Publish(long request, long session, RawPayload secret, boolean batch, RawPayload body)
      implements SessionMessage {
    public Publish {
      Objects.requireNonNull(secret, "secret");
      Objects.requireNonNull(body, "body");
    }

    @Override
    public int payloadBytes() {
      return secret.size() + body.size();
    }
  }

  /**
   * The client does not wait for the answer to its poll any more. What it was answered meanwhile
   * did not reach it.
   */
  record Abandon(long request, long session) implements SessionMessage {}

  /** The messages that a poll was answered with are with its client, or with the kernel for it. */
  record Delivered(long request, long session) implements SessionMessage {}

  /**
   * The answer to a poll or to messages.
   *
   * @param status of the long-poll protocol (G-5); 410 if there is no such session
   * @param messages JSON array of strings, one for each message
   */
  record Answer(long request, int status, RawPayload messages) implements SessionMessage {
    public Answer {
      Objects.requireNonNull(messages, "messages");
    }

    @Override
    public int payloadBytes() {
      return messages.size();
    }
  }
}
