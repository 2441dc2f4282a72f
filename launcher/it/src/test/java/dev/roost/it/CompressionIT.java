package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.ChannelOptions;
import dev.roost.conformance.Fixture;
import dev.roost.gateway.Gateway;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compression of messages: section 17.2 of the specification, RFC 7692, and deflate bombs. */
class CompressionIT {

  private static final int MESSAGE = 1_000_000;
  private static final String PATH = "/socket/websocket?vsn=2.0.0";
  private static final String BEAT = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";
  private static final String ANSWER =
      "[null,\"1\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]";
  private static final AtomicInteger TOO_LONG = new AtomicInteger();

  private static TestServer server;
  private static HttpServer foreign;

  @BeforeAll
  static void start() throws Exception {
    GatewayOptions options =
        GatewayOptions.defaults()
            .withMaxMessageBytes(MESSAGE)
            .withMetrics(
                new GatewayMetrics() {
                  @Override
                  public void limitReached(Limit limit) {
                    if (limit == Limit.MAX_MESSAGE_BYTES) {
                      TOO_LONG.incrementAndGet();
                    }
                  }
                });
    server =
        TestServer.start(
            options.withCompression(true), ChannelOptions.defaults(), new Fixture().application());
    // Vert.x's own defaults: compression is on, and a frame may inflate to anything.
    foreign =
        Gateway.open(server.node(), options)
            .compose(
                gateway ->
                    server
                        .vertx()
                        .createHttpServer(new HttpServerOptions().setPort(0))
                        .requestHandler(gateway.inFrontOf(Router.router(server.vertx())))
                        .listen())
            .await(20, TimeUnit.SECONDS);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** Whose HTTP server it is. */
  enum Maker {
    ROOST,
    SOMEBODY_ELSE;

    RawWebSocket open() {
      int port = this == ROOST ? server.port() : foreign.actualPort();
      RawWebSocket socket = RawWebSocket.open("localhost", port).limit(TestServer.LIMIT);
      assertEquals(
          "permessage-deflate; client_no_context_takeover",
          socket
              .upgrade(PATH, Deflated.OFFER)
              .header("sec-websocket-extensions")
              .orElse("nothing agreed on"));
      return socket;
    }
  }

  private static RawWebSocket open() {
    return Maker.ROOST.open();
  }

  private static byte[] bomb() {
    byte[] bomb = Deflated.message(new byte[50_000_000]);
    assertTrue(bomb.length < 50_000, "a bomb is small, this one has " + bomb.length + " octets");
    return bomb;
  }

  private static void expectTooLong(RawWebSocket socket, Runnable over) {
    int before = TOO_LONG.get();
    over.run();
    assertEquals(1009, socket.readClose());
    assertEquals(before + 1, TOO_LONG.get());
  }

  /* ---- honest messages */

  @ParameterizedTest
  @EnumSource
  void aCompressedMessageIsUnderstood(Maker maker) {
    try (var socket = maker.open()) {
      for (int i = 0; i < 3; i++) {
        socket.write(Deflated.text(BEAT));
        assertEquals(ANSWER, socket.read().text());
      }
    }
  }

  @Test
  void oneThatIsNotCompressedIsToo() {
    try (var socket = open()) {
      socket.write(WebSocketFrame.text(BEAT));
      assertEquals(ANSWER, socket.read().text());
      socket.write(WebSocketFrame.text(BEAT.substring(0, 9)).withoutFin());
      socket.write(WebSocketFrame.continuation(BEAT.substring(9).getBytes(StandardCharsets.UTF_8)));
      assertEquals(ANSWER, socket.read().text());
    }
  }

  @Test
  void aCompressedMessageMayComeInFragments() {
    byte[] message = Deflated.message(BEAT.getBytes(StandardCharsets.UTF_8));
    try (var socket = open()) {
      socket.write(
          WebSocketFrame.of(WebSocketFrame.TEXT, Arrays.copyOf(message, 1))
              .withRsv(4)
              .withoutFin());
      socket.write(WebSocketFrame.ping("between"));
      assertEquals("between", socket.read().text());
      for (int i = 1; i < message.length; i++) {
        socket.write(WebSocketFrame.continuation(new byte[] {message[i]}).withoutFin());
      }
      socket.write(WebSocketFrame.continuation(new byte[0]));
      assertEquals(ANSWER, socket.read().text());
    }
  }

  /* So much that a worker takes it from its frame. */
  @Test
  void manyCompressedOctetsMayComeInOneFrameOrInTwo() {
    var random = new Random(1);
    var text = new StringBuilder();
    for (int i = 0; i < 50_000; i++) {
      text.append(Long.toHexString(random.nextLong()));
    }
    byte[] message =
        Deflated.message(BEAT.replace("{}", "\"" + text + "\"").getBytes(StandardCharsets.UTF_8));
    int half = message.length / 2;
    assertTrue(half > 128 << 10);
    try (var socket = open()) {
      socket.write(WebSocketFrame.of(WebSocketFrame.TEXT, message).withRsv(4));
      assertEquals(ANSWER, socket.read().text());
      socket.write(
          WebSocketFrame.of(WebSocketFrame.TEXT, Arrays.copyOf(message, half))
              .withRsv(4)
              .withoutFin());
      socket.write(WebSocketFrame.continuation(Arrays.copyOfRange(message, half, message.length)));
      assertEquals(ANSWER, socket.read().text());
    }
  }

  @Test
  void whatInflatesToMuchIsAnsweredInItsOrder() {
    var segment = new ByteArrayOutputStream();
    for (int i = 0; i < 12; i += 3) {
      String large = beat(i).replace("{}", "\"" + "x".repeat(90_000) + "\"");
      segment.writeBytes(Deflated.text(large).bytes());
      segment.writeBytes(WebSocketFrame.text(beat(i + 1)).bytes());
      byte[] rest =
          Deflated.message(
              beat(i + 2)
                  .replace("{}", "\"" + "y".repeat(90_000) + "\"")
                  .getBytes(StandardCharsets.UTF_8));
      int half = rest.length / 2;
      segment.writeBytes(
          WebSocketFrame.of(WebSocketFrame.TEXT, Arrays.copyOf(rest, half))
              .withRsv(4)
              .withoutFin()
              .bytes());
      segment.writeBytes(
          WebSocketFrame.continuation(Arrays.copyOfRange(rest, half, rest.length)).bytes());
    }
    try (var socket = open()) {
      socket.write(segment.toByteArray());
      for (int i = 0; i < 12; i++) {
        assertEquals(ANSWER.replace("\"1\"", "\"" + i + "\""), socket.read().text());
      }
    }
  }

  private static String beat(int ref) {
    return BEAT.replace("\"1\"", "\"" + ref + "\"");
  }

  @Test
  void aBinaryMessageMayBeCompressed() {
    byte[] push = "\0\0\1\7\u00095phoenixheartbeat".getBytes(StandardCharsets.UTF_8);
    try (var socket = open()) {
      socket.write(WebSocketFrame.of(WebSocketFrame.BINARY, Deflated.message(push)).withRsv(4));
      assertEquals(ANSWER.replace("\"1\"", "\"5\""), socket.read().text());
    }
  }

  @Test
  void longMessagesGoOutCompressedAndShortOnesAsTheyAre() {
    var text = "long ".repeat(5_000);
    try (var socket = open();
        var plain = server.rawSocket()) {
      for (RawWebSocket member : List.of(socket, plain)) {
        member.write(WebSocketFrame.text("[\"1\",\"1\",\"test:out\",\"phx_join\",{}]"));
        WebSocketFrame joined = member.read();
        assertEquals(0, joined.rsv());
        assertTrue(joined.text().contains("phx_reply"));
      }
      socket.write(WebSocketFrame.text("[\"1\",\"2\",\"test:out\",\"echo\",\"" + text + "\"]"));
      WebSocketFrame reply = socket.read();
      assertEquals(4, reply.rsv());
      assertTrue(Deflated.inflated(reply).text().contains(text));
      server.broadcaster().broadcast("test:out", "all", Map.of("text", text));
      WebSocketFrame compressed = socket.read();
      WebSocketFrame asItIs = plain.read();
      assertEquals(0, asItIs.rsv());
      assertEquals(4, compressed.rsv());
      assertTrue(compressed.payload().length < 1_000);
      assertEquals(asItIs.text(), Deflated.inflated(compressed).text());
    }
  }

  /* ---- bombs */

  @ParameterizedTest
  @EnumSource
  void aBombInOneFrameIsTooLong(Maker maker) {
    try (var socket = maker.open()) {
      expectTooLong(
          socket, () -> socket.write(WebSocketFrame.of(WebSocketFrame.TEXT, bomb()).withRsv(4)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBombInFragmentsIsTooLong(Maker maker) {
    var frames = new ByteArrayOutputStream();
    frames.writeBytes(fragments(bomb(), 100));
    frames.writeBytes(WebSocketFrame.continuation(new byte[0]).bytes());
    try (var socket = maker.open()) {
      expectTooLong(socket, () -> socket.write(frames.toByteArray()));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBombThatDoesNotEndIsTooLong(Maker maker) {
    byte[] bomb = Deflated.message(new byte[100_000_000]);
    assertTrue(bomb.length > 64 << 10, "so much is gathered first");
    try (var socket = maker.open()) {
      expectTooLong(socket, () -> socket.write(fragments(bomb, 1_000)));
    }
  }

  /** Frames of a compressed message, without the last one. */
  private static byte[] fragments(byte[] message, int size) {
    var frames = new ByteArrayOutputStream();
    frames.writeBytes(
        WebSocketFrame.of(WebSocketFrame.TEXT, new byte[0]).withRsv(4).withoutFin().bytes());
    for (int from = 0; from < message.length; from += size) {
      byte[] piece = Arrays.copyOfRange(message, from, Math.min(from + size, message.length));
      frames.writeBytes(WebSocketFrame.continuation(piece).withoutFin().bytes());
    }
    return frames.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {MESSAGE, MESSAGE + 1})
  void theLimitIsOfWhatItInflatesTo(int length) {
    String head = "[null,\"1\",\"phoenix\",\"heartbeat\",\"";
    String message = head + "x".repeat(length - head.length() - 2) + "\"]";
    try (var socket = open()) {
      if (length == MESSAGE) {
        socket.write(Deflated.text(message));
        assertEquals(ANSWER, socket.read().text());
      } else {
        expectTooLong(socket, () -> socket.write(Deflated.text(message)));
      }
    }
  }

  /* ---- what is not agreed on, and what is broken */

  @Test
  void nobodyIsToldOfCompressionWhoDoesNotAsk() {
    try (var socket = server.raw()) {
      assertFalse(socket.upgrade(PATH).header("sec-websocket-extensions").isPresent());
      socket.write(Deflated.text(BEAT));
      assertEquals(1002, socket.readClose()); // W-21
    }
  }

  @ParameterizedTest
  @EnumSource
  void reservedBitsThatMeanNothingAreAProtocolError(Maker maker) { // RFC 7692, section 6
    List<WebSocketFrame> bad =
        List.of(
            Deflated.text(BEAT).withRsv(6),
            Deflated.text(BEAT).withRsv(5),
            WebSocketFrame.text(BEAT).withRsv(2),
            WebSocketFrame.ping("").withRsv(4),
            WebSocketFrame.close(1000, "").withRsv(4));
    for (WebSocketFrame frame : bad) {
      try (var socket = maker.open()) {
        socket.write(frame);
        assertEquals(1002, socket.readClose());
      }
    }
    try (var socket = maker.open()) {
      socket.write(Deflated.text("[").withoutFin());
      socket.write(WebSocketFrame.continuation(new byte[0]).withRsv(4));
      assertEquals(1002, socket.readClose());
    }
  }

  @Test
  void dataThatCannotBeInflatedIsTold() { // W-21
    try (var socket = open()) {
      byte[] reserved = {(byte) 0xff, 1, 2, 3}; // a kind of block that does not exist
      socket.write(WebSocketFrame.of(WebSocketFrame.TEXT, reserved).withRsv(4));
      assertEquals(1007, socket.readClose());
    }
  }

  @Test
  void textThatIsNoUtf8IsTold() { // W-14
    try (var socket = open()) {
      byte[] bad = Deflated.message(new byte[] {'"', (byte) 0xff, '"'});
      socket.write(WebSocketFrame.of(WebSocketFrame.TEXT, bad).withRsv(4));
      assertEquals(1007, socket.readClose());
    }
  }
}
