package dev.roost.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.routing.Advertisement;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApplicationsTest {

  private final Advertisement chat =
      app("chat").handles("/socket").routes("room:*", "lobby").made();

  @Test
  void withoutApplicationsNothingIsServed() {
    Applications none = Applications.none();
    assertEquals(Optional.empty(), none.match("/socket/websocket"));
    assertEquals(Optional.empty(), none.route("/socket", "lobby"));
    assertEquals(Optional.empty(), none.find("chat"));
    assertEquals(List.of(), none.mounts());
  }

  @Test
  void anApplicationServesItsTopicsToTheSocketsOfItsPaths() {
    Site site = Site.none().with(chat);
    assertEquals(Optional.of("chat"), site.route("/socket", "lobby"));
    assertEquals(Optional.of("chat"), site.route("/socket", "room:1"));
    assertEquals(Optional.empty(), site.route("/socket", "lobby:1"));
    assertEquals(Optional.empty(), site.route("/other", "lobby"));
    assertEquals(Optional.of(chat), site.find("chat"));
  }

  @Test
  void aPathIsServedByTheApplicationWithItsHandlerAndByThoseThatOnlyRoute() {
    Advertisement news = app("news").serves("/socket").routes("news:*").made();
    Site site = Site.none().with(news).with(chat);
    assertEquals(Optional.of("news"), site.route("/socket", "news:1"));
    assertEquals(Optional.of("chat"), site.route("/socket", "room:1"));
    assertEquals("chat", site.match("/socket/websocket").orElseThrow().mount().application());
  }

  /** E-1, E-3, E-4, E-6. */
  @Test
  void aMountIsFoundByItsPathAndTransportPath() {
    SocketOptions options = SocketOptions.defaults().withWebsocketPath("/ws/:room");
    Site site = Site.none().with(chat).with(app("t").handles("/t/:tenant", options).made());
    Applications.Matched matched = site.match("/t/acme/ws//1/").orElseThrow();
    assertEquals("/t/:tenant", matched.mount().path());
    assertEquals(options, matched.mount().options());
    assertEquals("t", matched.mount().application());
    assertEquals(Map.of("tenant", "acme", "room", "1"), matched.variables());
    assertEquals(Optional.empty(), site.match("/t/acme/websocket"));
    assertEquals(Optional.empty(), site.match("/socket"));
    assertEquals("/socket", site.match("/socket/websocket").orElseThrow().mount().path());
    assertEquals(2, site.mounts().size());
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
    Site site = Site.none().with(app("first").handles("/socket").routes(one).made());
    Advertisement second = app("second").serves("/socket").routes(other).made();
    String message = refusal(site, second);
    for (String name : List.of("\"first\"", "\"second\"", '"' + one + '"', '"' + other + '"')) {
      assertTrue(message.contains(name), message);
    }
  }

  @Test
  void applicationsOnDifferentPathsMayServeTheSameTopics() {
    Site site = Site.none().with(chat).with(app("admin").handles("/admin").routes("room:*").made());
    assertEquals(Optional.of("chat"), site.route("/socket", "room:1"));
    assertEquals(Optional.of("admin"), site.route("/admin", "room:1"));
  }

  /** */
  @Test
  void routesOfOneApplicationMayOverlapAndKeepTheirOrder() {
    Advertisement ordered = app("a").handles("/s").routes("room:vip", "room:*", "*").made();
    Site site = Site.none().with(ordered);
    assertEquals(
        List.of("room:vip", "room:*", "*"),
        site.find("a").orElseThrow().routes().stream().map(RoutePattern::pattern).toList());
    assertEquals(Optional.of("a"), site.route("/s", "room:vip"));
    assertEquals(Optional.of("a"), site.route("/s", "anything"));
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
    Site site = Site.none().with(app("first").handles(one).made());
    String message = refusal(site, app("second").handles(other).made());
    for (String name :
        List.of("\"first\"", "\"second\"", one + "/websocket", other + "/websocket")) {
      assertTrue(message.contains(name), message);
    }
  }

  /** E-15. */
  @Test
  void twoHandlersOfOneApplicationForOnePathAreRefusedToo() {
    String message = refusal(Site.none(), app("t").handles("/t/:tenant").handles("/t/acme").made());
    assertTrue(message.contains("/t/:tenant/websocket"), message);
    assertTrue(message.contains("/t/acme/websocket"), message);
    Site.none().with(app("t").handles("/t/:tenant").handles("/u/acme").made());
  }

  @Test
  void mountsThatDifferInTheirTransportPathDoNotConflict() {
    SocketOptions elsewhere = SocketOptions.defaults().withWebsocketPath("/ws");
    Site site = Site.none().with(chat).with(app("b").handles("/socket", elsewhere).made());
    assertEquals("b", site.match("/socket/ws").orElseThrow().mount().application());
    assertEquals("chat", site.match("/socket/websocket").orElseThrow().mount().application());
  }

  /** While a new version is rolled out, both are there, whichever node is asked first. */
  @Test
  void anApplicationOfSeveralNodesIsWhatTheyOfferTogether() {
    Advertisement next =
        new Advertisement(
            "chat",
            List.of("/socket", "/new"),
            Map.of("/new", SocketOptions.defaults()),
            List.of(new RoutePattern("room:*"), new RoutePattern("new:*")),
            List.of("roost.host.n2.1"));
    var directory =
        Directory.empty().with("n1", new Offer(chat, false)).with("n2", new Offer(next, false));
    Applications both = Applications.of(directory);
    assertEquals(
        List.of("roost.host.n.1", "roost.host.n2.1"), both.find("chat").orElseThrow().inboxes());
    assertEquals(Optional.of("chat"), both.route("/socket", "lobby"));
    assertEquals(Optional.of("chat"), both.route("/new", "new:1"));
    assertTrue(both.match("/socket/websocket").isPresent());
    assertTrue(both.match("/new/websocket").isPresent());
    assertEquals(2, both.mounts().size());
  }

  @Test
  void aDrainingNodeGetsNoNewClientsButIsStillKnown() {
    Advertisement other =
        new Advertisement(
            "chat", chat.paths(), chat.handled(), chat.routes(), List.of("roost.host.n2.1"));
    var directory =
        Directory.empty().with("n1", new Offer(chat, true)).with("n2", new Offer(other, false));
    Applications applications = Applications.of(directory);
    assertEquals(List.of("roost.host.n2.1"), applications.find("chat").orElseThrow().inboxes());
    assertEquals(Set.of("roost.host.n.1", "roost.host.n2.1"), applications.inboxes());

    Applications nobodyElse = Applications.of(directory.without("n2", "chat"));
    assertEquals(Optional.empty(), nobodyElse.find("chat"));
    assertEquals(Optional.empty(), nobodyElse.route("/socket", "lobby"));
    assertEquals(Set.of("roost.host.n.1"), nobodyElse.inboxes());
  }

  @Test
  void whatWasRefusedChangedNothing() {
    Site site = Site.none().with(chat);
    refusal(site, app("second").handles("/socket").routes("z").made());
    assertEquals(Optional.empty(), site.find("second"));
    assertEquals(Optional.empty(), site.route("/socket", "z"));
  }

  @Test
  void anApplicationThatIsTakenBackLeavesNothing() {
    Site site = Site.none().with(chat);
    Site without = site.without("chat");
    assertEquals(Optional.empty(), without.find("chat"));
    assertEquals(Optional.empty(), without.route("/socket", "lobby"));
    assertEquals(Optional.empty(), without.match("/socket/websocket"));
    assertEquals(Optional.of(chat), site.find("chat"), "the value it came from is unchanged");
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

  private static String refusal(Site site, Advertisement added) {
    return assertThrows(IllegalStateException.class, () -> site.with(added)).getMessage();
  }

  /** Applications that are deployed on one node. */
  private record Site(Directory directory) {

    static Site none() {
      return new Site(Directory.empty());
    }

    Site with(Advertisement added) {
      return new Site(directory.with("n", new Offer(added, false)));
    }

    Site without(String application) {
      return new Site(directory.without("n", application));
    }

    Optional<String> route(String path, String topic) {
      return Applications.of(directory).route(path, topic);
    }

    Optional<Applications.Matched> match(String path) {
      return Applications.of(directory).match(path);
    }

    Optional<Advertisement> find(String application) {
      return Applications.of(directory).find(application);
    }

    List<Applications.Mount> mounts() {
      return Applications.of(directory).mounts();
    }
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
