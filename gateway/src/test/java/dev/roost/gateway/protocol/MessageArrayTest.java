package dev.roost.gateway.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.json.JsonArray;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessageArrayTest {

  private static Frame text(String body) {
    return new Frame(false, body.getBytes(UTF_8));
  }

  @Test
  void messagesAreStringsInAnArray() {
    assertEquals(
        "[\"[\\\"1\\\",null]\",\"{}\"]",
        new String(MessageArray.of(List.of(text("[\"1\",null]"), text("{}"))).bytes(), UTF_8));
    assertEquals(MessageArray.NONE, MessageArray.of(List.of()));
  }

  @Test
  void everyCharacterComesBack() {
    var every = new StringBuilder("\u00e9\u20ac\ud83d\ude00\u007f");
    for (char c = 0; c < 0x80; c++) {
      every.append(c);
    }
    Frame frame = text(every.toString());
    byte[] array = MessageArray.of(List.of(frame)).bytes();
    assertEquals(JsonArray.of(every.toString()), new JsonArray(new String(array, UTF_8)));
    // Two brackets, no comma.
    assertEquals(array.length + 1 - 2, MessageArray.size(frame));
  }
}
