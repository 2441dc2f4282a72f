package dev.roost.presence;

/** What could not be done with a presence. Everything is as it was before. */
public final class PresenceException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Reason {
    /** The same channel is present under this key already (P-21). */
    ALREADY_TRACKED,
    /** It is not present under this key (P-24). */
    NOT_TRACKED,
    /** A limit of the channel's socket: its presences, or its tracks and updates a second. */
    SOCKET_LIMIT,
    /** The topic has as many presences, or as many bytes of them, as it may have. */
    TOPIC_FULL,
    /**
     * No host of the topic has answered in time, or the gateway of the channel's socket has not.
     */
    UNAVAILABLE,
    /** The channel, or whoever tracked, has ended. */
    ENDED
  }

  private final Reason reason;

  public PresenceException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
