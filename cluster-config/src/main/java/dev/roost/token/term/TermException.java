package dev.roost.token.term;

/** Bytes that are no term, or none of those that {@link Terms} reads; the text says which. */
public final class TermException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  TermException(String message) {
    super(message);
  }
}
