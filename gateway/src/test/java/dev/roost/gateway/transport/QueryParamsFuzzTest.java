package dev.roost.gateway.transport;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Any query string: coverage-guided when fuzzed ({@code .ci/fuzz}), otherwise over the kept inputs.
 * Escapes are undone here a second time, by the JDK's strict decoder.
 */
class QueryParamsFuzzTest {

  private static final Pattern ESCAPE = Pattern.compile("%([0-9A-Fa-f]{2})");

  // A name has one key and at most 32 in brackets, and the object around all is one level more.
  private static final int MAX_DEPTH = 34;

  @DictionaryEntries({"vsn=2.0.0", "token=", "%2", "%C3%A4", "a[b][c]=", "[]", "&a[]=", "+"})
  @FuzzTest(maxDuration = "24h")
  void anyQueryIsParamsOrABadRequest(byte[] octets) {
    // What Netty hands on: each character an octet.
    String query = new String(octets, ISO_8859_1);
    Optional<JsonObject> params = QueryParams.decode(query);

    List<Optional<String>> texts = new ArrayList<>();
    Set<String> bases = new TreeSet<>();
    for (String pair : query.split("&", -1)) {
      if (!pair.isEmpty()) {
        String[] parts = pair.split("=", 2);
        Optional<String> name = unescape(parts[0]);
        texts.add(name);
        texts.add(parts.length == 2 ? unescape(parts[1]) : Optional.of(""));
        name.ifPresent(bases::add);
      }
    }
    assertEquals(texts.stream().allMatch(Optional::isPresent), params.isPresent());
    params.ifPresent(
        object -> {
          for (String name : object.fieldNames()) {
            assertTrue(
                bases.stream().anyMatch(base -> base.equals(name) || base.startsWith(name + "[")),
                () -> "nobody named " + name);
          }
          assertTrue(depth(object) <= MAX_DEPTH, "too deep");
          assertEquals(object, new JsonObject(object.encode()));
        });
  }

  private static Optional<String> unescape(String text) {
    String octets =
        ESCAPE
            .matcher(text.replace('+', ' '))
            .replaceAll(
                escape ->
                    Matcher.quoteReplacement(
                        String.valueOf((char) HexFormat.fromHexDigits(escape.group(1)))));
    try {
      return Optional.of(
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(octets.getBytes(ISO_8859_1)))
              .toString());
    } catch (CharacterCodingException noText) {
      return Optional.empty();
    }
  }

  private static int depth(Object value) {
    return switch (value) {
      case JsonObject object ->
          1 + object.stream().mapToInt(entry -> depth(entry.getValue())).max().orElse(0);
      case JsonArray array ->
          1 + array.stream().mapToInt(QueryParamsFuzzTest::depth).max().orElse(0);
      default -> 0;
    };
  }
}
