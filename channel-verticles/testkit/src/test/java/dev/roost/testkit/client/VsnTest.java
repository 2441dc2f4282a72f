package dev.roost.testkit.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The client's codec against the shapes of the specification, written out. */
class VsnTest {

  private static final JsonNode NULL = NullNode.instance;
  private static final JsonNode HI = JsonNodeFactory.instance.objectNode().put("txt", "hi");

  private static PhoenixMessage message(JsonNode joinRef, JsonNode ref, JsonNode payload) {
    return new PhoenixMessage(joinRef, ref, "lounge:7", "say", payload);
  }

  private static JsonNode text(String value) {
    return TextNode.valueOf(value);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  @Test
  void version2SendsAnArrayOfFive() { // S-10
    assertEquals(
        "[\"3\",\"4\",\"lounge:7\",\"say\",{\"txt\":\"hi\"}]",
        Vsn.V2.encode(message(text("3"), text("4"), HI)).text());
    assertEquals(
        "[null,5,\"lounge:7\",\"say\",null]",
        Vsn.V2.encode(message(NULL, IntNode.valueOf(5), NULL)).text());
  }

  @Test
  void version1SendsAnObject() { // S-1
    assertEquals(
        "{\"topic\":\"lounge:7\",\"event\":\"say\",\"payload\":{\"txt\":\"hi\"},\"ref\":\"4\"}",
        Vsn.V1.encode(message(NULL, text("4"), HI)).text());
    assertEquals(
        "{\"topic\":\"lounge:7\",\"event\":\"say\",\"payload\":null,\"ref\":null,\"join_ref\":\"3\"}",
        Vsn.V1.encode(message(text("3"), NULL, NULL)).text());
  }

  @Test
  void aBinaryMessageHasFourLengths() { // B-2
    var blob =
        new PhoenixMessage(
            text("3"), text("5"), "lounge:7", "blob", BinaryNode.valueOf(bytes("dead")));
    WebSocketFrame frame = Vsn.V2.encode(blob);
    assertEquals(WebSocketFrame.BINARY, frame.opcode());
    assertEquals(
        "00 01 01 08 04 33 35 6c6f756e67653a37 626c6f62 dead".replace(" ", ""),
        HexFormat.of().formatHex(frame.payload()));
    assertThrows(IllegalArgumentException.class, () -> Vsn.V1.encode(blob));
  }

  @Test
  void binaryFromTheServerHasLayoutsOfItsOwn() { // B-3 to B-5
    BinaryNode dead = BinaryNode.valueOf(bytes("dead"));
    assertEquals(
        new PhoenixMessage(text("3"), NULL, "lounge:7", "blob", dead),
        Vsn.V2.decodeBinary(bytes("00 01 08 04 33 6c6f756e67653a37 626c6f62 dead")));
    assertEquals(
        new PhoenixMessage(NULL, NULL, "lounge:7", "blob", dead),
        Vsn.V2.decodeBinary(bytes("02 08 04 6c6f756e67653a37 626c6f62 dead")));
    var reply = Vsn.V2.decodeBinary(bytes("01 01 01 08 02 33 35 6c6f756e67653a37 6f6b dead"));
    assertEquals("phx_reply", reply.event());
    assertEquals("ok", reply.status());
    assertEquals(dead, reply.response());
    assertEquals(text("5"), reply.ref());
  }

  @Test
  void textFromTheServerIsChecked() { // S-4, S-12
    assertEquals(
        new PhoenixMessage(text("3"), NULL, "lounge:7", "say", HI),
        Vsn.V2.decodeText("[\"3\",null,\"lounge:7\",\"say\",{\"txt\":\"hi\"}]"));
    assertEquals(
        new PhoenixMessage(NULL, NULL, "lounge:7", "say", HI),
        Vsn.V1.decodeText(
            "{\"topic\":\"lounge:7\",\"event\":\"say\",\"payload\":{\"txt\":\"hi\"},\"ref\":null}"));
    for (String wrong :
        List.of("[1,2,\"t\",\"e\"]", "[1,2,\"t\",\"e\",{},1]", "{}", "[1,2,3,4,5]")) {
      assertThrows(AssertionError.class, () -> Vsn.V2.decodeText(wrong));
    }
    for (String wrong :
        List.of(
            "[]",
            "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{}}",
            "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":1,\"join_ref\":1}")) {
      assertThrows(AssertionError.class, () -> Vsn.V1.decodeText(wrong));
    }
  }
}
