package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Broadcaster;
import dev.roost.application.ChannelOptions;
import dev.roost.cluster.ClusterNode;
import dev.roost.conformance.Fixture;
import dev.roost.gateway.Gateway;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.host.ChannelVerticles;
import dev.roost.host.HostVerticle;
import dev.roost.routing.SocketLimits;
import dev.roost.testkit.client.HttpAnswer;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.SelfSignedCertificate;
import io.vertx.core.transport.Transport;
import io.vertx.ext.web.Router;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The same exchange on every network transport, over TLS, and behind a router: frames are written
 * in different ways there, and the bytes are the same.
 */
class WritePathsIT {

  /** No time-out cuts off what its bound should. */
  private static final Duration NEVER = Duration.ofMinutes(5);

  /** A client that does not read is to be felt soon. */
  private static final int SEND_BUFFER = 64 * 1024;

  private static final int MESSAGES_PER_SECOND = 10;

  private static final AtomicInteger SLOW = new AtomicInteger();
  private static final GatewayMetrics METRICS =
      new GatewayMetrics() {
        @Override
        public void slowSocketClosed() {
          SLOW.incrementAndGet();
        }
      };

  private static Site nio;
  private static Site fast;
  private static Site limited;

  /** A node with one gateway for each way to reach it. */
  private record Site(
      Vertx vertx,
      ChannelVerticles.Deployment deployment,
      HttpServer plain,
      HttpServer tls,
      HttpServer routed) {

    @SuppressWarnings("removal") // its successor in Netty's test tools would be a dependency more
    static Site open(Transport transport, GatewayOptions options) throws Exception {
      KeyCertOptions certificate = SelfSignedCertificate.create().keyCertOptions();
      var vertx = Vertx.builder().withTransport(transport).build();
      var node = ClusterNode.local(vertx);
      var deployment =
          ChannelVerticles.deploy(
                  node, new Fixture().application(), ChannelOptions.defaults().withVerticles(1))
              .await(20, TimeUnit.SECONDS);
      return new Site(
          vertx,
          deployment,
          listen(node, options, new HttpServerOptions(), false),
          listen(
              node,
              options,
              new HttpServerOptions().setSsl(true).setKeyCertOptions(certificate),
              false),
          listen(node, options, new HttpServerOptions(), true));
    }

    private static HttpServer listen(
        ClusterNode node, GatewayOptions gatewayOptions, HttpServerOptions options, boolean routed)
        throws Exception {
      Future<HttpServer> listening =
          Gateway.open(node, gatewayOptions)
              .compose(
                  gateway -> {
                    var router = Router.router(node.vertx());
                    if (routed) {
                      gateway.mount(router);
                    }
                    return node.vertx()
                        .createHttpServer(
                            options
                                .setPort(0)
                                .setSendBufferSize(SEND_BUFFER)
                                .setWebSocketClosingTimeout(
                                    (int) gatewayOptions.closeTimeout().toSeconds()))
                        .requestHandler(routed ? router : gateway.inFrontOf(router))
                        .listen();
                  });
      return listening.await(20, TimeUnit.SECONDS);
    }

    HostVerticle host() {
      return deployment.hosts().get(0);
    }
  }

  /** A way for frames to be written. */
  enum Way {
    NIO,
    NATIVE,
    TLS,
    NATIVE_TLS,
    BEHIND_A_ROUTER,
    COMPRESSED,
    COMPRESSED_NATIVE,
    COMPRESSED_TLS,
    COMPRESSED_BEHIND_A_ROUTER;

    private Site site() {
      return name().contains("NATIVE") ? fast : nio;
    }

    RawWebSocket open() throws Exception {
      return open(site());
    }

    private RawWebSocket open(Site site) throws Exception {
      return switch (this) {
        case NIO, NATIVE, COMPRESSED, COMPRESSED_NATIVE ->
            RawWebSocket.open("localhost", site.plain().actualPort());
        case TLS, NATIVE_TLS, COMPRESSED_TLS -> openTls(site.tls().actualPort());
        case BEHIND_A_ROUTER, COMPRESSED_BEHIND_A_ROUTER ->
            RawWebSocket.open("localhost", site.routed().actualPort());
      };
    }

    /** Becomes a WebSocket, with compression agreed on or without. */
    void upgrade(RawWebSocket socket) {
      boolean compressed = name().startsWith("COMPRESSED");
      HttpAnswer answer =
          socket.upgrade(
              "/socket/websocket?vsn=2.0.0",
              compressed ? new String[] {Deflated.OFFER} : new String[0]);
      assertTrue(answer.isUpgraded());
      assertEquals(compressed, answer.header("sec-websocket-extensions").isPresent());
    }
  }

