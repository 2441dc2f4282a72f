package dev.roost.gateway.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.roost.token.SessionCookie;
import dev.roost.token.SessionSettings;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpServerRequest;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/** A session as JSON. */
class CookieSessionTest {

  private static final String SECRET = "0123456789abcdef0123456789abcdef";
  private static final String SALT = "signing";

  // {"a": [:admin, {1, 2.5}], "b": <<255>>, c: %{"n": 2 ** 64, 1: nil}, "t": true}, field by field.
  private static final String TERM =
      "83 74 00000004"
          + " 6d 00000001 61  6c 00000002 77 05 61646d696e 68 02 61 01 46 4004000000000000 6a"
          + " 6d 00000001 62  6d 00000001 ff"
          + " 77 01 63  74 00000002 77 01 6e 6e 09 00 000000000000000001  61 01  77 03 6e696c"
          + " 6d 00000001 74  77 04 74727565";

  private final CookieSession session =
      new CookieSession("_app_key", new SessionCookie(SessionSettings.of(SECRET, SALT)));

  private static HttpServerRequest request(String cookie, String value) {
    return (HttpServerRequest)
        Proxy.newProxyInstance(
            HttpServerRequest.class.getClassLoader(),
            new Class<?>[] {HttpServerRequest.class},
            (proxy, method, arguments) ->
                method.getName().equals("getCookie") && arguments[0].equals(cookie)
                    ? Cookie.cookie(cookie, value)
                    : null);
  }

  private static String signed(String term) throws GeneralSecurityException {
    var encoder = Base64.getUrlEncoder().withoutPadding();
    String text =
        encoder.encodeToString("HS256".getBytes(StandardCharsets.US_ASCII))
            + "."
            + encoder.encodeToString(HexFormat.of().parseHex(term.replace(" ", "")));
    byte[] key =
        SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
            .generateSecret(
                new PBEKeySpec(
                    SECRET.toCharArray(), SALT.getBytes(StandardCharsets.UTF_8), 1_000, 256))
            .getEncoded();
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return text
        + "."
        + encoder.encodeToString(mac.doFinal(text.getBytes(StandardCharsets.US_ASCII)));
  }

  @Test
  void everyKindOfValueHasItsJson() throws Exception {
    assertEquals(
        "{\"a\":[\"admin\",[1,2.5]],\"b\":\"/w==\",\"c\":{\"n\":18446744073709551616,\"1\":null},"
            + "\"t\":true}",
        String.valueOf(session.read(request("_app_key", signed(TERM)), null, false)));
  }

  @Test
  void anotherCookieIsNoSession() throws Exception {
    assertNull(session.read(request("other", signed(TERM)), null, false));
    assertNull(session.read(request("_app_key", signed(TERM) + "A"), null, false));
  }

  @Test
  void aNameThatNoCookieCanHaveIsRefused() {
    var cookie = new SessionCookie(SessionSettings.of(SECRET, SALT));
    var refused =
        assertThrows(IllegalArgumentException.class, () -> new CookieSession("a b", cookie));
    assertEquals(
        "cookieName is the key of the session, such as _my_app_key, got \"a b\"",
        refused.getMessage());
  }
}
