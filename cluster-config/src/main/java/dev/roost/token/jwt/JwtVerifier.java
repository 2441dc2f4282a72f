package dev.roost.token.jwt;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTClaimNames;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.jwt.proc.ExpiredJWTException;
import java.security.Key;
import java.text.ParseException;
import java.time.InstantSource;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks JSON Web Tokens that are signed (RFC 7519, 7515). Any number of threads may use one; make
 * it once, for it keeps the keys that it fetched.
 *
 * {@snippet :
 * var settings =
 *     JwtSettings.of(JwtKeys.jwks(URI.create("https://login.example/.well-known/jwks.json")))
 *         .withIssuer("https://login.example/")
 *         .withAudiences("chat");
 * var verifier = new JwtVerifier(settings);
 *
 * switch (verifier.verify(token)) {
 *   case JwtResult.Valid(var claims, var expiresAt) -> welcome(claims.get("sub"));
 *   case JwtResult.Unavailable(var reason) -> tryLater(reason);
 *   case JwtResult.Expired expired -> refuse("sign in again");
 *   case JwtResult.Missing missing -> refuse("sign in first");
 *   case JwtResult.Invalid(var reason) -> refuse("not a token of ours");
 * }
 * }
 *
 * <p>A token has {@code exp}; {@code typ} is {@code JWT}, {@code at+jwt} or absent; {@code crit}
 * names nothing. Keys and addresses that a token brings ({@code jwk}, {@code jku}, {@code x5c}) are
 * never looked at, and encrypted tokens are refused.
 */
public final class JwtVerifier implements AutoCloseable {

  /** Characters of a token at most, 64 Ki; a longer one is invalid. */
  public static final int MAX_CHARACTERS = 64 * 1024;

  private static final DefaultJOSEObjectTypeVerifier<Found> TYPES =
      new DefaultJOSEObjectTypeVerifier<>(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null);

  private final JwtSettings settings;
  private final JWSKeySelector<SecurityContext> keys;
  private final DefaultJWTProcessor<Found> processor = new DefaultJWTProcessor<>();

  /** Keys that may have signed a token. */
  private record Found(List<? extends Key> keys) implements SecurityContext {}

  /**
   * Throws IllegalArgumentException for a JWKS in a file that cannot be read now, or has no key for
   * JWTs. One at a URL is fetched when the first token comes.
   */
  public JwtVerifier(JwtSettings settings) {
    this.settings = settings;
    this.keys =
        switch (settings.keys()) {
          case JwtKeys.Secrets(var secrets) -> anyOf(secrets);
          case JwtKeys.PublicKeys(var publicKeys) -> anyOf(publicKeys);
          case JwtKeys.Jwks jwks -> JwksSelector.open(jwks);
        };
    processor.setJWSKeySelector((header, found) -> found.keys());
    processor.setJWSTypeVerifier(TYPES);
    processor.setJWTClaimsSetVerifier(new ClaimsVerifier(settings));
  }

  /**
   * What the text is; null if a client brought none. Keys in a set may be fetched meanwhile, which
   * blocks for some seconds at most: call it on a virtual thread, never on an event loop.
   */
  public JwtResult verify(@Nullable String token) {
    return prepare(token).get();
  }

  /**
   * The same in two parts: this one finds the keys, for which it may block; the one that it returns
   * does the rest, some tenths of a millisecond of work for each key that may be the one, and waits
   * for nothing. So that may be done by other threads, and by fewer.
   */
  public Supplier<JwtResult> prepare(@Nullable String token) {
    if (token == null) {
      return JwtResult.Missing::new;
    }
    if (token.length() > MAX_CHARACTERS) {
      return () ->
          new JwtResult.Invalid(
              "a token has at most " + MAX_CHARACTERS + " characters, got " + token.length());
    }
    try {
      JWT parsed = JWTParser.parse(token);
      var found =
          new Found(
              parsed instanceof SignedJWT signed && needsKeys(signed)
                  ? keys.selectJWSKeys(signed.getHeader(), null)
                  : List.of());
      return () -> check(parsed, found);
    } catch (ParseException | JOSEException | RuntimeException e) {
      return () -> refused(e);
    }
  }

  /** Whether {@link #prepare} may block. */
  public boolean mayBlock() {
    return settings.keys() instanceof JwtKeys.Jwks;
  }

  /** Others are refused before it comes to their keys, and cause no fetch. */
  private static boolean needsKeys(SignedJWT token) {
    try {
      TYPES.verify(token.getHeader().getType(), null);
      return token.getJWTClaimsSet() != null;
    } catch (BadJOSEException | ParseException e) {
      return false;
    }
  }

  private JwtResult check(JWT token, Found found) {
    try {
      JWTClaimsSet claims = processor.process(token, found);
      return new JwtResult.Valid(
          Collections.unmodifiableMap(claims.toJSONObject()),
          claims.getExpirationTime().toInstant());
    } catch (BadJOSEException | JOSEException | RuntimeException e) {
      return refused(e);
    }
  }

  private static JwtResult refused(Exception cause) {
    return switch (cause) {
      case ExpiredJWTException expired -> new JwtResult.Expired();
      case KeySourceException outage -> new JwtResult.Unavailable(reason(outage));
      // Nimbus has some for what strangers write: a NullPointerException for a header of null.
      case RuntimeException broken -> new JwtResult.Invalid("no JSON Web Token: " + broken);
      default -> new JwtResult.Invalid(reason(cause));
    };
  }

  /** Which tokens it accepts. */
  public JwtSettings settings() {
    return settings;
  }

  /** Stops fetching keys. */
  @Override
  public void close() {
    if (keys instanceof JwksSelector jwks) {
      jwks.close();
    }
  }

  /** Those that suit the algorithm; a token may name its key or not. */
  private static JWSKeySelector<SecurityContext> anyOf(List<? extends Key> keys) {
    return (header, context) ->
        keys.stream().filter(key -> Algorithms.of(key).contains(header.getAlgorithm())).toList();
  }

  private static String reason(Exception e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  private static final class ClaimsVerifier extends DefaultJWTClaimsVerifier<Found> {

    private final InstantSource clock;

    ClaimsVerifier(JwtSettings settings) {
      super(
          settings.audiences().isEmpty() ? null : settings.audiences(),
          exactly(settings.issuer()),
          Set.of(JWTClaimNames.EXPIRATION_TIME),
          Set.of());
      this.clock = settings.clock();
      setMaxClockSkew((int) settings.clockSkew().toSeconds());
    }

    private static JWTClaimsSet exactly(@Nullable String issuer) {
      var claims = new JWTClaimsSet.Builder();
      return issuer == null ? claims.build() : claims.issuer(issuer).build();
    }

    @Override
    protected Date currentTime() {
      return Date.from(clock.instant());
    }
  }
}
