package dev.roost.gateway.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.gateway.protocol.JacksonJudge.Verdict;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonScannerTest {

  /** Valid, and each for a reason of its own. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        // arrays
        "[]",
        "[[]]",
        "[ ]",
        "[1,null,true,false,\"\",{},[]]",
        " [1] ",
        "[1 , 2]",
        "[1\n,\r2\t]",
        "[[[[[[[[[[1]]]]]]]]]]",
        // objects
        "{}",
        "{ }",
        "{\"\":0}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":[{\"c\":null}]}}",
        "{\"a\" : \"b\" , \"c\" : \"d\"}",
        "{\"a\\u0000b\":1}",
        // numbers
        "0",
        "-0",
        "1",
        "-1",
        "123456789012345678901234567890123456789012345678901234567890",
        "0.0",
        "-0.0",
        "1.5",
        "0e1",
        "0e+1",
        "0E-1",
        "1e1",
        "1E+2",
        "1.5e-3",
        "1.7976931348623157e308",
        "-1.7976931348623157e308",
        "4.9e-324",
        "1e-999",
        // strings
        "\"\"",
        "\"a\"",
        "\" \"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\"",
        "\"\\u00e9\\u00E9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\uD83D\\uDE00\\uD83D\\uDE00\"",
        "\"\\uffff\"",
        "\"\u00e9\u20ac\ud83d\ude00\"",
        "\"\u007f\"",
        "\"\u2028\u2029\"",
        "\"\ufeff\"",
        "\"// no comment\"",
        "\"\\\\u0000\"",
        // literals and the space around
        "true",
        "false",
        "null",
        " null",
        "null ",
        "\t\r\n null \t\r\n",
      })
  void strictJsonIsAccepted(String text) {
    assertTrue(accepts(text), text);
    assertEquals(Verdict.JSON, jackson(text), "Jackson agrees");
  }

  /** Not JSON, though some parser somewhere takes each of them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        // arrays
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[,]",
        "[1,,2]",
        "[1 2]",
        "[1:2]",
        "[\"a\",\n4\n,1,",
        "[1]]",
        "[1}",
        "[\"a\"",
        "[*]",
        "[<null>]",
        // objects
        "{",
        "}",
        "{]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{\"a\",1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\"::1}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{null:1}",
        "{\"a\":1}}",
        "{\"a\":1]",
        "{\"a\":1}#",
        "{\"a\":1}/**/",
        "{\"a\":/*c*/1}",
        // numbers
        "-",
        "+1",
        "--1",
        "01",
        "-01",
        "00",
        "1.",
        ".1",
        "-.1",
        "1.e1",
        "1e",
        "1e+",
        "1e1.5",
        "1E",
        "0x1",
        "1_000",
        "1a",
        "1 000",
        "Infinity",
        "-Infinity",
        "NaN",
        "-a",
        "\uff11",
        // strings
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\",
        "\"\\a\"",
        "\"\\'\"",
        "\"\\0\"",
        "\"\\x00\"",
        "\"\\u\"",
        "\"\\u0\"",
        "\"\\u00\"",
        "\"\\u000\"",
        "\"\\u000g\"",
        "\"\\u-001\"",
        "\"\\U0000\"",
        "\"\\u\uff11\uff11\uff11\uff11\"",
        "\"\n\"",
        "\"\t\"",
        "\"\u0000\"",
        "\"\u001f\"",
        "'a'",
        "a",
        "\"a\"\"b\"",
        "\"a\" \"b\"",
        // literals
        "tru",
        "truE",
        "True",
        "truex",
        "nul",
        "nullnull",
        "falsee",
        "undefined",
        // around it
        "\ufeff1",
        "\ufeff[]",
        "1\u0000",
        "[]\u0000",
        "\u000b1",
        "\u00a01",
        "1\f",
        "1;",
        "// c\n1",
        "1 1",
        "[][]",
      })
  void anythingElseIsRefused(String text) {
    assertRefused(text);
    assertEquals(Verdict.NO_JSON, jackson(text), "Jackson agrees");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"\\ud800\"",
        "\"\\udfff\"",
        "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\n\"",
        "\"\\ud83d\\ud83d\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ude00\\ud83d\"",
        "\"\\ud83d\\ude00\\ude00\"",
      })
  void aLoneSurrogateEscapeIsRefused(String text) {
    assertRefused(text);
    assertEquals(Verdict.LONE_SURROGATE, jackson(text), "Jackson takes it");
  }

  @Test
  void aLoneSurrogateEscapeIsRefusedInANameToo() {
    assertRefused("{\"\\ud83d\":1}");
    assertRefused("{\"\\ude00\\ud83d\":1}");
    assertTrue(accepts("{\"\\ud83d\\ude00\":1}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e309", "-1e309", "1.8e308", "1E400", "[1.0e999]", "123456789e301"})
  void aFloatingPointNumberBeyondADoubleIsRefused(String text) {
    assertRefused(text);
    assertEquals(Verdict.BEYOND_DOUBLE, jackson(text), "Jackson takes it");
  }

  @Test
  void anIntegerMayHaveAnyNumberOfDigits() {
    assertTrue(accepts("9".repeat(100_000)));
    assertTrue(accepts("-" + "9".repeat(400)));
  }

  @Test
  void aFractionMayHaveAThousandCharacters() {
    assertTrue(accepts("0." + "1".repeat(998)));
    assertRefused("0." + "1".repeat(999));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"a\":", "[{\"a\":"})
  void nestingEndsAtItsLimit(String opening) {
    int levels = opening.equals("[{\"a\":") ? 2 : 1;
    String atLimit = nested(opening, JsonScanner.MAX_DEPTH / levels, "1");
    assertTrue(accepts(atLimit));
    assertRefused(nested(opening, JsonScanner.MAX_DEPTH / levels + 1, "1"));
    assertRefused(nested(opening, JsonScanner.MAX_DEPTH / levels, "[]"), "an empty array too");
    assertRefused(nested(opening, JsonScanner.MAX_DEPTH / levels, "{}"), "an empty object too");
    assertTrue(accepts("[" + nested(opening, JsonScanner.MAX_DEPTH / levels - 1, "1") + ",2]"));
  }

  @Test
  void depthCostsNoStack() {
    assertRefused("[".repeat(1_000_000));
    assertRefused("{\"a\":".repeat(1_000_000));
  }

  @Test
  void siblingsDoNotAddToTheDepth() {
    assertTrue(accepts("[" + "[[[1]]],".repeat(10_000) + "{}]"));
  }

  private static String nested(String opening, int times, String inner) {
    String closing = opening.replace("{\"a\":", "}").replace("[", "]");
    return opening.repeat(times)
        + inner
        + new StringBuilder(closing).reverse().toString().repeat(times);
  }

  @Test
  void aSkippedValueEndsWhereTheNextThingBegins() {
    var scanner = new JsonScanner(" [1, {\"a\": \"]\"}] , \"x\\n\" , 12 ]".getBytes(UTF_8));
    assertEquals('[', scanner.peek());
    assertEquals(1, scanner.position());
    scanner.skipValue();
    assertEquals(16, scanner.position());
    scanner.expect(',');
    assertEquals("x\n", scanner.string());
    scanner.expect(',');
    scanner.skipValue();
    assertEquals(29, scanner.position());
    scanner.expect(']');
    assertEquals(-1, scanner.peek());
    scanner.expectEnd();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "plain",
        "\u00e9\u20ac\ud83d\ude00",
        "\"\\/\b\f\n\r\t",
        "\u0000\u001f\u007f",
        "\\u0041",
        "mixed \u00e9 and \n and \ud83d\ude00 and \\",
      })
  void aStringIsUnescaped(String text) {
    var everyCharacterEscaped = new StringBuilder("\"");
    var necessaryOnly = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      everyCharacterEscaped.append("\\u%04x".formatted((int) c));
      necessaryOnly.append(
          c < 0x20 || c == '"' || c == '\\' ? "\\u%04X".formatted((int) c) : String.valueOf(c));
    }
    assertEquals(text, string(everyCharacterEscaped.append('"').toString()));
    assertEquals(text, string(necessaryOnly.append('"').toString()));
  }

  @Test
  void theShortEscapesAreUnescaped() {
    assertEquals("\"\\/\b\f\n\r\t", string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""));
  }

  @Test
  void theMessageOfARefusalSaysWhatWasExpectedAndWhereWithoutQuotingThePayload() {
    var refusal =
        assertThrows(ProtocolException.class, () -> new JsonScanner(bytes("{x}")).skipValue());
    assertEquals("expected a name at octet 1, got octet 0x78", refusal.getMessage());
    assertEquals(1011, refusal.closeCode());
  }

  /* ---- differential, against Jackson */

  @Test
  void allShortTextsAreJudgedAsByJackson() {
    char[] alphabet =
        "[]{}:,\"\\/0123456789+-.eEtrufalsn \t\r\nxXb\u0000\u001f\u00e9".toCharArray();
    for (char a : alphabet) {
      assertSameVerdict(String.valueOf(a));
      for (char b : alphabet) {
        assertSameVerdict("" + a + b);
        for (char c : alphabet) {
          assertSameVerdict("" + a + b + c);
        }
      }
    }
  }

  @Test
  void generatedTextsAreJudgedAsByJackson() {
    var random = new Random(20_261_124);
    var verdicts = new EnumMap<Verdict, Integer>(Verdict.class);
    for (int i = 0; i < 60_000; i++) {
      var text = new StringBuilder();
      value(random, text, 5);
      for (int edits = random.nextInt(4); edits > 0; edits--) {
        edit(random, text);
      }
      verdicts.merge(assertSameVerdict(text.toString()), 1, Integer::sum);
    }
    for (Verdict verdict : new Verdict[] {Verdict.JSON, Verdict.NO_JSON}) {
      assertTrue(verdicts.getOrDefault(verdict, 0) > 10_000, "the corpus has enough: " + verdicts);
    }
    for (Verdict verdict : new Verdict[] {Verdict.LONE_SURROGATE, Verdict.BEYOND_DOUBLE}) {
      assertTrue(verdicts.getOrDefault(verdict, 0) > 100, "the corpus has enough: " + verdicts);
    }
  }

  private static Verdict assertSameVerdict(String text) {
    Verdict verdict = jackson(text);
    assertEquals(verdict == Verdict.JSON, accepts(text), () -> verdict + ": " + text);
    return verdict;
  }

  private static void value(Random random, StringBuilder out, int depth) {
    switch (random.nextInt(depth > 0 ? 8 : 6)) {
      case 0 -> out.append(random.nextBoolean() ? "true" : "false");
      case 1 -> out.append("null");
      case 2 -> out.append(random.nextInt(2_000) - 1_000);
      case 3 -> out.append(fraction(random));
      case 4, 5 -> string(random, out);
      case 6 -> members(random, out, depth, '[', ']');
      default -> members(random, out, depth, '{', '}');
    }
    space(random, out);
  }

  private static void members(Random random, StringBuilder out, int depth, char open, char close) {
    out.append(open);
    space(random, out);
    for (int i = 0, count = random.nextInt(4); i < count; i++) {
      if (i > 0) {
        out.append(',');
        space(random, out);
      }
      if (open == '{') {
        string(random, out);
        space(random, out);
        out.append(':');
        space(random, out);
      }
      value(random, out, depth - 1);
    }
    out.append(close);
  }

  private static String fraction(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> Double.toString(random.nextGaussian());
      case 1 -> random.nextInt(100) + "e" + (random.nextInt(640) - 320);
      case 2 -> "-" + random.nextInt(10) + "." + random.nextInt(100) + "E+" + random.nextInt(320);
      default -> Double.toString(Double.longBitsToDouble(random.nextLong())).replace("NaN", "0");
    };
  }

  private static void string(Random random, StringBuilder out) {
    out.append('"');
    for (int i = 0, length = random.nextInt(5); i < length; i++) {
      switch (random.nextInt(8)) {
        case 0 -> out.append("\\u%04x".formatted(random.nextInt(0x10000)));
        case 1 -> out.append("\\ud83d\\ude%02x".formatted(random.nextInt(256)));
        case 2 -> out.append('\\').append("\"\\/bfnrtu".charAt(random.nextInt(9)));
        case 3 -> out.appendCodePoint("\u00e9\u20ac\ud83d\ude00".codePointAt(random.nextInt(3)));
        default -> out.append((char) (' ' + 2 + random.nextInt(90)));
      }
    }
    out.append('"');
  }

  private static void space(Random random, StringBuilder out) {
    if (random.nextInt(8) == 0) {
      out.append(" \t\r\n".charAt(random.nextInt(4)));
    }
  }

  private static void edit(Random random, StringBuilder text) {
    String others = "[]{}:,\"\\0123456789+-.eEnu \u0000\u00e9";
    int at = random.nextInt(text.length() + 1);
    if (at > 0 && Character.isHighSurrogate(text.charAt(at - 1))) {
      return;
    }
    char c = others.charAt(random.nextInt(others.length()));
    switch (random.nextInt(3)) {
      case 0 -> text.insert(at, c);
      case 1 -> {
        if (at < text.length() && !Character.isSurrogate(text.charAt(at))) {
          text.setCharAt(at, c);
        }
      }
      default -> {
        if (at < text.length() && !Character.isSurrogate(text.charAt(at))) {
          text.deleteCharAt(at);
        }
      }
    }
  }

  /* ---- */

  private static boolean accepts(String text) {
    var scanner = new JsonScanner(bytes(text));
    try {
      scanner.skipValue();
      scanner.expectEnd();
      return true;
    } catch (ProtocolException e) {
      return false;
    }
  }

  private static void assertRefused(String text) {
    assertRefused(text, text);
  }

  private static void assertRefused(String text, String message) {
    assertTrue(!accepts(text), message.substring(0, Math.min(80, message.length())));
  }

  private static Verdict jackson(String text) {
    return JacksonJudge.judge(text, JsonScanner.MAX_DEPTH).verdict();
  }

  private static String string(String json) {
    var scanner = new JsonScanner(bytes(json));
    String text = scanner.string();
    scanner.expectEnd();
    return text;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  /** The verdicts differ in nothing but what the class says it is stricter in. */
  @Test
  void theDocumentedDifferencesAreAllThereAre() {
    Map<Verdict, String> examples =
        Map.of(
            Verdict.LONE_SURROGATE,
            "\"\\ud800\"",
            Verdict.BEYOND_DOUBLE,
            "1e999",
            Verdict.LONG_FRACTION,
            "0." + "1".repeat(999),
            Verdict.TOO_DEEP,
            "[".repeat(513) + "]".repeat(513));
    assertEquals(Verdict.values().length - 2, examples.size());
    examples.forEach(
        (verdict, text) -> {
          assertEquals(verdict, jackson(text));
          assertRefused(text);
        });
  }
}
