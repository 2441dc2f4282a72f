package dev.roost.routing;

/**
 * What one socket may do. Rates are token buckets: a socket that was quiet may send two seconds'
 * worth at once. Every limit is on by default, far above what people cause; {@code with..} methods
 * change one.
 *
 * @param maxChannels channels that a socket may hold; over it a join is answered {@code {"reason":
 *     "too many channels joined"}} (J-4); default 100
 * @param joinsPerSecond joins of one socket; over it a join is answered {@code {"reason": "too many
 *     joins"}}, and phoenix.js tries again later; default 1,000. Who is refused too often, by
 *     either limit, is read more slowly
 * @param eventsPerSecond messages of one socket, and POSTs without any; over it the socket is not
 *     read until it is within its rate again, so that its client waits and nothing is lost; default
 *     20,000, a quarter of a processor. A long-poll POST of which the window leaves something
 *     unread is answered {@code {"status": 408}}, and the rest of it is dropped
 * @param bytesPerSecond bytes of those messages, of its pings and of its POSTs, with the same
 *     consequence; default 16 MiB
 * @param maxTopicBytes of a topic in a client's message, at most 21,845; over it the socket is
 *     closed as for a message that cannot be read (1011); default 1,024
 * @param maxEventBytes of an event's name, with the same consequence; default 255
 */
public record SocketLimits(
    int maxChannels,
    int joinsPerSecond,
    int eventsPerSecond,
    int bytesPerSecond,
    int maxTopicBytes,
    int maxEventBytes) {

  private static final int MAX_NAME_BYTES = 21_845;

  public SocketLimits {
    atLeastOne("maxChannels", maxChannels);
    atLeastOne("joinsPerSecond", joinsPerSecond);
    atLeastOne("eventsPerSecond", eventsPerSecond);
    atLeastOne("bytesPerSecond", bytesPerSecond);
    name("maxTopicBytes", maxTopicBytes);
    name("maxEventBytes", maxEventBytes);
  }

  private static void atLeastOne(String limit, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(limit + " is 1 or more, got " + value);
    }
  }

  private static void name(String limit, int value) {
    if (value < 1 || value > MAX_NAME_BYTES) {
      throw new IllegalArgumentException(limit + " is 1 to " + MAX_NAME_BYTES + ", got " + value);
    }
  }

  public static SocketLimits defaults() {
    return new SocketLimits(100, 1_000, 20_000, 16 << 20, 1_024, 255);
  }

  /** Everything that can be allowed: a bound that changes none. */
  public static SocketLimits most() {
    return new SocketLimits(
        Integer.MAX_VALUE,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE,
        MAX_NAME_BYTES,
        MAX_NAME_BYTES);
  }

  /** The lower of the two in each; these themselves if none of them is over. */
  public SocketLimits atMost(SocketLimits bound) {
    boolean within =
        maxChannels <= bound.maxChannels
            && joinsPerSecond <= bound.joinsPerSecond
            && eventsPerSecond <= bound.eventsPerSecond
            && bytesPerSecond <= bound.bytesPerSecond
            && maxTopicBytes <= bound.maxTopicBytes
            && maxEventBytes <= bound.maxEventBytes;
    return within
        ? this
        : new SocketLimits(
            Math.min(maxChannels, bound.maxChannels),
            Math.min(joinsPerSecond, bound.joinsPerSecond),
            Math.min(eventsPerSecond, bound.eventsPerSecond),
            Math.min(bytesPerSecond, bound.bytesPerSecond),
            Math.min(maxTopicBytes, bound.maxTopicBytes),
            Math.min(maxEventBytes, bound.maxEventBytes));
  }

  public SocketLimits withMaxChannels(int value) {
    return new SocketLimits(
        value, joinsPerSecond, eventsPerSecond, bytesPerSecond, maxTopicBytes, maxEventBytes);
  }

  public SocketLimits withJoinsPerSecond(int value) {
    return new SocketLimits(
        maxChannels, value, eventsPerSecond, bytesPerSecond, maxTopicBytes, maxEventBytes);
  }

  public SocketLimits withEventsPerSecond(int value) {
    return new SocketLimits(
        maxChannels, joinsPerSecond, value, bytesPerSecond, maxTopicBytes, maxEventBytes);
  }

  public SocketLimits withBytesPerSecond(int value) {
    return new SocketLimits(
        maxChannels, joinsPerSecond, eventsPerSecond, value, maxTopicBytes, maxEventBytes);
  }

  public SocketLimits withMaxTopicBytes(int value) {
    return new SocketLimits(
        maxChannels, joinsPerSecond, eventsPerSecond, bytesPerSecond, value, maxEventBytes);
  }

  public SocketLimits withMaxEventBytes(int value) {
    return new SocketLimits(
        maxChannels, joinsPerSecond, eventsPerSecond, bytesPerSecond, maxTopicBytes, value);
  }
}
