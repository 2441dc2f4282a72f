package dev.roost.token;

import java.time.Duration;

/** How long a token is good for, {@code max_age} in Phoenix. */
public sealed interface MaxAge {

  /** What Phoenix writes into a token when it is not told otherwise: a day. */
  Duration DEFAULT = Duration.ofDays(1);

  /**
   * As whoever signs it says: tokens are accepted for as long as they claim, and are made with
   * {@link #DEFAULT}.
   */
  record AsSigned() implements MaxAge {}

  /**
   * For so long after it was signed, whatever it claims itself (K-12). Zero or less accepts none
   * (K-14). Fractions of a millisecond are dropped when tokens are verified.
   */
  record Within(Duration duration) implements MaxAge {}

  /** For ever, also before the time that it was signed at (K-13). */
  record Infinite() implements MaxAge {}

  static MaxAge asSigned() {
    return new AsSigned();
  }

  static MaxAge within(Duration duration) {
    return new Within(duration);
  }

  static MaxAge infinite() {
    return new Infinite();
  }
}
