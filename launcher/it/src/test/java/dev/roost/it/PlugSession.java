package dev.roost.it;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Sessions and CSRF tokens as a Phoenix application makes them, written out with the JDK alone so
 * that no mistake can cancel itself out.
 */
final class PlugSession {

  static final String STATE = "vJ1PqYrh-E_8o1CkQ0zX4w2b";

  private static final String MASK = "0123456789abcdefghijklmn";
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private PlugSession() {}

  /** The cookie of {@code %{"_csrf_token" => STATE, "user" => user}}. */
  static String cookie(String secret, String salt, String user) {
    var term = new ByteArrayOutputStream();
    term.writeBytes(new byte[] {(byte) 131, 116, 0, 0, 0, 2});
    binary(term, "_csrf_token");
    binary(term, STATE);
    binary(term, "user");
    binary(term, user);
    String text =
        BASE64.encodeToString(utf8("HS256")) + "." + BASE64.encodeToString(term.toByteArray());
    try {
      byte[] key =
          SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
              .generateSecret(new PBEKeySpec(secret.toCharArray(), utf8(salt), 1_000, 256))
              .getEncoded();
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return text + "." + BASE64.encodeToString(mac.doFinal(utf8(text)));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** What the page of that session has as its CSRF token. */
  static String csrfToken() {
    byte[] masked = utf8(STATE);
    for (int i = 0; i < masked.length; i++) {
      masked[i] ^= (byte) MASK.charAt(i);
    }
    return Base64.getUrlEncoder().encodeToString(masked) + MASK;
  }

  private static void binary(ByteArrayOutputStream term, String text) {
    byte[] bytes = utf8(text);
    term.write(109);
    term.writeBytes(ByteBuffer.allocate(4).putInt(bytes.length).array());
    term.writeBytes(bytes);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
