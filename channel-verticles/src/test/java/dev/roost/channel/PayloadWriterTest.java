package dev.roost.channel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.roost.application.Application;
import dev.roost.bus.RawPayload;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PayloadWriterTest {

  private final PayloadWriter writer = new PayloadWriter(Application.named("app").mapper());

  record Message(String body, int times) {}

  private String text(Object value) {
    return new String(writer.write(value).bytes(), StandardCharsets.UTF_8);
  }

  @Test
  void recordsMapsTreesAndNullAreWrittenAsJson() {
    assertEquals("{\"body\":\"é\",\"times\":2}", text(new Message("é", 2)));
    assertEquals("{\"a\":1}", text(Map.of("a", 1)));
    assertEquals("{}", text(Map.of()));
    assertEquals("{\"a\":true}", text(JsonNodeFactory.instance.objectNode().put("a", true)));
    assertEquals("[1,null]", text(Arrays.asList(1, null)));
    assertEquals("\"x\"", text("x"));
    assertEquals("null", text(null));
  }

  @Test
  void vertxOwnJsonIsWrittenAsWhatItIs() {
    assertEquals("{\"a\":[1]}", text(new JsonObject().put("a", new JsonArray().add(1))));
    assertEquals("[{\"a\":1}]", text(new JsonArray().add(new JsonObject().put("a", 1))));
    assertEquals("{\"json\":{\"a\":1}}", text(Map.of("json", new JsonObject().put("a", 1))));
    assertEquals(
        "{\"at\":\"2026-01-02T03:04:05Z\"}",
        text(new JsonObject().put("at", Instant.parse("2026-01-02T03:04:05Z"))));
    assertTrue(writer.writeObject(new JsonObject()).isObjectOrBinary());
  }

  @Test
  void bytesAndBuffersAreBinary() {
    byte[] bytes = {1, 2};
    RawPayload raw = writer.write(bytes);
    assertTrue(raw.isBinary());
    bytes[0] = 9;
    assertArrayEquals(new byte[] {1, 2}, raw.bytes(), "a copy");

    RawPayload buffer = writer.writeObject(Buffer.buffer(new byte[] {3}));
    assertTrue(buffer.isBinary());
    assertArrayEquals(new byte[] {3}, buffer.bytes());
  }

  @Test
  void aPayloadIsHandedOnAsItCame() {
    var raw = RawPayload.jsonText("{ \"a\" : 1.0 }");
    assertSame(raw, writer.write(new Payload(raw, Application.named("app").mapper())));
  }

  @Test
  void whatCannotBeWrittenIsRefusedByName() { // F-2, Y-7
    var refused =
        assertThrows(IllegalArgumentException.class, () -> writer.write(Map.of("a", new Object())));
    assertTrue(refused.getMessage().contains("Map"), refused.getMessage());
    refused = assertThrows(IllegalArgumentException.class, () -> writer.write(new Object()));
    assertTrue(refused.getMessage().contains("java.lang.Object"), refused.getMessage());
  }

  @Test
  void aPushOrBroadcastOfSomethingElseThanAnObjectSaysWhatToDo() { // S-15
    for (Object value :
        new Object[] {List.of(1), "text", 1, true, TextNode.valueOf("x"), new JsonArray()}) {
      var refused = assertThrows(IllegalArgumentException.class, () -> writer.writeObject(value));
      assertTrue(refused.getMessage().contains(value.getClass().getName()), refused.getMessage());
      assertTrue(refused.getMessage().contains("Map.of("), refused.getMessage());
    }
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> writer.writeObject(null))
            .getMessage()
            .contains("null"));
  }

  @Test
  void aPayloadOverTheContractsBoundIsRefused() {
    var large = new byte[16 * 1024 * 1024 + 1];
    assertThrows(IllegalArgumentException.class, () -> writer.write(large));
  }
}
