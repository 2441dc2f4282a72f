package dev.roost.gateway.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.roost.gateway.edge.ForceSsl.Hsts;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ForceSslTest {

  /** H-33. */
  @ParameterizedTest
  @CsvSource({
    "GET,     301",
    "HEAD,    301",
    "POST,    307",
    "PUT,     307",
    "PATCH,   307",
    "DELETE,  307",
    "OPTIONS, 307",
    "get,     307", // Another method than GET: they have case.
  })
  void whatMayChangeSomethingIsRepeatedAsItIs(String method, int status) {
    assertEquals(
        Optional.of(new Redirect(status, "https://chat.example/a")),
        Redirect.of(method, "chat.example", null, "/a", null));
  }

  /** H-33. */
  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "chat.example, -,           /,       -,          https://chat.example/",
        "chat.example, -,           /a%20b,  c=d%26&e,   https://chat.example/a%20b?c=d%26&e",
        "chat.example, -,           /a,      '',         https://chat.example/a?",
        "chat.example, pub.example, /a,      -,          https://pub.example/a",
        "-,            pub.example, /a,      -,          https://pub.example/a",
        "[::1],        -,           /a,      -,          https://[::1]/a",
        "chat.example, ::1,         /a,      -,          https://[::1]/a",
        "chat.example, -,           -,       -,          https://chat.example/",
        "chat.example, -,           *,       -,          https://chat.example/",
        "chat.example, -,           //evil,  -,          https://chat.example//evil",
      })
  void theSameIsAskedForOfTheSameHost(
      String host, String publicHost, String path, String query, String location) {
    assertEquals(
        Optional.of(new Redirect(301, location)),
        Redirect.of("GET", host, publicHost, path, query));
  }

  @Test
  void withoutAHostThereIsNoWay() {
    assertEquals(Optional.empty(), Redirect.of("GET", null, null, "/", null));
    assertEquals(Optional.empty(), Redirect.of("GET", "", null, "/", null));
  }

  /** Octets that no header could carry: the answer would fail on them. */
  @ParameterizedTest
  @CsvSource({
    "/a\u007fb, x\u007f, /a%7Fb?x%7F",
    "/\u00e4, '', /%E4?",
    "/%7F\"<>, a=%, /%7F\"<>?a=%",
  })
  void whatNoUriMayHoldIsEscaped(String path, String query, String location) {
    assertEquals(
        Optional.of(new Redirect(301, "https://chat.example" + location)),
        Redirect.of("GET", "chat.example", null, path, query));
  }

  /** H-31. */
  @ParameterizedTest
  @CsvSource({
    "localhost, true",
    "LocalHost, true",
    "127.0.0.1, true",
    "127.0.0.2, false",
    "chat.example, false",
    "localhost.example, false",
    "[::1], false",
  })
  void hostsOfThisMachineAreLeftAlone(String host, boolean left) {
    assertEquals(left, ForceSsl.defaults().exempts(host));
  }

  @Test
  void excludedHostsCanBeOthers() {
    ForceSsl force = ForceSsl.defaults().withExclude(Set.of("Probe.example", "::1"));
    assertEquals(true, force.exempts("probe.example"));
    assertEquals(true, force.exempts("[::1]"));
    assertEquals(false, force.exempts("localhost"));
    assertEquals(false, force.exempts(null));
  }

  /** H-32. */
  @Test
  void browsersRememberForAYear() {
    assertEquals(Optional.of("max-age=31536000"), Hsts.defaults().header());
    assertEquals(
        Optional.of("max-age=60; preload; includeSubDomains"),
        new Hsts(Duration.ofMinutes(1), true, true).header());
    assertEquals(
        Optional.of("max-age=60; includeSubDomains"),
        new Hsts(Duration.ofMinutes(1), true, false).header());
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT0.5S"})
  void withoutAnAgeThereIsNoHeader(Duration age) {
    assertEquals(Optional.empty(), new Hsts(age, true, true).header());
    assertThrows(
        IllegalArgumentException.class, () -> new Hsts(Duration.ofSeconds(-1), false, false));
  }
}
