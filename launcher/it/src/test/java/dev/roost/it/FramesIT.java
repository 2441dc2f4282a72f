package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.conformance.Fixture;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * WebSocket frames, good and bad: RFC 6455 and section 17 of the specification, with cases in the
 * manner of the Autobahn suite (its numbers in the comments).
 */
class FramesIT {

  private static final String BEAT = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";
  private static final String ANSWER =
      "[null,\"1\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]";

  private static TestServer server;

  @BeforeAll
  static void start() {
    server = TestServer.start(new Fixture().application());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void expectAnswer(RawWebSocket socket) {
    assertEquals(ANSWER, socket.read().text());
  }

  private static void expectClose(int code, byte[]... frames) {
    try (var socket = server.rawSocket()) {
      for (byte[] frame : frames) {
        socket.write(frame);
      }
      assertEquals(code, socket.readClose());
    }
  }

  /* ---- framing (1, 2) */

  @Test
  void aFrameMayArriveOctetByOctet() { // 1.1.8
    try (var socket = server.rawSocket()) {
      socket.writeInPieces(WebSocketFrame.text(BEAT).bytes(), 1);
      expectAnswer(socket);
    }
  }

  @Test
  void manyFramesMayArriveInOneSegment() {
    var segment = new ByteArrayOutputStream();
    for (int i = 0; i < 50; i++) {
      segment.writeBytes(WebSocketFrame.text(BEAT).bytes());
    }
    try (var socket = server.rawSocket()) {
      socket.write(segment.toByteArray());
      for (int i = 0; i < 50; i++) {
        expectAnswer(socket);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 125})
  void aPingIsAnsweredWithTheSameData(int length) { // W-4; 2.1 to 2.4
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.ping("p".repeat(length)));
      WebSocketFrame pong = socket.read();
      assertEquals(WebSocketFrame.PONG, pong.opcode());
      assertEquals("p".repeat(length), pong.text());
      assertTrue(pong.fin());
      assertEquals(0, pong.rsv());
      assertNull(pong.maskKey());
    }
  }

  @Test
  void largeMessagesAreAnsweredInTheirOrder() {
    var segment = new ByteArrayOutputStream();
    for (int i = 0; i < 10; i += 2) {
      segment.writeBytes(WebSocketFrame.text(beat(i, "x".repeat(300_000))).bytes());
      segment.writeBytes(WebSocketFrame.text(beat(i + 1, "")).bytes());
    }
    try (var socket = server.rawSocket()) {
      socket.write(segment.toByteArray());
      for (int i = 0; i < 10; i++) {
        assertEquals(ANSWER.replace("\"1\"", "\"" + i + "\""), socket.read().text());
      }
    }
  }

  private static String beat(int ref, String padding) {
    return "[null,\"" + ref + "\",\"phoenix\",\"heartbeat\",\"" + padding + "\"]";
  }