  @BeforeAll
  static void start() throws Exception {
    GatewayLimits pinged = GatewayLimits.defaults().withPingsPerSecond(Integer.MAX_VALUE);
    GatewayOptions options =
        GatewayOptions.defaults().withMetrics(METRICS).withCloseTimeout(NEVER).withLimits(pinged);
    nio = Site.open(Transport.NIO, options);
    fast = Site.open(TestServer.fastest(), options);
    // They are not read when it ends.
    options = options.withCloseTimeout(Duration.ofSeconds(1));
    SocketLimits few = SocketLimits.most().withEventsPerSecond(MESSAGES_PER_SECOND);
    limited =
        Site.open(Transport.NIO, options.withLimits(pinged.withPingsPerSecond(1).withSockets(few)));
  }

  @AfterAll
  static void stop() throws Exception {
    nio.vertx().close().await(20, TimeUnit.SECONDS);
    fast.vertx().close().await(20, TimeUnit.SECONDS);
    limited.vertx().close().await(20, TimeUnit.SECONDS);
  }

  /** Trusts everybody: the certificate is of this test's own making. */
  private static final TrustManager ANYBODY =
      new X509TrustManager() {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
          return new X509Certificate[0];
        }
      };

  private static RawWebSocket openTls(int port) throws Exception {
    var context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {ANYBODY}, new SecureRandom());
    return RawWebSocket.over(context.getSocketFactory().createSocket("localhost", port));
  }

  /** Every frame of one life: replies, pushes, broadcasts, text and binary, small and large. */
  private static List<String> life(Way way, RawWebSocket socket, String topic) {
    Broadcaster outside = way.site().deployment().broadcaster();
    var frames = new ArrayList<String>();
    way.upgrade(socket);
    for (String text :
        List.of(
            "[\"1\",\"1\",\"TOPIC\",\"phx_join\",{}]",
            "[\"1\",\"2\",\"TOPIC\",\"echo\",{\"é\":\"😀\"}]",
            "[\"1\",\"3\",\"TOPIC\",\"push\",{\"n\":1}]",
            "[\"1\",\"4\",\"TOPIC\",\"broadcast\",{\"n\":2}]",
            "[\"1\",\"5\",\"TOPIC\",\"intercept_me\",{\"n\":3}]",
            "[\"1\",\"6\",\"TOPIC\",\"echo\",\"" + "x".repeat(200) + "\"]",
            "[\"1\",\"7\",\"TOPIC\",\"echo\",\"" + "x".repeat(60_000) + "\"]")) {
      socket.write(WebSocketFrame.text(text.replace("TOPIC", topic)));
      frames.add(hex(socket.read()));
    }
    outside.broadcast(topic, "news", Map.of("n", 4));
    frames.add(hex(socket.read()));
    outside.broadcast(topic, "blob", new byte[] {0, (byte) 0xff});
    frames.add(hex(socket.read()));
    outside.broadcast(topic, "large", new byte[70_000]);
    frames.add(hex(socket.read()));
    socket.write(WebSocketFrame.ping("p"));
    frames.add(hex(socket.read()));
    socket.write(
        WebSocketFrame.text("[\"1\",\"8\",\"TOPIC\",\"phx_leave\",{}]".replace("TOPIC", topic)));
    frames.add(hex(socket.read()));
    frames.add(hex(socket.read()));
    socket.write(WebSocketFrame.text("not json"));
    frames.add(String.valueOf(socket.readClose()));
    return frames;
  }

  private static String hex(WebSocketFrame frame) {
    var out = new ByteArrayOutputStream();
    out.writeBytes(Deflated.inflated(frame).bytes());
    return HexFormat.of().formatHex(out.toByteArray());
  }

  @Test
  void everyWayOfWritingDeliversTheSameBytes() throws Exception {
    List<String> expected;
    try (var socket = Way.NIO.open()) {
      expected = life(Way.NIO, socket, "test:same");
    }
    assertEquals("1011", expected.get(expected.size() - 1));
    for (Way way : Way.values()) {
      try (var socket = way.open()) {
        assertEquals(expected, life(way, socket, "test:same"), way.name());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBurstKeepsItsOrder(Way way) throws Exception { // R0-3
    Broadcaster outside = way.site().deployment().broadcaster();
    try (var socket = way.open()) {
      way.upgrade(socket);
      socket.write(WebSocketFrame.text("[\"1\",\"1\",\"test:burst\",\"phx_join\",{}]"));
      assertTrue(socket.read().text().contains("phx_reply"));
      for (int i = 0; i < 300; i++) {
        outside.broadcast("test:burst", "n", Map.of("n", i));
      }
      for (int i = 0; i < 300; i++) {
        assertEquals("[null,null,\"test:burst\",\"n\",{\"n\":" + i + "}]", socket.read().text());
      }
    }
  }

  // Compressed, this is nothing.
  @ParameterizedTest
  @EnumSource(names = "COMPRESSED.*", mode = EnumSource.Mode.MATCH_NONE)
  void aClientThatDoesNotReadIsCutOff(Way way) throws Exception {
    int before = SLOW.get();
    HostVerticle host = way.site().host();
    try (var slow = way.open();
        var fast = way.open()) {
      for (RawWebSocket socket : List.of(slow, fast)) {
        way.upgrade(socket);
        socket.write(WebSocketFrame.text("[\"1\",\"1\",\"test:slow\",\"phx_join\",{}]"));
        assertTrue(socket.read().text().contains("phx_reply"));
      }
      var large = Map.of("pad", "x".repeat(200_000));
      for (int sent = 0; SLOW.get() == before; sent++) {
        assertTrue(sent < 200, "40 MB did not fill the socket of a client that does not read");
        way.site().deployment().broadcaster().broadcast("test:slow", "big", large);
        assertTrue(fast.read().payload().length > 200_000);
      }
      TestServer.await(
          "its channel is gone", () -> TestServer.read(host.context(), host::channelCount) == 1);
    }
    TestServer.await(
        "the other's channel is gone",
        () -> TestServer.read(host.context(), host::channelCount) == 0);
  }

  private static byte[] pings(int count, String payload) {
    var pings = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      pings.writeBytes(WebSocketFrame.ping(payload).bytes());
    }
    return pings.toByteArray();
  }

  /** Pings without reading answers until it is cut off, or nothing more is read from it. */
  private static void assertIsStopped(RawWebSocket socket) throws InterruptedException {
    byte[] thousand = pings(1_000, "p".repeat(125));
    var sent = new AtomicInteger();
    Thread writer =
        Thread.startVirtualThread(
            () -> {
              try {
                while (sent.get() < 500) {
                  socket.write(thousand);
                  sent.incrementAndGet();
                }
              } catch (UncheckedIOException cutOff) {
                // As it should be.
              }
            });
    int before;
    do {
      before = sent.get();
    } while (!writer.join(Duration.ofMillis(1_500)) && sent.get() > before);
    assertTrue(sent.get() < 500, "65 MB of pings were answered to a client that does not read");
  }

  // Vert.x answers pings by itself, and keeps its answers where nobody counts them.
  @ParameterizedTest
  @EnumSource
  void pongsThatNobodyReadsAreBounded(Way way) throws Exception { // F-22
    int before = SLOW.get();
    try (var socket = way.open()) {
      way.upgrade(socket);
      assertIsStopped(socket);
      TestServer.await("it counts as too slow", () -> SLOW.get() == before + 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void norDoPingsFillTheMemoryOfASocketThatIsBeingClosed(Way way) throws Exception {
    int before = SLOW.get();
    try (var socket = way.open()) {
      way.upgrade(socket);
      socket.write(WebSocketFrame.text("not json"));
      assertEquals(WebSocketFrame.CLOSE, socket.read().opcode());
      assertIsStopped(socket);
    }
    assertEquals(before, SLOW.get());
  }

  @ParameterizedTest
  @EnumSource(names = {"NIO", "TLS", "BEHIND_A_ROUTER"})
  void pingsOverTheRateWait(Way way) throws Exception {
    try (var socket = way.open(limited)) {
      way.upgrade(socket);
      socket.write(pings(60, "at once"));
      for (int i = 0; i < 60; i++) {
        assertEquals("at once", new String(socket.read().payload(), StandardCharsets.UTF_8));
      }
      // They are a minute's worth. Behind a router Vert.x reads 16 frames more before it stops.
      for (int i = 0; i < 50; i++) {
        socket.write(WebSocketFrame.ping("late"));
      }
      socket.limit(Duration.ofMillis(500));
      assertThrows(
          AssertionError.class,
          () -> {
            for (int i = 0; i < (way == Way.BEHIND_A_ROUTER ? 25 : 1); i++) {
              var unused = socket.read();
            }
          },
          "pings over the rate were answered");
    }
  }

  private static final String HEARTBEAT = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";

  /** After a minute's worth of frames. */
  private static void assertUnread(RawWebSocket socket) {
    socket.write(WebSocketFrame.text(HEARTBEAT));
    socket.limit(Duration.ofMillis(500));
    assertThrows(AssertionError.class, socket::read, "what came over the rate was answered");
  }

  @ParameterizedTest
  @EnumSource(names = {"NIO", "TLS"})
  void pongsOverTheRateWait(Way way) throws Exception {
    try (var socket = way.open(limited)) {
      way.upgrade(socket);
      socket.write(WebSocketFrame.pong("nobody asked"));
      socket.write(WebSocketFrame.text(HEARTBEAT));
      assertTrue(socket.read().text().contains("phx_reply"));
      for (int i = 0; i < 60; i++) {
        socket.write(WebSocketFrame.pong("nobody asked"));
      }
      assertUnread(socket);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NIO", "TLS"})
  void framesOfAMessageOverTheRateWait(Way way) throws Exception {
    try (var socket = way.open(limited)) {
      way.upgrade(socket);
      socket.write(WebSocketFrame.text(HEARTBEAT).withoutFin());
      for (int i = 0; i < 60 * MESSAGES_PER_SECOND; i++) {
        socket.write(WebSocketFrame.continuation(new byte[0]).withoutFin());
      }
      socket.write(WebSocketFrame.continuation(new byte[0]));
      assertUnread(socket);
    }
  }
}
