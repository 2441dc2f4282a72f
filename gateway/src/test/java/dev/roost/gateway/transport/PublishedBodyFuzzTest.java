package dev.roost.gateway.transport;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.protocol.MessageArray;
import dev.roost.gateway.protocol.ProtocolException;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.protocol.Utf8;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a long-poll client posts, whatever it is: coverage-guided when fuzzed ({@code .ci/fuzz}),
 * otherwise over the kept inputs. How a body is split is decided here a second time, by hand.
 */
class PublishedBodyFuzzTest {

  private static final int MAX_LINES = 5;
  private static final Pattern BASE64 =
      Pattern.compile(
          "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?", Pattern.DOTALL);

  @DictionaryEntries({
    "\\x0d\\x0a",
    "\\x0a",
    "[\"1\",\"1\",\"t\",\"phx_join\",{}]",
    "AAEBAQE=",
    "=="
  })
  @FuzzTest(maxDuration = "24h")
  void anyBodyIsMessagesOrAStatus(byte[] body) {
    var whole = (PublishedBody.Messages) PublishedBody.read(body, false, MAX_LINES);
    assertEquals(1, whole.messages().size());
    assertArrayEquals(body, whole.messages().get(0).body());

    switch (PublishedBody.read(body, true, MAX_LINES)) {
      case PublishedBody.Refused(var status) -> assertEquals(expectedStatus(body), status);
      case PublishedBody.Messages(var messages) -> {
        assertEquals(0, expectedStatus(body));
        List<String> lines = lines(body);
        assertEquals(lines.size(), messages.size());
        for (int i = 0; i < lines.size(); i++) {
          checkLine(lines.get(i), messages.get(i));
        }
        checkArray(messages);
      }
    }
  }

  private static List<String> lines(byte[] body) {
    var lines = new ArrayList<String>();
    for (String line : new String(body, ISO_8859_1).split("\n", -1)) {
      String bare = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
      if (!bare.isEmpty()) {
        lines.add(bare);
      }
    }
    return lines;
  }

  private static int expectedStatus(byte[] body) {
    List<String> lines = lines(body);
    for (int i = 0; i < lines.size(); i++) {
      if (i == MAX_LINES) {
        return PublishedBody.TOO_LARGE;
      }
      if (!lines.get(i).startsWith("[") && !BASE64.matcher(lines.get(i)).matches()) {
        return PublishedBody.BAD_REQUEST;
      }
    }
    return 0;
  }

  private static void checkLine(String line, PublishedBody.Message message) {
    assertEquals(!line.startsWith("["), message.binary());
    if (message.binary()) {
      int digits = line.replace("=", "").length();
      assertEquals(digits * 6 / 8, message.body().length);
    } else {
      assertArrayEquals(line.getBytes(ISO_8859_1), message.body());
    }
    for (Serializer serializer : Serializer.ALL) {
      try {
        var unused =
            message.binary()
                ? serializer.decodeBinary(message.body())
                : serializer.decodeText(message.body());
      } catch (ProtocolException foreseen) {
        // Ends the session, and nothing else.
      }
    }
  }

  /** What was text is a JSON array of the same texts for whoever polls. */
  private static void checkArray(List<PublishedBody.Message> messages) {
    List<byte[]> texts =
        messages.stream().map(PublishedBody.Message::body).filter(Utf8::isValid).toList();
    byte[] written =
        MessageArray.of(texts.stream().map(text -> new Frame(false, text)).toList()).bytes();
    var array = new JsonArray(Buffer.buffer(written));
    assertEquals(texts.size(), array.size());
    for (int i = 0; i < texts.size(); i++) {
      assertEquals(new String(texts.get(i), StandardCharsets.UTF_8), array.getString(i));
    }
  }
}
