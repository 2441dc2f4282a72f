package dev.roost.routing;

import java.time.Duration;

/**
 * How a mount serves long polling (section 18 of the specification). Every option has a default;
 * {@code with..} methods change one.
 *
 * @param path transport path behind the mount path; default {@code /longpoll}
 * @param window how long a poll waits for a message before it is answered 204 (G-42), 100 ms to 15
 *     s, because phoenix.js gives up after 20 s; default 10 s. A client that does not poll for 1.5
 *     windows is gone (G-65)
 * @param maxBodyBytes of a POST, at most 16 MiB; over it HTTP 400 (G-50); default 8,000,000
 * @param maxBatchLines messages of one POST; over it {@code {"status": 413}} and none of them is
 *     taken, so that nothing is lost in silence; default 100, the most that phoenix.js sends (G-52)
 */
public record LongPollOptions(String path, Duration window, int maxBodyBytes, int maxBatchLines) {

  private static final Duration MIN_WINDOW = Duration.ofMillis(100);
  private static final Duration MAX_WINDOW = Duration.ofSeconds(15);
  private static final int MAX_BODY_BYTES = 16 << 20;

  public LongPollOptions {
    SocketOptions.checkTransportPath("longPoll's path", path);
    if (window.compareTo(MIN_WINDOW) < 0 || window.compareTo(MAX_WINDOW) > 0) {
      throw new IllegalArgumentException(
          "longPoll's window is 100 ms to 15 s: phoenix.js gives up on requests after 20 s; got "
              + window);
    }
    if (maxBodyBytes < 1_024 || maxBodyBytes > MAX_BODY_BYTES) {
      throw new IllegalArgumentException(
          "longPoll's maxBodyBytes is 1024 to " + MAX_BODY_BYTES + ", got " + maxBodyBytes);
    }
    if (maxBatchLines < 1) {
      throw new IllegalArgumentException(
          "longPoll's maxBatchLines is 1 or more, got " + maxBatchLines);
    }
  }

  /** Phoenix's defaults. */
  public static LongPollOptions defaults() {
    return new LongPollOptions("/longpoll", Duration.ofSeconds(10), 8_000_000, 100);
  }

  public LongPollOptions withPath(String value) {
    return new LongPollOptions(value, window, maxBodyBytes, maxBatchLines);
  }

  public LongPollOptions withWindow(Duration value) {
    return new LongPollOptions(path, value, maxBodyBytes, maxBatchLines);
  }

  public LongPollOptions withMaxBodyBytes(int value) {
    return new LongPollOptions(path, window, value, maxBatchLines);
  }

  public LongPollOptions withMaxBatchLines(int value) {
    return new LongPollOptions(path, window, maxBodyBytes, value);
  }
}
