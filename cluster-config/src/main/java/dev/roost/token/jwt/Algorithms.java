package dev.roost.token.jwt;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import java.security.Key;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/** Which algorithms a key is for. The key decides, never the token. */
final class Algorithms {

  private static final int MIN_RSA_BITS = 2048;

  private static final List<JWSAlgorithm> RSA =
      List.of(
          JWSAlgorithm.RS256,
          JWSAlgorithm.RS384,
          JWSAlgorithm.RS512,
          JWSAlgorithm.PS256,
          JWSAlgorithm.PS384,
          JWSAlgorithm.PS512);

  private static final List<JWSAlgorithm> EC =
      List.of(JWSAlgorithm.ES256, JWSAlgorithm.ES384, JWSAlgorithm.ES512);

  private Algorithms() {}

  /** Those of public keys. */
  static Set<JWSAlgorithm> asymmetric() {
    Set<JWSAlgorithm> all = new HashSet<>(RSA);
    all.addAll(EC);
    return all;
  }

  /** None for a key that is too weak, or of another kind. */
  static Set<JWSAlgorithm> of(Key key) {
    return switch (key) {
      case SecretKey secret -> of(secret.getEncoded().length * Byte.SIZE);
      case RSAPublicKey rsa when rsa.getModulus().bitLength() >= MIN_RSA_BITS -> Set.copyOf(RSA);
      case ECPublicKey ec -> of(Curve.forECParameterSpec(ec.getParams()));
      default -> Set.of();
    };
  }

  /** For a message: {@code RSA of 1024 bits}. */
  static String describe(PublicKey key) {
    return switch (key) {
      case RSAPublicKey rsa -> "RSA of " + rsa.getModulus().bitLength() + " bits";
      case ECPublicKey ec -> "a curve of " + ec.getParams().getOrder().bitLength() + " bits";
      default -> key.getAlgorithm();
    };
  }

  // RFC 7518, section 3.2: a secret is as long as the hash, or longer.
  private static Set<JWSAlgorithm> of(int secretBits) {
    if (secretBits >= 512) {
      return Set.of(JWSAlgorithm.HS256, JWSAlgorithm.HS384, JWSAlgorithm.HS512);
    }
    if (secretBits >= 384) {
      return Set.of(JWSAlgorithm.HS256, JWSAlgorithm.HS384);
    }
    return secretBits >= 256 ? Set.of(JWSAlgorithm.HS256) : Set.of();
  }

  private static Set<JWSAlgorithm> of(@Nullable Curve curve) {
    return EC.stream()
        .filter(algorithm -> curve != null && Curve.forJWSAlgorithm(algorithm).contains(curve))
        .collect(Collectors.toUnmodifiableSet());
  }
}
