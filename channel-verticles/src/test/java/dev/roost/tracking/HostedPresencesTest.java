package dev.roost.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.application.Telemetry.Bound;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.hosting.PartitionTable;
import dev.roost.presence.PresenceDiff;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceList;
import dev.roost.presence.PresenceOptions;
import io.vertx.core.Future;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What other hosts and the application's callbacks do to the presences of one host. */
@Timeout(60)
class HostedPresencesTest {

  private static final String PEER = "roost.host.peer.1";

  /** A host whose clock and context are the test's. */
  private static final class Host implements TrackingContext {
    final List<String> sent = new ArrayList<>();
    final BlockingQueue<Runnable> posted = new LinkedBlockingQueue<>();
    private final List<Timer> timers = new ArrayList<>();
    final List<String> broadcasts = new ArrayList<>();
    final List<Bound> reached = new ArrayList<>();
    private long now;
    private long epoch = 1;
    private int members = 1;
    private boolean isPeerLive = true;
    private boolean isHosting = true;
    private @Nullable String hostElsewhere;

    private record Timer(long at, Runnable action) {}

    @Override
    public String inbox() {
      return "roost.host.own.1";
    }

    @Override
    public Optional<PartitionTable.Owner> owner(String topic) {
      return isHosting
          ? Optional.of(new PartitionTable.Owner(inbox(), epoch))
          : Optional.ofNullable(hostElsewhere)
              .map(other -> new PartitionTable.Owner(other, epoch + 1));
    }

    @Override
    public boolean isLive(String inbox) {
      return isPeerLive || !inbox.equals(PEER);
    }

    @Override
    public void send(String inbox, PresenceMessage message) {
      sent.add(message.getClass().getSimpleName());
    }

    @Override
    public void broadcast(String topic, String event, RawPayload payload) {
      broadcasts.add(new String(payload.bytes(), StandardCharsets.UTF_8));
    }

    @Override
    public int members(String topic) {
      return members;
    }

    @Override
    public void after(long millis, Runnable action) {
      timers.add(new Timer(now + millis * 1_000_000, action));
    }

    @Override
    public void execute(Runnable action) {
      posted.add(action);
    }

    @Override
    public long nanoTime() {
      return now;
    }

    @Override
    public void reached(String topic, Bound bound) {
      reached.add(bound);
    }

    /** Lets time pass and fires the timers that are due, in their order. */
    void pass(Duration time) {
      long until = now + time.toNanos();
      while (true) {
        Optional<Timer> next =
            timers.stream()
                .filter(timer -> timer.at <= until)
                .min(Comparator.comparingLong(Timer::at));
        if (next.isEmpty()) {
          now = until;
          return;
        }
        timers.remove(next.get());
        now = Math.max(now, next.get().at);
        next.get().action.run();
      }
    }

    /** Does what the next callback that ends has to say. */
    void runNext() throws InterruptedException {
      Runnable action = posted.poll(20, TimeUnit.SECONDS);
      assertTrue(action != null, "no callback ended");
      action.run();
    }
  }

  private final Host host = new Host();

