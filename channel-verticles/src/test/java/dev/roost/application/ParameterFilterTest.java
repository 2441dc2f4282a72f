package dev.roost.application;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** */
class ParameterFilterTest {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private static String show(ParameterFilter filter, String json) {
    return filter.show(json.getBytes(StandardCharsets.UTF_8), MAPPER);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"password\":\"a\",\"name\":\"b\"} | {\"password\":\"[FILTERED]\",\"name\":\"b\"}",
        "{\"old_password_2\":1}               | {\"old_password_2\":\"[FILTERED]\"}",
        "{\"Password\":\"a\"}                 | {\"Password\":\"a\"}",
        "{\"userToken\":\"a\"}                | {\"userToken\":\"a\"}",
        "{\"user_token\":{\"a\":1}}           | {\"user_token\":\"[FILTERED]\"}",
        "{\"a\":[{\"token\":null},2]}         | {\"a\":[{\"token\":\"[FILTERED]\"},2]}",
        "{\"body\":\"x=1&password=secret\"}   | {\"body\":\"[FILTERED]\"}",
        "[\"token=x\",\"token\"]              | [\"[FILTERED]\",\"token\"]",
        "\"text\"                             | \"text\"",
        "7                                    | 7",
      })
  void valuesAreHiddenByThePartsOfTheirNames(String json, String shown) {
    assertEquals(shown, show(ParameterFilter.defaults(), json));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"id\":1,\"name\":\"b\"}       | {\"id\":1,\"name\":\"[FILTERED]\"}",
        "{\"id\":{\"password\":\"a\"}}   | {\"id\":{\"password\":\"a\"}}",
        "{\"ids\":1}                     | {\"ids\":\"[FILTERED]\"}",
        "{\"a\":[{\"id\":1,\"b\":2},3]}  |"
            + " {\"a\":[{\"id\":1,\"b\":\"[FILTERED]\"},\"[FILTERED]\"]}",
        "\"text\"                        | \"[FILTERED]\"",
      })
  void orOnlyThoseOfTheseNamesAreShown(String json, String shown) {
    assertEquals(shown, show(ParameterFilter.keep("id"), json));
  }

  @Test
  void theValueItselfStaysAsItIs() throws Exception {
    var value = MAPPER.readTree("{\"a\":{\"password\":\"b\"}}");
    var before = value.deepCopy();
    ParameterFilter.defaults().filter(value);
    assertEquals(before, value);
  }

  @Test
  void aLineStaysALine() {
    String shown = show(ParameterFilter.defaults(), "{\"a\":\"" + "x".repeat(5_000) + "\\n\"}");
    assertTrue(shown.length() < 1_100, shown);
    assertTrue(shown.endsWith("..."), shown);
    assertEquals("json[1 bytes]", show(ParameterFilter.defaults(), "{"));
  }

  @Test
  void anEmptyWordWouldHideEverything() {
    var wrong =
        assertThrows(IllegalArgumentException.class, () -> ParameterFilter.discard("a", ""));
    assertEquals("a word of a filter has a letter or more, got an empty one", wrong.getMessage());
  }
}
