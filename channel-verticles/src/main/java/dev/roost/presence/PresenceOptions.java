package dev.roost.presence;

import java.time.Duration;

/**
 * Limits and pace of an application's presences on a channel node. Every option has a default;
 * {@code with..} methods change one. Whoever would exceed a limit gets a {@link PresenceException}.
 *
 * @param diffWindow how long changes of a topic are gathered before its members are told; default
 *     50 ms. A presence that comes and goes within it is not told of, unless somebody has got it in
 *     a list
 * @param diffWindowPerThousand the window of a topic with many members, for each thousand, so that
 *     a large topic costs fewer deliveries; default 20 ms, which counts from 2,500 members on
 * @param maxDiffWindow the longest window of any topic; default 500 ms
 * @param topicPresences presences in one topic, each key and tracker counted; default 100,000
 * @param topicBytes JSON of one topic's presences, together; default 8 MiB, half of what one
 *     message may have
 * @param metaBytes JSON of one meta; default 4 KiB
 * @param socketPresences presences of one socket, of all its channels on whatever nodes and in
 *     whatever topics, those of other applications included; default 1,000
 * @param socketRate tracks and updates of one socket a second, counted likewise, with as many more
 *     at once after a quiet time; default 100
 * @param fetchTimeout how long {@code fetch} of the handler may take for a list, or both calls for
 *     what a window has gathered: members wait for it, and get them without its additions then;
 *     default 1 s
 */
public record PresenceOptions(
    Duration diffWindow,
    Duration diffWindowPerThousand,
    Duration maxDiffWindow,
    int topicPresences,
    int topicBytes,
    int metaBytes,
    int socketPresences,
    int socketRate,
    Duration fetchTimeout) {

  /** The most that topicBytes may be: 8 MiB. */
  public static final int MAX_TOPIC_BYTES = 8 << 20;

  public PresenceOptions {
    if (diffWindow.isNegative() || diffWindowPerThousand.isNegative()) {
      throw new IllegalArgumentException(
          "diffWindow and diffWindowPerThousand are 0 or more, got "
              + diffWindow
              + " and "
              + diffWindowPerThousand);
    }
    if (maxDiffWindow.compareTo(diffWindow) < 0) {
      throw new IllegalArgumentException(
          "maxDiffWindow is not less than diffWindow, got " + maxDiffWindow + " < " + diffWindow);
    }
    requireBetween("topicPresences", topicPresences, 1, 10_000_000);
    requireBetween("topicBytes", topicBytes, 1_024, MAX_TOPIC_BYTES);
    requireBetween("metaBytes", metaBytes, 64, topicBytes);
    requireBetween("socketPresences", socketPresences, 1, 1_000_000);
    requireBetween("socketRate", socketRate, 1, 1_000_000);
    if (fetchTimeout.toMillis() < 1) {
      throw new IllegalArgumentException("fetchTimeout is 1 ms or more, got " + fetchTimeout);
    }
  }

  private static void requireBetween(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          option + " is " + least + " to " + most + ", got " + value);
    }
  }

  public static PresenceOptions defaults() {
    return new PresenceOptions(
        Duration.ofMillis(50),
        Duration.ofMillis(20),
        Duration.ofMillis(500),
        100_000,
        MAX_TOPIC_BYTES,
        4_096,
        1_000,
        100,
        Duration.ofSeconds(1));
  }

  /** The window of a topic with so many members. */
  public Duration window(int members) {
    Duration grown = diffWindowPerThousand.multipliedBy(members).dividedBy(1_000);
    Duration window = grown.compareTo(diffWindow) > 0 ? grown : diffWindow;
    return window.compareTo(maxDiffWindow) > 0 ? maxDiffWindow : window;
  }

  public PresenceOptions withDiffWindow(Duration value) {
    return new PresenceOptions(
        value,
        diffWindowPerThousand,
        value.compareTo(maxDiffWindow) > 0 ? value : maxDiffWindow,
        topicPresences,
        topicBytes,
        metaBytes,
        socketPresences,
        socketRate,
        fetchTimeout);
  }

  public PresenceOptions withDiffWindowPerThousand(Duration value) {
    return new PresenceOptions(
        diffWindow,
        value,
        maxDiffWindow,
        topicPresences,
        topicBytes,
        metaBytes,
        socketPresences,
        socketRate,
        fetchTimeout);
  }

  public PresenceOptions withMaxDiffWindow(Duration value) {
    return new PresenceOptions(
        diffWindow,
        diffWindowPerThousand,
        value,
        topicPresences,
        topicBytes,
        metaBytes,
        socketPresences,
        socketRate,
        fetchTimeout);
  }

  public PresenceOptions withTopicPresences(int value) {
    return new PresenceOptions(
        diffWindow,
        diffWindowPerThousand,
        maxDiffWindow,
        value,
        topicBytes,
        metaBytes,
        socketPresences,
        socketRate,
        fetchTimeout);
  }

  public PresenceOptions withTopicBytes(int value) {
    return new PresenceOptions(
        diffWindow,
        diffWindowPerThousand,
        maxDiffWindow,
        topicPresences,
        value,
        Math.min(metaBytes, value),
        socketPresences,
        socketRate,
        fetchTimeout);
  }

  public PresenceOptions withMetaBytes(int value) {
    return new PresenceOptions(
        diffWindow,
        diffWindowPerThousand,
        maxDiffWindow,
        topicPresences,
        topicBytes,
        value,
        socketPresences,
        socketRate,
        fetchTimeout);
  }

  public PresenceOptions withSocketPresences(int value) {
    return new PresenceOptions(
        diffWindow,
        diffWindowPerThousand,
        maxDiffWindow,
        topicPresences,
        topicBytes,
        metaBytes,
        value,
        socketRate,
        fetchTimeout);
  }

  public PresenceOptions withSocketRate(int value) {
    return new PresenceOptions(
        diffWindow,
        diffWindowPerThousand,
        maxDiffWindow,
        topicPresences,
        topicBytes,
        metaBytes,
        socketPresences,
        value,
        fetchTimeout);
  }

  public PresenceOptions withFetchTimeout(Duration value) {
    return new PresenceOptions(
        diffWindow,
        diffWindowPerThousand,
        maxDiffWindow,
        topicPresences,
        topicBytes,
        metaBytes,
        socketPresences,
        socketRate,
        value);
  }
}