  private HostedPresences presences(PresenceHandler handler) {
    var settings =
        new TrackingSettings(
            PresenceOptions.defaults(), handler, Duration.ofSeconds(30), new JsonMapper());
    return new HostedPresences(host, settings);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static RawPayload meta(String ref) {
    return RawPayload.jsonText("{\"phx_ref\":\"" + ref + "\"}");
  }

  private void put(HostedPresences presences, String key) {
    var meta = new Meta(host.inbox(), 1, key, meta(key));
    assertEquals(PresenceMessage.Outcome.DONE, presences.put("t", host.epoch, key, meta));
  }

  private static PresenceMessage.Put putOf(long tracker, String key) {
    return new PresenceMessage.Put(tracker, tracker, "t", 1, key, "r" + tracker, meta("r"));
  }

  /* ---- hosts that are asked for all that they have here */

  @Test
  void whoWasUndeployedEndsAlthoughAMessageOfItCameLate() {
    var presences = presences(PresenceHandler.none());
    presences.receive(PEER, putOf(1, "ada"));
    presences.lost(PEER);
    presences.receive(PEER, putOf(2, "bob"));
    assertEquals(2, presences.presences());
    host.pass(Duration.ofSeconds(5));
    assertEquals(0, presences.presences());
  }

  @Test
  void whoAnswersKeepsWhatItNames() {
    var presences = presences(PresenceHandler.none());
    presences.receive(PEER, putOf(1, "ada"));
    presences.receive(PEER, putOf(2, "bob"));
    presences.lost(PEER);
    assertEquals(List.of("Answer", "Answer", "SyncRequest"), host.sent);
    presences.receive(PEER, new PresenceMessage.SyncBegin());
    presences.receive(PEER, putOf(2, "bob"));
    host.pass(Duration.ofSeconds(30));
    assertEquals(2, presences.presences());
    presences.receive(PEER, new PresenceMessage.SyncEnd());
    assertEquals(1, presences.presences());
  }

  @Test
  void whoseAnswersAreLostHasTimeForAnother() {
    var presences = presences(PresenceHandler.none());
    presences.receive(PEER, putOf(1, "ada"));
    presences.lost(PEER);
    host.pass(Duration.ofSeconds(4));
    presences.lost(PEER);
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
    var presences = presences(PresenceHandler.none());
    host.members = 100_000;
    presences.receive(PEER, putOf(1, "ada"));
    host.pass(Duration.ofMillis(499));
    assertEquals(List.of(), host.broadcasts);
    host.pass(Duration.ofMillis(1));
    assertEquals(List.of(ADA_JOINED), host.broadcasts);

    put(presences, "bob");
    host.pass(Duration.ofMillis(10));
    host.isPeerLive = false;
    presences.nodesLeft();
    host.pass(Duration.ofMillis(50));
    assertEquals(2, host.broadcasts.size());
    assertTrue(host.broadcasts.get(1).contains("bob"), host.broadcasts.get(1));

    put(presences, "cid");
    host.pass(Duration.ofMillis(499));
    assertEquals(2, host.broadcasts.size(), "the next window was cut short by the one before");
    host.pass(Duration.ofMillis(1));
    assertEquals(3, host.broadcasts.size());
  }

  @Test
  void whoWentWithAGatewayThatDiedIsToldOfSoonToo() {
    for (boolean hasDied : new boolean[] {false, true}) {
      var presences = presences(PresenceHandler.none());
      host.broadcasts.clear();
      host.members = 100_000;
      presences.receive(PEER, putOf(1, "ada"));
      host.pass(Duration.ofSeconds(1));
      presences.receive(PEER, new PresenceMessage.Untrack(2, 1, "t", "ada", hasDied));
      host.pass(Duration.ofMillis(50));
      assertEquals(hasDied ? List.of(ADA_JOINED, ADA_LEFT) : List.of(ADA_JOINED), host.broadcasts);
      host.pass(Duration.ofSeconds(1));
      assertEquals(List.of(ADA_JOINED, ADA_LEFT), host.broadcasts);
    }
  }

  @Test
  void aShortWindowIsNotMadeLongerByADeath() {
    var presences = presences(PresenceHandler.none());
    presences.receive(PEER, putOf(1, "ada"));
    host.pass(Duration.ofMillis(50));
    presences.remove("t", PEER, 1, "ada", false);
    presences.receive(PEER, putOf(2, "bob"));
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
        presences(
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
    put(presences, "ada");
    host.pass(Duration.ofMillis(50));
    host.epoch = 2;
    presences.tenuresChanged();
    put(presences, "bob");
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
        presences(
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
    put(presences, "ada");
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
        presences(
            new PresenceHandler() {
              @Override
              public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> all) {
                await(slow);
                throw new IllegalStateException("the database is down");
              }

              @Override
              public void handleMetas(String topic, PresenceDiff diff, PresenceList list) {}
            });
    put(presences, "ada");
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
    var presences = presences(handler);
    put(presences, "ada");
    nextDiff();
    assertEquals("+[ada[ada]] -[] =[ada]", handler.seen.poll(20, TimeUnit.SECONDS));
    for (int i = 0; i < 20; i++) {
      put(presences, "p" + i);
      nextDiff();
      presences.remove("t", host.inbox(), 1, "p" + i, false);
      nextDiff();
    }
    put(presences, "bob");
    nextDiff();
    presences.put("t", 1, "bob", new Meta(host.inbox(), 1, "bob2", meta("bob2")));
    nextDiff();
    presences.put("t", 1, "bob", new Meta(host.inbox(), 2, "phone", meta("phone")));
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
    var presences = presences(handler);
    put(presences, "ada");
    nextDiff();
    assertEquals("+[ada[ada]] -[] =[ada]", handler.seen.poll(20, TimeUnit.SECONDS));
    put(presences, "bob");
    nextDiff();
    presences.remove("t", host.inbox(), 1, "bob", false);
    nextDiff();
    handler.hang.countDown();
    host.runNext();
    host.runNext();
    put(presences, "cid");
    nextDiff();
    assertEquals("+[cid[cid]] -[] =[ada, cid]", handler.seen.poll(20, TimeUnit.SECONDS));
  }

  /** A list has shown it, so members are told that it left; the application knows of no join. */
  @Test
  void aLeaveWithoutAJoinIsForMembersOnly() throws Exception {
    var handler = new Hanging();
    handler.hang.countDown();
    var presences = presences(handler);
    put(presences, "ada");
    Future<RawPayload> list = presences.query(new PresenceMessage.Query("t", Optional.empty()));
    while (!list.isComplete()) {
      host.runNext();
    }
    presences.remove("t", host.inbox(), 1, "ada", false);
    put(presences, "bob");
    nextDiff();
    assertTrue(host.broadcasts.getFirst().contains("\"phx_ref\":\"ada\""));
    assertEquals("+[bob[bob]] -[] =[bob]", handler.seen.poll(20, TimeUnit.SECONDS));
  }

  /** Only when 16 MiB of diffs wait for it. */
  @Test
  void whatWaitsForHandleMetasIsBounded() throws Exception {
    var handler = new Hanging();
    var presences = presences(handler);
    put(presences, "ada");
    nextDiff();
    var large = RawPayload.jsonText("{\"phx_ref\":\"r\",\"a\":\"" + "x".repeat(1 << 20) + "\"}");
    for (int i = 0; i < 9; i++) {
      presences.put("t", 1, "bob", new Meta(host.inbox(), 1, "r" + i, large));
      nextDiff();
    }
    int told = host.broadcasts.size();
    put(presences, "cid");
    host.pass(Duration.ofMillis(50));
    assertNull(host.posted.poll(200, TimeUnit.MILLISECONDS), "nothing is fetched for it");
    assertEquals(told, host.broadcasts.size());
    handler.hang.countDown();
    nextDiff();
    assertTrue(host.broadcasts.getLast().contains("cid"));
  }

  /* ---- who went with the topic's last host */

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

  @Test
  void theApplicationHearsOfThoseWhoWentWithTheLastHostAndOnceThatNobodyIsThere() throws Exception {
    var handler = new Watching();
    var presences = presences(handler);
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
    var presences = presences(handler);
    put(presences, "ada");
    host.runNext();
    presences.receive("gateway.1", went("ada", "bob"));
    host.runNext();
    host.pass(Duration.ofMillis(50));
    host.runNext();
    presences.remove("t", host.inbox(), 1, "ada", false);
    host.pass(Duration.ofMillis(50));
    host.runNext();
    host.runNext();
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
    var presences = presences(handler);
    put(presences, "ada");
    host.runNext();
    presences.receive("gateway.1", went("ada"));
    host.runNext();
    presences.remove("t", host.inbox(), 1, "ada", false);
    host.pass(Duration.ofMillis(50));
    host.runNext();
    host.runNext();
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
    var presences = presences(handler);
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
    var presences = presences(PresenceHandler.none());
    presences.receive("gateway.1", went("ada"));
    assertFalse(presences.holds("t"));
    presences.noticed("gateway.1", List.of(7L));
    host.pass(Duration.ofMinutes(1));
    assertEquals(List.of(), host.sent);
  }

  @Test
  void aTopicThatWasHandedOverMeanwhileHearsOfThemAtItsNextHost() {
    var presences = presences(new Watching());
    host.isHosting = false;
    presences.receive("gateway.1", went("ada"));
    host.hostElsewhere = PEER;
    host.pass(Duration.ofSeconds(5));
    assertEquals(List.of("WentWithHost"), host.sent);
  }

  /** What the application hears of within a moment, this host would owe it if it died before. */
  @Test
  void aGatewayMayForgetWhatHasEndedOnceTheApplicationHasHeardOfIt() {
    var presences = presences(new Watching());
    presences.noticed("gateway.1", List.of(7L));
    host.pass(Duration.ofMillis(1_999));
    assertEquals(List.of(), host.sent);
    host.pass(Duration.ofMillis(1));
    assertEquals(List.of("Noticed"), host.sent);
  }

  /* ---- callbacks by themselves */

  @Test
  void aTimerKeepsNothingOfACallbackThatHasReturned() throws Exception {
    var callbacks =
        new TopicCallbacks("t", host, Duration.ofSeconds(30), Bound.CALLBACK_TIMEOUT, () -> {});
    var result = new WeakReference<>(called(callbacks));
    assertEquals(1, host.timers.size());
    for (int i = 0; i < 100 && result.get() != null; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertNull(result.get());
    assertTrue(callbacks.isIdle());
  }

  private Object called(TopicCallbacks callbacks) throws InterruptedException {
    var payload = new byte[1_000];
    callbacks.call("fetch", () -> () -> payload, result -> assertEquals(payload, result), () -> {});
    host.runNext();
    return payload;
  }

  @Test
  void oneThatTakesTooLongIsCountedAndGivenUp() {
    var callbacks =
        new TopicCallbacks(
            "t", host, Duration.ofSeconds(1), Bound.PRESENCE_FETCH_TIMEOUT, () -> {});
    var outcome = new ArrayList<String>();
    callbacks.call(
        "fetch",
        () -> () -> new CountDownLatch(1).await(30, TimeUnit.SECONDS),
        ignored -> outcome.add("result"),
        () -> outcome.add("without"));
    host.pass(Duration.ofMillis(999));
    assertEquals(List.of(), host.reached);
    host.pass(Duration.ofMillis(1));
    assertEquals(List.of(Bound.PRESENCE_FETCH_TIMEOUT), host.reached);
    assertEquals(List.of("without"), outcome);
  }

  @Test
  void whatFailsAgainAndAgainDoesNotFillTheLog() throws Exception {
    var lines = new ListAppender<ILoggingEvent>();
    lines.start();
    var log = (ch.qos.logback.classic.Logger) LoggerFactory.getLogger(TopicCallbacks.class);
    log.addAppender(lines);
    try {
      var callbacks =
          new TopicCallbacks("t", host, Duration.ofSeconds(30), Bound.CALLBACK_TIMEOUT, () -> {});
      for (int i = 0; i < 100; i++) {
        fails(callbacks);
      }
      called(callbacks);
      fails(callbacks);
    } finally {
      log.detachAppender(lines);
    }
    List<String> told = lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    assertEquals("fetch failed, topic=t", told.getFirst());
    assertEquals("fetch failed, topic=t (64 failures in a row)", told.get(6));
    assertEquals("fetch failed, topic=t", told.get(7));
    assertEquals(8, told.size());
  }

  private void fails(TopicCallbacks callbacks) throws InterruptedException {
    callbacks.call(
        "fetch",
        () ->
            () -> {
              throw new IllegalStateException("the database is down");
            },
        ignored -> {},
        () -> {});
    host.runNext();
  }

  @Test
  void aFailingEffectDoesNotStopTheNextCallback() throws Exception {
    var callbacks =
        new TopicCallbacks("t", host, Duration.ofSeconds(30), Bound.CALLBACK_TIMEOUT, () -> {});
    var seen = new ArrayList<@Nullable String>();
    callbacks.call(
        "fetch",
        () -> () -> "first",
        result -> {
          throw new IllegalStateException(result);
        },
        () -> {});
    callbacks.call("fetch", () -> () -> "second", seen::add, () -> {});
    Runnable first = host.posted.poll(20, TimeUnit.SECONDS);
    assertThrows(IllegalStateException.class, first::run);
    host.runNext();
    assertEquals(List.of("second"), seen);
  }
}
