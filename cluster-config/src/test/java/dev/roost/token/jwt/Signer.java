package dev.roost.token.jwt;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Makes JSON Web Tokens with the JDK alone, so that no mistake can cancel itself out. */
sealed interface Signer {

  record Secret(SecretKeySpec key) implements Signer {}

  record Pair(KeyPair pair) implements Signer {

    PublicKey open() {
      return pair.getPublic();
    }

    String pem() {
      return "-----BEGIN PUBLIC KEY-----\n"
          + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(open().getEncoded())
          + "\n-----END PUBLIC KEY-----\n";
    }

    /** As in a set, with these members besides: {@code "kid":"1","use":"sig"}. */
    String jwk(String members) {
      String key =
          switch (open()) {
            case RSAPublicKey rsa ->
                "\"kty\":\"RSA\",\"n\":\""
                    + number(rsa.getModulus(), (rsa.getModulus().bitLength() + 7) / 8)
                    + "\",\"e\":\""
                    + number(rsa.getPublicExponent(), 3)
                    + "\"";
            case ECPublicKey ec -> {
              int bits = ec.getParams().getOrder().bitLength();
              int length = (bits + 7) / 8;
              yield "\"kty\":\"EC\",\"crv\":\"P-"
                  + bits
                  + "\",\"x\":\""
                  + number(ec.getW().getAffineX(), length)
                  + "\",\"y\":\""
                  + number(ec.getW().getAffineY(), length)
                  + "\"";
            }
            default -> throw new AssertionError(open());
          };
      return "{" + key + (members.isEmpty() ? "" : "," + members) + "}";
    }
  }

  static Secret secret(String text) {
    return secret(text.getBytes(StandardCharsets.UTF_8));
  }

  static Secret secret(byte[] bytes) {
    return new Secret(new SecretKeySpec(bytes, "HMAC"));
  }

  static Pair rsa(int bits) {
    try {
      var generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(bits);
      return new Pair(generator.generateKeyPair());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static Pair ec(String curve) {
    try {
      var generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(curve));
      return new Pair(generator.generateKeyPair());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** A token of that algorithm with these claims, in JSON. */
  default String token(String algorithm, String claims) {
    return sign(algorithm, "{\"alg\":\"" + algorithm + "\"}", claims);
  }

  /** The same, naming its key. */
  default String token(String algorithm, String kid, String claims) {
    return sign(algorithm, "{\"alg\":\"" + algorithm + "\",\"kid\":\"" + kid + "\"}", claims);
  }

  /** A token with any header, signed with that algorithm whatever the header says. */
  default String sign(String algorithm, String header, String claims) {
    String signed = base64(header) + "." + base64(claims);
    byte[] content = signed.getBytes(StandardCharsets.US_ASCII);
    try {
      byte[] signature =
          switch (this) {
            case Secret(var key) -> mac(algorithm, key, content);
            case Pair(var pair) -> {
              Signature signing = signature(algorithm);
              signing.initSign(pair.getPrivate());
              signing.update(content);
              yield signing.sign();
            }
          };
      return signed + "." + base64(signature);
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static String base64(String text) {
    return base64(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String number(BigInteger number, int length) {
    byte[] bytes = number.toByteArray();
    byte[] exact = new byte[length];
    for (int i = 1; i <= Math.min(length, bytes.length); i++) {
      exact[length - i] = bytes[bytes.length - i];
    }
    return base64(exact);
  }

  private static byte[] mac(String algorithm, SecretKeySpec key, byte[] content)
      throws GeneralSecurityException {
    var mac = Mac.getInstance("HmacSHA" + algorithm.substring(2));
    mac.init(key);
    return mac.doFinal(content);
  }

  private static Signature signature(String algorithm) throws GeneralSecurityException {
    int bits = Integer.parseInt(algorithm.substring(2));
    return switch (algorithm.substring(0, 2)) {
      case "RS" -> Signature.getInstance("SHA" + bits + "withRSA");
      case "ES" -> Signature.getInstance("SHA" + bits + "withECDSAinP1363Format");
      case "PS" -> {
        var signature = Signature.getInstance("RSASSA-PSS");
        String hash = "SHA-" + bits;
        signature.setParameter(
            new PSSParameterSpec(hash, "MGF1", new MGF1ParameterSpec(hash), bits / 8, 1));
        yield signature;
      }
      default -> throw new AssertionError(algorithm);
    };
  }
}
