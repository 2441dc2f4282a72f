package dev.roost.bus;

import java.util.Optional;

/** The fixed handful of event-bus addresses; their number never grows with sockets or topics. */
public final class Addresses {

  /** Published to by {@link GatewayMessage.Disconnect}; every gateway verticle listens. */
  public static final String ALL_GATEWAYS = "roost.gateways";

  private Addresses() {}

  /** Inbox of a gateway verticle: {@code roost.gateway.<node>.<number>}. */
  public static String gateway(String node, int number) {
    return "roost.gateway." + node + "." + number;
  }

  /** Inbox of a host verticle: {@code roost.host.<node>.<number>}. */
  public static String host(String node, int number) {
    return "roost.host." + node + "." + number;
  }

  /** Name of the node that an inbox is on; empty for an address of any other form. */
  public static Optional<String> node(String inbox) {
    int start;
    if (inbox.startsWith("roost.gateway.")) {
      start = "roost.gateway.".length();
    } else if (inbox.startsWith("roost.host.")) {
      start = "roost.host.".length();
    } else {
      return Optional.empty();
    }
    int end = inbox.lastIndexOf('.');
    return end > start ? Optional.of(inbox.substring(start, end)) : Optional.empty();
  }
}
