package dev.roost.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Section 3 of the specification; O-3 is the transport's. */
class OriginPolicyTest {

  /** O-1: the default of a mount. */
  @Test
  void theSameHostIsTheDefault() {
    assertEquals(OriginPolicy.sameHost(), SocketOptions.defaults().checkOrigin());
  }

  /** O-2: only browsers are constrained. */
  @Test
  void aRequestWithoutAnOriginIsAlwaysAllowed() {
    for (OriginPolicy policy :
        new OriginPolicy[] {
          OriginPolicy.any(),
          OriginPolicy.sameHost(),
          OriginPolicy.sameConnection(),
          OriginPolicy.listed("https://chat.example"),
          OriginPolicy.listed(),
          OriginPolicy.byHandler(),
        }) {
      assertTrue(policy.allows(null, "http", "host", 80, "public.example"), policy.toString());
    }
  }

  /** O-4. */
  @ParameterizedTest
  @ValueSource(strings = {"https://anywhere.example", "null", "", "file://", "nonsense"})
  void anyOriginIsAny(String origin) {
    assertTrue(OriginPolicy.any().allows(origin, "http", "host", 80, "public.example"));
  }

  /** O-13: nothing is refused before the handler is asked. */
  @ParameterizedTest
  @ValueSource(strings = {"https://anywhere.example", "null", "", "file://", "nonsense"})
  void whatTheHandlerDecidesOnGoesOn(String origin) {
    assertTrue(OriginPolicy.byHandler().allows(origin, "http", "host", 80, "public.example"));
  }

  /** O-5, O-10: the host alone, exactly. */
  @ParameterizedTest
  @CsvSource({
    "http://localhost,            true",
    "https://localhost:9999,      true",
    "ws://localhost,              true",
    "custom+x://localhost,        true",
    "http://127.0.0.1:4000,       false",
    "http://LOCALHOST,            false",
    "http://localhost.,           false",
    "http://localhost.evil.com,   false",
    "http://evil.com/localhost,   false",
    "http://evil.com?localhost,   false",
    "http://evil.com#localhost,   false",
    "http://localhost@evil.com,   false",
    "http://evil.com:80@localhost,false",
    "http://a.localhost,          false",
  })
  void theSameHostIsTheConfiguredOneWhateverSchemeAndPort(String origin, boolean allowed) {
    assertEquals(
        allowed, OriginPolicy.sameHost().allows(origin, "https", "gateway-7", 4000, "localhost"));
  }

  /**
   * Phoenix lets in any host when none is configured, but one is by default (O-5). Here it is the
   * request's own: stricter than the first and looser than the second, as whoever points a name of
   * his own at the server passes (DNS rebinding).
   */
  @Test
  void theSameHostIsTheRequestsOwnWhenNoneIsConfigured() {
    OriginPolicy policy = OriginPolicy.sameHost();
    assertTrue(policy.allows("https://chat.example", "http", "chat.example", 4000, null));
    assertFalse(policy.allows("https://evil.example", "http", "chat.example", 4000, null));
    assertTrue(policy.allows("http://evil.example", "http", "evil.example", 80, null));
    assertFalse(policy.allows("http://evil.example", "http", "evil.example", 80, "chat.example"));
  }

  /** Hosts as compose files and browsers have them, which are no host names by the book. */
  @ParameterizedTest
  @ValueSource(strings = {"my_app", "a-1", "xn--bcher-kva.example", "1a.2b", "192.0.2.1", "[::1]"})
  void theHostMayBeAnythingABrowserSends(String host) {
    OriginPolicy policy = OriginPolicy.sameHost();
    assertTrue(policy.allows("http://" + host, "http", "other", 80, host));
    assertTrue(policy.allows("http://" + host + ":4000", "http", "other", 80, host));
    assertTrue(OriginPolicy.listed("//" + host).allows("http://" + host + ":81", "", "", 0, null));
    assertTrue(
        OriginPolicy.sameConnection().allows("http://" + host + ":81", "http", host, 81, null));
  }

  /** O-6. */
  @Test
  void anOriginIsAllowedWhenAnyEntryMatches() {
    OriginPolicy policy =
        OriginPolicy.listed("https://a.example", "//b.example:81", "//*.c.example");
    assertTrue(allows(policy, "https://a.example"));
    assertTrue(allows(policy, "http://b.example:81"));
    assertTrue(allows(policy, "http://x.c.example:5000"));
    assertFalse(allows(policy, "https://d.example"));
    assertFalse(allows(OriginPolicy.listed(), "https://a.example"));
  }

