package dev.roost.application;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import dev.roost.application.Route.UnhandledEvents;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApplicationTest {

  private static final Channel CHANNEL = (topic, payload, socket) -> JoinResult.ok();

  @Test
  void anApplicationIsAValueThatEachMethodCopies() {
    var empty = Application.named("app");
    var routed = empty.route("room:*", () -> CHANNEL);
    assertEquals(List.of(), empty.routes());
    assertEquals(List.of(new RoutePattern("room:*")), routed.patterns());
    assertEquals("app", routed.name());
  }

  /** A virtual thread that reads one payload has no use for buffers of its own. */
  @Test
  void itsMapperSharesItsBuffersAmongThreads() {
    JsonFactory factory = Application.named("app").mapper().getFactory();
    assertSame(JsonRecyclerPools.sharedConcurrentDequePool(), factory._getRecyclerPool());
  }

  @Test
  void aNameIsNotBlank() {
    assertThrows(IllegalArgumentException.class, () -> Application.named(" "));
  }

  @Test
  void routesKeepTheirOrder() {
    var application =
        Application.named("app")
            .route("b:*", () -> CHANNEL)
            .route("a", () -> CHANNEL)
            .route("*", () -> CHANNEL);
    assertEquals(
        List.of("b:*", "a", "*"),
        application.patterns().stream().map(RoutePattern::pattern).toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "*a", "a*b", "a**", "**"})
  void aMisplacedStarIsRefused(String pattern) {
    assertThrows(IllegalArgumentException.class, () -> Route.of(pattern, () -> CHANNEL));
  }

  @Test
  void aPathHasOneSocketHandler() {
    var application = Application.named("app").socket("/socket", SocketHandler.acceptAll());
    var refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> application.socket("/socket", SocketHandler.acceptAll()));
    assertTrue(refused.getMessage().contains("/socket"), refused.getMessage());
  }

  @Test
  void pathsAreThoseOfItsHandlersAndThoseItJoins() {
    var options = SocketOptions.defaults().withMaxChannels(5);
    var application =
        Application.named("app").socket("/own", SocketHandler.acceptAll(), options).path("/other");
    assertEquals(Set.of("/own", "/other"), application.paths());
    assertEquals(options, application.sockets().get("/own").options());
    assertEquals(Set.of("/own"), application.sockets().keySet());
  }

  @Test
  void aRouteHasDefaultsThatEachMethodChanges() { // F-14, R-4, M-10
    var route = Route.of("a:*", () -> CHANNEL);
    assertEquals(Set.of(), route.intercepted());
    assertEquals(Map.of(), route.assigns());
    assertEquals(UnhandledEvents.CRASH, route.unhandledEvents());

    var changed =
        route
            .intercept("old")
            .intercept("x", "y") // replaces the first list
            .assign("a", 1)
            .assign("b", 2)
            .unhandledEvents(UnhandledEvents.LOG);
    assertEquals(Set.of("x", "y"), changed.intercepted());
    assertEquals(Map.of("a", 1, "b", 2), changed.assigns());
    assertEquals(UnhandledEvents.LOG, changed.unhandledEvents());
  }

  @Test
  void everyOptionIsCheckedAndNamedWhenWrong() {
    assertRefused("verticles", options -> options.withVerticles(0));
    assertRefused("mailboxMessages", options -> options.withMailboxMessages(0));
    assertRefused("callbackTimeout", options -> options.withCallbackTimeout(Duration.ZERO));
    assertRefused("replaceTimeout", options -> options.withReplaceTimeout(Duration.ofMillis(-1)));
  }

  private static void assertRefused(String option, UnaryOperator<ChannelOptions> change) {
    var refused =
        assertThrows(IllegalArgumentException.class, () -> change.apply(ChannelOptions.defaults()));
    assertTrue(refused.getMessage().contains(option), refused.getMessage());
  }

  @Test
  void aConnectionIsRefusedWithAnErrorStatus() { // H-11, H-16
    assertEquals(new ConnectResult.Refused(403, Map.of(), ""), ConnectResult.refuse());
    assertEquals(
        new ConnectResult.Refused(429, Map.of("Retry-After", "5"), "slow"),
        ConnectResult.refuse(429, "slow").header("Retry-After", "5"));
    assertThrows(IllegalArgumentException.class, () -> ConnectResult.refuse(200, "fine"));
    assertThrows(IllegalArgumentException.class, () -> ConnectResult.refuse(600, ""));
  }

  @ParameterizedTest
  @CsvSource({"a b,c", "a:,c", "'',c", "a,'c\nd: e'", "a,r\u00f6st"})
  void aHeaderThatIsNoneIsRefused(String name, String value) {
    var refusal = ConnectResult.refuse();
    assertThrows(IllegalArgumentException.class, () -> refusal.header(name, value));
  }

  @Test
  void anAcceptedConnectionGathersAssigns() {
    assertEquals(
        Map.of("a", 1, "b", 2), ConnectResult.accept().assign("a", 1).assign("b", 2).assigns());
  }

  @Test
  void anAssignThatIsNullIsNamed() {
    String message = "assign \"tenant\" is null: assign nothing where there is no value";
    var accepted = ConnectResult.accept();
    var route = Route.of("a:*", () -> CHANNEL);
    for (Executable assign :
        List.<Executable>of(
            () -> accepted.assign("tenant", null), () -> route.assign("tenant", null))) {
      assertEquals(message, assertThrows(NullPointerException.class, assign).getMessage());
    }
  }
}
