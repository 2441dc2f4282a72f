package dev.roost.gateway;

/**
 * What a gateway counts. Every method is called on a gateway verticle's context, several verticles
 * may share one instance, and the default counts nothing.
 */
public interface GatewayMetrics {

  /** A connection was accepted and is a socket now. */
  default void socketOpened() {}

  /** A socket ended, whatever the reason. */
  default void socketClosed() {}

  /** A connection was refused with this HTTP status. */
  default void connectionRefused(int status) {}

  /** A socket was closed because more than {@link GatewayOptions#maxQueuedBytes} waited for it. */
  default void slowSocketClosed() {}

  /** A socket was closed because its token, or the time that its application gave it, is over. */
  default void socketExpired() {}

  /** A message was left out because its client's transport has no form for it (G-71). */
  default void messageDropped() {}

  /** A socket is not read for a while because it is over a rate of its mount's limits. */
  default void socketThrottled() {}

  /** A join was refused because its socket is over its mount's limits. */
  default void joinRefused() {}

  /** Counts nothing. */
  static GatewayMetrics none() {
    return new GatewayMetrics() {};
  }
}