  /** O-6; and a star that would mean nothing (O-9) is a mistake. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "chat.example",
        "chat.example:80",
        "/chat.example",
        "https:",
        "https://",
        "https:///path",
        "//",
        "//:80",
        "//user@chat.example",
        "//chat.example:port",
        "//chat.example:123456",
        "https://chat example",
        "*",
        "//*",
        "//*.",
        "//a.*.example",
        "//*.*.example",
        "//chat.example*",
      })
  void anEntryWithoutAHostIsRefused(String entry) {
    var error = assertThrows(IllegalArgumentException.class, () -> OriginPolicy.listed(entry));
    assertTrue(error.getMessage().endsWith("got \"" + entry + "\""), error.getMessage());
  }

  /** O-7, O-8. */
  @ParameterizedTest
  @CsvSource({
    // any scheme, any port, that host
    "//chat.example,          http://chat.example,       true",
    "//chat.example,          https://chat.example:9000, true",
    "//chat.example,          https://other.example,     false",
    "//chat.example,          https://a.chat.example,    false",
    // any scheme, one port
    "//chat.example:888,      http://chat.example:888,   true",
    "//chat.example:888,      https://chat.example:888,  true",
    "//chat.example:888,      http://chat.example,       false",
    "//chat.example:80,       http://chat.example,       true",
    "//chat.example:80,       https://chat.example,      false",
    "//chat.example:443,      https://chat.example,      true",
    // the scheme's port is implied
    "https://chat.example,    https://chat.example,      true",
    "https://chat.example,    https://chat.example:443,  true",
    "https://chat.example,    https://chat.example:8443, false",
    "https://chat.example,    http://chat.example,       false",
    "https://chat.example,    http://chat.example:443,   false",
    "http://chat.example,     http://chat.example:80,    true",
    "http://chat.example,     http://chat.example:81,    false",
    // all three
    "http://chat.example:81,  http://chat.example:81,    true",
    "http://chat.example:81,  http://chat.example,       false",
    "http://chat.example:81,  https://chat.example:81,   false",
    // a scheme without a port of its own: any
    "app://chat.example,      app://chat.example,        true",
    "app://chat.example,      app://chat.example:5,      true",
    "app://chat.example:5,    app://chat.example,        false",
    // what else an entry has does not matter
    "https://chat.example/x?y#z, https://chat.example,   true",
    // a scheme has no case
    "HTTPS://chat.example,    https://chat.example,      true",
    "https://chat.example,    HTTPS://chat.example,      true",
    // a host has (O-10)
    "//chat.example,          http://Chat.example,       false",
    "//Chat.example,          http://chat.example,       false",
  })
  void schemeHostAndPortOfAnEntryAreComparedOneByOne(String entry, String origin, boolean allowed) {
    assertEquals(allowed, allows(OriginPolicy.listed(entry), origin));
  }

  /** O-9. */
  @ParameterizedTest
  @CsvSource({
    "//*.ex.com,           http://ex.com,            true",
    "//*.ex.com,           http://a.ex.com,          true",
    "//*.ex.com,           https://a.b.ex.com:81,    true",
    "//*.ex.com,           http://xex.com,           false",
    "//*.ex.com,           http://a.prefix-ex.com,   false",
    "//*.ex.com,           http://ex.com.evil.org,   false",
    "//*.ex.com,           http://com,               false",
    "https://*.ex.com,     https://a.ex.com,         true",
    "https://*.ex.com,     http://a.ex.com,          false",
    "https://*.ex.com,     https://a.ex.com:444,     false",
    "//*.ex.com:81,        http://ex.com:81,         true",
    "//*.ex.com:81,        http://ex.com,            false",
  })
  void aStarInFrontStandsForTheDomainAndAllBelowIt(String entry, String origin, boolean allowed) {
    assertEquals(allowed, allows(OriginPolicy.listed(entry), origin));
  }

  /** O-11. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "",
        "file://",
        "file:///x",
        "about:blank",
        "data:x",
        "localhost",
        "http:/x"
      })
  void anOriginWithoutAHostIsRefused(String origin) {
    assertFalse(OriginPolicy.sameHost().allows(origin, "http", "", 80, null));
    assertFalse(OriginPolicy.sameHost().allows(origin, "http", "localhost", 80, "localhost"));
    assertFalse(OriginPolicy.sameConnection().allows(origin, "http", "", 80, null));
    assertFalse(allows(OriginPolicy.listed("//localhost", "//x"), origin));
  }

  /** O-12. */
  @ParameterizedTest
  @CsvSource({
    "https://chat.example,      https, chat.example, 443,  true",
    "https://chat.example:443,  https, chat.example, 443,  true",
    "https://chat.example:4000, https, chat.example, 4000, true",
    "http://chat.example,       http,  chat.example, 80,   true",
    "https://chat.example,      http,  chat.example, 443,  false",
    "http://chat.example,       https, chat.example, 80,   false",
    "http://chat.example,       http,  chat.example, 4000, false",
    "http://other.example,      http,  chat.example, 80,   false",
    "ws://chat.example,         http,  chat.example, 80,   false",
    "wss://chat.example,        https, chat.example, 443,  false",
    "//chat.example:80,         http,  chat.example, 80,   false",
  })
  void theSameConnectionIsTheSameSchemeHostAndPort(
      String origin, String scheme, String host, int port, boolean allowed) {
    assertEquals(
        allowed, OriginPolicy.sameConnection().allows(origin, scheme, host, port, "public"));
  }

  private static boolean allows(OriginPolicy policy, String origin) {
    return policy.allows(origin, "http", "request.example", 4000, "public.example");
  }
}
