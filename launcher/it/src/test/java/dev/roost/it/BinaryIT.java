package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.BinaryNode;
import dev.roost.conformance.Fixture;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.Vsn;
import dev.roost.testkit.client.WebSocketFrame;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Binary messages of version 2 (section 8 of the specification), byte by byte where the layout is
 * what matters.
 */
class BinaryIT {

  private static TestServer server;

  @BeforeAll
  static void start() {
    server = TestServer.start(new Fixture().application());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** A socket that has joined {@code test:7} with join_ref 3. */
  private static RawWebSocket joined() {
    RawWebSocket socket = server.rawSocket();
    socket.write(WebSocketFrame.text("[\"3\",\"3\",\"test:7\",\"phx_join\",{}]"));
    assertEquals(
        "[\"3\",\"3\",\"test:7\",\"phx_reply\",{\"status\":\"ok\",\"response\":{\"joined\":\"test:7\"}}]",
        socket.read().text());
    return socket;
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  private static void expectBinary(RawWebSocket socket, String hex) {
    WebSocketFrame frame = socket.read();
    assertEquals(WebSocketFrame.BINARY, frame.opcode()); // B-14
    assertEquals(hex.replace(" ", ""), HexFormat.of().formatHex(frame.payload()));
  }

  // join_ref "3", ref "5", topic "test:7" = 746573743a37, event "binary" = 62696e617279

  @Test
  void aReplyToABinaryMessageIsBinary() { // B-2, B-4; the fixture puts ff before the payload
    try (var socket = joined()) {
      socket.write(
          WebSocketFrame.binary(bytes("00 01 01 06 06 33 35 746573743a37 62696e617279 dead")));
      expectBinary(socket, "01 01 01 06 02 33 35 746573743a37 6f6b ffdead");
    }
  }

  @Test
  void aBinaryPushHasNoRef() { // B-3: binary_pushed = 62696e6172795f707573686564
    try (var socket = joined()) {
      socket.write(
          WebSocketFrame.binary(
              bytes("00 01 01 06 0b 33 35 746573743a37 62696e6172795f70757368 010203")));
      expectBinary(socket, "00 01 06 0d 33 746573743a37 62696e6172795f707573686564 010203");
    }
  }

  @Test
  void aBinaryBroadcastHasNoRefs() { // B-5: binary_bcast = 62696e6172795f6263617374
    try (var socket = joined()) {
      socket.write(
          WebSocketFrame.binary(
              bytes("00 01 01 06 10 33 35 746573743a37 62696e6172795f62726f616463617374 010203")));
      expectBinary(socket, "02 06 0c 746573743a37 62696e6172795f6263617374 010203");
    }
  }

  @Test
  void aBinaryPayloadMayBeEmpty() { // B-8
    try (var socket = joined()) {
      socket.write(WebSocketFrame.binary(bytes("00 01 01 06 06 33 35 746573743a37 62696e617279")));
      expectBinary(socket, "01 01 01 06 02 33 35 746573743a37 6f6b ff");
    }
  }

  @Test
  void anEmptyRefOfABinaryMessageComesBackEmpty() { // B-6, B-10
    try (var socket = joined()) {
      socket.write(WebSocketFrame.binary(bytes("00 01 00 06 06 33 746573743a37 62696e617279 01")));
      expectBinary(socket, "01 01 00 06 02 33 746573743a37 6f6b ff01");
    }
  }

  @Test
  void aNumericJoinRefIsWrittenAsItsText() { // B-6
    try (var client = server.connect()) {
      client.send(7, 8, "test:number", "phx_join", Map.of());
      client.next();
      client.send(7, 9, "test:number", "echo", Map.of());
      assertEquals("7", client.next().joinRef().toString());
      // In a binary frame the join_ref can only be text, which is not the number 7.
      client.send(7, 10, "test:number", "binary", new byte[] {1});
      client.send(7, 11, "test:number", "echo", Map.of());
      assertEquals("11", client.next().ref().toString());
    }
  }

  @Test
  void aBinaryMessageWithoutJoinRefIsStale() { // B-10, ER-8
    try (var socket = joined()) {
      socket.write(WebSocketFrame.binary(bytes("00 00 01 06 06 35 746573743a37 62696e617279 01")));
      socket.write(WebSocketFrame.text("[\"3\",\"6\",\"test:7\",\"echo\",{}]"));
      assertEquals(
          "[\"3\",\"6\",\"test:7\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          socket.read().text());
    }
  }

  @Test
  void aBinaryLeaveIsHonouredAndAnsweredInText() { // B-11; phx_leave = 7068785f6c65617665
    try (var socket = joined()) {
      socket.write(
          WebSocketFrame.binary(bytes("00 01 01 06 09 33 35 746573743a37 7068785f6c65617665")));
      assertEquals(
          "[\"3\",\"5\",\"test:7\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          socket.read().text());
      assertEquals("[\"3\",\"3\",\"test:7\",\"phx_close\",{}]", socket.read().text());
    }
  }

  @Test
  void aBinaryHeartbeatIsAnsweredInText() { // B-11; "phoenix" and "heartbeat"
    try (var socket = server.rawSocket()) {
      socket.write(
          WebSocketFrame.binary(bytes("00 00 01 07 09 35 70686f656e6978 686561727462656174")));
      assertEquals(
          "[null,\"5\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          socket.read().text());
    }
  }

  @Test
  void aBinaryJoinPassesItsBytes() { // B-11; "phx_join"
    try (var socket = server.rawSocket()) {
      socket.write(
          WebSocketFrame.binary(bytes("00 01 01 06 08 33 33 746573743a37 7068785f6a6f696e dead")));
      assertEquals(
          "[\"3\",\"3\",\"test:7\",\"phx_reply\",{\"status\":\"ok\",\"response\":{\"joined\":\"test:7\"}}]",
          socket.read().text());
    }
  }

  @Test
  void theFormOfAReplyFollowsItsPayload() { // B-12
    try (var socket = joined()) {
      // bare_reply = 626172655f7265706c79, asked in binary, answered with {}
      socket.write(
          WebSocketFrame.binary(
              bytes("00 01 01 06 0a 33 35 746573743a37 626172655f7265706c79 01")));
      assertEquals(
          "[\"3\",\"5\",\"test:7\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          socket.read().text());
    }
  }

  @Test
  void malformedBinaryClosesTheConnection() { // B-13, ER-6, ER-7
    for (String malformed :
        List.of(
            "",
            "00",
            "00 00 00 00",
            "00 01 01 06 06 33 35",
            "00 ff ff ff ff",
            "01 01 01 06 02 33 35 746573743a37 6f6b",
            "02 06 01 746573743a37 65",
            "07 00 00 00 00",
            "00 01 00 01 01 80 74 65")) { // a join_ref that is not UTF-8
      try (var socket = server.rawSocket()) {
        socket.write(WebSocketFrame.binary(bytes(malformed)));
        assertEquals(1011, socket.readClose(), malformed);
      }
    }
  }

  @Test
  void allTwoHundredFiftySixOctetsPass() {
    var all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    try (var client = server.connect()) {
      client.join("test:all");
      BinaryNode response = (BinaryNode) client.call("test:all", "echo", all).response();
      assertArrayEquals(all, response.binaryValue());
    }
  }

  @Test
  void aBinaryBroadcastPassesByMembersOfVersion1() { // S-8, ER-30; nobody is harmed
    try (var ada = server.connect();
        var bob = PhoenixClient.connect(server.options().withVsn(Vsn.V1))) {
      ada.join("test:mixed");
      bob.join("test:mixed");

      ada.push("test:mixed", "binary_broadcast", new byte[] {1, 2});
      ada.push("test:mixed", "broadcast", Map.of("n", 1));

      assertEquals("binary_bcast", ada.next().event());
      assertEquals("bcast", ada.next().event());
      assertEquals("bcast", bob.next().event());
    }
  }

  @Test
  void aTopicTooLongForABinaryFrameIsThePublishersMistake() { // B-7, S-15; ours: nothing is sent
    String topic = "test:" + "x".repeat(300);
    try (var ada = server.connect()) {
      ada.join(topic);
      assertThrows(
          IllegalArgumentException.class,
          () -> server.broadcaster().broadcast(topic, "blob", new byte[] {1}));
      server.broadcaster().broadcast(topic, "news", Map.of("n", 1));
      assertEquals("news", ada.next().event());
    }
  }
}
