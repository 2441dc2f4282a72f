package dev.roost.chaos;

import java.util.Locale;

/** A member's log that breaks a claim. */
record Violation(Claim claim, Member member, String what) {

  /** The claims of {@link Checker}, by what breaks them. */
  enum Claim {
    ORDER,
    INVENTED,
    OUTSIDE_A_STAY,
    CHAIN,
    LOST,
    LATE_SIGNAL,
    NOT_BACK,
    SOCKET_CLOSED,
    UNEXPECTED
  }

  @Override
  public String toString() {
    return claim.name().toLowerCase(Locale.ROOT).replace('_', ' ') + ": " + member + ": " + what;
  }
}
