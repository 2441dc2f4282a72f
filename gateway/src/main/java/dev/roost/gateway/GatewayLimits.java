package dev.roost.gateway;

import dev.roost.bus.Contract;
import dev.roost.gateway.admission.ConnectionLimits;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.SocketLimits;
import java.util.Objects;

/**
 * What gateways bound for whoever runs them, whatever applications ask for. Every limit is on by
 * default; {@code with..} methods change one.
 *
 * @param connections how many clients come in
 * @param maxFragments frames of one message; over it the socket is closed with 1009; default 4,096:
 *     8 MB in pieces of 2 KB
 * @param maxJsonDepth levels of objects and arrays in a client's message, 1 to 1000; over it the
 *     socket is closed as for a message that cannot be read (1011); default 512
 * @param sockets the most that mounts may allow one socket; default what they ask for
 * @param maxPostBytes the most that mounts may allow the body of a long-poll POST; default what
 *     they ask for
 * @param maxPostLines the same of its messages
 */
public record GatewayLimits(
    ConnectionLimits connections,
    int maxFragments,
    int maxJsonDepth,
    SocketLimits sockets,
    int maxPostBytes,
    int maxPostLines) {

  /** What Jackson, by which applications read payloads, takes at most. */
  private static final int DEEPEST = 1_000;

  public GatewayLimits {
    Objects.requireNonNull(connections, "connections");
    Objects.requireNonNull(sockets, "sockets");
    between("maxFragments", maxFragments, 1, Integer.MAX_VALUE);
    between("maxJsonDepth", maxJsonDepth, 1, DEEPEST);
    between("maxPostBytes", maxPostBytes, 1_024, Contract.MAX_PAYLOAD_BYTES);
    between("maxPostLines", maxPostLines, 1, Integer.MAX_VALUE);
  }

  private static void between(String limit, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(limit + " is " + least + " to " + most + ", got " + value);
    }
  }

  public static GatewayLimits defaults() {
    return new GatewayLimits(
        ConnectionLimits.defaults(),
        4_096,
        512,
        SocketLimits.most(),
        Contract.MAX_PAYLOAD_BYTES,
        Integer.MAX_VALUE);
  }

  public GatewayLimits withConnections(ConnectionLimits value) {
    return new GatewayLimits(
        value, maxFragments, maxJsonDepth, sockets, maxPostBytes, maxPostLines);
  }

  public GatewayLimits withMaxFragments(int value) {
    return new GatewayLimits(connections, value, maxJsonDepth, sockets, maxPostBytes, maxPostLines);
  }

  public GatewayLimits withMaxJsonDepth(int value) {
    return new GatewayLimits(connections, maxFragments, value, sockets, maxPostBytes, maxPostLines);
  }

  public GatewayLimits withSockets(SocketLimits value) {
    return new GatewayLimits(
        connections, maxFragments, maxJsonDepth, value, maxPostBytes, maxPostLines);
  }

  public GatewayLimits withMaxPostBytes(int value) {
    return new GatewayLimits(connections, maxFragments, maxJsonDepth, sockets, value, maxPostLines);
  }

  public GatewayLimits withMaxPostLines(int value) {
    return new GatewayLimits(connections, maxFragments, maxJsonDepth, sockets, maxPostBytes, value);
  }

  /** What a socket of a mount may do. */
  public SocketLimits of(SocketLimits mount) {
    return mount.atMost(sockets);
  }

  /** How a mount's long polling is served. */
  public LongPollOptions of(LongPollOptions mount) {
    return mount.maxBodyBytes() <= maxPostBytes && mount.maxBatchLines() <= maxPostLines
        ? mount
        : mount
            .withMaxBodyBytes(Math.min(mount.maxBodyBytes(), maxPostBytes))
            .withMaxBatchLines(Math.min(mount.maxBatchLines(), maxPostLines));
  }
}
