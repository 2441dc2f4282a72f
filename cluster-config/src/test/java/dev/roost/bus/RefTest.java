package dev.roost.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RefTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "3",
        "abc",
        "\"",
        "\\",
        "\"\\\"",
        "\b\f\n\r\t",
        "\u0000\u001f\u007f",
        "\\u0041",
        "\u00e9\u20ac\ud83d\ude00",
        "/",
      })
  void anyTextComesBackOutOfItsRef(String text) {
    Ref ref = Ref.ofText(text);
    assertTrue(ref.isText());
    assertEquals(text, ref.text());
    assertEquals(ref, Ref.ofText(text));
  }

  @Test
  void everyControlCharacterIsEscaped() {
    for (char c = 0; c < 0x20; c++) {
      assertEquals("\"\\u%04x\"".formatted((int) c), Ref.ofText(String.valueOf(c)).json());
    }
    assertEquals("\"\u007f\"", Ref.ofText("\u007f").json());
    assertEquals("\"\\\"\\\\/\"", Ref.ofText("\"\\/").json());
  }

  /** Every escape of JSON, not only those that ofText writes. */
  @Test
  void theTextOfAStringIsUnescaped() {
    assertEquals("\"\\/\b\f\n\r\t", new Ref("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"").text());
    assertEquals("A\u00e9\ud83d\ude00!", new Ref("\"\\u0041\\u00E9\\ud83d\\ude00!\"").text());
  }

  /** B-6. */
  @ParameterizedTest
  @ValueSource(strings = {"3", "-17", "1.5", "12345678901234567890", "true", "[1]", "{\"a\":1}"})
  void whatIsNoStringIsItsJsonText(String json) {
    Ref ref = new Ref(json);
    assertFalse(ref.isText());
    assertEquals(json, ref.text());
    assertEquals(json, new String(ref.utf8(), StandardCharsets.UTF_8));
  }

  /** type counts. */
  @ParameterizedTest
  @CsvSource({"1", "true", "null", "1.5"})
  void aStringNeverEqualsWhatItSpells(String text) {
    assertNotEquals(new Ref(text), Ref.ofText(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\"",
        "\"a",
        "\"\\\"",
        "\"a\"b\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u123\""
      })
  void whatIsNoJsonStringIsRefusedWhenMade(String json) {
    assertThrows(IllegalArgumentException.class, () -> new Ref(json));
  }

  @Test
  void theJsonTextIsUtf8() {
    assertEquals("\"\u00e9\"", new String(Ref.ofText("\u00e9").utf8(), StandardCharsets.UTF_8));
    assertEquals(4, Ref.ofText("\u00e9").utf8().length);
  }
}
