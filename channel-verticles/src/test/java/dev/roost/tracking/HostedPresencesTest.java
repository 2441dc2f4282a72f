package dev.roost.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.presence.PresenceDiff;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceList;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What other hosts and the application's callbacks do to the presences of one host. */
@Timeout(60)
class HostedPresencesTest {

  private final ManualHost host = new ManualHost();

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static PresenceMessage.Put putOf(long tracker, String key) {
    return new PresenceMessage.Put(
        tracker, tracker, "t", 1, key, "r" + tracker, ManualHost.meta("r"));
  }

  /* ---- hosts that are asked for all that they have here */

  @Test
  void whoWasUndeployedEndsAlthoughAMessageOfItCameLate() {
    var presences = host.presences(PresenceHandler.none());
    presences.receive(ManualHost.PEER, putOf(1, "ada"));
    presences.lost(ManualHost.PEER);
    presences.receive(ManualHost.PEER, putOf(2, "bob"));
    assertEquals(2, presences.presences());
    host.pass(Duration.ofSeconds(5));
    assertEquals(0, presences.presences());
  }

  @Test
  void whoAnswersKeepsWhatItNames() {
    var presences = host.presences(PresenceHandler.none());
    presences.receive(ManualHost.PEER, putOf(1, "ada"));
    presences.receive(ManualHost.PEER, putOf(2, "bob"));
    presences.lost(ManualHost.PEER);
    assertEquals(List.of("Answer", "Answer", "SyncRequest"), host.sent);
    presences.receive(ManualHost.PEER, new PresenceMessage.SyncBegin());
    presences.receive(ManualHost.PEER, putOf(2, "bob"));
    host.pass(Duration.ofSeconds(30));
    assertEquals(2, presences.presences());
    presences.receive(ManualHost.PEER, new PresenceMessage.SyncEnd());
    assertEquals(1, presences.presences());
  }

  @Test
  void whoseAnswersAreLostHasTimeForAnother() {
    var presences = host.presences(PresenceHandler.none());
    presences.receive(ManualHost.PEER, putOf(1, "ada"));
    presences.lost(ManualHost.PEER);
    host.pass(Duration.ofSeconds(4));
    presences.lost(ManualHost.PEER);
    host.pass(Duration.ofSeconds(4));
    assertEquals(1, presences.presences());
    host.pass(Duration.ofSeconds(1));
    assertEquals(0, presences.presences());
  }

  /* ---- the window of a diff */

  private static final String ADA = "{\"ada\":{\"metas\":[{\"phx_ref\":\"r\"}]}}";
  private static final String ADA_JOINED = "{\"joins\":" + ADA + ",\"leaves\":{}}";
  private static final String ADA_LEFT = "{\"joins\":{},\"leaves\":" + ADA + "}";

  @Test
  void whoDiedIsToldOfSoonInALargeTopicTooThoughOtherChangesWait() {
    var presences = host.presences(PresenceHandler.none());
    host.members = 100_000;
    presences.receive(ManualHost.PEER, putOf(1, "ada"));
    host.pass(Duration.ofMillis(499));
    assertEquals(List.of(), host.broadcasts);
    host.pass(Duration.ofMillis(1));
    assertEquals(List.of(ADA_JOINED), host.broadcasts);

    host.put(presences, "bob");
    host.pass(Duration.ofMillis(10));
    host.isPeerLive = false;
    presences.nodesLeft();
    host.pass(Duration.ofMillis(50));
    assertEquals(2, host.broadcasts.size());
    assertTrue(host.broadcasts.get(1).contains("bob"), host.broadcasts.get(1));

    host.put(presences, "cid");
    host.pass(Duration.ofMillis(499));
    assertEquals(2, host.broadcasts.size(), "the next window was cut short by the one before");
    host.pass(Duration.ofMillis(1));
    assertEquals(3, host.broadcasts.size());
  }

  @Test
  void whoWentWithAGatewayThatDiedIsToldOfSoonToo() {
    for (boolean hasDied : new boolean[] {false, true}) {
      var presences = host.presences(PresenceHandler.none());
      host.broadcasts.clear();
      host.members = 100_000;
      presences.receive(ManualHost.PEER, putOf(1, "ada"));
      host.pass(Duration.ofSeconds(1));
      presences.receive(ManualHost.PEER, new PresenceMessage.Untrack(2, 1, "t", "ada", hasDied));
      host.pass(Duration.ofMillis(50));
      assertEquals(hasDied ? List.of(ADA_JOINED, ADA_LEFT) : List.of(ADA_JOINED), host.broadcasts);
      host.pass(Duration.ofSeconds(1));
      assertEquals(List.of(ADA_JOINED, ADA_LEFT), host.broadcasts);
    }
  }

