package dev.roost.token;

import org.jspecify.annotations.Nullable;

/** What a token turned out to be. Clients are told no more than that it was not accepted. */
public sealed interface TokenResult {

  /**
   * It was made with one of the secrets, for this purpose, and not too long ago.
   *
   * @param data what was signed, as the table of {@link dev.roost.token.term.Terms} says; null for
   *     {@code nil}
   */
  record Valid(@Nullable Object data) implements TokenResult {}

  /** There was none (K-10). */
  record Missing() implements TokenResult {}

  /** It is no such token, was changed, was made with another secret, or in the future. */
  record Invalid() implements TokenResult {}

  /** It was good once. */
  record Expired() implements TokenResult {}
}
