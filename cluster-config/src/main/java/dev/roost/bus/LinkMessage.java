package dev.roost.bus;

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
}
