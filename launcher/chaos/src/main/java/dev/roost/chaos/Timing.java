package dev.roost.chaos;

import java.time.Duration;

/**
 * How a client behaves in time. phoenix.js has the same back-offs, but slower ones.
 *
 * @param firstBackOff before the first attempt to join or connect again; doubles with each
 * @param longestBackOff where it stops to double
 * @param connectTimeout for the upgrade; then the next gateway is tried
 * @param joinTimeout for the answer to a join; then the channel is left and joined again
 * @param heartbeat how often; a heartbeat unanswered by then closes the socket
 * @param pushInterval mean time between two messages of a member
 */
record Timing(
    Duration firstBackOff,
    Duration longestBackOff,
    Duration connectTimeout,
    Duration joinTimeout,
    Duration heartbeat,
    Duration pushInterval) {

  static Timing defaults() {
    return new Timing(
        Duration.ofMillis(100),
        Duration.ofSeconds(1),
        Duration.ofSeconds(3),
        Duration.ofSeconds(10),
        Duration.ofSeconds(15),
        Duration.ofSeconds(6));
  }

  Timing withPushInterval(Duration changed) {
    return new Timing(
        firstBackOff, longestBackOff, connectTimeout, joinTimeout, heartbeat, changed);
  }

  /** Nanoseconds to wait after so many failures, 1 or more. */
  long backOffNanos(int failures) {
    long doubled = firstBackOff.toNanos() << Math.min(failures - 1, 10);
    return Math.min(doubled, longestBackOff.toNanos());
  }
}
