package dev.roost.it;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Makes JSON Web Tokens with the JDK alone, as an identity provider does. */
final class Jwts {

  static final String SECRET = "0123456789abcdef0123456789abcdef";

  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private Jwts() {}

  /** Claims of this subject, good for so long from now. */
  static String claims(String subject, Duration life) {
    return "{\"sub\":\""
        + subject
        + "\",\"tenant\":7,\"exp\":"
        + Instant.now().plus(life).getEpochSecond()
        + "}";
  }

  /** A token of {@link #SECRET} for this subject, good for an hour. */
  static String of(String subject) {
    return hs256(SECRET, claims(subject, Duration.ofHours(1)));
  }

  static String hs256(String secret, String claims) {
    String text = base64("{\"alg\":\"HS256\"}") + "." + base64(claims);
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(utf8(secret), "HmacSHA256"));
      return text + "." + BASE64.encodeToString(mac.doFinal(utf8(text)));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** A key of an identity provider, with the name that it has in the key set. */
  record Key(String name, KeyPair pair) {

    static Key named(String name) {
      try {
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        return new Key(name, generator.generateKeyPair());
      } catch (GeneralSecurityException e) {
        throw new AssertionError(e);
      }
    }

    String token(String subject) {
      String text =
          base64("{\"alg\":\"RS256\",\"kid\":\"" + name + "\"}")
              + "."
              + base64(claims(subject, Duration.ofHours(1)));
      try {
        var signing = Signature.getInstance("SHA256withRSA");
        signing.initSign(pair.getPrivate());
        signing.update(utf8(text));
        return text + "." + BASE64.encodeToString(signing.sign());
      } catch (GeneralSecurityException e) {
        throw new AssertionError(e);
      }
    }

    /** The key set that has this key alone. */
    String set() {
      var open = (RSAPublicKey) pair.getPublic();
      return "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\""
          + name
          + "\",\"n\":\""
          + number(open.getModulus())
          + "\",\"e\":\""
          + number(open.getPublicExponent())
          + "\"}]}";
    }

    private static String number(BigInteger number) {
      byte[] bytes = number.toByteArray();
      return BASE64.encodeToString(
          bytes[0] == 0 ? Arrays.copyOfRange(bytes, 1, bytes.length) : bytes);
    }
  }

  private static String base64(String text) {
    return BASE64.encodeToString(utf8(text));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
