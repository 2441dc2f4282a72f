package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.routing.SocketLimits;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The bounds of a gateway, at the bound and behind it. */
class LimitsIT {

  private static final int FRAME = 2_000;
  private static final int MESSAGE = 4_000;
  private static final CountDownLatch RELEASE = new CountDownLatch(1);
  private static final AtomicInteger SLOW = new AtomicInteger();
  private static final Map<Limit, AtomicInteger> REACHED = new ConcurrentHashMap<>();
  private static final Map<Integer, AtomicInteger> CLOSED = new ConcurrentHashMap<>();

  private static TestServer server;

  @BeforeAll
  static void start() {
    Channel silent = (topic, payload, socket) -> JoinResult.ok();
    SocketHandler never =
        (params, info) -> {
          try {
            RELEASE.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return ConnectResult.accept();
        };
    server =
        TestServer.start(
            GatewayOptions.defaults()
                .withMaxFrameBytes(FRAME)
                .withMaxMessageBytes(MESSAGE)
                .withMaxRequestLineBytes(1_000)
                .withMaxHeaderBytes(2_000)
                .withHandshakeTimeout(Duration.ofMillis(700))
                .withConnectTimeout(Duration.ofSeconds(1))
                .withMaxPendingConnects(3)
                .withMaxQueuedBytes(64 * 1024)
                .withLimits(
                    GatewayLimits.defaults()
                        .withPingsPerSecond(Integer.MAX_VALUE)
                        .withRefusalsPerSecond(1)
                        .withMaxFragments(5)
                        .withMaxJsonDepth(10)
                        .withSockets(SocketLimits.most().withMaxTopicBytes(100).withMaxChannels(2)))
                .withMetrics(
                    new GatewayMetrics() {
                      @Override
                      public void slowSocketClosed() {
                        SLOW.incrementAndGet();
                      }

                      @Override
                      public void limitReached(Limit limit) {
                        count(REACHED, limit);
                      }

                      @Override
                      public void closedByServer(int code) {
                        count(CLOSED, code);
                      }
                    }),
            ChannelOptions.defaults(),
            Application.named("limits")
                .socket("/socket", SocketHandler.acceptAll())
                .socket(
                    "/idle",
                    SocketHandler.acceptAll(),
                    SocketOptions.defaults().withIdleTimeout(Duration.ofSeconds(1)))
                .socket("/never", never)
                .route("big:*", () -> silent));
  }

  private static <K> void count(Map<K, AtomicInteger> counts, K key) {
    counts.computeIfAbsent(key, ignored -> new AtomicInteger()).incrementAndGet();
  }

  private static int reached(Limit limit) {
    return REACHED.getOrDefault(limit, new AtomicInteger()).get();
  }

  /** What is done over a limit is counted once, under its name. */
  private static void assertCounted(Limit limit, Runnable over) {
    int before = reached(limit);
    over.run();
    TestServer.await(limit.option() + " is counted", () -> reached(limit) == before + 1);
  }

  @AfterAll
  static void stop() {
    RELEASE.countDown();
    server.close();
  }

  /** A heartbeat of exactly this many octets. */
  private static String heartbeat(int octets) {
    String head = "[null,\"1\",\"phoenix\",\"heartbeat\",{\"pad\":\"";
    String tail = "\"}]";
    return head + "x".repeat(octets - head.length() - tail.length()) + tail;
  }

  private static void expectAnswer(RawWebSocket socket) {
    assertEquals(
        "[null,\"1\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
        socket.read().text());
  }

  /* ---- sizes */

  @Test
  void aFrameAtTheLimitPasses() { // W-10
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.text(heartbeat(FRAME)));
      expectAnswer(socket);
    }
  }

  @Test
  void aFrameOverTheLimitClosesTheConnection() { // W-10, ER-39
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.text(heartbeat(FRAME + 1)));
      assertEquals(1009, socket.readClose());
    }
  }

  @Test
  void theLengthAloneOfAFrameOverTheLimitIsEnough() { // nothing is buffered for it
    try (var socket = server.rawSocket()) {
      socket.write(new byte[] {(byte) 0x82, (byte) 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4});
      assertEquals(1009, socket.readClose());
    }
  }

  @Test
  void aFragmentedMessageAtTheLimitPasses() { // W-12
    byte[] message = heartbeat(MESSAGE).getBytes(StandardCharsets.UTF_8);
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.of(WebSocketFrame.TEXT, slice(message, 0, FRAME)).withoutFin());
      socket.write(WebSocketFrame.continuation(slice(message, FRAME, MESSAGE)));
      expectAnswer(socket);
    }
  }

  @Test
  void aFragmentedMessageOverTheLimitClosesTheConnection() { // W-12
    byte[] message = heartbeat(MESSAGE + 1).getBytes(StandardCharsets.UTF_8);
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.of(WebSocketFrame.TEXT, slice(message, 0, FRAME)).withoutFin());
      socket.write(WebSocketFrame.continuation(slice(message, FRAME, 2 * FRAME)).withoutFin());
      socket.write(WebSocketFrame.continuation(slice(message, 2 * FRAME, message.length)));
      assertEquals(1009, socket.readClose());
    }
  }

  @Test
  void aMessageThatNeverEndsClosesTheConnection() { // W-12
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.of(WebSocketFrame.BINARY, new byte[1_500]).withoutFin());
      socket.write(WebSocketFrame.continuation(new byte[1_500]).withoutFin());
      socket.write(WebSocketFrame.continuation(new byte[1_500]).withoutFin());
      assertEquals(1009, socket.readClose());
    }
  }

  private static void sendInFragments(RawWebSocket socket, int fragments) {
    byte[] message = heartbeat(200).getBytes(StandardCharsets.UTF_8);
    socket.write(WebSocketFrame.of(WebSocketFrame.TEXT, slice(message, 0, 100)).withoutFin());
    for (int i = 2; i < fragments; i++) {
      socket.write(WebSocketFrame.continuation(new byte[0]).withoutFin());
    }
    socket.write(WebSocketFrame.continuation(slice(message, 100, 200)));
  }

  @Test
  void aMessageOfAsManyFragmentsAsMayBePasses() {
    try (var socket = server.rawSocket()) {
      sendInFragments(socket, 5);
      expectAnswer(socket);
      sendInFragments(socket, 5); // of each message anew
      expectAnswer(socket);
    }
  }

  @Test
  void aMessageOfMoreFragmentsClosesTheConnectionHoweverSmallTheyAre() {
    assertCounted(
        Limit.MAX_FRAGMENTS,
        () -> {
          try (var socket = server.rawSocket()) {
            sendInFragments(socket, 6);
            assertEquals(1009, socket.readClose());
          }
        });
  }

  private static String nested(int depth) {
    return "[null,\"1\",\"phoenix\",\"heartbeat\"," + "[".repeat(depth) + "]".repeat(depth) + "]";
  }

  @Test
  void jsonAsDeepAsMayBePassesAndDeeperClosesTheConnection() { // W-30
    assertCounted(
        Limit.MAX_JSON_DEPTH,
        () -> {
          try (var socket = server.rawSocket()) {
            socket.write(WebSocketFrame.text(nested(10)));
            expectAnswer(socket);
            socket.write(WebSocketFrame.text(nested(11)));
            assertEquals(1011, socket.readClose());
          }
        });
  }

  @Test
  void whatEndsASocketIsCountedUnderItsLimitAndItsCode() {
    int before = CLOSED.getOrDefault(1009, new AtomicInteger()).get();
    assertAll( // each is told of, whatever became of the others
        () -> assertCounted(Limit.MAX_FRAME_BYTES, this::aFrameOverTheLimitClosesTheConnection),
        () ->
            assertCounted(Limit.MAX_MESSAGE_BYTES, this::aMessageThatNeverEndsClosesTheConnection),
        () -> assertCounted(Limit.MAX_REQUEST_LINE_BYTES, this::aRequestLineOverTheLimitIsRefused),
        () -> assertCounted(Limit.MAX_HEADER_BYTES, this::headersOverTheLimitAreRefused),
        () -> assertCounted(Limit.IDLE_TIMEOUT, LimitsIT::silentSocketIsClosed),
        () -> assertCounted(Limit.HANDSHAKE_TIMEOUT, this::aConnectionThatSaysNothingIsClosed),
        () ->
            assertCounted(Limit.CONNECT_TIMEOUT, this::aSocketHandlerThatNeverAnswersCostsAStatus));
    assertTrue(CLOSED.get(1009).get() >= before + 2);
  }

  /** The mount allows 100 channels and topics of 1,024 bytes, the gateway less. */
  @Test
  void whoeverRunsTheGatewayMayAllowLessThanTheApplicationAsksFor() {
    assertCounted(
        Limit.MAX_CHANNELS,
        () -> {
          try (var socket = server.rawSocket()) {
            for (int i = 1; i <= 3; i++) {
              socket.write(WebSocketFrame.text("[\"1\",\"1\",\"big:" + i + "\",\"phx_join\",{}]"));
              String answer = socket.read().text();
              assertEquals(i == 3, answer.contains("too many channels joined"), answer);
            }
          }
        });
    assertCounted(
        Limit.MAX_TOPIC_BYTES,
        () -> {
          try (var socket = server.rawSocket()) {
            socket.write(
                WebSocketFrame.text(
                    "[\"1\",\"1\",\"big:" + "x".repeat(97) + "\",\"phx_join\",{}]"));
            assertEquals(1011, socket.readClose());
          }
        });
  }

  @Test
  void whoIsRefusedTooOftenHasItsAnswersAllTheSame() {
    assertCounted(
        Limit.REFUSALS_PER_SECOND,
        () -> {
          try (var socket = server.rawSocket()) {
            long start = System.nanoTime();
            // Twice as many as it may have channels.
            for (int i = 1; i <= 5; i++) {
              socket.write(WebSocketFrame.text("[\"1\",\"1\",\"no:" + i + "\",\"phx_join\",{}]"));
            }
            socket.write(WebSocketFrame.text(nested(1)));
            for (int i = 1; i <= 5; i++) {
              String answer = socket.read().text();
              assertTrue(answer.contains("\"no:" + i + "\""), answer);
              assertTrue(answer.contains("unmatched topic"), answer);
            }
            expectAnswer(socket);
            assertTrue(System.nanoTime() - start >= 450_000_000, "it was read on at once");
          }
        });
  }

  private static byte[] slice(byte[] bytes, int from, int to) {
    return java.util.Arrays.copyOfRange(bytes, from, to);
  }

  private static int statusOfRequestLine(int octets) {
    String line = "GET /socket/websocket?vsn=2.0.0&a=%s HTTP/1.1";
    String path = line.formatted("x".repeat(octets - line.length() + 2)).split(" ", -1)[1];
    try (var socket = server.raw()) {
      return socket.upgrade(path).status();
    }
  }

  @Test
  void aRequestLineAtTheLimitPasses() { // E-24
    assertEquals(101, statusOfRequestLine(1_000));
  }

  @Test
  void aRequestLineOverTheLimitIsRefused() { // E-24
    assertEquals(414, statusOfRequestLine(1_001));
  }

  /** Without the ends of their lines. */
  private static int statusOfHeaders(int octets) {
    String host = "Host: localhost";
    String pad = "X-Pad: ";
    pad += "x".repeat(octets - host.length() - pad.length());
    try (var socket = server.raw()) {
      return socket.request("GET /plain HTTP/1.1", host, pad).status();
    }
  }

  @Test
  void headersAtTheLimitPass() {
    assertEquals(200, statusOfHeaders(2_000));
  }

  @Test
  void headersOverTheLimitAreRefused() {
    assertEquals(431, statusOfHeaders(2_001));
  }

  /* ---- time */

  @Test
  void aSilentSocketIsClosed() { // W-1, W-2, W-3, ER-42
    silentSocketIsClosed();
  }

  private static void silentSocketIsClosed() {
    try (var socket = server.raw()) {
      assertEquals(101, socket.upgrade("/idle/websocket?vsn=2.0.0").status());
      WebSocketFrame first = socket.read(); // no ping before it
      assertEquals(WebSocketFrame.CLOSE, first.opcode());
      assertEquals(1002, first.closeCode());
    }
  }

  @Test
  void pingsAloneKeepASocketOpen() { // W-1, W-4, ER-43, OC-6
    try (var pinger = server.raw();
        var timer = Executors.newSingleThreadScheduledExecutor()) {
      assertEquals(101, pinger.upgrade("/idle/websocket?vsn=2.0.0").status());
      var pings =
          timer.scheduleAtFixedRate(
              () -> pinger.write(WebSocketFrame.ping("still here")), 0, 100, TimeUnit.MILLISECONDS);
      // Two silent sockets, one after the other, tell that the time is up twice.
      silentSocketIsClosed();
      silentSocketIsClosed();
      pings.cancel(false);
      timer.shutdown();

      pinger.write(WebSocketFrame.text(heartbeat(100)));
      WebSocketFrame frame = pinger.read();
      while (frame.opcode() == WebSocketFrame.PONG) {
        assertEquals("still here", frame.text());
        frame = pinger.read();
      }
      assertEquals(WebSocketFrame.TEXT, frame.opcode());
    }
  }

  @Test
  void whatTheServerSendsDoesNotKeepASocketOpen() { // W-1
    try (var socket = server.raw();
        var timer = Executors.newSingleThreadScheduledExecutor()) {
      assertEquals(101, socket.upgrade("/idle/websocket?vsn=2.0.0").status());
      socket.write(WebSocketFrame.text("[\"1\",\"1\",\"big:news\",\"phx_join\",{}]"));
      assertTrue(socket.read().text().contains("phx_reply"));
      // Not for ever: a socket that stays open because of it has to fall silent some time.
      var left = new AtomicInteger(200);
      var unused =
          timer.scheduleAtFixedRate(
              () -> {
                if (left.getAndDecrement() > 0) {
                  server.broadcaster().broadcast("big:news", "news", Map.of());
                }
              },
              0,
              100,
              TimeUnit.MILLISECONDS);
      assertEquals(1002, socket.readClose());
      assertTrue(left.get() > 0);
      timer.shutdownNow();
    }
  }

  @Test
  void aConnectionThatSaysNothingIsClosed() {
    try (var socket = server.raw()) {
      socket.awaitEnd();
    }
  }

  @Test
  void aConnectionThatSaysOnlyHalfIsClosed() {
    try (var socket = server.raw()) {
      socket.write("GET /socket/websocket HTTP/1.1\r\nHost: loc".getBytes(StandardCharsets.UTF_8));
      socket.awaitEnd();
    }
  }

  @Test
  void aConnectionThatFallsSilentAfterARequestIsClosed() {
    try (var socket = server.raw()) {
      assertEquals(200, socket.request("GET /plain HTTP/1.1", "Host: localhost").status());
      socket.awaitEnd();
    }
  }

  @Test
  void aConnectionThatFallsSilentAfterAFailedUpgradeIsClosed() {
    try (var socket = server.raw()) {
      assertEquals(404, socket.upgrade("/nowhere/websocket?vsn=2.0.0").status());
      socket.awaitEnd();
    }
    try (var socket = server.raw()) {
      assertEquals(403, socket.upgrade("/socket/websocket?vsn=9.0.0").status());
      socket.awaitEnd();
    }
  }

  @Test
  void anUpgradeWithABodyIsAnswered() { // RFC 6455, 4.1: it has none, so either answer is fine
    byte[] request =
        ("GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nConnection:"
                + " Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version:"
                + " 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length:"
                + " 2\r\n\r\nhi")
            .getBytes(StandardCharsets.UTF_8);
    for (int piece : new int[] {request.length, request.length - 1, 20}) {
      try (var socket = server.raw()) {
        socket.writeInPieces(request, piece);
        int status = socket.readAnswer().status();
        assertTrue(status == 400 || status == 101, "answered " + status);
      }
    }
  }

  @Test
  void aSocketThatIsOpenIsNotClosedByTheHandshakeDeadline() {
    try (var open = server.rawSocket();
        var silent = server.raw()) {
      silent.awaitEnd(); // the deadline has come, for one that is not open
      open.write(WebSocketFrame.text(heartbeat(100)));
      expectAnswer(open);
    }
  }

  @Test
  void aSocketHandlerThatNeverAnswersCostsAStatus() {
    try (var socket = server.raw()) {
      assertEquals(503, socket.upgrade("/never/websocket?vsn=2.0.0").status());
    }
  }

  @Test
  void moreConnectsThanMayWaitAreRefusedAtOnce() {
    try (var first = server.raw();
        var second = server.raw();
        var third = server.raw()) {
      int before = reached(Limit.MAX_PENDING_CONNECTS);
      var waiting = new RawWebSocket[] {first, second, third};
      for (RawWebSocket socket : waiting) {
        socket.write(
            ("GET /never/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nConnection:"
                    + " Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version:"
                    + " 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
      }
      TestServer.await(
          "a fourth connect is refused",
          () -> {
            try (var another = server.raw()) {
              return another.upgrade("/never/websocket?vsn=2.0.0").status() == 503;
            }
          });
      assertTrue(reached(Limit.MAX_PENDING_CONNECTS) > before); // rather than its time being up
      // Others are not concerned once those have timed out.
      TestServer.await(
          "connects are possible again",
          () -> {
            try (var another = server.raw()) {
              return another.upgrade("/socket/websocket?vsn=2.0.0").status() == 101;
            }
          });
    }
  }

  /* ---- clients that do not read */

  @Test
  void aClientThatDoesNotReadIsClosedAndNobodyElseIsDelayed() {
    String payload = "x".repeat(100_000);
    try (var slow = RawWebSocket.open("localhost", server.port(), 4_096);
        var fast = server.connect()) {
      assertTrue(slow.upgrade("/socket/websocket?vsn=2.0.0").isUpgraded());
      slow.write(WebSocketFrame.text("[\"1\",\"1\",\"big:1\",\"phx_join\",{}]"));
      assertTrue(slow.read().text().contains("phx_reply"));
      fast.join("big:1");
      int before = SLOW.get();
      int counted = reached(Limit.MAX_QUEUED_BYTES);

      int sent = 0;
      while (SLOW.get() == before) {
        assertTrue(sent < 1_000, "100 MB did not fill the socket of a client that does not read");
        server.broadcaster().broadcast("big:1", "big", Map.of("n", sent, "pad", payload));
        assertEquals(sent, fast.next().payload().path("n").asInt());
        sent++;
      }

      TestServer.await(
          "the slow one is gone", () -> server.hosts(host -> host.channelCount()) == 1);
      server.broadcaster().broadcast("big:1", "big", Map.of("n", sent));
      assertEquals(sent, fast.next().payload().path("n").asInt());
      assertEquals(before + 1, SLOW.get());
      assertEquals(counted + 1, reached(Limit.MAX_QUEUED_BYTES));
    }
  }

  @Test
  void pongsThatNobodyReadsAreBoundedToo() { // F-22
    int before = SLOW.get();
    int counted = reached(Limit.MAX_QUEUED_BYTES);
    try (var socket = RawWebSocket.open("localhost", server.port(), 4_096)) {
      assertTrue(socket.upgrade("/socket/websocket?vsn=2.0.0").isUpgraded());
      var pings = new ByteArrayOutputStream();
      for (int i = 0; i < 1_000; i++) {
        pings.writeBytes(WebSocketFrame.ping("p".repeat(125)).bytes());
      }
      for (int sent = 0; sent < 500 && SLOW.get() == before; sent++) {
        socket.write(pings.toByteArray());
      }
    } catch (UncheckedIOException e) {
      // Cut off while it was sending.
    }
    TestServer.await("it counts as too slow", () -> reached(Limit.MAX_QUEUED_BYTES) == counted + 1);
    assertEquals(before + 1, SLOW.get());
  }
}
