package dev.roost.token;

import dev.roost.token.term.Symbol;
import dev.roost.token.term.TermException;
import dev.roost.token.term.Terms;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the session that an application keeps in a cookie, as {@code Plug.Session.COOKIE} writes it
 * (K-41). Any number of threads may use one. The keys are derived when it is made, about a
 * millisecond for each secret.
 *
 * <p>A cookie does not say when it was made: it is good until the secret goes.
 */
public final class SessionCookie {

  /** Characters of a cookie at most, 16 Ki; browsers keep 4 Ki. A longer one is no session. */
  public static final int MAX_CHARACTERS = 16 * 1024;

  private final SessionSettings settings;
  private final boolean encrypted;
  private final List<byte[]> keys;

  public SessionCookie(SessionSettings settings) {
    this.settings = settings;
    String encryptionSalt = settings.encryptionSalt();
    this.encrypted = encryptionSalt != null;
    this.keys =
        settings
            .derivation()
            .keys(
                settings.secretKeyBase(),
                encryptionSalt != null ? encryptionSalt : settings.signingSalt());
  }

  /**
   * The session in the cookie, whoever made the browser send it: {@code check_csrf: false} (C-13).
   * A page of anybody can open a socket with its visitor's cookies, so this wants an origin check.
   *
   * @param cookie the cookie's value as the browser sends it, null if it sends none
   * @return the session if the cookie is the application's: keys as text, values as {@link Terms}
   *     says; it cannot be changed
   */
  public Optional<Map<String, @Nullable Object>> read(@Nullable String cookie) {
    if (cookie == null || cookie.length() > MAX_CHARACTERS) {
      return Optional.empty();
    }
    Optional<byte[]> payload =
        encrypted ? EncryptedMessage.decrypt(cookie, keys) : SignedMessage.verify(cookie, keys);
    return payload.flatMap(SessionCookie::session);
  }

  /**
   * The session in the cookie, if the page that opens the socket belongs to it (C-12).
   *
   * @param cookie the cookie's value as the browser sends it, null if it sends none
   * @param csrfToken the parameter {@code _csrf_token} of the request, null if it has none
   * @return the session if the cookie is the application's and the token is the session's
   */
  public Optional<Map<String, @Nullable Object>> read(
      @Nullable String cookie, @Nullable String csrfToken) {
    return read(cookie)
        .filter(
            session ->
                session.get(settings.csrfKey()) instanceof String state
                    && CsrfToken.matches(state, csrfToken));
  }

  private static Optional<Map<String, @Nullable Object>> session(byte[] payload) {
    try {
      return Terms.decode(payload) instanceof Map<?, ?> map ? named(map) : Optional.empty();
    } catch (TermException e) {
      return Optional.empty();
    }
  }

  private static Optional<Map<String, @Nullable Object>> named(Map<?, ?> map) {
    Map<String, @Nullable Object> session = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      switch (entry.getKey()) {
        case String key -> session.put(key, entry.getValue());
        case Symbol(var key) -> session.put(key, entry.getValue());
        // Plug makes text of every key.
        case null, default -> {
          return Optional.empty();
        }
      }
    }
    return Optional.of(Collections.unmodifiableMap(session));
  }
}
