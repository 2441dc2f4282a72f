package dev.roost.gateway;

/**
 * What a gateway counts. Every method is called on a gateway verticle's context, several verticles
 * may share one instance, and the default counts nothing. Implementations have a public constructor
 * without parameters if a node is to find them ({@code META-INF/services}).
 */
public interface GatewayMetrics {

  /** A connection was accepted and is a socket now. */
  default void socketOpened() {}

  /** A socket ended, whatever the reason. */
  default void socketClosed() {}

  /**
   * A request for a socket was refused with this HTTP status; of a long-poll POST also 400, 408,
   * 410, 413 and 503.
   */
  default void connectionRefused(int status) {}

  /**
   * A socket was closed because it does not read what waits for it; {@link #limitReached} tells the
   * limit.
   */
  default void slowSocketClosed() {}

  /** A socket was closed because its token, or the time that its application gave it, is over. */
  default void socketExpired() {}

  /** A message was left out because its client's transport has no form for it (G-71). */
  default void messageDropped() {}

  /** A socket is not read for a while because it is over a rate of its mount's limits. */
  default void socketThrottled() {}

  /** A join was refused because its socket is over its mount's limits. */
  default void joinRefused() {}

  /**
   * A connection ended before HTTP: its TLS handshake or PROXY header was wrong, or broken off. One
   * that took too long is told of by {@link #limitReached}.
   */
  default void handshakeFailed() {}

  /** A limit stopped a client: what it asked for was refused, or had to wait. */
  default void limitReached(Limit limit) {}

  /** This side closed a socket, with this WebSocket close code; long-poll sessions included. */
  default void closedByServer(int code) {}

  /** Counts nothing. */
  static GatewayMetrics none() {
    return new GatewayMetrics() {};
  }
}
