package dev.roost.bus;

/** Everything that may cross the bus between a gateway and a channel verticle. */
public sealed interface BusMessage permits HostMessage, GatewayMessage, LinkMessage {}
