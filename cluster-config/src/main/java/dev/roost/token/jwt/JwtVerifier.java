package dev.roost.token.jwt;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimNames;
import com.nimbusds.jwt.JWTClaimsSet;
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

  private final JwtSettings settings;
  private final JWSKeySelector<SecurityContext> keys;
  private final DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();

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
    processor.setJWSKeySelector(keys);
    processor.setJWSTypeVerifier(
        new DefaultJOSEObjectTypeVerifier<>(
            JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
    processor.setJWTClaimsSetVerifier(new ClaimsVerifier(settings));
  }

  /**
   * What the text is; null if a client brought none. Keys in a set may be fetched meanwhile, which
   * blocks for some seconds at most: call it on a virtual thread, never on an event loop.
   */
  public JwtResult verify(@Nullable String token) {
    if (token == null) {
      return new JwtResult.Missing();
    }
    if (token.length() > MAX_CHARACTERS) {
      return new JwtResult.Invalid(
          "a token has at most " + MAX_CHARACTERS + " characters, got " + token.length());
    }
    try {
      JWTClaimsSet claims = processor.process(token, null);
      return new JwtResult.Valid(
          Collections.unmodifiableMap(claims.toJSONObject()),
          claims.getExpirationTime().toInstant());
    } catch (ExpiredJWTException e) {
      return new JwtResult.Expired();
    } catch (KeySourceException e) {
      return new JwtResult.Unavailable(reason(e));
    } catch (ParseException | BadJOSEException | JOSEException e) {
      return new JwtResult.Invalid(reason(e));
    } catch (RuntimeException e) {
      // Nimbus has some for what strangers write: a NullPointerException for a header of null.
      return new JwtResult.Invalid("no JSON Web Token: " + e);
    }
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

  private static final class ClaimsVerifier extends DefaultJWTClaimsVerifier<SecurityContext> {

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
