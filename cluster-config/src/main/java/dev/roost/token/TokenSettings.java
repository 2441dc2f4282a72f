package dev.roost.token;

import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;

/**
 * What tokens of one purpose are made and verified with. Both sides need the same secret, salt and
 * derivation; {@code with..} methods change one setting.
 *
 * @param secretKeyBase the application's secret, and those before it
 * @param salt what the tokens are for, such as {@code "user auth"}: the second argument of {@code
 *     Phoenix.Token.sign}; no secret, not empty
 * @param derivation how keys are made of the two; default Phoenix's
 * @param maxAge how long tokens are good for; default as they say themselves, a day for those made
 *     here
 * @param clock what time it is; default the system's. Tokens know milliseconds
 */
public record TokenSettings(
    SecretKeyBase secretKeyBase,
    String salt,
    KeyDerivation derivation,
    MaxAge maxAge,
    InstantSource clock) {

  /** Throws IllegalArgumentException for an empty salt. */
  public TokenSettings {
    if (salt.isEmpty()) {
      throw new IllegalArgumentException(
          "a salt says what tokens are for, such as \"user auth\", got an empty one");
    }
  }

  /** Phoenix's defaults. Throws IllegalArgumentException as {@link SecretKeyBase} does. */
  public static TokenSettings of(String secretKeyBase, String salt) {
    return of(SecretKeyBase.of(secretKeyBase), salt);
  }

  /** Phoenix's defaults. */
  public static TokenSettings of(SecretKeyBase secretKeyBase, String salt) {
    return new TokenSettings(
        secretKeyBase, salt, KeyDerivation.defaults(), MaxAge.asSigned(), Clock.systemUTC());
  }

  /** Accepts tokens of these secrets too. */
  public TokenSettings withOlderSecrets(String... secrets) {
    return new TokenSettings(secretKeyBase.withOlder(secrets), salt, derivation, maxAge, clock);
  }

  public TokenSettings withDerivation(KeyDerivation value) {
    return new TokenSettings(secretKeyBase, salt, value, maxAge, clock);
  }

  public TokenSettings withMaxAge(MaxAge value) {
    return new TokenSettings(secretKeyBase, salt, derivation, value, clock);
  }

  public TokenSettings withMaxAge(Duration value) {
    return withMaxAge(MaxAge.within(value));
  }

  public TokenSettings withClock(InstantSource value) {
    return new TokenSettings(secretKeyBase, salt, derivation, maxAge, value);
  }
}
