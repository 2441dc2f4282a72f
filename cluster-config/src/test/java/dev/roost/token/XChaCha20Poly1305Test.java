package dev.roost.token;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The vectors of draft-irtf-cfrg-xchacha-03, and that a changed bit is noticed. */
class XChaCha20Poly1305Test {

  private static final HexFormat HEX = HexFormat.of();

  private static final byte[] KEY =
      HEX.parseHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  private static final byte[] NONCE =
      HEX.parseHex("404142434445464748494a4b4c4d4e4f5051525354555657");
  private static final byte[] ADDITIONAL = HEX.parseHex("50515253c0c1c2c3c4c5c6c7");
  private static final byte[] PLAINTEXT =
      ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the"
              + " future, sunscreen would be it.")
          .getBytes(StandardCharsets.US_ASCII);
  private static final String SEALED =
      "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
          + "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
          + "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
          + "21f9664c97637da9768812f615c68b13b52e"
          + "c0875924c1c7987947deafd8780acf49";

  /** Section 2.2.1. */
  @Test
  void aKeyIsHashedAsInTheDraft() {
    byte[] subKey =
        XChaCha20Poly1305.hChaCha20(
            HEX.parseHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
            HEX.parseHex("000000090000004a0000000031415927"));

    assertEquals(
        "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc", HEX.formatHex(subKey));
  }

  /** Section A.3.1. */
  @Test
  void aMessageIsSealedAsInTheDraft() {
    byte[] sealed = XChaCha20Poly1305.seal(KEY, NONCE, ADDITIONAL, PLAINTEXT);

    assertEquals(SEALED, HEX.formatHex(sealed));
    assertArrayEquals(
        PLAINTEXT, XChaCha20Poly1305.open(KEY, NONCE, ADDITIONAL, sealed).orElseThrow());
  }

  @Test
  void aMessageOpensOnlyAsItWasSealed() {
    byte[] sealed = HEX.parseHex(SEALED);

    for (int i = 0; i < sealed.length; i++) {
      assertTrue(
          XChaCha20Poly1305.open(KEY, NONCE, ADDITIONAL, changed(sealed, i)).isEmpty(),
          "byte " + i);
    }
    for (int i = 0; i < NONCE.length; i++) {
      assertTrue(
          XChaCha20Poly1305.open(KEY, changed(NONCE, i), ADDITIONAL, sealed).isEmpty(),
          "byte " + i + " of the nonce");
    }
    for (int i = 0; i < KEY.length; i++) {
      assertTrue(
          XChaCha20Poly1305.open(changed(KEY, i), NONCE, ADDITIONAL, sealed).isEmpty(),
          "byte " + i + " of the key");
    }
    assertTrue(XChaCha20Poly1305.open(KEY, NONCE, changed(ADDITIONAL, 0), sealed).isEmpty());
  }

  private static byte[] changed(byte[] bytes, int index) {
    byte[] changed = bytes.clone();
    changed[index] ^= 1;
    return changed;
  }
}
