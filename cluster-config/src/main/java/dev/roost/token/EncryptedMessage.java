package dev.roost.token;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** Bytes that nobody else can read or change: {@code Plug.Crypto.MessageEncryptor}. */
final class EncryptedMessage {

  // XCP.<nonce tag ciphertext>, in url-safe Base64 without padding (K-20). The JDK has the tag
  // behind the ciphertext.

  private static final String PREFIX = "XCP.";
  private static final byte[] ADDITIONAL = "A128GCM".getBytes(StandardCharsets.US_ASCII);
  private static final int HEAD_BYTES = XChaCha20Poly1305.NONCE_BYTES + XChaCha20Poly1305.TAG_BYTES;

  private EncryptedMessage() {}

  /** A nonce is for one message of a key, and random. */
  static String encrypt(byte[] payload, byte[] key, byte[] nonce) {
    byte[] sealed = XChaCha20Poly1305.seal(key, nonce, ADDITIONAL, payload);
    byte[] message =
        ByteBuffer.allocate(HEAD_BYTES + payload.length)
            .put(nonce)
            .put(sealed, payload.length, XChaCha20Poly1305.TAG_BYTES)
            .put(sealed, 0, payload.length)
            .array();
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(message);
  }

  /** The payload if one of the keys encrypted it. */
  static Optional<byte[]> decrypt(String text, List<byte[]> keys) {
    if (!text.startsWith(PREFIX)) {
      return Optional.empty();
    }
    Optional<byte[]> decoded = decode(text.substring(PREFIX.length()));
    if (decoded.isEmpty() || decoded.get().length < HEAD_BYTES) {
      return Optional.empty();
    }
    var message = ByteBuffer.wrap(decoded.get());
    byte[] nonce = new byte[XChaCha20Poly1305.NONCE_BYTES];
    byte[] sealed = new byte[message.capacity() - nonce.length];
    int ciphertext = sealed.length - XChaCha20Poly1305.TAG_BYTES;
    message
        .get(nonce)
        .get(sealed, ciphertext, XChaCha20Poly1305.TAG_BYTES)
        .get(sealed, 0, ciphertext);
    return keys.stream()
        .flatMap(key -> XChaCha20Poly1305.open(key, nonce, ADDITIONAL, sealed).stream())
        .findFirst();
  }

  // Of the spellings that Base64 has for some bytes, only that of encoders counts.
  private static Optional<byte[]> decode(String text) {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(text);
      String spelling = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
      return spelling.equals(text) ? Optional.of(bytes) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
