package dev.roost.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathPatternTest {

  /** E-4. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/socket/websocket",
        "/socket/websocket/",
        "//socket//websocket/",
        "///socket/websocket///",
      })
  void emptySegmentsCountForNothing(String path) {
    assertEquals(Optional.of(Map.of()), PathPattern.parse("/socket/websocket").match(path));
    assertEquals(Optional.of(Map.of()), PathPattern.parse("/socket//websocket/").match(path));
  }

  /** E-4, E-5, E-10. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/Socket/websocket",
        "/socket/WEBSOCKET",
        "/socket",
        "/websocket",
        "/socket/websockets",
        "/socket/web/socket",
        "/a/socket/websocket",
        "/socket/websocket/b",
        "/socket%2Fwebsocket",
        "/",
        "",
      })
  void onlyWholeSegmentsInTheSameCaseMatch(String path) {
    assertEquals(Optional.empty(), PathPattern.parse("/socket/websocket").match(path));
  }

  /** E-6. */
  @Test
  void aVariableMatchesOneSegmentAndGivesItsName() {
    PathPattern pattern = PathPattern.parse("/t/:tenant/ws/:room");
    assertEquals(Optional.of(Map.of("tenant", "acme", "room", "1")), pattern.match("/t/acme/ws/1"));
    assertEquals(Optional.empty(), pattern.match("/t/acme/more/ws/1"));
    assertEquals(Optional.empty(), pattern.match("/t//ws/1"));
    assertEquals(Optional.empty(), pattern.match("/t/acme/ws"));
  }

  /** E-7. */
  @Test
  void theValueOfAVariableIsTheRawSegment() {
    assertEquals(
        Optional.of(Map.of("tenant", "ac%20me+%2F")),
        PathPattern.parse("/t/:tenant").match("/t/ac%20me+%2F"));
  }

  /** E-8. */
  @Test
  void aVariableWithAnUnderscoreIsNotExposed() {
    PathPattern pattern = PathPattern.parse("/:_region/:tenant/:_");
    assertEquals(Optional.of(Map.of("tenant", "acme")), pattern.match("/eu/acme/x"));
    assertEquals(Optional.empty(), pattern.match("/acme/x"));
  }

  /** E-15. */
  @ParameterizedTest
  @CsvSource({
    "/socket/websocket, /socket/websocket, true",
    "/socket/websocket, //socket/websocket/, true",
    "/socket/websocket, /Socket/websocket, false",
    "/socket/websocket, /socket, false",
    "/t/:tenant/ws, /t/acme/ws, true",
    "/t/:tenant/ws, /t/:other/ws, true",
    "/t/:tenant/ws, /t/:other/lp, false",
    "/t/:tenant, /:any/acme, true",
    "/:a/:b, /x, false",
  })
  void patternsOverlapWhenSomePathMatchesBoth(String one, String other, boolean overlap) {
    assertEquals(overlap, PathPattern.parse(one).overlaps(PathPattern.parse(other)));
    assertEquals(overlap, PathPattern.parse(other).overlaps(PathPattern.parse(one)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "//", "socket", ":tenant/ws", "/t/:", "/t/:/ws"})
  void whatIsNoPathIsRefused(String path) {
    var error = assertThrows(IllegalArgumentException.class, () -> PathPattern.parse(path));
    assertEquals("\"" + path + "\"", error.getMessage().replaceFirst(".*got ", ""));
  }

  @Test
  void aPatternPrintsAsItWasWritten() {
    assertEquals("/t/:tenant/", PathPattern.parse("/t/:tenant/").toString());
  }
}
