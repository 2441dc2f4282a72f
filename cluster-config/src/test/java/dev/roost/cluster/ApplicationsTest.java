package dev.roost.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApplicationsTest {

  private final Advertisement chat =
      app("chat").handles("/socket").routes("room:*", "lobby").made();

  @Test
  void withoutApplicationsNothingIsServed() {
    Applications none = Applications.none();
    assertEquals(Optional.empty(), none.websocket("/socket/websocket"));
    assertEquals(Optional.empty(), none.route("/socket", "lobby"));
    assertEquals(Optional.empty(), none.find("chat"));
    assertEquals(List.of(), none.mounts());
  }

  @Test
  void anApplicationServesItsTopicsToTheSocketsOfItsPaths() {
    Applications applications = Applications.none().with(chat);
    assertEquals(Optional.of("chat"), applications.route("/socket", "lobby"));
    assertEquals(Optional.of("chat"), applications.route("/socket", "room:1"));
    assertEquals(Optional.empty(), applications.route("/socket", "lobby:1"));
    assertEquals(Optional.empty(), applications.route("/other", "lobby"));
    assertEquals(Optional.of(chat), applications.find("chat"));
  }

  @Test
  void aPathIsServedByTheApplicationWithItsHandlerAndByThoseThatOnlyRoute() {
    Advertisement news = app("news").serves("/socket").routes("news:*").made();
    Applications applications = Applications.none().with(news).with(chat);
    assertEquals(Optional.of("news"), applications.route("/socket", "news:1"));
    assertEquals(Optional.of("chat"), applications.route("/socket", "room:1"));
    assertEquals(
        "chat", applications.websocket("/socket/websocket").orElseThrow().mount().application());
  }

  /** E-1, E-3, E-4, E-6. */
  @Test
  void aMountIsFoundByItsPathAndTransportPath() {
    SocketOptions options = SocketOptions.defaults().withWebsocketPath("/ws/:room");
    Applications applications =
        Applications.none().with(chat).with(app("t").handles("/t/:tenant", options).made());
    Applications.Matched matched = applications.websocket("/t/acme/ws//1/").orElseThrow();
    assertEquals("/t/:tenant", matched.mount().path());
    assertEquals(options, matched.mount().options());
    assertEquals("t", matched.mount().application());
    assertEquals(Map.of("tenant", "acme", "room", "1"), matched.variables());
    assertEquals(Optional.empty(), applications.websocket("/t/acme/websocket"));
    assertEquals(Optional.empty(), applications.websocket("/socket"));
    assertEquals(
        "/socket", applications.websocket("/socket/websocket").orElseThrow().mount().path());
    assertEquals(2, applications.mounts().size());
  }

  @ParameterizedTest
  @CsvSource({
    "room:*, room:1",
    "room:1, room:*",
    "room:*, room:*",
    "room:*, roo*",
    "room:*, *",
    "lobby,  lobby",
  })
  void routesOfTwoApplicationsThatServeOneTopicAreRefusedAndBothNamed(String one, String other) {
    Applications applications =
        Applications.none().with(app("first").handles("/socket").routes(one).made());
    Advertisement second = app("second").serves("/socket").routes(other).made();
    String message = refusal(applications, second);
    for (String name : List.of("\"first\"", "\"second\"", '"' + one + '"', '"' + other + '"')) {
      assertTrue(message.contains(name), message);
    }
  }

  @Test
  void applicationsOnDifferentPathsMayServeTheSameTopics() {
    Applications applications =
        Applications.none().with(chat).with(app("admin").handles("/admin").routes("room:*").made());
    assertEquals(Optional.of("chat"), applications.route("/socket", "room:1"));
    assertEquals(Optional.of("admin"), applications.route("/admin", "room:1"));
  }

  /** */
  @Test
  void routesOfOneApplicationMayOverlapAndKeepTheirOrder() {
    Advertisement ordered = app("a").handles("/s").routes("room:vip", "room:*", "*").made();
    Applications applications = Applications.none().with(ordered);
    assertEquals(
        List.of("room:vip", "room:*", "*"),
        applications.find("a").orElseThrow().routes().stream().map(RoutePattern::pattern).toList());
    assertEquals(Optional.of("a"), applications.route("/s", "room:vip"));
    assertEquals(Optional.of("a"), applications.route("/s", "anything"));
  }

  /** E-15. */
  @ParameterizedTest
  @CsvSource({
    "/socket,     /socket",
    "/socket,     //socket/",
    "/t/:tenant,  /t/acme",
    "/t/:tenant,  /t/:other",
    "/:any,       /socket",
  })
  void twoHandlersForOnePathAreRefusedAndBothNamed(String one, String other) {
    Applications applications = Applications.none().with(app("first").handles(one).made());
    String message = refusal(applications, app("second").handles(other).made());
    for (String name :
        List.of("\"first\"", "\"second\"", one + "/websocket", other + "/websocket")) {
      assertTrue(message.contains(name), message);
    }
  }

  /** E-15. */
  @Test
  void twoHandlersOfOneApplicationForOnePathAreRefusedToo() {
    String message =
        refusal(Applications.none(), app("t").handles("/t/:tenant").handles("/t/acme").made());
    assertTrue(message.contains("/t/:tenant/websocket"), message);
    assertTrue(message.contains("/t/acme/websocket"), message);
    Applications.none().with(app("t").handles("/t/:tenant").handles("/u/acme").made());
  }

  @Test
  void mountsThatDifferInTheirTransportPathDoNotConflict() {
    SocketOptions elsewhere = SocketOptions.defaults().withWebsocketPath("/ws");
    Applications applications =
        Applications.none().with(chat).with(app("b").handles("/socket", elsewhere).made());
    assertEquals("b", applications.websocket("/socket/ws").orElseThrow().mount().application());
    assertEquals(
        "chat", applications.websocket("/socket/websocket").orElseThrow().mount().application());
  }

  @Test
  void aNameIsDeployedOnce() {
    Applications applications = Applications.none().with(chat);
    String message = refusal(applications, app("chat").serves("/elsewhere").made());
    assertTrue(message.contains("\"chat\""), message);
  }

  @Test
  void whatWasRefusedChangedNothing() {
    Applications applications = Applications.none().with(chat);
    refusal(applications, app("second").handles("/socket").routes("z").made());
    assertEquals(Optional.empty(), applications.find("second"));
    assertEquals(Optional.empty(), applications.route("/socket", "z"));
  }

  @Test
  void anApplicationThatIsTakenBackLeavesNothing() {
    Applications applications = Applications.none().with(chat);
    Applications without = applications.without("chat");
    assertEquals(Optional.empty(), without.find("chat"));
    assertEquals(Optional.empty(), without.route("/socket", "lobby"));
    assertEquals(Optional.empty(), without.websocket("/socket/websocket"));
    assertEquals(
        Optional.of(chat), applications.find("chat"), "the value it came from is unchanged");
    without.with(chat);
    assertEquals(Optional.of(chat), without.without("unknown").with(chat).find("chat"));
  }

  @Test
  void anAdvertisementWithoutNameOrInboxIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Advertisement(" ", List.of(), Map.of(), List.of(), List.of("inbox")));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Advertisement("a", List.of(), Map.of(), List.of(), List.of()));
  }

  private static String refusal(Applications applications, Advertisement added) {
    return assertThrows(IllegalStateException.class, () -> applications.with(added)).getMessage();
  }

  private static Builder app(String name) {
    return new Builder(name);
  }

  private static final class Builder {
    private final String name;
    private final List<String> paths = new ArrayList<>();
    private final Map<String, SocketOptions> handled = new HashMap<>();
    private final List<RoutePattern> routes = new ArrayList<>();

    Builder(String name) {
      this.name = name;
    }

    Builder handles(String path) {
      return handles(path, SocketOptions.defaults());
    }

    Builder handles(String path, SocketOptions options) {
      handled.put(path, options);
      return serves(path);
    }

    Builder serves(String path) {
      paths.add(path);
      return this;
    }

    Builder routes(String... patterns) {
      List.of(patterns).forEach(pattern -> routes.add(new RoutePattern(pattern)));
      return this;
    }

    Advertisement made() {
      return new Advertisement(name, paths, handled, routes, List.of("roost.host.n.1"));
    }
  }
}
