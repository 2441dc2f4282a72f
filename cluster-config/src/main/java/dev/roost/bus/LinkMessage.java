package dev.roost.bus;

import java.util.Objects;

/** What the two ends of a link tell each other; never seen by gateways or hosts. */
public sealed interface LinkMessage extends BusMessage {

  /**
   * Nothing new: the envelope repeats the number of the link's last message, so that a loss at the
   * end is found too.
   */
  record Check() implements LinkMessage {}

  /**
   * The receiver misses messages of the link that goes the other way: what hangs on the two is to
   * be closed at both ends.
   */
  record Reset() implements LinkMessage {}

  /** A payload that the receiver is to keep, because pushes will name it. */
  record Keep(long number, RawPayload payload) implements LinkMessage {
    public Keep {
      Objects.requireNonNull(payload, "payload");
    }

    @Override
    public int payloadBytes() {
      return payload.size();
    }
  }

  /** A {@link GatewayMessage.Push} whose payload the receiver has. */
  record PushKept(Recipient recipient, String event, long number) implements LinkMessage {
    public PushKept {
      Objects.requireNonNull(recipient, "recipient");
      Objects.requireNonNull(event, "event");
    }
  }
}
