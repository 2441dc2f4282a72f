package dev.roost.tracking;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A channel, or other code of the application, that is present somewhere. What it tracks ends with
 * it. Used on the host's context only.
 */
public final class Tracker {

  /** A presence of it. */
  record Name(String topic, String key) {}

  private final long number;
  private final Optional<String> ownTopic;
  private final Optional<Channel> channel;
  private final Map<Name, Tracked> tracked = new HashMap<>(2);
  private boolean hasEnded;

  /**
   * A client's channel, whose socket is bound to limits of its own.
   *
   * @param gateway the inbox of its gateway
   * @param number of the channel there
   */
  public record Channel(String gateway, long number) {}

  /**
   * @param number that no other tracker of the host has
   * @param ownTopic of a channel: it ends when the topic changes its host
   * @param channel that it is, if it is one
   */
  Tracker(long number, Optional<String> ownTopic, Optional<Channel> channel) {
    this.number = number;
    this.ownTopic = ownTopic;
    this.channel = channel;
  }

  long number() {
    return number;
  }

  Optional<String> ownTopic() {
    return ownTopic;
  }

  Optional<Channel> channel() {
    return channel;
  }

  Map<Name, Tracked> tracked() {
    return tracked;
  }

  boolean hasEnded() {
    return hasEnded;
  }

  void end() {
    hasEnded = true;
    tracked.clear();
  }
}
