package dev.roost.channel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.bus.RawPayload;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PayloadTest {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  record Message(String body, int times) {}

  private static Payload json(String text) {
    return new Payload(RawPayload.jsonText(text), MAPPER);
  }

  private static Payload binary(int... octets) {
    var bytes = new byte[octets.length];
    for (int i = 0; i < octets.length; i++) {
      bytes[i] = (byte) octets[i];
    }
    return new Payload(RawPayload.binary(bytes), MAPPER);
  }

  @Test
  void jsonIsReadAsATree() {
    Payload payload = json("{\"a\":[1,\"é\",null]}");
    assertFalse(payload.isBinary());
    assertEquals("é", payload.tree().path("a").path(1).asText());
    assertTrue(json("null").tree().isNull());
  }

  @Test
  void jsonIsBoundToARecord() {
    assertEquals(new Message("hi", 2), json("{\"body\":\"hi\",\"times\":2}").as(Message.class));
  }

  @Test
  void binaryIsHandedOutAsACopy() {
    Payload payload = binary(1, 2);
    assertTrue(payload.isBinary());
    byte[] bytes = payload.binary();
    assertArrayEquals(new byte[] {1, 2}, bytes);
    bytes[0] = 9;
    assertArrayEquals(new byte[] {1, 2}, payload.binary());
  }

  @Test
  void whatIsOfTheOtherKindIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> json("{}").binary());
    assertThrows(IllegalArgumentException.class, () -> binary(1).tree());
    assertThrows(IllegalArgumentException.class, () -> binary(1).as(Message.class));
  }

  @Test
  void whatDoesNotFitIsRefusedWithoutQuotingIt() {
    for (String secret :
        List.of(
            "{\"body\":\"hi\",\"times\":\"secret\"}",
            "{\"body\":{\"secret\":1},\"times\":1}",
            "[\"secret\"]",
            "\"secret\"")) {
      var refused =
          assertThrows(IllegalArgumentException.class, () -> json(secret).as(Message.class));
      assertTrue(refused.getMessage().contains("Message"), refused.getMessage());
      assertFalse(refused.getMessage().contains("secret"), refused.getMessage());
      assertNull(refused.getCause(), "Jackson's message quotes the payload");
    }
  }

  @Test
  void nullIsNoValueOfAnyType() {
    for (Class<?> type :
        List.of(Message.class, int.class, JsonNode.class, Optional.class, Object.class)) {
      for (String text : List.of("null", " \t\r\n null ")) {
        var refused =
            assertThrows(IllegalArgumentException.class, () -> json(text).as(type), type::getName);
        assertEquals("expected a " + type.getSimpleName() + ", got null", refused.getMessage());
      }
    }
    assertEquals(0, json("0").as(int.class));
    assertTrue(json(" {} ").as(JsonNode.class).isObject());
  }

  @Test
  void textFormTellsKindAndSizeOnly() { // payloads stay out of logs
    assertFalse(json("{\"password\":\"secret\"}").toString().contains("secret"));
    assertFalse(binary(0x41, 0x42).toString().contains("AB"));
  }
}
