package dev.roost.token;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Bytes that everyone can read and nobody can change: {@code Plug.Crypto.MessageVerifier}. */
final class SignedMessage {

  // <algorithm>.<payload>.<signature>, each in url-safe Base64 without padding (K-1). Signatures
  // are compared as text: of the spellings that Base64 has for one, only that of signers counts.

  private static final String HS256 = "SFMyNTY";
  private static final String HS384 = "SFMzODQ";
  private static final String HS512 = "SFM1MTI";

  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  private SignedMessage() {}

  static String sign(byte[] payload, byte[] key) {
    String signed = HS256 + "." + ENCODER.encodeToString(payload);
    return signed + "." + new String(signature(signed, "HmacSHA256", key), StandardCharsets.UTF_8);
  }

  /** The payload if one of the keys signed it. */
  static Optional<byte[]> verify(String text, List<byte[]> keys) {
    int first = text.indexOf('.');
    int second = text.indexOf('.', first + 1);
    if (first < 0 || second < 0 || text.indexOf('.', second + 1) >= 0) {
      return Optional.empty();
    }
    String mac =
        switch (text.substring(0, first)) {
          case HS256 -> "HmacSHA256";
          case HS384 -> "HmacSHA384";
          case HS512 -> "HmacSHA512";
          default -> "";
        };
    if (mac.isEmpty()) {
      return Optional.empty();
    }
    String signed = text.substring(0, second);
    byte[] signature = text.substring(second + 1).getBytes(StandardCharsets.UTF_8);
    for (byte[] key : keys) {
      if (MessageDigest.isEqual(signature(signed, mac, key), signature)) {
        return decode(text.substring(first + 1, second));
      }
    }
    return Optional.empty();
  }

  private static Optional<byte[]> decode(String payload) {
    try {
      return Optional.of(Base64.getUrlDecoder().decode(payload));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static byte[] signature(String signed, String algorithm, byte[] key) {
    try {
      var mac = Mac.getInstance(algorithm);
      mac.init(new SecretKeySpec(key, algorithm));
      return ENCODER.encode(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot do " + algorithm, e);
    }
  }
}
