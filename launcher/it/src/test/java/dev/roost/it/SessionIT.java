package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.auth.AuthOptions;
import dev.roost.gateway.auth.CookieSession;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.HttpAnswer;
import dev.roost.token.SessionCookie;
import dev.roost.token.SessionSettings;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The session of a Phoenix application's page in the connect info (C-9, C-12, C-13, C-16). */
class SessionIT {

  private static final String SECRET = "a-secret-key-base-of-a-phoenix-application";
  private static final String SALT = "signing salt";
  private static final String COOKIE =
      "Cookie: other=1; _app_key=" + PlugSession.cookie(SECRET, SALT, "ada") + "; last=2";
  private static final String CSRF = "&_csrf_token=" + PlugSession.csrfToken();
  private static final String SESSION =
      "{\"session\":{\"_csrf_token\":\"" + PlugSession.STATE + "\",\"user\":\"ada\"}}";
  private static final String NO_SESSION = "{\"session\":null}";

  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  private TestServer server;

  private void start(AuthOptions auth) {
    SocketHandler probe =
        (params, info) -> {
          told.add(info.tree().toString());
          return ConnectResult.accept();
        };
    SocketOptions checked =
        SocketOptions.defaults()
            .withCheckOrigin(OriginPolicy.any())
            .withLongPoll()
            .withConnectInfo(ConnectInfoKey.SESSION);
    SocketOptions unchecked = checked.withCheckOrigin(OriginPolicy.sameHost()).withCheckCsrf(false);
    server =
        TestServer.start(
            GatewayOptions.defaults().withAuth(auth),
            ChannelOptions.defaults(),
            Application.named("probe")
                .socket("/checked", probe, checked)
                .socket("/unchecked", probe, unchecked)
                .socket("/plain", probe));
  }

  private void startWithSecret() {
    var cookie = new SessionCookie(SessionSettings.of(SECRET, SALT));
    start(AuthOptions.none().withSession(new CookieSession("_app_key", cookie)));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private HttpAnswer upgrade(String path, String... headers) {
    try (var socket = server.raw()) {
      return socket.upgrade(path, headers);
    }
  }

  private String info(String path, String... headers) throws InterruptedException {
    assertEquals(101, upgrade(path, headers).status());
    return next();
  }

  private String next() throws InterruptedException {
    String next = told.poll(20, TimeUnit.SECONDS);
    assertTrue(next != null, "connect was not called");
    return next;
  }

  @Test
  void thePageOfTheSessionBringsIt() throws InterruptedException {
    startWithSecret();
    assertEquals(SESSION, info("/checked/websocket?vsn=2.0.0" + CSRF, COOKIE));
  }

  /** C-12: it is not refused, it comes without a session. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "&_csrf_token=",
        "&_csrf_token=0123456789abcdef0123456789abcdef0123456789abcdef01234567",
        "&_csrf_token[]=" // An array.
      })
  void aPageWithoutTheTokenOfTheSessionComesWithoutIt(String csrf) throws InterruptedException {
    startWithSecret();
    assertEquals(NO_SESSION, info("/checked/websocket?vsn=2.0.0" + csrf, COOKIE));
  }

  @Test
  void aCookieOfAnotherSecretIsNoSession() throws InterruptedException {
    startWithSecret();
    String foreign = PlugSession.cookie(SECRET + "!", SALT, "ada");
    assertEquals(
        NO_SESSION, info("/checked/websocket?vsn=2.0.0" + CSRF, "Cookie: _app_key=" + foreign));
    assertEquals(NO_SESSION, info("/checked/websocket?vsn=2.0.0" + CSRF));
  }

  /** C-13: the origin check has to keep foreign pages away then, and does. */
  @Test
  void withoutTheCsrfCheckTheCookieIsEnoughForPagesThatMayConnect() throws InterruptedException {
    startWithSecret();
    assertEquals(SESSION, info("/unchecked/websocket?vsn=2.0.0", COOKIE));
    assertEquals(
        403,
        upgrade("/unchecked/websocket?vsn=2.0.0", COOKIE, "Origin: https://evil.example").status());
  }

  /** C-16. */
  @Test
  void aLongPollSessionHasThatOfTheRequestWhichOpensIt() throws Exception {
    startWithSecret();
    var answer =
        LongPollClient.await(
            new LongPollClient("/checked/longpoll", "vsn=2.0.0" + CSRF)
                .pollAsync(server.port(), COOKIE.split(": ", 2)));
    assertEquals(410, answer.status());
    assertEquals(SESSION, next());
    new LongPollClient("/checked/longpoll", "vsn=2.0.0" + CSRF).open(server.port());
    assertEquals(NO_SESSION, next());
  }

  @Test
  void aMountThatDoesNotAskIsNotTold() throws InterruptedException {
    startWithSecret();
    assertEquals("{}", info("/plain/websocket?vsn=2.0.0" + CSRF, COOKIE));
  }

  @Test
  void aGatewayWithoutTheSecretSaysSoAndServesTheOtherMounts() throws InterruptedException {
    try (Logs logs = Logs.of("dev.roost.gateway.transport.SocketPaths")) {
      start(AuthOptions.none());
      for (int i = 0; i < 2; i++) {
        HttpAnswer refused = upgrade("/checked/websocket?vsn=2.0.0" + CSRF, COOKIE);
        assertEquals(500, refused.status());
        assertEquals("this server is not set up for this socket", refused.body());
      }
      logs.await("connections to /checked are refused with 500");
      assertEquals(1, logs.count("this gateway has no secret for"));
      assertEquals("{}", info("/plain/websocket?vsn=2.0.0" + CSRF, COOKIE));
    }
  }
}
