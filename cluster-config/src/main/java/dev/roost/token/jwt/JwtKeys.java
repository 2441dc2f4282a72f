package dev.roost.token.jwt;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * What tokens are verified with. It decides which algorithms are accepted, whatever a token says of
 * itself: a public key is never taken for a secret, and unsigned tokens are refused.
 */
public sealed interface JwtKeys {

  /** Bytes that a secret has at least: the hash of HS256 (RFC 7518, section 3.2). */
  int MIN_SECRET_BYTES = 32;

  /**
   * Secrets that both sides know, each of 32 bytes or more; tokens are of any of them. HS256, and
   * as RFC 7518 has it HS384 with secrets of 48 bytes or more, HS512 with 64.
   */
  record Secrets(List<SecretKey> keys) implements JwtKeys {

    /** Throws IllegalArgumentException for no secret, and for one that is too short. */
    public Secrets {
      keys = List.copyOf(keys);
      if (keys.isEmpty()) {
        throw new IllegalArgumentException("JWTs need a secret, got none");
      }
      for (SecretKey key : keys) {
        checkLength(key.getEncoded());
      }
    }

    /** How many there are, without a letter of them. */
    @Override
    public String toString() {
      return "Secrets[" + keys.size() + "]";
    }
  }

  /**
   * Public keys of whoever signs; tokens are of any of them. RSA of 2048 bits or more: RS256,
   * RS384, RS512, PS256, PS384, PS512. Elliptic curves: ES256 with P-256, ES384 with P-384, ES512
   * with P-521.
   */
  record PublicKeys(List<PublicKey> keys) implements JwtKeys {

    /** Throws IllegalArgumentException for no key, and for one that none of these is. */
    public PublicKeys {
      keys = List.copyOf(keys);
      if (keys.isEmpty()) {
        throw new IllegalArgumentException("JWTs need a public key, got none");
      }
      for (PublicKey key : keys) {
        if (Algorithms.of(key).isEmpty()) {
          throw new IllegalArgumentException(
              "a public key of JWTs is RSA of 2048 bits or more, or on the curve P-256, P-384 or"
                  + " P-521, got "
                  + Algorithms.describe(key));
        }
      }
    }
  }

  /**
   * A JSON Web Key Set (RFC 7517) that is fetched when a token comes, kept, and fetched anew before
   * it is too old, or when a token names a key that it does not have. All algorithms of public
   * keys, each with keys that suit it; secrets in a set are passed over.
   *
   * @param location {@code https:}, {@code http:} or {@code file:}. Over http, whoever is on the
   *     way can put keys of their own
   * @param keepFor so long a set is used without a look at its location; 10 times the timeout to 30
   *     days, default 5 min. When most of it has passed, the next token has it fetched in the
   *     background
   * @param retryAfter because of keys that a set does not have it is fetched twice in so long at
   *     most; less than keepFor, default 30 s
   * @param surviveOutage when it cannot be fetched, the last set is used for so long since it was;
   *     keepFor or more to 30 days, default 4 h; zero is not at all
   * @param timeout for a connection, and again for an answer; 1 ms to 1 min, default 2 s
   */
  record Jwks(
      URI location, Duration keepFor, Duration retryAfter, Duration surviveOutage, Duration timeout)
      implements JwtKeys {

    /** Bytes of a set at most. */
    public static final int MAX_BYTES = 512 * 1024;

    private static final List<String> SCHEMES = List.of("https", "http");
    private static final Duration LONGEST = Duration.ofDays(30);

    /** Throws IllegalArgumentException for another location, and for times that do not fit. */
    public Jwks {
      String scheme = scheme(location);
      if (!(SCHEMES.contains(scheme) && location.getHost() != null) && !scheme.equals("file")) {
        throw new IllegalArgumentException(
            "a JWKS is at an https, http or file URL, such as"
                + " https://login.example/.well-known/jwks.json, got "
                + location);
      }
      if (timeout.toMillis() < 1 || timeout.compareTo(Duration.ofMinutes(1)) > 0) {
        throw new IllegalArgumentException("timeout is 1 ms to 1 min, got " + timeout);
      }
      if (keepFor.compareTo(timeout.multipliedBy(10)) < 0 || keepFor.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            "keepFor is 10 times the timeout, " + timeout + ", to 30 days, got " + keepFor);
      }
      if (retryAfter.toMillis() < 1 || retryAfter.compareTo(keepFor) >= 0) {
        throw new IllegalArgumentException(
            "retryAfter is 1 ms or more and less than keepFor, " + keepFor + ", got " + retryAfter);
      }
      if (surviveOutage.isNegative()
          || (surviveOutage.isPositive() && surviveOutage.compareTo(keepFor) < 0)
          || surviveOutage.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            "surviveOutage is 0, or keepFor, " + keepFor + ", to 30 days, got " + surviveOutage);
      }
    }

    boolean isFile() {
      return scheme(location).equals("file");
    }

    private static String scheme(URI location) {
      String scheme = location.getScheme();
      return scheme == null ? "" : scheme.toLowerCase(Locale.ROOT);
    }

    public Jwks withKeepFor(Duration value) {
      return new Jwks(location, value, retryAfter, surviveOutage, timeout);
    }

    public Jwks withRetryAfter(Duration value) {
      return new Jwks(location, keepFor, value, surviveOutage, timeout);
    }

    public Jwks withSurviveOutage(Duration value) {
      return new Jwks(location, keepFor, retryAfter, value, timeout);
    }

    public Jwks withTimeout(Duration value) {
      return new Jwks(location, keepFor, retryAfter, surviveOutage, value);
    }
  }

  /**
   * One or several secrets, as text that is not decoded. Throws IllegalArgumentException as {@link
   * Secrets} does.
   */
  static Secrets secrets(String... anyOf) {
    return new Secrets(Stream.of(anyOf).map(JwtKeys::secret).toList());
  }

  /**
   * Public keys in PEM, {@code -----BEGIN PUBLIC KEY-----}, one or several behind one another.
   * Throws IllegalArgumentException if it has none, holds something else, or as {@link PublicKeys}
   * does.
   */
  static PublicKeys publicKeys(String pem) {
    return new PublicKeys(PublicKeyPem.parse(pem));
  }

  /** A JWKS in a file, which is read again as one at a URL is. */
  static Jwks jwksFile(Path path) {
    return jwks(path.toUri());
  }

  /** A JWKS at a URL. Throws IllegalArgumentException if it is neither https, http nor file. */
  static Jwks jwks(URI location) {
    return new Jwks(
        location,
        Duration.ofMinutes(5),
        Duration.ofSeconds(30),
        Duration.ofHours(4),
        Duration.ofSeconds(2));
  }

  private static SecretKey secret(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    checkLength(bytes);
    return new SecretKeySpec(bytes, "HMAC");
  }

  private static void checkLength(byte[] secret) {
    if (secret.length < MIN_SECRET_BYTES) {
      throw new IllegalArgumentException(
          "a secret of JWTs has at least "
              + MIN_SECRET_BYTES
              + " bytes, got "
              + secret.length
              + "; openssl rand -base64 48 makes one");
    }
  }
}
