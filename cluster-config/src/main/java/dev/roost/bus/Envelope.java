package dev.roost.bus;

import java.util.Objects;

/**
 * One message on one link. A link is everything that one inbox sends to another, in order.
 *
 * @param from the sender's inbox; a restarted sender has another one
 * @param sequence position on the link, from 1, without gaps, and in the upper 24 bits how often
 *     the sender had forgotten links when it opened this one; 0 for a published message, which
 *     belongs to no link
 */
public record Envelope(String from, long sequence, BusMessage message) {

  public Envelope {
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(message, "message");
    if (sequence < 0) {
      throw new IllegalArgumentException("a link sequence is 0 or more, got " + sequence);
    }
  }
}
