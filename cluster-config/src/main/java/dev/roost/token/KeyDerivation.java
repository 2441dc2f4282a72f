package dev.roost.token;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.stream.Stream;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * How keys are made of secrets: PBKDF2, with the options that Phoenix takes as {@code
 * key_iterations}, {@code key_length} and {@code key_digest} (K-4). Both sides need the same.
 *
 * @param iterations 1 or more; default 1000
 * @param lengthBytes length of a key, {@value #MIN_LENGTH_BYTES} to {@value #MAX_LENGTH_BYTES};
 *     default 32, which is the only length that encrypts (K-21)
 * @param digest default {@link Digest#SHA256}; it says nothing of how tokens are signed
 */
public record KeyDerivation(int iterations, int lengthBytes, Digest digest) {

  /** Bytes that a key has at least. */
  public static final int MIN_LENGTH_BYTES = 16;

  /** Bytes that a key has at most. */
  public static final int MAX_LENGTH_BYTES = 1024;

  /** The hash function of the derivation. */
  public enum Digest {
    SHA256("PBKDF2WithHmacSHA256"),
    SHA384("PBKDF2WithHmacSHA384"),
    SHA512("PBKDF2WithHmacSHA512");

    private final String algorithm;

    Digest(String algorithm) {
      this.algorithm = algorithm;
    }
  }

  /** Throws IllegalArgumentException for a number out of its range. */
  public KeyDerivation {
    if (iterations < 1) {
      throw new IllegalArgumentException("iterations is 1 or more, got " + iterations);
    }
    if (lengthBytes < MIN_LENGTH_BYTES || lengthBytes > MAX_LENGTH_BYTES) {
      throw new IllegalArgumentException(
          "lengthBytes is "
              + MIN_LENGTH_BYTES
              + " to "
              + MAX_LENGTH_BYTES
              + ", got "
              + lengthBytes);
    }
  }

  /** Phoenix's defaults. */
  public static KeyDerivation defaults() {
    return new KeyDerivation(1000, 32, Digest.SHA256);
  }

  public KeyDerivation withIterations(int value) {
    return new KeyDerivation(value, lengthBytes, digest);
  }

  public KeyDerivation withLengthBytes(int value) {
    return new KeyDerivation(iterations, value, digest);
  }

  public KeyDerivation withDigest(Digest value) {
    return new KeyDerivation(iterations, lengthBytes, value);
  }

  /** A key of each secret, the newest first. */
  List<byte[]> keys(SecretKeyBase secrets, String salt) {
    return Stream.concat(Stream.of(secrets.newest()), secrets.older().stream())
        .map(secret -> key(secret, salt))
        .toList();
  }

  private byte[] key(String secret, String salt) {
    // The JDK takes a password's characters as UTF-8.
    var spec =
        new PBEKeySpec(
            secret.toCharArray(),
            salt.getBytes(StandardCharsets.UTF_8),
            iterations,
            lengthBytes * Byte.SIZE);
    try {
      return SecretKeyFactory.getInstance(digest.algorithm).generateSecret(spec).getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot do " + digest.algorithm, e);
    } finally {
      spec.clearPassword();
    }
  }
}
