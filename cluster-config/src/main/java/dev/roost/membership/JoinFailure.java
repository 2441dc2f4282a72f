package dev.roost.membership;

import org.jspecify.annotations.Nullable;

/**
 * A node that cannot be a member of its cluster. The message says what was expected, what came and
 * what to do; the node has left again, and the others are unharmed.
 */
public final class JoinFailure extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final boolean isBus;

  JoinFailure(String message) {
    this(message, null);
  }

  JoinFailure(String message, @Nullable Throwable cause) {
    this(message, cause, false);
  }

  private JoinFailure(String message, @Nullable Throwable cause, boolean isBus) {
    super(message, cause);
    this.isBus = isBus;
  }

  /** The member is there, and its bus is not: it may be another time. */
  static JoinFailure ofBus(String message, Throwable cause) {
    return new JoinFailure(message, cause, true);
  }

  boolean isBus() {
    return isBus;
  }
}
