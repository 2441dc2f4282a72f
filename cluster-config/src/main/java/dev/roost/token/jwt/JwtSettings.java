package dev.roost.token.jwt;

import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which tokens are accepted. {@code with..} methods change one setting.
 *
 * @param keys what they are verified with
 * @param issuer their {@code iss}; default null, anybody who has a key. Set it where the keys sign
 *     for several issuers
 * @param audiences their {@code aud} names one of these; default none, whomever they are for. Set
 *     it where the keys sign for other services too: without it, a token that a user gave to
 *     another service opens this one
 * @param clockSkew so far the issuer's clock may be from this one: a token is accepted so long
 *     after {@code exp} and before {@code nbf}; whole seconds, at most 10 min; default 60 s
 * @param clock what time it is; default the system's. Keys that are fetched go by the system's
 */
public record JwtSettings(
    JwtKeys keys,
    @Nullable String issuer,
    Set<String> audiences,
    Duration clockSkew,
    InstantSource clock) {

  private static final Duration MAX_CLOCK_SKEW = Duration.ofMinutes(10);

  /** Throws IllegalArgumentException for an empty name, or a skew out of its range. */
  public JwtSettings {
    audiences = Set.copyOf(audiences);
    if (issuer != null && issuer.isEmpty()) {
      throw new IllegalArgumentException(
          "issuer is the iss of tokens, such as https://login.example/, got an empty one");
    }
    if (audiences.contains("")) {
      throw new IllegalArgumentException("an audience is an aud of tokens, got an empty one");
    }
    if (clockSkew.isNegative()
        || clockSkew.compareTo(MAX_CLOCK_SKEW) > 0
        || clockSkew.toNanosPart() != 0) {
      throw new IllegalArgumentException(
          "clockSkew is whole seconds from 0 to 10 min, got " + clockSkew);
    }
  }

  /** Tokens of these keys, of any issuer and for any audience. */
  public static JwtSettings of(JwtKeys keys) {
    return new JwtSettings(keys, null, Set.of(), Duration.ofMinutes(1), Clock.systemUTC());
  }

  public JwtSettings withIssuer(@Nullable String value) {
    return new JwtSettings(keys, value, audiences, clockSkew, clock);
  }

  public JwtSettings withAudiences(String... value) {
    return new JwtSettings(keys, issuer, Set.of(value), clockSkew, clock);
  }

  public JwtSettings withClockSkew(Duration value) {
    return new JwtSettings(keys, issuer, audiences, value, clock);
  }

  public JwtSettings withClock(InstantSource value) {
    return new JwtSettings(keys, issuer, audiences, clockSkew, value);
  }
}