  @Test
  void aShortWindowIsNotMadeLongerByADeath() {
    var presences = host.presences(PresenceHandler.none());
    presences.receive(ManualHost.PEER, putOf(1, "ada"));
    host.pass(Duration.ofMillis(50));
    presences.remove("t", ManualHost.PEER, 1, "ada", false);
    presences.receive(ManualHost.PEER, putOf(2, "bob"));
    host.pass(Duration.ofMillis(40));
    host.isPeerLive = false;
    presences.nodesLeft();
    host.pass(Duration.ofMillis(10));
    assertEquals(List.of(ADA_JOINED, ADA_LEFT), host.broadcasts);
  }

  /* ---- callbacks of two tenures */

  @Test
  void aTenureIsToldOfWhenTheOneBeforeItHasBeen() throws Exception {
    var slow = new CountDownLatch(1);
    var seen = new LinkedBlockingQueue<String>();
    var presences =
        host.presences(
            new PresenceHandler() {
              @Override
              public void handleMetas(String topic, PresenceDiff diff, PresenceList list) {
                seen.add("+" + diff.joins().keys() + " -" + diff.leaves().keys());
              }

              @Override
              public void occupied(String topic) {
                await(slow);
                seen.add("occupied");
              }

              @Override
              public void vacated(String topic) {
                seen.add("vacated");
              }
            });
    host.put(presences, "ada");
    host.pass(Duration.ofMillis(50));
    host.epoch = 2;
    presences.tenuresChanged();
    host.put(presences, "bob");
    host.pass(Duration.ofMillis(50));
    assertNull(seen.poll(100, TimeUnit.MILLISECONDS));
    slow.countDown();
    for (int i = 0; i < 5; i++) {
      host.runNext();
    }
    assertEquals(
        List.of("occupied", "vacated", "occupied", "+[bob] -[]"),
        List.copyOf(seen),
        "ada came and went before there was time to tell of her");
    host.epoch = 3;
    presences.tenuresChanged();
    assertTrue(presences.holds("t"));
    host.runNext();
    host.runNext();
    assertFalse(presences.holds("t"));
  }

