package dev.roost.bus;

/** Everything that may cross the bus between gateways and channel verticles. */
public sealed interface BusMessage
    permits HostMessage, GatewayMessage, SessionMessage, PresenceMessage, LinkMessage {

  /** Bytes of the payloads in it: nearly all of its size, where size matters. */
  default int payloadBytes() {
    return 0;
  }
}
