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

  /** Counts nothing. */
  static GatewayMetrics none() {
    return new GatewayMetrics() {};
  }
}
