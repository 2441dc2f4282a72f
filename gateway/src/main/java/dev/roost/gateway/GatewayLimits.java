package dev.roost.gateway;

import dev.roost.bus.Contract;
import dev.roost.gateway.admission.ConnectionLimits;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.SocketLimits;
import io.netty.util.internal.PlatformDependent;
import java.util.Objects;

/**
 * What gateways bound for whoever runs them, whatever applications ask for. Every limit is on by
 * default; {@code with..} methods change one.
 *
 * @param connections how many clients come in
 * @param maxFragments frames of one message; over it the socket is closed with 1009; default 4,096:
 *     8 MB in pieces of 2 KB
 * @param maxUnfinishedBytes what messages beyond 8 KiB of all clients of the process may take
 *     together until they are decoded: those that are still coming, are inflated, or wait for that;
 *     over it a socket that asks for more is closed with 1013 and a POST answered 503 with {@code
 *     Retry-After}. Of the gateways of one process each goes by its own, and all count together. At
 *     less than the largest message none of these comes through; default a quarter of the heap that
 *     the JVM may have, 32 MiB at least
 * @param maxQueuedTotalBytes what messages over 64 KiB to all WebSockets of the process, and
 *     answers to polls of that size, may take together until they are written, a shared one
 *     counting once for each gateway; over it a socket that one more is for is cut off as too slow,
 *     and a session ends. Small ones are bounded by {@link GatewayOptions#maxQueuedBytes} for each
 *     socket. The gateways of one process count together; default half of the memory that the JVM
 *     may have for buffers outside its heap, 32 MiB at least
 * @param maxJsonDepth levels of objects and arrays in a client's message, 1 to 1000; over it the
 *     socket is closed as for a message that cannot be read (1011); default 512
 * @param refusalsPerSecond joins over the limits of a socket or without a route, and new tokens
 *     over their rate, that a gateway refuses one socket, two seconds' worth at once, or as many as
 *     its mount allows it channels if that is more; over it the socket is not read until it is
 *     within its rate again, as for {@link SocketLimits#eventsPerSecond}; default 100
 * @param pingsPerSecond WebSocket pings and pongs of one socket, two seconds' worth at once; over
 *     it the socket is not read until it is within its rate again; default 100, where clients that
 *     ping do so every few seconds
 * @param pollsPerSecond polls of one long-poll session, two seconds' worth at once; over it a poll
 *     waits until it is within its rate, for the window or a second at most, and is answered with
 *     all that has come by then. A session of which eight polls wait ends with one more; default
 *     50, where phoenix.js polls again as soon as it is answered
 * @param tokenRenewalsPerSecond new tokens that one socket's client may send for gateways to
 *     verify, two seconds' worth at once; over it one is answered {@code {"reason": "too many
 *     renewals"}} and not looked at; default 1, where clients send one a minute before the end
 * @param sockets the most that mounts may allow one socket; default what they ask for
 * @param maxPostBytes the most that mounts may allow the body of a long-poll POST; default what
 *     they ask for
 * @param maxPostLines the same of its messages
 */
public record GatewayLimits(
    ConnectionLimits connections,
    int maxFragments,
    long maxUnfinishedBytes,
    long maxQueuedTotalBytes,
    int maxJsonDepth,
    int refusalsPerSecond,
    int pingsPerSecond,
    int pollsPerSecond,
    int tokenRenewalsPerSecond,
    SocketLimits sockets,
    int maxPostBytes,
    int maxPostLines) {

  /** What Jackson, by which applications read payloads, takes at most. */
  private static final int DEEPEST = 1_000;

  /** Twice the largest message: it is there twice while it changes hands. */
  private static final long LEAST_UNFINISHED_BYTES = 2L * Contract.MAX_PAYLOAD_BYTES;

  private static final long QUEUED_BYTES =
      Math.max(LEAST_UNFINISHED_BYTES, PlatformDependent.maxDirectMemory() / 2);

  private static final long UNFINISHED_BYTES =
      Math.max(LEAST_UNFINISHED_BYTES, Runtime.getRuntime().maxMemory() / 4);

  public GatewayLimits {
    Objects.requireNonNull(connections, "connections");
    Objects.requireNonNull(sockets, "sockets");
    between("maxFragments", maxFragments, 1, Integer.MAX_VALUE);
    between("maxUnfinishedBytes", maxUnfinishedBytes, 1_024, Long.MAX_VALUE);
    between("maxQueuedTotalBytes", maxQueuedTotalBytes, 1_024, Long.MAX_VALUE);
    between("maxJsonDepth", maxJsonDepth, 1, DEEPEST);
    between("refusalsPerSecond", refusalsPerSecond, 1, Integer.MAX_VALUE);
    between("pingsPerSecond", pingsPerSecond, 1, Integer.MAX_VALUE);
    between("pollsPerSecond", pollsPerSecond, 1, Integer.MAX_VALUE);
    between("tokenRenewalsPerSecond", tokenRenewalsPerSecond, 1, Integer.MAX_VALUE);
    between("maxPostBytes", maxPostBytes, 1_024, Contract.MAX_PAYLOAD_BYTES);
    between("maxPostLines", maxPostLines, 1, Integer.MAX_VALUE);
  }

  private static void between(String limit, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(limit + " is " + least + " to " + most + ", got " + value);
    }
  }

  public static GatewayLimits defaults() {
    return new GatewayLimits(
        ConnectionLimits.defaults(),
        4_096,
        UNFINISHED_BYTES,
        QUEUED_BYTES,
        512,
        100,
        100,
        50,
        1,
        SocketLimits.most(),
        Contract.MAX_PAYLOAD_BYTES,
        Integer.MAX_VALUE);
  }

  public GatewayLimits withConnections(ConnectionLimits value) {
    return new GatewayLimits(
        value,
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        sockets,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withMaxFragments(int value) {
    return new GatewayLimits(
        connections,
        value,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        sockets,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withMaxUnfinishedBytes(long value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        value,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        sockets,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withMaxQueuedTotalBytes(long value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        maxUnfinishedBytes,
        value,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        sockets,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withMaxJsonDepth(int value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        value,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        sockets,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withRefusalsPerSecond(int value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        value,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        sockets,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withPingsPerSecond(int value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        value,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        sockets,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withPollsPerSecond(int value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        value,
        tokenRenewalsPerSecond,
        sockets,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withTokenRenewalsPerSecond(int value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        value,
        sockets,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withSockets(SocketLimits value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        value,
        maxPostBytes,
        maxPostLines);
  }

  public GatewayLimits withMaxPostBytes(int value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        sockets,
        value,
        maxPostLines);
  }

  public GatewayLimits withMaxPostLines(int value) {
    return new GatewayLimits(
        connections,
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        sockets,
        maxPostBytes,
        value);
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
