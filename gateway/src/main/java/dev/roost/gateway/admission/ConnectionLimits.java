package dev.roost.gateway.admission;

/**
 * How many clients a process takes in. An IPv6 client is counted by its /64, the least that one of
 * them is given. Rates are token buckets: after a quiet time two seconds' worth may come at once.
 * Every limit is on by default, high enough for load tests from one machine: lower those for each
 * address where clients do not share theirs. {@code with..} methods change one.
 *
 * @param maxConnections connections to the public port, each long-poll session counting as one
 *     more; over it HTTP 503 with {@code Retry-After}; default 250,000
 * @param maxConnectionsPerAddress the same of one client address; over it HTTP 429 with {@code
 *     Retry-After}; default 50,000
 * @param handshakesPerSecond requests for a socket: WebSocket upgrades, and polls that open a
 *     session; over it HTTP 503 with {@code Retry-After}; default 50,000
 * @param handshakesPerSecondPerAddress the same of one client address; over it HTTP 429 with {@code
 *     Retry-After}; default 20,000
 */
public record ConnectionLimits(
    int maxConnections,
    int maxConnectionsPerAddress,
    int handshakesPerSecond,
    int handshakesPerSecondPerAddress) {

  public ConnectionLimits {
    atLeastOne("maxConnections", maxConnections);
    atLeastOne("maxConnectionsPerAddress", maxConnectionsPerAddress);
    atLeastOne("handshakesPerSecond", handshakesPerSecond);
    atLeastOne("handshakesPerSecondPerAddress", handshakesPerSecondPerAddress);
  }

  private static void atLeastOne(String limit, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(limit + " is 1 or more, got " + value);
    }
  }

  public static ConnectionLimits defaults() {
    return new ConnectionLimits(250_000, 50_000, 50_000, 20_000);
  }

  public ConnectionLimits withMaxConnections(int value) {
    return new ConnectionLimits(
        value, maxConnectionsPerAddress, handshakesPerSecond, handshakesPerSecondPerAddress);
  }

  public ConnectionLimits withMaxConnectionsPerAddress(int value) {
    return new ConnectionLimits(
        maxConnections, value, handshakesPerSecond, handshakesPerSecondPerAddress);
  }

  public ConnectionLimits withHandshakesPerSecond(int value) {
    return new ConnectionLimits(
        maxConnections, maxConnectionsPerAddress, value, handshakesPerSecondPerAddress);
  }

  public ConnectionLimits withHandshakesPerSecondPerAddress(int value) {
    return new ConnectionLimits(
        maxConnections, maxConnectionsPerAddress, handshakesPerSecond, value);
  }
}
