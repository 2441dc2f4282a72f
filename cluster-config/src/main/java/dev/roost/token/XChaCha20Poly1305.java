package dev.roost.token;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * ChaCha20-Poly1305 with a nonce long enough to be random (draft-irtf-cfrg-xchacha): the JDK's
 * cipher, under a key that HChaCha20 makes of the key and most of the nonce (K-22).
 */
final class XChaCha20Poly1305 {

  static final int KEY_BYTES = 32;
  static final int NONCE_BYTES = 24;
  static final int TAG_BYTES = 16;

  private static final String CIPHER = "ChaCha20-Poly1305";
  private static final int HASHED_NONCE_BYTES = 16;
  private static final int INNER_NONCE_BYTES = 12;
  private static final int DOUBLE_ROUNDS = 10;

  // "expand 32-byte k", as four little-endian numbers.
  private static final int[] CONSTANTS = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

  private XChaCha20Poly1305() {}

  /** Ciphertext, then tag. */
  static byte[] seal(byte[] key, byte[] nonce, byte[] additional, byte[] plaintext) {
    try {
      return cipher(Cipher.ENCRYPT_MODE, key, nonce, additional).doFinal(plaintext);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot do " + CIPHER, e);
    }
  }

  /** The plaintext of ciphertext and tag, if they are those of this key, nonce and addition. */
  static Optional<byte[]> open(byte[] key, byte[] nonce, byte[] additional, byte[] sealed) {
    try {
      return Optional.of(cipher(Cipher.DECRYPT_MODE, key, nonce, additional).doFinal(sealed));
    } catch (AEADBadTagException e) {
      return Optional.empty();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot do " + CIPHER, e);
    }
  }

  private static Cipher cipher(int mode, byte[] key, byte[] nonce, byte[] additional)
      throws GeneralSecurityException {
    byte[] subKey = hChaCha20(key, Arrays.copyOf(nonce, HASHED_NONCE_BYTES));
    byte[] innerNonce =
        ByteBuffer.allocate(INNER_NONCE_BYTES)
            .putInt(0)
            .put(nonce, HASHED_NONCE_BYTES, NONCE_BYTES - HASHED_NONCE_BYTES)
            .array();
    var cipher = Cipher.getInstance(CIPHER);
    cipher.init(mode, new SecretKeySpec(subKey, "ChaCha20"), new IvParameterSpec(innerNonce));
    cipher.updateAAD(additional);
    return cipher;
  }

  /** A key of 32 bytes from one of 32 and a nonce of 16 (section 2.2 of the draft). */
  static byte[] hChaCha20(byte[] key, byte[] nonce) {
    int[] state = new int[16];
    System.arraycopy(CONSTANTS, 0, state, 0, 4);
    ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(state, 4, 8);
    ByteBuffer.wrap(nonce).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(state, 12, 4);
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
      quarterRound(state, 0, 4, 8, 12);
      quarterRound(state, 1, 5, 9, 13);
      quarterRound(state, 2, 6, 10, 14);
      quarterRound(state, 3, 7, 11, 15);
      quarterRound(state, 0, 5, 10, 15);
      quarterRound(state, 1, 6, 11, 12);
      quarterRound(state, 2, 7, 8, 13);
      quarterRound(state, 3, 4, 9, 14);
    }
    var subKey = ByteBuffer.allocate(KEY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    subKey.asIntBuffer().put(state, 0, 4).put(state, 12, 4);
    return subKey.array();
  }

  // RFC 8439, section 2.1.
  private static void quarterRound(int[] state, int a, int b, int c, int d) {
    state[a] += state[b];
    state[d] = Integer.rotateLeft(state[d] ^ state[a], 16);
    state[c] += state[d];
    state[b] = Integer.rotateLeft(state[b] ^ state[c], 12);
    state[a] += state[b];
    state[d] = Integer.rotateLeft(state[d] ^ state[a], 8);
    state[c] += state[d];
    state[b] = Integer.rotateLeft(state[b] ^ state[c], 7);
  }
}
