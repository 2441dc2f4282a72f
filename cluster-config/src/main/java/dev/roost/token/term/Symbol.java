package dev.roost.token.term;

import java.util.Set;

/**
 * A constant of the Phoenix application, an atom there: {@code :admin} is {@code new
 * Symbol("admin")}. {@code :nil}, {@code :true} and {@code :false} are null and booleans in Java,
 * and no symbols (K-32).
 *
 * @param name without the colon, at most {@value #MAX_CHARACTERS} characters
 */
public record Symbol(String name) {

  /** Characters that a name has at most, as in Erlang. */
  public static final int MAX_CHARACTERS = 255;

  static final Set<String> RESERVED = Set.of("nil", "true", "false");

  /** Throws IllegalArgumentException for a name that is too long, or that has a Java value. */
  public Symbol {
    if (RESERVED.contains(name)) {
      throw new IllegalArgumentException(
          "null, true and false are Java's own values, got a symbol \"" + name + "\"");
    }
    int characters = name.codePointCount(0, name.length());
    if (characters > MAX_CHARACTERS) {
      throw new IllegalArgumentException(
          "a symbol has at most " + MAX_CHARACTERS + " characters, got " + characters);
    }
  }

  /** As Elixir writes it: {@code :admin}. */
  @Override
  public String toString() {
    return ":" + name;
  }
}
