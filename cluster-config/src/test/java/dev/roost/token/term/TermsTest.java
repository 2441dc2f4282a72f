package dev.roost.token.term;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TermsTest {

  private static final HexFormat HEX = HexFormat.of();

  /** Field by field, every tag of K-31; true where K-37 wants it written so. */
  static Stream<Arguments> terms() {
    return Stream.of(
        term("61 00", 0L, true),
        term("61 ff", 255L, true),
        term("62 00000100", 256L, true),
        term("62 ffffffff", -1L, true),
        term("62 7fffffff", 2147483647L, true),
        term("62 80000000", -2147483648L, true),
        term("62 00000007", 7L, false),
        term("6e 04 00 00000080", 2147483648L, true),
        term("6e 04 01 01000080", -2147483649L, true),
        term("6e 06 01 000000000001", -1099511627776L, true),
        term("6e 08 00 ffffffffffffff7f", Long.MAX_VALUE, true),
        term("6e 08 01 0000000000000080", Long.MIN_VALUE, true),
        term("6e 08 00 0000000000000080", BigInteger.TWO.pow(63), true),
        term(
            "6e 08 01 0100000000000080",
            BigInteger.TWO.pow(63).negate().subtract(BigInteger.ONE),
            true),
        term("6e 09 00 000000000000000001", BigInteger.TWO.pow(64), true),
        term("6e 02 00 0100", 1L, false),
        term("6e 00 01", 0L, false),
        term("6f 00000001 01 05", -5L, false),
        term("6f 00000100 00" + " 00".repeat(255) + "01", BigInteger.TWO.pow(2040), true),
        term("46 3ff8000000000000", 1.5, true),
        term("46 8000000000000000", -0.0, true),
        term("64 0005 61646d696e", new Symbol("admin"), false),
        term("73 05 61646d696e", new Symbol("admin"), false),
        term("64 0001 e9", new Symbol("é"), false),
        term("76 0002 c3a9", new Symbol("é"), false),
        term("77 02 c3a9", new Symbol("é"), true),
        term("77 00", new Symbol(""), true),
        term("76 01fe" + " c3a9".repeat(255), new Symbol("é".repeat(255)), true),
        term("64 0003 6e696c", null, false),
        term("77 03 6e696c", null, true),
        term("77 04 74727565", true, true),
        term("77 05 66616c7365", false, true),
        term("73 05 66616c7365", false, false),
        term("68 00", Tuple.of(), true),
        term("68 02 77 04 75736572 61 07", Tuple.of(new Symbol("user"), 7L), true),
        term("69 00000001 61 07", Tuple.of(7L), false),
        term("69 00000100" + " 61 07".repeat(256), new Tuple(Collections.nCopies(256, 7L)), true),
        term("6a", List.of(), true),
        term("6b 0003 010203", List.of(1L, 2L, 3L), false),
        term("6b 0001 ff", List.of(255L), false),
        term("6c 00000002 6d 00000001 61 61 01 6a", List.of("a", 1L), true),
        term("6c 00000001 77 03 6e696c 6a", Collections.singletonList(null), true),
        term("6d 00000000", "", true),
        term("6d 00000003 e282ac", "€", true),
        term("6d 00000004 f09f9880", "😀", true),
        term("74 00000000", Map.of(), true),
        term("74 00000001 6d 00000002 6964 61 07", Map.of("id", 7L), true),
        term("74 00000001 77 02 6964 61 07", Map.of(new Symbol("id"), 7L), true),
        term("74 00000001 77 03 6e696c 77 03 6e696c", Collections.singletonMap(null, null), true));
  }

  private static Arguments term(String hex, Object value, boolean written) {
    return Arguments.of(hex, value, written);
  }

  @ParameterizedTest
  @MethodSource("terms")
  void aTermIsReadAsItsValue(String hex, Object value, boolean written) {
    assertEquals(value, Terms.decode(bytes("83" + hex)));
  }

  @ParameterizedTest
  @MethodSource("terms")
  void aValueIsWrittenAsEveryPhoenixReadsIt(String hex, Object value, boolean written) {
    byte[] bytes = Terms.encode(value);

    assertEquals(value, Terms.decode(bytes));
    if (written) {
      assertEquals("83" + hex.replace(" ", ""), HEX.formatHex(bytes));
    }
  }

  @ParameterizedTest
  @MethodSource("terms")
  void aTermThatEndsEarlyOrGoesOnIsRefused(String hex, Object value, boolean written) {
    byte[] bytes = bytes("83" + hex);
    for (int length = 0; length < bytes.length; length++) {
      byte[] begun = Arrays.copyOf(bytes, length);
      assertThrows(TermException.class, () -> Terms.decode(begun));
    }
    byte[] more = Arrays.copyOf(bytes, bytes.length + 1);
    assertThrows(TermException.class, () -> Terms.decode(more));
  }

  @Test
  void aBinaryThatIsNotUnicodeIsBytes() {
    Object value = Terms.decode(bytes("83 6d 00000002 ff00"));

    assertArrayEquals(new byte[] {-1, 0}, assertInstanceOf(byte[].class, value));
    assertEquals("836d00000002ff00", HEX.formatHex(Terms.encode(value)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"c3", "eda080", "c080", "f4908080", "efbfbdff"})
  void whatOnlyLooksLikeUnicodeIsBytes(String hex) {
    byte[] content = bytes(hex);
    String length = HEX.toHexDigits(content.length);

    assertArrayEquals(content, (byte[]) Terms.decode(bytes("83 6d" + length + hex)));
  }

  @Test
  void aReplacementCharacterIsText() {
    assertEquals("\ufffd", Terms.decode(bytes("83 6d 00000003 efbfbd")));
  }

  @Test
  void bytesThatAreUnicodeComeBackAsText() {
    assertEquals("abc", Terms.decode(Terms.encode("abc".getBytes(UTF_8))));
  }

  @Test
  void narrowNumbersAreWrittenAsWideOnes() {
    assertEquals(7L, Terms.decode(Terms.encode((byte) 7)));
    assertEquals(-7L, Terms.decode(Terms.encode((short) -7)));
    assertEquals(70_000L, Terms.decode(Terms.encode(70_000)));
    assertEquals(7L, Terms.decode(Terms.encode(BigInteger.valueOf(7))));
    assertEquals(0.5, Terms.decode(Terms.encode(0.5f)));
  }

  @Test
  void aStructIsAMap() {
    assertEquals(
        Map.of(new Symbol("__struct__"), new Symbol("Elixir.Date"), new Symbol("year"), 2026L),
        Terms.decode(
            bytes(
                "83 74 00000002 77 0a 5f5f7374727563745f5f 77 0b 456c697869722e44617465"
                    + " 77 04 79656172 62 000007ea")));
  }

  @ParameterizedTest
  @CsvSource({
    "70, a function",
    "71, a function of a module",
    "75, an old function",
    "79, what one node can read",
    "58, a process",
    "67, an old process",
    "5a, a reference",
    "72, an old reference",
    "65, a very old reference",
    "59, a port",
    "66, an old port",
    "78, a new port",
    "4d, bits",
    "63, a float as text",
    "52, a cached atom",
    "50, compressed within",
    "83, a version within",
    "00, nothing"
  })
  void whatDataHasNotIsRefused(String tag, String what) {
    byte[] bytes = bytes("83" + tag + "00".repeat(64));

    var e = assertThrows(TermException.class, () -> Terms.decode(bytes), what);
    if (!tag.equals("50")) {
      assertTrue(e.getMessage().contains("tag " + Integer.parseInt(tag, 16)), e.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', no byte",
    "82 61 01, another version",
    "83, no term",
    "83 46 7ff0000000000000, infinite",
    "83 46 7ff8000000000000, not a number",
    "83 6e 01 02 05, a sign of 2",
    "83 6f ffffffff 00, an integer of 4 GiB",
    "83 6f 00000401 00, an integer of more than 1 KiB",
    "83 77 01 ff, a symbol that is not UTF-8",
    "83 6c 00000001 61 01 61 02, a list with a tail",
    "83 6c ffffffff 6a, a list of 4 Gi",
    "83 69 ffffffff 6a, a tuple of 4 Gi",
    "83 6d ffffffff 6a, a binary of 4 GiB",
    "83 74 ffffffff 6a 6a, a map of 4 Gi",
    "83 74 00000002 61 01 6a 61 01 6a, a key twice",
    "83 74 00000002 77 03 6e696c 6a 77 03 6e696c 6a, null as a key twice"
  })
  void whatIsNoTermIsRefused(String hex, String what) {
    byte[] bytes = bytes(hex);
    assertThrows(TermException.class, () -> Terms.decode(bytes), what);
  }

  @Test
  void aSymbolOfMoreThan255CharactersIsRefused() {
    byte[] bytes = bytes("83 64 0100" + "61".repeat(256));
    assertThrows(TermException.class, () -> Terms.decode(bytes));
    assertThrows(IllegalArgumentException.class, () -> new Symbol("a".repeat(256)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"nil", "true", "false"})
  void whatJavaHasAWordForIsNoSymbol(String name) {
    assertThrows(IllegalArgumentException.class, () -> new Symbol(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"6c 00000001", "68 01", "69 00000001", "74 00000001 61 01"})
  void termsNestAsDeepAsTheyMayAndNoDeeper(String container) {
    String end = container.startsWith("6c") ? "6a" : "";

    Terms.decode(bytes("83" + container.repeat(64) + "61 01" + end.repeat(64)));
    byte[] deeper = bytes("83" + container.repeat(65) + "61 01" + end.repeat(65));
    assertThrows(TermException.class, () -> Terms.decode(deeper));
    byte[] deepest = bytes("83" + container.repeat(20_000));
    assertThrows(TermException.class, () -> Terms.decode(deepest));
  }

  @Test
  void valuesNestAsDeepAsTheyMayAndNoDeeper() {
    Object value = 1L;
    for (int i = 0; i < Terms.MAX_DEPTH; i++) {
      value = List.of(value);
    }
    assertEquals(value, Terms.decode(Terms.encode(value)));
    Object deeper = Map.of("inner", value);
    assertThrows(IllegalArgumentException.class, () -> Terms.encode(deeper));
    assertThrows(IllegalArgumentException.class, () -> Terms.encode(Tuple.of(deeper)));
  }

  @Test
  void aListThatHoldsItselfIsRefused() {
    List<Object> list = new ArrayList<>();
    list.add(list);
    assertThrows(IllegalArgumentException.class, () -> Terms.encode(list));
  }

  @Test
  void valuesThatPhoenixHasNotAreRefusedByName() {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> Terms.encode(List.of(new BigDecimal("1.5"))));
    assertTrue(e.getMessage().endsWith("got java.math.BigDecimal"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Terms.encode(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> Terms.encode(Float.POSITIVE_INFINITY));
    assertThrows(IllegalArgumentException.class, () -> Terms.encode("\ud83d"));
    assertThrows(IllegalArgumentException.class, () -> Terms.encode(BigInteger.TWO.pow(8 * 1024)));
  }

  @Test
  void termsAreAsLargeAsTheyMayBeAndNoLarger() {
    byte[] largest = new byte[Terms.MAX_BYTES - 6];
    Arrays.fill(largest, (byte) 'a');

    assertEquals(new String(largest, UTF_8), Terms.decode(Terms.encode(largest)));
    byte[] larger = new byte[Terms.MAX_BYTES - 5];
    assertThrows(IllegalArgumentException.class, () -> Terms.encode(larger));
    byte[] term = new byte[Terms.MAX_BYTES + 1];
    term[0] = (byte) Terms.VERSION;
    assertThrows(TermException.class, () -> Terms.decode(term));
  }

  @Test
  void whatWasReadCannotBeChanged() {
    var list = (List<?>) Terms.decode(bytes("83 6b 0001 01"));
    var map = (Map<?, ?>) Terms.decode(bytes("83 74 00000001 61 01 61 02"));

    assertThrows(UnsupportedOperationException.class, list::removeFirst);
    assertThrows(UnsupportedOperationException.class, () -> map.remove(1L));
  }

  /** The vector of section 21.5. */
  @Test
  void aCompressedTermOfPhoenixIsRead() {
    Object value =
        Terms.decode(
            bytes(
                "835000000141789ccb60ce656060d4494c4a4e494d4bcfc8cc1a651162e5b13130643c3ddfcd98"
                    + "c4c018d80000cfbe7c48"));

    assertEquals(Tuple.of("abcdefghij".repeat(30), 1_700_000_000_000L, 86_400L), value);
  }

  @Test
  void aCompressedTermIsHeldToItsLength() throws Exception {
    byte[] term = bytes("6d 00000064" + "61".repeat(100));

    assertEquals("a".repeat(100), Terms.decode(compressed(term.length, term)));
    for (int length : new int[] {0, 1, term.length - 1, term.length + 1, 1000, -1}) {
      byte[] lie = compressed(length, term);
      assertThrows(TermException.class, () -> Terms.decode(lie), "length " + length);
    }
  }

  @Test
  void aCompressedTermThatIsChangedIsRefused() throws Exception {
    byte[] good = compressed(105, bytes("6d 00000064" + "61".repeat(100)));
    // Not the header of zlib: it may say with more than one value how hard it tried.
    for (int i = 8; i < good.length; i++) {
      byte[] changed = good.clone();
      changed[i] ^= 1;
      assertThrows(TermException.class, () -> Terms.decode(changed), "byte " + i);
    }
    byte[] cut = Arrays.copyOf(good, good.length - 1);
    assertThrows(TermException.class, () -> Terms.decode(cut));
    byte[] longer = Arrays.copyOf(good, good.length + 1);
    assertThrows(TermException.class, () -> Terms.decode(longer));
  }

  @Test
  void aTermThatInflatesBeyondTheBoundIsRefused() throws Exception {
    byte[] content = new byte[Terms.MAX_BYTES];
    byte[] large = new byte[content.length - 5];
    ByteBuffer.wrap(content).put((byte) 109).putInt(large.length);
    assertArrayEquals(
        large, ((String) Terms.decode(compressed(content.length, content))).getBytes(UTF_8));

    byte[] larger = compressed(content.length + 1, new byte[content.length + 1]);
    var e = assertThrows(TermException.class, () -> Terms.decode(larger));
    assertTrue(e.getMessage().contains("at most " + Terms.MAX_BYTES), e.getMessage());
  }

  @Test
  void compressedTermsAreNotWithinOneAnother() throws Exception {
    byte[] inner = compressed(2, bytes("61 01"));
    byte[] outer = compressed(inner.length - 1, Arrays.copyOfRange(inner, 1, inner.length));
    assertThrows(TermException.class, () -> Terms.decode(outer));
  }

  private static byte[] compressed(int claimed, byte[] term) throws Exception {
    var out = new ByteArrayOutputStream();
    out.write(bytes("83 50"));
    out.write(ByteBuffer.allocate(4).putInt(claimed).array());
    var deflater = new Deflater(Deflater.BEST_COMPRESSION);
    try (var zlib = new DeflaterOutputStream(out, deflater)) {
      zlib.write(term);
    } finally {
      deflater.end();
    }
    return out.toByteArray();
  }

  private static byte[] bytes(String hex) {
    return HEX.parseHex(hex.replace(" ", ""));
  }
}
