package dev.roost.gateway.auth;

import dev.roost.token.SessionCookie;
import dev.roost.token.term.Symbol;
import dev.roost.token.term.Tuple;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The session that a Phoenix application keeps in its visitors' cookie. Any number of gateways may
 * share one.
 *
 * @param cookieName the cookie, {@code key} in the endpoint's {@code @session_options}
 * @param cookie reads it; has the secret and the salts
 */
public record CookieSession(String cookieName, SessionCookie cookie) {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+");

  /** Throws IllegalArgumentException for what is no name of a cookie (RFC 6265, 4.1.1). */
  public CookieSession {
    if (!NAME.matcher(cookieName).matches()) {
      throw new IllegalArgumentException(
          "cookieName is the key of the session, such as _my_app_key, got \"" + cookieName + "\"");
    }
  }

  /**
   * The session that a request comes with, as JSON (C-12, C-13); null if it has none.
   *
   * @param csrfToken the request's {@code _csrf_token}, null if it has none
   * @param checkCsrf whether the session is to be had with a token that belongs to it only
   */
  public @Nullable JsonObject read(
      HttpServerRequest request, @Nullable String csrfToken, boolean checkCsrf) {
    Cookie sent = request.getCookie(cookieName);
    if (sent == null) {
      return null;
    }
    Optional<Map<String, @Nullable Object>> session =
        checkCsrf ? cookie.read(sent.getValue(), csrfToken) : cookie.read(sent.getValue());
    return session.map(CookieSession::object).orElse(null);
  }

  private static JsonObject object(Map<?, ?> map) {
    var object = new JsonObject();
    map.forEach((key, value) -> object.put(text(key), json(value)));
    return object;
  }

  private static JsonArray array(List<?> elements) {
    var array = new JsonArray();
    elements.forEach(element -> array.add(json(element)));
    return array;
  }

  private static String text(@Nullable Object key) {
    return json(key) instanceof String text ? text : String.valueOf(key);
  }

  private static @Nullable Object json(@Nullable Object value) {
    return switch (value) {
      case Symbol(var name) -> name;
      case Tuple(var elements) -> array(elements);
      case List<?> elements -> array(elements);
      case Map<?, ?> map -> object(map);
      case byte[] octets -> Base64.getEncoder().encodeToString(octets);
      case null, default -> value;
    };
  }
}
