package dev.roost.gateway.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the strict decoder of the JDK, which shares no line with the code. */
class Utf8Test {

  private final CharsetDecoder strict = UTF_8.newDecoder();
  private final CharBuffer characters = CharBuffer.allocate(64);

  @Test
  void nothingIsValid() {
    assertTrue(Utf8.isValid(new byte[0]));
  }

  @Test
  void everySequenceOfOneToThreeOctetsIsJudgedAsByTheJdk() {
    for (int length = 1; length <= 3; length++) {
      var bytes = new byte[length];
      for (int value = 0; value < 1 << (8 * length); value++) {
        for (int i = 0; i < length; i++) {
          bytes[i] = (byte) (value >> (8 * i));
        }
        check(bytes);
      }
    }
  }

  @Test
  void everyFourOctetSequenceThatStartsAsOneIsJudgedAsByTheJdkAtItsEdges() {
    int[] edges = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (int lead = 0xf0; lead <= 0xff; lead++) {
      for (int second = 0; second <= 0xff; second++) {
        for (int third : edges) {
          for (int fourth : edges) {
            check(new byte[] {(byte) lead, (byte) second, (byte) third, (byte) fourth});
          }
        }
      }
    }
  }

  @Test
  void randomSequencesOfFourOctetsAreJudgedAsByTheJdk() {
    var random = new Random(3629);
    var bytes = new byte[4];
    for (int i = 0; i < 500_000; i++) {
      random.nextBytes(bytes);
      check(bytes);
      bytes[0] = (byte) (0xf0 | (bytes[0] & 7));
      check(bytes);
      bytes[1] = (byte) (0x80 | (bytes[1] & 0x3f));
      bytes[2] = (byte) (0x80 | (bytes[2] & 0x3f));
      check(bytes);
    }
  }

  @Test
  void everyCodePointIsValidAndNoSurrogateIs() {
    for (int codePoint = 0; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
      if (codePoint < 0xd800 || codePoint > 0xdfff) {
        assertTrue(Utf8.isValid(Character.toString(codePoint).getBytes(UTF_8)));
      }
    }
  }

  /** Eight octets are looked at together when they can be: all places relative to that matter. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "c3 a9",
        "e2 82 ac",
        "f0 9f 98 80",
        "c3",
        "e2 82",
        "f0 9f 98",
        "80",
        "c0 af",
        "ff"
      })
  void aSequenceIsJudgedTheSameInEveryPlace(String hex) {
    byte[] sequence = HexFormat.ofDelimiter(" ").parseHex(hex);
    for (int before = 0; before <= 17; before++) {
      for (int after = 0; after <= 17; after++) {
        var bytes = new byte[before + sequence.length + after];
        Arrays.fill(bytes, (byte) 'a');
        System.arraycopy(sequence, 0, bytes, before, sequence.length);
        check(bytes);
      }
    }
  }

  private void check(byte[] bytes) {
    characters.clear();
    strict.reset();
    boolean valid = !strict.decode(ByteBuffer.wrap(bytes), characters, true).isError();
    if (valid != Utf8.isValid(bytes)) {
      assertEquals(valid, Utf8.isValid(bytes), HexFormat.of().formatHex(bytes));
    }
  }
}
