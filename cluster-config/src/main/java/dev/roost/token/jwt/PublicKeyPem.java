package dev.roost.token.jwt;

import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/** Public keys as openssl writes them (RFC 7468, section 13). */
final class PublicKeyPem {

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");

  private PublicKeyPem() {}

  static List<PublicKey> parse(String pem) {
    List<PublicKey> keys = new ArrayList<>();
    var blocks = BLOCK.matcher(pem);
    while (blocks.find()) {
      if (!blocks.group(1).equals("PUBLIC KEY")) {
        throw new IllegalArgumentException(
            "a public key is in a block PUBLIC KEY, got "
                + blocks.group(1)
                + switch (blocks.group(1)) {
                  case "CERTIFICATE" -> "; openssl x509 -pubkey -noout makes one of it";
                  case "RSA PUBLIC KEY" -> "; openssl rsa -RSAPublicKey_in -pubout makes one of it";
                  default -> "; openssl pkey -pubout makes one of a private key";
                });
      }
      keys.add(key(blocks.group(2)));
    }
    if (keys.isEmpty()) {
      throw new IllegalArgumentException(
          "a public key is in PEM, with the lines -----BEGIN PUBLIC KEY----- and"
              + " -----END PUBLIC KEY-----, found none in "
              + pem.length()
              + " characters");
    }
    return keys;
  }

  private static PublicKey key(String base64) {
    X509EncodedKeySpec spec;
    try {
      spec = new X509EncodedKeySpec(Base64.getMimeDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("a public key is in Base64, got something else", e);
    }
    for (String algorithm : List.of("RSA", "EC")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePublic(spec);
      } catch (InvalidKeySpecException e) {
        // The next one, perhaps.
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("this JDK cannot do " + algorithm, e);
      }
    }
    throw new IllegalArgumentException("a public key is of RSA or an elliptic curve, got another");
  }
}
