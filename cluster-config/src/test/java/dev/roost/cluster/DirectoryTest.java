package dev.roost.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.hosting.Hosts;
import dev.roost.hosting.Partitions;
import dev.roost.routing.Advertisement;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DirectoryTest {

  private static Advertisement app(String name, String handled, String route, String... inboxes) {
    return new Advertisement(
        name,
        List.of("/socket"),
        handled.isEmpty() ? Map.of() : Map.of(handled, SocketOptions.defaults()),
        List.of(new RoutePattern(route)),
        List.of(inboxes));
  }

  private static Offer offer(Advertisement advertisement) {
    return new Offer(advertisement, false);
  }

  private final Directory one =
      Directory.empty().with("n1", offer(app("chat", "/socket", "room:*", "a1", "a2")));

  @Test
  void severalNodesMayOfferOneApplication() {
    Directory both = one.with("n2", offer(app("chat", "/socket", "room:*", "b1")));
    assertEquals(Set.of("a1", "a2", "b1"), both.hosts("chat").staying());
    assertEquals(Set.of("chat"), both.names());
    assertEquals(Set.of(), both.hosts("chat").leaving());
  }

  /** A node that died stays in the directory until another one has taken it out. */
  @Test
  void whoIsAskedIsOnALiveNode() {
    Directory both =
        Directory.empty()
            .with("n1", offer(app("chat", "/socket", "room:*", "roost.host.n1.1")))
            .with(
                "n2",
                offer(app("chat", "/socket", "room:*", "roost.host.n2.1", "roost.host.n2.2")));
    Applications applications = Applications.of(both);
    assertEquals(
        Set.of("roost.host.n1.1", "roost.host.n2.1", "roost.host.n2.2"),
        asked(new ClusterNode.Snapshot(Set.of("n1", "n2"), applications, Partitions.none())));
    assertEquals(
        Set.of("roost.host.n2.1", "roost.host.n2.2"),
        asked(new ClusterNode.Snapshot(Set.of("n2"), applications, Partitions.none())));
    assertEquals(
        Set.of(), asked(new ClusterNode.Snapshot(Set.of("n3"), applications, Partitions.none())));
  }

  private static Set<String> asked(ClusterNode.Snapshot snapshot) {
    return IntStream.range(Integer.MAX_VALUE - 8, Integer.MAX_VALUE)
        .mapToObj(turn -> snapshot.anyHost("chat", turn))
        .flatMap(Optional::stream)
        .collect(Collectors.toSet());
  }

  @Test
  void anotherApplicationsConflictingRouteIsRefusedAndBothAreNamed() {
    assertRefused(
        app("news", "", "room:1", "b1"), "conflicting routes", "room:1", "news", "room:*", "n1");
  }

  @Test
  void anotherApplicationsSecondSocketHandlerIsRefusedAndBothAreNamed() {
    assertRefused(
        app("news", "/:any", "news:*", "b1"),
        "two socket handlers",
        "/:any/websocket",
        "news",
        "/socket/websocket",
        "n1");
  }

  private void assertRefused(Advertisement added, String... named) {
    for (String node : List.of("n1", "n2")) {
      var refused = assertThrows(IllegalStateException.class, () -> one.with(node, offer(added)));
      Stream.concat(Stream.of(named), Stream.of("\"chat\""))
          .forEach(name -> assertTrue(refused.getMessage().contains(name), refused.getMessage()));
    }
  }

  @Test
  void aDrainingNodesHostsAreLeaving() {
    Directory draining =
        one.with("n1", new Offer(app("chat", "/socket", "room:*", "a1"), true))
            .with("n2", offer(app("chat", "/socket", "room:*", "b1")));
    assertEquals(new Hosts(Set.of("b1"), Set.of("a1")), draining.hosts("chat"));
  }

  @Test
  void offersOfDeadNodesAreForgottenAndConflictWithNothing() {
    Directory without = one.onlyOf(Set.of("n2"));
    assertEquals(Directory.empty(), without);
    without.with("n2", offer(app("news", "/socket", "room:*", "b1")));
    assertSame(one, one.onlyOf(Set.of("n1", "n2")));
  }

  @Test
  void aNodesOffersArePutBackAndLeftoversTakenOut() {
    Offer news = offer(app("news", "", "news:*", "a3"));
    Directory changed = one.withExactly("n1", Map.of("news", news), none -> {});
    assertEquals(Map.of("n1", Map.of("news", news)), changed.nodes());
    assertSame(changed, changed.withExactly("n1", Map.of("news", news), none -> {}));
    assertEquals(Directory.empty(), changed.withExactly("n1", Map.of(), none -> {}));
  }

  @Test
  void anOfferWhosePlaceIsTakenIsReportedAndLeftOut() {
    var conflicts = new ArrayList<String>();
    Offer rival = offer(app("rival", "", "room:*", "b1"));
    Offer news = offer(app("news", "", "news:*", "b2"));
    Directory changed =
        one.withExactly(
            "n2",
            Map.of("rival", rival, "news", news),
            conflict -> conflicts.add(conflict.getMessage()));
    assertEquals(Map.of("news", news), changed.nodes().get("n2"));
    assertEquals(1, conflicts.size());
    assertTrue(conflicts.getFirst().contains("\"rival\""), conflicts.getFirst());
  }
}
