package dev.roost.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.bus.PresenceMessage;
import dev.roost.presence.PresenceDiff;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceList;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Those who went with the last host of their topic: gateways tell the next one. */
@Timeout(60)
class WentWithHostTest {

  private final ManualHost host = new ManualHost();

  /** Writes down all that an application is told. */
  private static final class Watching implements PresenceHandler {
    final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    @Override
    public void handleMetas(String topic, PresenceDiff diff, PresenceList list) {
      seen.add("+" + diff.joins().keys() + " -" + diff.leaves().metas() + " =" + list.keys());
    }

    @Override
    public void occupied(String topic) {
      seen.add("occupied");
    }

    @Override
    public void vacated(String topic) {
      seen.add("vacated");
    }
  }

  private static PresenceMessage.WentWithHost went(String... keys) {
    return new PresenceMessage.WentWithHost("t", List.of(keys));
  }

  /** And the application hears of it, and that nobody is there. */
  private void adaLeaves(HostedPresences presences) throws InterruptedException {
    presences.remove("t", host.inbox(), 1, "ada", false);
    host.pass(Duration.ofMillis(50));
    host.runNext();
    host.runNext();
  }

  @Test
  void theApplicationHearsOfThoseWhoWentWithTheLastHostAndOnceThatNobodyIsThere() throws Exception {
    var handler = new Watching();
    var presences = host.presences(handler);
    presences.receive("gateway.1", went("ada", "bob"));
    presences.receive("gateway.2", went("ada"));
    host.runNext();
    host.runNext();
    assertEquals(List.of("vacated", "+[] -{ada=[], bob=[]} =[]"), List.copyOf(handler.seen));
    presences.receive("gateway.3", went("cid"));
    host.runNext();
    assertEquals("+[] -{cid=[]} =[]", List.copyOf(handler.seen).getLast());
    assertEquals(List.of(), host.broadcasts);
    host.pass(Duration.ofSeconds(9));
    assertTrue(presences.holds("t"), "another gateway may come");
    host.pass(Duration.ofSeconds(1));
    assertFalse(presences.holds("t"));
  }

  @Test
  void whoIsBackIsInTheListAndTheTopicIsNotVacated() throws Exception {
    var handler = new Watching();
    var presences = host.presences(handler);
    host.put(presences, "ada");
    host.runNext();
    presences.receive("gateway.1", went("ada", "bob"));
    host.runNext();
    host.pass(Duration.ofMillis(50));
    host.runNext();
    adaLeaves(presences);
    assertEquals(
        List.of(
            "occupied",
            "+[] -{ada=[], bob=[]} =[ada]",
            "+[ada] -{} =[ada]",
            "vacated",
            "+[] -{ada=[{\"phx_ref\":\"ada\"}]} =[]"),
        List.copyOf(handler.seen));
  }

  /** The application has seen her in the list by then, and not in a diff. */
  @Test
  void whoIsBackAndLeavesAtOnceHasGoneForTheApplication() throws Exception {
    var handler = new Watching();
    var presences = host.presences(handler);
    host.put(presences, "ada");
    host.runNext();
    presences.receive("gateway.1", went("ada"));
    host.runNext();
    adaLeaves(presences);
    assertEquals(
        List.of(
            "occupied",
            "+[] -{ada=[]} =[ada]",
            "vacated",
            "+[] -{ada=[{\"phx_ref\":\"ada\"}]} =[]"),
        List.copyOf(handler.seen));
  }

  @Test
  void aGatewayThatKnowsOfATenureBeforeItsHostWaitsForIt() throws Exception {
    var handler = new Watching();
    var presences = host.presences(handler);
    host.isHosting = false;
    presences.receive("gateway.1", went("ada"));
    host.pass(Duration.ofSeconds(1));
    assertEquals(0, presences.topics());
    host.isHosting = true;
    host.pass(Duration.ofMillis(100));
    host.runNext();
    host.runNext();
    assertEquals(List.of("vacated", "+[] -{ada=[]} =[]"), List.copyOf(handler.seen));
  }

  @Test
  void nothingIsKeptOfThemWhereTheApplicationDoesNotListen() {
    var presences = host.presences(PresenceHandler.none());
    presences.receive("gateway.1", went("ada"));
    assertFalse(presences.holds("t"));
    presences.noticed("gateway.1", List.of(7L));
    host.pass(Duration.ofMinutes(1));
    assertEquals(List.of(), host.sent);
  }

  @Test
  void aTopicThatWasHandedOverMeanwhileHearsOfThemAtItsNextHost() {
    var presences = host.presences(new Watching());
    host.isHosting = false;
    presences.receive("gateway.1", went("ada"));
    host.hostElsewhere = ManualHost.PEER;
    host.pass(Duration.ofSeconds(5));
    assertEquals(List.of("WentWithHost"), host.sent);
  }

  /** What the application hears of within a moment, this host would owe it if it died before. */
  @Test
  void aGatewayMayForgetWhatHasEndedOnceTheApplicationHasHeardOfIt() {
    var presences = host.presences(new Watching());
    presences.noticed("gateway.1", List.of(7L));
    host.pass(Duration.ofMillis(1_999));
    assertEquals(List.of(), host.sent);
    host.pass(Duration.ofMillis(1));
    assertEquals(List.of("Noticed"), host.sent);
  }
}
