package dev.roost.routing;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How the clients of a mount prove who they are: with a JSON Web Token that gateways verify. Who
 * has none that is good is refused there, with 403, and the application never hears of it; with 503
 * if nobody can tell, because the keys cannot be had. {@code with..} methods change one setting.
 *
 * {@snippet :
 * SocketOptions.defaults()
 *     .withAuthToken(true)
 *     .withJwt(
 *         JwtCheck.of(TokenSource.authToken(), TokenSource.authorization())
 *             .withId("user:{sub}")
 *             .withAssigns("sub", "tenant"));
 * }
 *
 * @param keys which of the gateways' settings verify it, by name; default {@value #DEFAULT_KEYS}.
 *     The keys themselves are the gateways', and are never advertised
 * @param sources where the token may be, one or more; the first of them that is there counts
 * @param id the socket's id topic, with claims in braces: {@code user:{sub}}; default null,
 *     anonymous. Each claim has to be a text or a whole number, else the client is refused
 * @param assigns claims that every channel of the connection starts with, under the same names
 *     (N-10); those that a token does not have are left out; default none
 * @param askHandler whether the application's socket handler is asked as well, about tokens that
 *     are good, with their claims in the connect info. Id and assigns are the handler's then;
 *     default false, no message goes to the application
 */
public record JwtCheck(
    String keys,
    List<TokenSource> sources,
    @Nullable String id,
    List<String> assigns,
    boolean askHandler) {

  /** The name of a gateway's settings when it has no other. */
  public static final String DEFAULT_KEYS = "default";

  private static final Pattern CLAIM = Pattern.compile("\\{([^{}]+)}");
  private static final Pattern TEMPLATE = Pattern.compile("(?:[^{}]|\\{[^{}]+})+");

  /** Throws IllegalArgumentException for what cannot be meant. */
  public JwtCheck {
    Objects.requireNonNull(keys, "keys");
    sources = List.copyOf(sources);
    assigns = List.copyOf(assigns);
    if (keys.isBlank()) {
      throw new IllegalArgumentException("keys is a name that gateways have, got a blank one");
    }
    if (sources.isEmpty()) {
      throw new IllegalArgumentException(
          "a token has to be somewhere: name a source, such as TokenSource.authToken()");
    }
    if (id != null && !TEMPLATE.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "an id is text with claims in braces, such as user:{sub}, got \"" + id + "\"");
    }
    if (askHandler && (id != null || !assigns.isEmpty())) {
      throw new IllegalArgumentException(
          "with askHandler id and assigns are the socket handler's: leave them out here, it finds"
              + " the claims in its connect info");
    }
  }

  /** With the gateways' default keys, for anonymous sockets. */
  public static JwtCheck of(TokenSource... sources) {
    return new JwtCheck(DEFAULT_KEYS, List.of(sources), null, List.of(), false);
  }

  public JwtCheck withKeys(String value) {
    return new JwtCheck(value, sources, id, assigns, askHandler);
  }

  public JwtCheck withId(@Nullable String value) {
    return new JwtCheck(keys, sources, value, assigns, askHandler);
  }

  public JwtCheck withAssigns(String... value) {
    return new JwtCheck(keys, sources, id, List.of(value), askHandler);
  }

  public JwtCheck withAskHandler(boolean value) {
    return new JwtCheck(keys, sources, id, assigns, value);
  }

  /**
   * The id of a socket with these claims.
   *
   * @return empty if a claim that it needs is missing, or neither text nor a whole number
   * @throws IllegalStateException if there is no {@link #id}
   */
  public Optional<String> idOf(Map<String, ?> claims) {
    if (id == null) {
      throw new IllegalStateException("sockets of this check are anonymous: look at id() first");
    }
    var text = new StringBuilder();
    var match = CLAIM.matcher(id);
    int end = 0;
    while (match.find()) {
      text.append(id, end, match.start());
      switch (claims.get(match.group(1))) {
        case String value when !value.isEmpty() -> text.append(value);
        case Long value -> text.append(value);
        case Integer value -> text.append(value);
        case null, default -> {
          return Optional.empty();
        }
      }
      end = match.end();
    }
    return Optional.of(text.append(id, end, id.length()).toString());
  }
}
