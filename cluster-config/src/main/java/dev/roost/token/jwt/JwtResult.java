package dev.roost.token.jwt;

import java.time.Instant;
import java.util.Map;

/**
 * What a JSON Web Token turned out to be. Reasons are for logs: clients are told no more than that
 * it was not accepted.
 */
public sealed interface JwtResult {

  /**
   * It was signed with one of the keys, by the issuer, for this audience, and not too long ago.
   *
   * @param claims its claims as in JSON: {@code {"sub": "42", "exp": 1700000000, "aud": [..], ..}},
   *     numbers as {@code Long} or {@code Double}; it cannot be changed
   * @param expiresAt its {@code exp}; for so long as the clock skew allows it is accepted after
   *     that
   */
  record Valid(Map<String, Object> claims, Instant expiresAt) implements JwtResult {}

  /** There was none. */
  record Missing() implements JwtResult {}

  /** It is no such token, was changed, is of another issuer or for others, or not yet good. */
  record Invalid(String reason) implements JwtResult {}

  /** It was good once. */
  record Expired() implements JwtResult {}

  /**
   * Nobody knows: the keys could not be had, or a key that is not among them was asked for too
   * often lately. Worth trying again later.
   */
  record Unavailable(String reason) implements JwtResult {}
}
