package dev.roost.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoutePatternTest {

  /** a plain prefix test, not segment by segment. */
  @ParameterizedTest
  @CsvSource({
    "system,   system,   true",
    "system,   systems,  false",
    "system,   syste,    false",
    "system,   System,   false",
    "lounge:*, lounge:7, true",
    "lounge:*, lounge:,  true",
    "lounge:*, lounge,   false",
    "lounge:*, Lounge:7, false",
    "lounge:*, a:lounge:7, false",
    "lounge:*, lounge:7:8, true",
    "foo*,     foo:1,    true",
    "foo*,     food:1,   true",
    "foo*,     foo,      true",
    "foo*,     fo,       false",
    "*,        anything, true",
    "*,        '',       true",
    "*,        *,        true",
    "lounge:*, lounge:*, true",
  })
  void aRouteServesItsTopicOrAllWithItsPrefix(String pattern, String topic, boolean served) {
    assertEquals(served, new RoutePattern(pattern).matches(topic));
  }

  /** */
  @ParameterizedTest
  @ValueSource(strings = {"", "*x", "lounge:*:x", "**", "lounge:**", "*lounge:*", "a*b"})
  void aStarAnywhereButAtTheEndIsRefused(String pattern) {
    var error = assertThrows(IllegalArgumentException.class, () -> new RoutePattern(pattern));
    assertEquals(
        "a route is a topic (\"lobby\") or a prefix and one final * (\"room:*\"), got \""
            + pattern
            + "\"",
        error.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "lobby,    lobby,     true",
    "lobby,    lobbies,   false",
    "lobby,    lobby*,    true",
    "lobby,    lob*,      true",
    "lobby,    lobby:*,   false",
    "lobby,    *,         true",
    "room:*,   room:*,    true",
    "room:*,   room:a:*,  true",
    "room:*,   roo*,      true",
    "room:*,   rooms:*,   false",
    "room:*,   team:*,    false",
    "room:*,   *,         true",
    "*,        *,         true",
    "room:a*,  room:b*,   false",
  })
  void routesOverlapWhenSomeTopicIsServedByBoth(String one, String other, boolean overlap) {
    assertEquals(overlap, new RoutePattern(one).overlaps(new RoutePattern(other)));
    assertEquals(overlap, new RoutePattern(other).overlaps(new RoutePattern(one)));
  }

  @Test
  void aRoutePrintsAsItWasWritten() {
    assertEquals("room:*", new RoutePattern("room:*").toString());
  }
}