  @Test
  void whatWasBeingFetchedForIsToldWhenTheTenureEnds() throws Exception {
    var slow = new CountDownLatch(1);
    var seen = new LinkedBlockingQueue<String>();
    var presences =
        host.presences(
            new PresenceHandler() {
              @Override
              public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> all) {
                await(slow);
                return all;
              }

              @Override
              public void handleMetas(String topic, PresenceDiff diff, PresenceList list) {
                seen.add(
                    "+" + diff.joins().keys() + " -" + diff.leaves().keys() + " =" + list.keys());
              }
            });
    host.put(presences, "ada");
    host.pass(Duration.ofMillis(50));
    presences.end();
    host.runNext();
    host.runNext();
    assertEquals(List.of("+[ada] -[] =[ada]", "+[] -[ada] =[]"), List.copyOf(seen));
    slow.countDown();
    host.runNext();
    assertEquals(2, seen.size());
    assertFalse(presences.holds("t"));
  }

  /** Everybody has been parted by then: the list has nobody, and is nothing for a client. */
  @Test
  void aListWhoseFetchFailsOnceTheTenureHasEndedIsNoEmptyOne() throws Exception {
    var slow = new CountDownLatch(1);
    var presences =
        host.presences(
            new PresenceHandler() {
              @Override
              public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> all) {
                await(slow);
                throw new IllegalStateException("the database is down");
              }

              @Override
              public void handleMetas(String topic, PresenceDiff diff, PresenceList list) {}
            });
    host.put(presences, "ada");
    Future<RawPayload> list = presences.query(new PresenceMessage.Query("t", Optional.empty()));
    Future<RawPayload> ada = presences.query(new PresenceMessage.Query("t", Optional.of("ada")));
    host.runNext(); // The look-up for the list begins.
    presences.end();
    slow.countDown();
    while (!list.isComplete() || !ada.isComplete()) {
      host.runNext();
    }
    assertInstanceOf(BusEndpoint.NotHosted.class, list.cause());
    assertInstanceOf(BusEndpoint.NotHosted.class, ada.cause());
  }

  /* ---- a handleMetas that hangs, and what is gathered for it */

  /** Writes down what handleMetas is told, and hangs in its first call. */
  private static final class Hanging implements PresenceHandler {
    final CountDownLatch hang = new CountDownLatch(1);
    final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    @Override
    public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
      presences.forEach((key, presence) -> presence.put("name", "Dr. " + key));
      return presences;
    }

    @Override
    public void handleMetas(String topic, PresenceDiff diff, PresenceList list) {
      seen.add("+" + told(diff.joins()) + " -" + told(diff.leaves()) + " =" + list.keys());
      HostedPresencesTest.await(hang);
    }

    private static List<String> told(PresenceList side) {
      return side.presences().entrySet().stream()
          .map(
              entry -> {
                assertEquals("Dr. " + entry.getKey(), entry.getValue().path("name").asText());
                return entry.getKey() + entry.getValue().path("metas").findValuesAsText("phx_ref");
              })
          .toList();
    }
  }

  /** Passes a window, and waits for its diff, which has to be fetched for. */
  private void nextDiff() throws InterruptedException {
    int before = host.broadcasts.size();
    host.pass(Duration.ofMillis(50));
    while (host.broadcasts.size() == before) {
      host.runNext();
    }
  }

  @Test
  void membersAreToldWhileHandleMetasHangsAndItHearsOfTheOutcome() throws Exception {
    var handler = new Hanging();
    var presences = host.presences(handler);
    host.put(presences, "ada");
    nextDiff();
    assertEquals("+[ada[ada]] -[] =[ada]", handler.seen.poll(20, TimeUnit.SECONDS));
    for (int i = 0; i < 20; i++) {
      host.put(presences, "p" + i);
      nextDiff();
      presences.remove("t", host.inbox(), 1, "p" + i, false);
      nextDiff();
    }
    host.put(presences, "bob");
    nextDiff();
    presences.put("t", 1, "bob", new Meta(host.inbox(), 1, "bob2", ManualHost.meta("bob2")));
    nextDiff();
    presences.put("t", 1, "bob", new Meta(host.inbox(), 2, "phone", ManualHost.meta("phone")));
    nextDiff();
    presences.remove("t", host.inbox(), 1, "ada", false);
    nextDiff();
    assertEquals(45, host.broadcasts.size());
    assertTrue(handler.seen.isEmpty());
    handler.hang.countDown();
    host.runNext();
    assertEquals("+[bob[bob2, phone]] -[ada[ada]] =[bob]", handler.seen.poll(20, TimeUnit.SECONDS));
  }

  @Test
  void ofThoseWhoCameAndWentWhileHandleMetasHungItHearsNothing() throws Exception {
    var handler = new Hanging();
    var presences = host.presences(handler);
    host.put(presences, "ada");
    nextDiff();
    assertEquals("+[ada[ada]] -[] =[ada]", handler.seen.poll(20, TimeUnit.SECONDS));
    host.put(presences, "bob");
    nextDiff();
    presences.remove("t", host.inbox(), 1, "bob", false);
    nextDiff();
    handler.hang.countDown();
    host.runNext();
    host.runNext();
    host.put(presences, "cid");
    nextDiff();
    assertEquals("+[cid[cid]] -[] =[ada, cid]", handler.seen.poll(20, TimeUnit.SECONDS));
  }

  /** A list has shown it, so members are told that it left; the application knows of no join. */
  @Test
  void aLeaveWithoutAJoinIsForMembersOnly() throws Exception {
    var handler = new Hanging();
    handler.hang.countDown();
    var presences = host.presences(handler);
    host.put(presences, "ada");
    Future<RawPayload> list = presences.query(new PresenceMessage.Query("t", Optional.empty()));
    while (!list.isComplete()) {
      host.runNext();
    }
    presences.remove("t", host.inbox(), 1, "ada", false);
    host.put(presences, "bob");
    nextDiff();
    assertTrue(host.broadcasts.getFirst().contains("\"phx_ref\":\"ada\""));
    assertEquals("+[bob[bob]] -[] =[bob]", handler.seen.poll(20, TimeUnit.SECONDS));
  }

  /** Only when 16 MiB of diffs wait for it. */
  @Test
  void whatWaitsForHandleMetasIsBounded() throws Exception {
    var handler = new Hanging();
    var presences = host.presences(handler);
    host.put(presences, "ada");
    nextDiff();
    var large = RawPayload.jsonText("{\"phx_ref\":\"r\",\"a\":\"" + "x".repeat(1 << 20) + "\"}");
    for (int i = 0; i < 9; i++) {
      presences.put("t", 1, "bob", new Meta(host.inbox(), 1, "r" + i, large));
      nextDiff();
    }
    int told = host.broadcasts.size();
    host.put(presences, "cid");
    host.pass(Duration.ofMillis(50));
    assertNull(host.posted.poll(200, TimeUnit.MILLISECONDS), "nothing is fetched for it");
    assertEquals(told, host.broadcasts.size());
    handler.hang.countDown();
    nextDiff();
    assertTrue(host.broadcasts.getLast().contains("cid"));
  }
}