  @Test
  void whatCameBeforeACloseIsHandledAfterALargeMessage() {
    try (var witness = server.rawSocket();
        var socket = server.rawSocket()) {
      for (RawWebSocket member : List.of(witness, socket)) {
        member.write(WebSocketFrame.text("[\"1\",\"1\",\"test:last\",\"phx_join\",{}]"));
        assertTrue(member.read().text().contains("phx_reply"));
      }
      var segment = new ByteArrayOutputStream();
      String words =
          "[\"1\",null,\"test:last\",\"broadcast\",{\"event\":\"said\",\"payload\":\"%s\"}]";
      segment.writeBytes(WebSocketFrame.text(words.formatted("x".repeat(300_000))).bytes());
      segment.writeBytes(WebSocketFrame.text(words.formatted("last words")).bytes());
      segment.writeBytes(WebSocketFrame.close(1000, "").bytes());
      socket.write(segment.toByteArray());
      assertTrue(witness.read().text().contains("xxx"));
      assertTrue(witness.read().text().contains("last words"));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {125, 126, 127, 128, 65_535, 65_536})
  void aMessageOfEachFormOfLengthIsEchoed(int length) { // 1.1.3 to 1.1.7
    String start = "[\"1\",\"2\",\"test:length\",\"echo\",\"";
    String text = "x".repeat(length - start.length() - 2);
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.text("[\"1\",\"1\",\"test:length\",\"phx_join\",{}]"));
      assertTrue(socket.read().text().contains("phx_reply"));
      WebSocketFrame frame = WebSocketFrame.text(start + text + "\"]");
      assertEquals(length, frame.payload().length);
      socket.write(frame);
      assertEquals(
          "[\"1\",\"2\",\"test:length\",\"phx_reply\",{\"status\":\"ok\",\"response\":\""
              + text
              + "\"}]",
          socket.read().text());
    }
  }

  @Test
  void aPingMayCarryAnyOctets() { // 2.4
    byte[] data = HexFormat.of().parseHex("00fffe80c0ff");
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.of(WebSocketFrame.PING, data));
      assertEquals(
          HexFormat.of().formatHex(data), HexFormat.of().formatHex(socket.read().payload()));
    }
  }

  @Test
  void pingsAreAnsweredInOrder() { // 2.10
    try (var socket = server.rawSocket()) {
      for (int i = 0; i < 10; i++) {
        socket.write(WebSocketFrame.ping("ping " + i));
      }
      for (int i = 0; i < 10; i++) {
        assertEquals("ping " + i, socket.read().text());
      }
    }
  }

  @Test
  void aPongThatNobodyAskedForIsIgnored() { // 2.7 to 2.9
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.pong("unasked"));
      socket.write(WebSocketFrame.text(BEAT));
      expectAnswer(socket);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {WebSocketFrame.PING, WebSocketFrame.PONG, WebSocketFrame.CLOSE})
  void aControlFrameOver125OctetsIsAProtocolError(int opcode) { // 2.5, 7.3.6
    var payload = new byte[126];
    payload[0] = 3;
    payload[1] = (byte) 0xe8;
    expectClose(1002, WebSocketFrame.of(opcode, payload).bytes());
  }

  /* ---- reserved bits and opcodes, masks (3, 4) */

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7})
  void reservedBitsAreAProtocolError(int bits) { // W-13, W-21, ER-41; 3.1 to 3.7
    expectClose(1002, WebSocketFrame.text(BEAT).withRsv(bits).bytes());
    expectClose(1002, WebSocketFrame.ping("").withRsv(bits).bytes());
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
  void aReservedOpcodeIsAProtocolError(int opcode) { // W-13; 4.1, 4.2
    expectClose(1002, WebSocketFrame.of(opcode, new byte[0]).bytes());
    expectClose(1002, WebSocketFrame.of(opcode, utf8("data")).bytes());
  }

  @Test
  void anUnmaskedFrameIsAProtocolError() { // W-13; RFC 6455, 5.1
    expectClose(1002, WebSocketFrame.text(BEAT).unmasked().bytes());
    expectClose(1002, WebSocketFrame.ping("").unmasked().bytes());
  }

  @Test
  void whatWasAnsweredBeforeABadFrameArrives() { // 3.3
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.text(BEAT));
      socket.write(WebSocketFrame.text(BEAT).withRsv(2));
      expectAnswer(socket);
      assertEquals(1002, socket.readClose());
    }
  }

  /* ---- fragmentation (5) */

  @Test
  void aMessageMayComeInFragments() { // 5.3 to 5.8
    byte[] beat = utf8(BEAT);
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.text(BEAT.substring(0, 5)).withoutFin());
      for (int i = 5; i < beat.length - 1; i++) {
        socket.write(WebSocketFrame.continuation(new byte[] {beat[i]}).withoutFin());
      }
      socket.write(WebSocketFrame.continuation(new byte[] {beat[beat.length - 1]}));
      expectAnswer(socket);
    }
  }

  @Test
  void pingsBetweenFragmentsAreAnsweredAtOnce() { // 5.6, 5.19
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.text(BEAT.substring(0, 9)).withoutFin());
      socket.write(WebSocketFrame.ping("one"));
      assertEquals("one", socket.read().text());
      socket.write(WebSocketFrame.continuation(utf8(BEAT.substring(9, 20))).withoutFin());
      socket.write(WebSocketFrame.ping("two"));
      socket.write(WebSocketFrame.continuation(utf8(BEAT.substring(20))));
      assertEquals("two", socket.read().text());
      expectAnswer(socket);
    }
  }

  @Test
  void fragmentsMayBeEmpty() { // 6.1.3
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.text("").withoutFin());
      socket.write(WebSocketFrame.continuation(utf8(BEAT)).withoutFin());
      socket.write(WebSocketFrame.continuation(new byte[0]));
      expectAnswer(socket);
    }
  }

  @Test
  void aBinaryMessageMayComeInFragments() {
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.binary(new byte[] {0, 0, 1, 7}).withoutFin());
      socket.write(WebSocketFrame.continuation(utf8("\u00095phoenixheartbeat")));
      assertEquals(ANSWER.replace("\"1\"", "\"5\""), socket.read().text());
    }
  }

  @Test
  void aControlFrameInFragmentsIsAProtocolError() { // 5.1, 5.2
    expectClose(1002, WebSocketFrame.ping("x").withoutFin().bytes());
    expectClose(1002, WebSocketFrame.pong("x").withoutFin().bytes());
  }

  @Test
  void aContinuationOfNothingIsAProtocolError() { // W-13; 5.9 to 5.14
    expectClose(1002, WebSocketFrame.continuation(utf8("x")).bytes());
    expectClose(1002, WebSocketFrame.continuation(utf8("x")).withoutFin().bytes());
    expectClose(
        1002, WebSocketFrame.text(BEAT).bytes(), WebSocketFrame.continuation(utf8("x")).bytes());
  }

  @Test
  void aNewMessageWithinAnotherIsAProtocolError() { // 5.15, 5.18
    expectClose(
        1002, WebSocketFrame.text("[").withoutFin().bytes(), WebSocketFrame.text("x").bytes());
    expectClose(
        1002,
        WebSocketFrame.text("[").withoutFin().bytes(),
        WebSocketFrame.binary(utf8("x")).withoutFin().bytes());
  }

  /* ---- UTF-8 (6) */

  @Test
  void aCodePointMayBeSplitBetweenFragmentsAndSegments() { // 6.2.2 to 6.2.4
    byte[] message = utf8("[\"1\",\"2\",\"test:utf\",\"echo\",\"κόσμε 😀\"]");
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.text("[\"1\",\"1\",\"test:utf\",\"phx_join\",{}]"));
      assertTrue(socket.read().text().contains("phx_reply"));
      var out = new ByteArrayOutputStream();
      out.writeBytes(
          WebSocketFrame.of(WebSocketFrame.TEXT, new byte[] {message[0]}).withoutFin().bytes());
      for (int i = 1; i < message.length; i++) {
        out.writeBytes(WebSocketFrame.continuation(new byte[] {message[i]}).withoutFin().bytes());
      }
      out.writeBytes(WebSocketFrame.continuation(new byte[0]).bytes());
      socket.writeInPieces(out.toByteArray(), 3);
      assertEquals(
          "[\"1\",\"2\",\"test:utf\",\"phx_reply\",{\"status\":\"ok\",\"response\":\"κόσμε 😀\"}]",
          socket.read().text());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "80", // a continuation octet alone (6.14)
        "bf",
        "c0", // lead octets that do not exist
        "c0af", // overlong slash (6.18)
        "c1bf",
        "e0", // cut short (6.6)
        "e080af", // overlong
        "e28228", // a broken sequence
        "eda080", // a surrogate (6.21)
        "edbfbf",
        "f08080af", // overlong
        "f0288cbc",
        "f4908080", // over U+10FFFF (6.20)
        "f88888888080",
        "fc8080808080",
        "fe",
        "ff",
        "cebae1bdb9cf83cebcceb5f4908080656469746564" // good text around a bad one (6.4.1)
      })
  void textThatIsNoUtf8ClosesTheConnection(String hex) { // W-14, ER-40
    byte[] bad = HexFormat.of().parseHex(hex);
    var text = new ByteArrayOutputStream();
    text.writeBytes(utf8("[null,\"1\",\"phoenix\",\"heartbeat\",\""));
    text.writeBytes(bad);
    text.writeBytes(utf8("\"]"));
    expectClose(1007, WebSocketFrame.of(WebSocketFrame.TEXT, text.toByteArray()).bytes());
    expectClose(
        1007,
        WebSocketFrame.of(WebSocketFrame.TEXT, text.toByteArray()).withoutFin().bytes(),
        WebSocketFrame.continuation(new byte[0]).bytes());
  }

  @Test
  void badTextInAFirstFragmentIsJudgedWithTheWholeMessage() { // W-14; 6.4 would have it at once
    try (var socket = server.rawSocket()) {
      byte[] bad = {'"', (byte) 0xff};
      socket.write(WebSocketFrame.of(WebSocketFrame.TEXT, bad).withoutFin());
      socket.write(WebSocketFrame.ping("still here"));
      assertEquals("still here", socket.read().text());
      socket.write(WebSocketFrame.continuation(utf8("\"")));
      assertEquals(1007, socket.readClose());
    }
  }

  @Test
  void aMessageThatEndsWithinACodePointClosesTheConnection() { // 6.3.2
    expectClose(
        1007, WebSocketFrame.of(WebSocketFrame.TEXT, new byte[] {'"', (byte) 0xe2}).bytes());
  }

  @Test
  void noncharactersAreCharacters() { // 6.22, 6.23
    String odd = "\ufdd0\uffff\ufffe\ud83f\udfff";
    try (var socket = server.rawSocket()) {
      socket.write(WebSocketFrame.text("[\"1\",\"1\",\"test:non\",\"phx_join\",{}]"));
      assertTrue(socket.read().text().contains("phx_reply"));
      socket.write(WebSocketFrame.text("[\"1\",\"2\",\"test:non\",\"echo\",\"" + odd + "\"]"));
      assertEquals(
          "[\"1\",\"2\",\"test:non\",\"phx_reply\",{\"status\":\"ok\",\"response\":\""
              + odd
              + "\"}]",
          socket.read().text());
    }
  }

  /* ---- the closing handshake (7) */

  @Test
  void aCloseIsAnsweredAndTheConnectionEnds() { // W-5; 7.1.1
    expectClose(1000, WebSocketFrame.close(1000, "").bytes());
    expectClose(1000, WebSocketFrame.close(1000, "done").bytes());
  }

  @ParameterizedTest
  @ValueSource(
      ints = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999})
  void everyCodeThatAClientMaySendIsEchoed(int code) { // W-5; 7.7; RFC 6455, 5.5.1
    expectClose(code, WebSocketFrame.close(code, "bye").bytes());
  }

  @Test
  void aReasonOf123OctetsIsAnswered() { // 7.3.5
    expectClose(1000, WebSocketFrame.close(1000, "x".repeat(123)).bytes());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cebae1bdb9cf83cebcceb5eda080656469746564", // a surrogate (7.5.1)
        "80", // a continuation octet alone
        "e282" // it ends within a character
      })
  void aReasonThatIsNoUtf8ClosesTheConnection(String hex) { // 7.5.1
    byte[] payload = HexFormat.of().parseHex("03e8" + hex);
    expectClose(1007, WebSocketFrame.of(WebSocketFrame.CLOSE, payload).bytes());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999})
  void aCodeThatNobodyMaySendIsAProtocolError(int code) { // W-5; 7.9
    expectClose(1002, WebSocketFrame.close(code, "").bytes());
  }

  @ParameterizedTest
  @ValueSource(ints = {5000, 65_535})
  void aCodeThatNobodyHasDefinedIsEchoed(int code) { // W-5; 7.13, which allows either
    expectClose(code, WebSocketFrame.close(code, "").bytes());
  }

  @Test
  void aCloseWithHalfACodeIsAProtocolError() { // 7.3.2
    expectClose(1002, WebSocketFrame.of(WebSocketFrame.CLOSE, new byte[] {3}).bytes());
  }

  @Test
  void aCloseWithoutACodeIsAnswered() { // 7.3.1
    expectClose(1000, WebSocketFrame.of(WebSocketFrame.CLOSE, new byte[0]).bytes());
  }

  @Test
  void nothingBehindACloseIsHandled() { // 7.1.3, 7.1.4
    try (var socket = server.rawSocket()) {
      var both = new ByteArrayOutputStream();
      both.writeBytes(WebSocketFrame.close(1000, "").bytes());
      both.writeBytes(WebSocketFrame.text(BEAT).bytes());
      both.writeBytes(WebSocketFrame.ping("late").bytes());
      socket.write(both.toByteArray());
      assertEquals(WebSocketFrame.CLOSE, socket.read().opcode());
      socket.awaitEnd();
    }
  }

  @Test
  void aCloseWithinAMessageEndsTheConnection() { // 7.1.5
    expectClose(
        1000,
        WebSocketFrame.text("[").withoutFin().bytes(),
        WebSocketFrame.close(1000, "").bytes());
  }

  @Test
  void aClientThatJustGoesLeavesNothing() { // L-40
    var client = server.connect();
    client.join("test:gone");
    client.reset();
    TestServer.await("nothing is left", () -> server.gateways(table -> table.channelCount()) == 0);
  }
}
