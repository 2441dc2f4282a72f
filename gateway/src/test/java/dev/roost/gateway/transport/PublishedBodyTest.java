package dev.roost.gateway.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PublishedBodyTest {

  private static List<String> read(String body, boolean batch) {
    var read = PublishedBody.read(body.getBytes(UTF_8), batch, 3);
    return assertInstanceOf(PublishedBody.Messages.class, read).messages().stream()
        .map(
            message ->
                message.binary()
                    ? HexFormat.of().formatHex(message.body())
                    : new String(message.body(), UTF_8))
        .toList();
  }

  @Test
  void withoutABatchTheWholeBodyIsOneMessage() {
    assertEquals(List.of("[1]\n[2]\n"), read("[1]\n[2]\n", false));
    assertEquals(List.of(""), read("", false));
  }

  @Test
  void aBatchIsReadLineByLine() {
    assertEquals(List.of("[1]", "[2]", "[3]"), read("[1]\n[2]\r\n[3]", true));
    assertEquals(List.of("[1]", "[2]"), read("\n\r\n[1]\n\n[2]\r\n\n", true));
    assertEquals(List.of("[ ]\r "), read("[ ]\r \n", true));
    assertEquals(List.of(), read("", true));
    assertEquals(List.of(), read("\n\n\n\n\n\n\n\n", true));
  }

  @Test
  void aLineWithoutABracketIsBase64() {
    assertEquals(List.of("00ff", "[1]"), read("AP8=\n[1]", true));
    assertEquals(List.of("00ff"), read("AP8", true));
  }

  @ParameterizedTest
  @CsvSource({"'[1]\n*\n[2]', 400", "' [1]', 400", "'A', 400", "'[1]\n[2]\n[3]\n[4]', 413"})
  void aBatchWithAFaultIsNotTakenAtAll(String body, int status) { // G-52, G-57
    assertEquals(
        new PublishedBody.Refused(status), PublishedBody.read(body.getBytes(UTF_8), true, 3));
  }
}
