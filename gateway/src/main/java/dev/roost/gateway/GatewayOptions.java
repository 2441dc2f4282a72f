package dev.roost.gateway;

import dev.roost.bus.Contract;
import dev.roost.gateway.auth.AuthOptions;
import dev.roost.gateway.edge.EdgeOptions;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How gateways listen, and what they bound. Every option has a default; {@code with..} methods
 * change one. What belongs to a mount (origins, idle timeout, channels for each socket) is in
 * {@link dev.roost.routing.SocketOptions}.
 *
 * @param host interface to listen on; default {@code 0.0.0.0}
 * @param port TCP port, 0 for any free one; default 4000
 * @param publicHost host that clients use, for the origin check; default null: the request's own
 * @param maxFrameBytes payload of one WebSocket frame (W-10), at most 16 MiB; over it the socket is
 *     closed with 1009; default 10,000,000
 * @param maxMessageBytes a message of several frames (W-12), or a compressed one, inflated; at most
 *     16 MiB; over it 1009; default 8,000,000
 * @param compression whether {@link #httpServerOptions} lets clients compress messages
 *     (permessage-deflate, W-20); {@code maxMessageBytes} bounds what one inflates to. Another HTTP
 *     server in front of a {@link Gateway} decides by its own options; default false
 * @param ioUring whether a broadcast is sent to many sockets by one system call, where Netty's
 *     io_uring and epoll transports are there and the kernel lets this process have it; else each
 *     socket is a call; default true
 * @param maxRequestLineBytes request line, so also the query string; over it HTTP 414; default
 *     10,000
 * @param maxHeaderBytes all request headers together; over it HTTP 431; default 32,768
 * @param handshakeTimeout from the TCP connection to the end of the upgrade, or between two plain
 *     requests; over it the connection is closed; default 15 s. For {@link GatewayVerticle}:
 *     whoever puts a {@link Gateway} in front of an HTTP server of his own sets its {@code
 *     idleTimeout}
 * @param connectTimeout how long a socket handler may take; over it HTTP 503; default 10 s
 * @param hostTimeout how long a join may wait while its topic has no host, because its node has
 *     just gone or hands it over; over it the join is refused with {@code unavailable}, and the
 *     client tries again; default 5 s
 * @param maxPendingConnects connects that wait for their socket handler, and tokens that are being
 *     verified, on one gateway verticle; over it HTTP 503; default 10,000
 * @param maxQueuedBytes bytes that may wait to be written to one socket, besides the largest
 *     message over 64 KiB that waits, before another makes it count as too slow: then it is closed
 *     at once and counted; default 1 MiB
 * @param writeTimeout how long a client may take nothing of what waits for it, whatever it sends
 *     meanwhile; over it its connection is cut off as too slow; default 30 s
 * @param closeTimeout how long a socket that is being closed, at shutdown or before, may take to
 *     answer; over it the connection is cut off; default 5 s
 * @param drainSockets sockets that {@link Gateway#close} closes at a time, so that they do not all
 *     connect elsewhere at once; default 10,000, as Phoenix's socket drainer
 * @param drainInterval time between one such batch and the next; default 2 s, as there
 * @param drainTimeout after this time whatever is left is closed in one batch; default 30 s, as
 *     there
 * @param awaitApplications names of applications that the gateway has to have known once: until
 *     then whatever seems to be for a socket and is at no path that is known gets HTTP 503 with
 *     {@code Retry-After} instead of 404; default none
 * @param limits how many clients come in, and what whoever runs the gateway allows them at most
 * @param edge TLS, proxies in front, and the way from http to https; default none of them
 * @param auth what clients prove who they are with, where mounts ask for it; default nothing
 * @param metrics what is counted; default nothing
 */
public record GatewayOptions(
    String host,
    int port,
    @Nullable String publicHost,
    int maxFrameBytes,
    int maxMessageBytes,
    boolean compression,
    boolean ioUring,
    int maxRequestLineBytes,
    int maxHeaderBytes,
    Duration handshakeTimeout,
    Duration connectTimeout,
    Duration hostTimeout,
    int maxPendingConnects,
    int maxQueuedBytes,
    Duration writeTimeout,
    Duration closeTimeout,
    int drainSockets,
    Duration drainInterval,
    Duration drainTimeout,
    Set<String> awaitApplications,
    GatewayLimits limits,
    EdgeOptions edge,
    AuthOptions auth,
    GatewayMetrics metrics) {

  private static final int ACCEPT_BACKLOG = 8_192;

  public GatewayOptions {
    Objects.requireNonNull(host, "host");
    Objects.requireNonNull(limits, "limits");
    Objects.requireNonNull(edge, "edge");
    Objects.requireNonNull(auth, "auth");
    Objects.requireNonNull(metrics, "metrics");
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port is 0 to 65535, got " + port);
    }
    atLeast("maxFrameBytes", maxFrameBytes, 1_024);
    atLeast("maxMessageBytes", maxMessageBytes, 1_024);
    carried("maxFrameBytes", maxFrameBytes);
    carried("maxMessageBytes", maxMessageBytes);
    atLeast("maxRequestLineBytes", maxRequestLineBytes, 256);
    atLeast("maxHeaderBytes", maxHeaderBytes, 1_024);
    atLeast("maxPendingConnects", maxPendingConnects, 1);
    atLeast("maxQueuedBytes", maxQueuedBytes, 1_024);
    positive("handshakeTimeout", handshakeTimeout);
    positive("connectTimeout", connectTimeout);
    positive("hostTimeout", hostTimeout);
    positive("writeTimeout", writeTimeout);
    positive("closeTimeout", closeTimeout);
    atLeast("drainSockets", drainSockets, 1);
    positive("drainInterval", drainInterval);
    positive("drainTimeout", drainTimeout);
    awaitApplications = Set.copyOf(awaitApplications);
  }

  private static void atLeast(String option, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(option + " is " + least + " or more, got " + value);
    }
  }

  private static void carried(String option, int value) {
    if (value > Contract.MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException(
          option
              + " is at most "
              + Contract.MAX_PAYLOAD_BYTES
              + ", which is what the bus carries, got "
              + value);
    }
  }

  private static void positive(String option, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(option + " is more than 0, got " + value);
    }
  }

  public static GatewayOptions defaults() {
    return new Builder().build();
  }

  /**
   * What these options are to the HTTP server in front of a {@link Gateway}: pass them to {@code
   * vertx.createHttpServer(..)}. Vert.x's own defaults would refuse frames over 64 KiB, offer
   * compression to all, and keep a second queue for each connection. Change what you like, but keep
   * requests on the event loop (strict thread mode).
   *
   * @throws dev.roost.gateway.tls.TlsFailure if the files of TLS cannot be read or do not fit
   */
  public HttpServerOptions httpServerOptions() {
    return edge.applyTo(plainServerOptions(), handshakeTimeout);
  }

  /**
   * The same for the plain server whose requests {@link Gateway#redirectToHttps} answers, on {@link
   * EdgeOptions#httpRedirectPort}.
   */
  public HttpServerOptions redirectServerOptions() {
    return edge.applyToRedirects(plainServerOptions(), handshakeTimeout);
  }

  private HttpServerOptions plainServerOptions() {
    return new HttpServerOptions()
        .setHost(host)
        .setPort(port)
        .setAcceptBacklog(ACCEPT_BACKLOG)
        .setStrictThreadMode(true)
        .setHttp2ClearTextEnabled(false)
        .setPerMessageWebSocketCompressionSupported(compression)
        .setPerFrameWebSocketCompressionSupported(false)
        .setMaxWebSocketFrameSize(maxFrameBytes)
        .setMaxWebSocketMessageSize(maxMessageBytes)
        .setMaxInitialLineLength(maxRequestLineBytes)
        .setMaxHeaderSize(maxHeaderBytes);
  }

  public GatewayOptions withHost(String value) {
    return change(builder -> builder.host = value);
  }

  public GatewayOptions withPort(int value) {
    return change(builder -> builder.port = value);
  }

  public GatewayOptions withPublicHost(@Nullable String value) {
    return change(builder -> builder.publicHost = value);
  }

  public GatewayOptions withMaxFrameBytes(int value) {
    return change(builder -> builder.maxFrameBytes = value);
  }

  public GatewayOptions withMaxMessageBytes(int value) {
    return change(builder -> builder.maxMessageBytes = value);
  }

  public GatewayOptions withCompression(boolean value) {
    return change(builder -> builder.compression = value);
  }

  public GatewayOptions withIoUring(boolean value) {
    return change(builder -> builder.ioUring = value);
  }

  public GatewayOptions withMaxRequestLineBytes(int value) {
    return change(builder -> builder.maxRequestLineBytes = value);
  }

  public GatewayOptions withMaxHeaderBytes(int value) {
    return change(builder -> builder.maxHeaderBytes = value);
  }

  public GatewayOptions withHandshakeTimeout(Duration value) {
    return change(builder -> builder.handshakeTimeout = value);
  }

  public GatewayOptions withConnectTimeout(Duration value) {
    return change(builder -> builder.connectTimeout = value);
  }

  public GatewayOptions withHostTimeout(Duration value) {
    return change(builder -> builder.hostTimeout = value);
  }

  public GatewayOptions withMaxPendingConnects(int value) {
    return change(builder -> builder.maxPendingConnects = value);
  }

  public GatewayOptions withMaxQueuedBytes(int value) {
    return change(builder -> builder.maxQueuedBytes = value);
  }

  public GatewayOptions withWriteTimeout(Duration value) {
    return change(builder -> builder.writeTimeout = value);
  }

  public GatewayOptions withCloseTimeout(Duration value) {
    return change(builder -> builder.closeTimeout = value);
  }

  public GatewayOptions withDrainSockets(int value) {
    return change(builder -> builder.drainSockets = value);
  }

  public GatewayOptions withDrainInterval(Duration value) {
    return change(builder -> builder.drainInterval = value);
  }

  public GatewayOptions withDrainTimeout(Duration value) {
    return change(builder -> builder.drainTimeout = value);
  }

  public GatewayOptions withAwaitApplications(Set<String> names) {
    return change(builder -> builder.awaitApplications = names);
  }

  public GatewayOptions withLimits(GatewayLimits value) {
    return change(builder -> builder.limits = value);
  }

  public GatewayOptions withEdge(EdgeOptions value) {
    return change(builder -> builder.edge = value);
  }

  public GatewayOptions withAuth(AuthOptions value) {
    return change(builder -> builder.auth = value);
  }

  public GatewayOptions withMetrics(GatewayMetrics value) {
    return change(builder -> builder.metrics = value);
  }

  private GatewayOptions change(java.util.function.Consumer<Builder> change) {
    var builder = new Builder();
    builder.host = host;
    builder.port = port;
    builder.publicHost = publicHost;
    builder.maxFrameBytes = maxFrameBytes;
    builder.maxMessageBytes = maxMessageBytes;
    builder.compression = compression;
    builder.ioUring = ioUring;
    builder.maxRequestLineBytes = maxRequestLineBytes;
    builder.maxHeaderBytes = maxHeaderBytes;
    builder.handshakeTimeout = handshakeTimeout;
    builder.connectTimeout = connectTimeout;
    builder.hostTimeout = hostTimeout;
    builder.maxPendingConnects = maxPendingConnects;
    builder.maxQueuedBytes = maxQueuedBytes;
    builder.writeTimeout = writeTimeout;
    builder.closeTimeout = closeTimeout;
    builder.drainSockets = drainSockets;
    builder.drainInterval = drainInterval;
    builder.drainTimeout = drainTimeout;
    builder.awaitApplications = awaitApplications;
    builder.limits = limits;
    builder.edge = edge;
    builder.auth = auth;
    builder.metrics = metrics;
    change.accept(builder);
    return builder.build();
  }

  /** The record's fields, changeable for the length of one {@code with}. */
  private static final class Builder {
    private String host = "0.0.0.0";
    private int port = 4_000;
    private @Nullable String publicHost;
    private int maxFrameBytes = 10_000_000;
    private int maxMessageBytes = 8_000_000;
    private boolean compression;
    private boolean ioUring = true;
    private int maxRequestLineBytes = 10_000;
    private int maxHeaderBytes = 32_768;
    private Duration handshakeTimeout = Duration.ofSeconds(15);
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration hostTimeout = Duration.ofSeconds(5);
    private int maxPendingConnects = 10_000;
    private int maxQueuedBytes = 1 << 20;
    private Duration writeTimeout = Duration.ofSeconds(30);
    private Duration closeTimeout = Duration.ofSeconds(5);
    private int drainSockets = 10_000;
    private Duration drainInterval = Duration.ofSeconds(2);
    private Duration drainTimeout = Duration.ofSeconds(30);
    private Set<String> awaitApplications = Set.of();
    private GatewayLimits limits = GatewayLimits.defaults();
    private EdgeOptions edge = EdgeOptions.defaults();
    private AuthOptions auth = AuthOptions.none();
    private GatewayMetrics metrics = GatewayMetrics.none();

    GatewayOptions build() {
      return new GatewayOptions(
          host,
          port,
          publicHost,
          maxFrameBytes,
          maxMessageBytes,
          compression,
          ioUring,
          maxRequestLineBytes,
          maxHeaderBytes,
          handshakeTimeout,
          connectTimeout,
          hostTimeout,
          maxPendingConnects,
          maxQueuedBytes,
          writeTimeout,
          closeTimeout,
          drainSockets,
          drainInterval,
          drainTimeout,
          awaitApplications,
          limits,
          edge,
          auth,
          metrics);
    }
  }
}
