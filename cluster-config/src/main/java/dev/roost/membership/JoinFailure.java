package dev.roost.membership;

import org.jspecify.annotations.Nullable;

/**
 * A node that cannot be a member of its cluster. The message says what was expected, what came and
 * what to do; the node has left again, and the others are unharmed.
 */
public final class JoinFailure extends RuntimeException {

  private static final long serialVersionUID = 1;

  JoinFailure(String message) {
    this(message, null);
  }

  JoinFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
