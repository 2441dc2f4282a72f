package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.presence.PresenceDiff;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceList;
import dev.roost.presence.PresenceOptions;
import dev.roost.testkit.ChannelKit;
import dev.roost.testkit.TestChannel;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What an application adds to its presences, and how it hears of them. */
@Timeout(60)
class PresenceHandlerTest {

  private static ChannelKit kit(PresenceHandler handler) {
    return kit(handler, PresenceTest.QUICK);
  }

  private static ChannelKit kit(PresenceHandler handler, PresenceOptions presence) {
    return ChannelKit.of(
            Application.named("app")
                .path("/socket")
                .route("room:*", PresenceTest.Present::new)
                .presence(handler),
            ChannelOptions.defaults().withVerticles(1).withPresence(presence))
        .limits(Duration.ofSeconds(10), Duration.ofMillis(100));
  }

  private static TestChannel track(TestChannel channel, String key) {
    channel.assertReply(
        channel.push("track", Map.of("key", key, "meta", Map.of("mood", "free"))), "ok");
    return channel;
  }

  private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    T next = queue.poll(10, TimeUnit.SECONDS);
    assertNotNull(next, "nothing came");
    return next;
  }

  /* ---- fetch */

  /** Adds a name to each presence, as from a database. */
  private static final class Names implements PresenceHandler {
    private final BlockingQueue<Map<String, ObjectNode>> fetched = new LinkedBlockingQueue<>();

    @Override
    public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
      fetched.add(Map.copyOf(presences));
      presences.forEach((key, presence) -> presence.put("name", "Dr. " + key + " of " + topic));
      return presences;
    }
  }

  @Test
  void fetchAddsToListsToOnePresenceAndToDiffs() throws Exception {
    var names = new Names();
    try (ChannelKit kit = kit(names)) {
      var ada = track(kit.join("room:1"), "ada");
      var named = Map.of("ada", Map.of("name", "Dr. ada of room:1", "metas", List.of(Map.of())));
      ada.assertBroadcast("presence_diff", Map.of("joins", named, "leaves", Map.of()));
      ada.assertReply(ada.push("list", Map.of()), "ok", named);
      ada.assertReply(
          ada.push("get", Map.of("key", "ada")), "ok", Map.of("name", "Dr. ada of room:1"));

      assertEquals(Set.of("ada"), next(names.fetched).keySet());
      assertEquals(Set.of(), next(names.fetched).keySet());
      assertEquals(Set.of("ada"), next(names.fetched).keySet());
      assertEquals(Set.of("ada"), next(names.fetched).keySet());
      assertTrue(names.fetched.isEmpty());
    }
  }

  @Test
  void aFetchThatFailsCostsItsOwnEffectOnly() {
    var works = new java.util.concurrent.atomic.AtomicBoolean();
    PresenceHandler failing =
        new PresenceHandler() {
          @Override
          public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
            if (!works.get()) {
              throw new IllegalStateException("no database");
            }
            return presences;
          }
        };
    try (ChannelKit kit = kit(failing)) {
      var ada = track(kit.join("room:1"), "ada");
      var told = ada.assertBroadcast("presence_diff").tree().get("joins");
      assertEquals(1, told.size());
      ada.assertReply(ada.push("list", Map.of()), "ok", told);
      ada.assertReply(ada.push("get", Map.of("key", "ada")), "ok", told.get("ada"));
      works.set(true);
      ada.assertReply(ada.push("list", Map.of()), "ok", told);
    }
  }

  /** The database is down, and each topic calls for itself: together they could fill the disk. */
  @Test
  void callbacksThatFailInManyTopicsAreShownTenTimesASecondAndTheOthersCounted() {
    PresenceHandler failing =
        new PresenceHandler() {
          @Override
          public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
            throw new IllegalStateException("no database");
          }
        };
    var failures = new Lines("dev.roost.tracking.TopicCallbacks");
    var counts = new Lines("dev.roost.host.HostTracking");
    long began = System.nanoTime();
    try (failures;
        counts;
        ChannelKit kit = kit(failing)) {
      for (int i = 0; i < 200; i++) {
        track(kit.join("room:" + i), "ada");
      }
    } // Whoever closes waits until the application was told of all, so nothing is logged any more.
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began);
    long shown = failures.count(Level.ERROR);
    long leftOut = failures.count(Level.DEBUG);
    assertTrue(shown + leftOut >= 200, shown + " lines and " + leftOut + " at debug");
    assertTrue(shown >= 20 && shown <= 30 + 10 * seconds, shown + " lines in " + seconds + " s");
    assertEquals(leftOut, counts.told());
  }

  /** What a class tells the log, from debug on, and nobody else hears meanwhile. */
  private static final class Lines implements AutoCloseable {
    private static final Pattern LEFT_OUT =
        Pattern.compile(
            "presences failed more often than is shown: (\\d+) lines are at debug only");

    private final ListAppender<ILoggingEvent> all = new ListAppender<>();
    private final Logger logger;

    Lines(String teller) {
      logger = (Logger) LoggerFactory.getLogger(teller);
      all.start();
      logger.addAppender(all);
      logger.setLevel(Level.DEBUG);
      logger.setAdditive(false);
    }

    long count(Level level) {
      return all.list.stream().filter(line -> line.getLevel() == level).count();
    }

    /** How many lines were left out, as it says. */
    long told() {
      return all.list.stream()
          .map(line -> LEFT_OUT.matcher(line.getFormattedMessage()))
          .filter(found -> found.matches())
          .mapToLong(found -> Long.parseLong(found.group(1)))
          .sum();
    }

    @Override
    public void close() {
      logger.detachAppender(all);
      logger.setLevel(null);
      logger.setAdditive(true);
    }
  }

  @Test
  void aFetchThatReturnsOtherKeysOrNoMetasCountsAsFailed() {
    PresenceHandler forgetful =
        new PresenceHandler() {
          @Override
          public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
            return Map.of();
          }
        };
    try (ChannelKit kit = kit(forgetful)) {
      var ada = track(kit.join("room:1"), "ada");
      assertTrue(ada.assertBroadcast("presence_diff").tree().at("/joins/ada").isObject());
    }
    PresenceHandler withoutMetas =
        new PresenceHandler() {
          @Override
          public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
            presences.values().forEach(presence -> presence.remove("metas"));
            return presences;
          }
        };
    try (ChannelKit kit = kit(withoutMetas)) {
      var ada = track(kit.join("room:1"), "ada");
      assertTrue(ada.assertBroadcast("presence_diff").tree().at("/joins/ada/metas").isArray());
    }
  }

  @Test
  void aFetchThatHangsIsGivenUpAndDiffsGoOnInOrder() throws Exception {
    var hang = new CountDownLatch(1);
    var hangs = new CountDownLatch(1);
    var calls = new AtomicInteger();
    PresenceHandler hanging =
        new PresenceHandler() {
          @Override
          public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
            if (calls.getAndIncrement() == 0) {
              hangs.countDown();
              try {
                hang.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted", e);
              }
            }
            presences.values().forEach(presence -> presence.put("fetched", true));
            return presences;
          }
        };
    // Shorter than any other time-out, so that nobody's list or leave has to wait for long.
    try (ChannelKit kit = kit(hanging)) {
      var watcher = kit.join("room:1");
      track(kit.join("room:1"), "ada");
      assertTrue(hangs.await(10, TimeUnit.SECONDS));
      watcher.assertReply(watcher.push("say", Map.of("n", 1)), "ok");
      track(kit.join("room:1"), "bob");
      var first = watcher.assertBroadcast("presence_diff").tree();
      assertTrue(first.at("/joins/ada").isObject());
      assertFalse(first.at("/joins/ada").has("fetched"));
      var second = watcher.assertBroadcast("presence_diff").tree();
      assertTrue(second.at("/joins/bob/fetched").asBoolean());
    }
    hang.countDown();
  }

  @Test
  void whoAsksForTheListAtTheSameTimeSharesOneFetch() throws Exception {
    var names = new Names();
    try (ChannelKit kit = kit(names)) {
      var members = new ArrayList<TestChannel>();
      for (int i = 0; i < 50; i++) {
        members.add(kit.join("room:1"));
      }
      track(members.get(0), "ada").assertBroadcast("presence_diff");
      names.fetched.clear();
      var refs = new HashMap<TestChannel, String>();
      members.forEach(member -> refs.put(member, member.push("list", Map.of())));
      refs.forEach((member, ref) -> member.assertReply(ref, "ok"));
      assertTrue(names.fetched.size() < 50, names.fetched.size() + " fetches for 50 lists");
    }
  }

  @Test
  void howeverManyAskWhileFetchIsSlowTwoCallsServeThem() throws Exception {
    var slow = new CountDownLatch(1);
    var calls = new LinkedBlockingQueue<Set<String>>();
    PresenceHandler handler =
        new PresenceHandler() {
          @Override
          public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
            if (topic.equals("room:1")) {
              calls.add(Set.copyOf(presences.keySet()));
              awaitUninterruptibly(slow);
            }
            presences.forEach((key, presence) -> presence.put("name", "Dr. " + key));
            return presences;
          }
        };
    var patient = PresenceTest.QUICK.withFetchTimeout(Duration.ofSeconds(30));
    try (ChannelKit kit = kit(handler, patient)) {
      track(kit.join("room:1"), "ada");
      assertEquals(Set.of("ada"), next(calls), "the diff's joins");
      var presences = kit.deployment().presences();
      var names = new ArrayList<Future<String>>();
      for (int i = 0; i < 100; i++) {
        names.add(
            presences
                .list("room:1")
                .map(list -> list.presences().get("ada").path("name").asText()));
        names.add(
            presences.getByKey("room:1", "ada").map(found -> found.get().path("name").asText()));
      }
      // The host takes things in order, so it has heard of all of them then.
      presences.track("room:2", "cleo", Map.of()).await(10, TimeUnit.SECONDS);
      slow.countDown();
      for (Future<String> name : names) {
        assertTrue(name.await(10, TimeUnit.SECONDS).startsWith("Dr. "));
      }
      assertEquals(Set.of(), next(calls), "the diff's leaves");
      assertEquals(Set.of("ada"), next(calls), "a list");
      assertEquals(Set.of("ada"), next(calls), "single presences");
      assertTrue(calls.isEmpty());
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /* ---- handleMetas, occupied, vacated */

  private static final class Watching implements PresenceHandler {
    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    @Override
    public void handleMetas(String topic, PresenceDiff diff, PresenceList presences) {
      seen.add(
          topic
              + " +"
              + diff.joins().keys()
              + " -"
              + diff.leaves().keys()
              + " ="
              + presences.metas().entrySet().stream()
                  .map(entry -> entry.getKey() + "x" + entry.getValue().size())
                  .sorted()
                  .toList());
    }

    @Override
    public void occupied(String topic) {
      seen.add(topic + " occupied");
    }

    @Override
    public void vacated(String topic) {
      seen.add(topic + " vacated");
    }
  }

  @Test
  void theApplicationHearsOfEachDiffAndOfTopicsOccupiedAndVacated() throws Exception {
    var watching = new Watching();
    try (ChannelKit kit = kit(watching)) {
      var laptop = track(kit.join("room:1"), "ada");
      assertEquals("room:1 occupied", next(watching.seen));
      assertEquals("room:1 +[ada] -[] =[adax1]", next(watching.seen));
      var phone = track(kit.join("room:1"), "ada");
      assertEquals("room:1 +[ada] -[] =[adax2]", next(watching.seen));
      laptop.leave();
      assertEquals("room:1 +[] -[ada] =[adax1]", next(watching.seen));
      phone.leave();
      assertEquals("room:1 vacated", next(watching.seen));
      assertEquals("room:1 +[] -[ada] =[]", next(watching.seen));
    }
  }

  @Test
  void aSlowReactionKeepsNeitherDiffsNorListsFromAnybody() throws Exception {
    var slow = new CountDownLatch(1);
    var seen = new LinkedBlockingQueue<String>();
    PresenceHandler handler =
        new PresenceHandler() {
          @Override
          public Map<String, ObjectNode> fetch(String topic, Map<String, ObjectNode> presences) {
            presences.forEach((key, presence) -> presence.put("name", "Dr. " + key));
            return presences;
          }

          @Override
          public void handleMetas(String topic, PresenceDiff diff, PresenceList presences) {
            awaitUninterruptibly(slow);
            seen.add(diff.joins().keys() + " of " + presences.keys());
          }
        };
    try (ChannelKit kit = kit(handler)) {
      var watcher = kit.join("room:1");
      for (String key : List.of("ada", "bob", "cleo")) {
        track(kit.join("room:1"), key);
        assertEquals(
            "Dr. " + key,
            watcher.assertBroadcast("presence_diff").tree().at("/joins/" + key + "/name").asText());
      }
      watcher.assertReply(
          watcher.push("get", Map.of("key", "bob")), "ok", Map.of("name", "Dr. bob"));
      assertTrue(seen.isEmpty());
      slow.countDown();
      assertEquals("[ada] of [ada]", next(seen));

      assertEquals("[bob, cleo] of [ada, bob, cleo]", next(seen));
    }
  }

  @Test
  void anOccupationThatIsOverBeforeItsTurnIsNotToldOf() throws Exception {
    var slow = new CountDownLatch(1);
    var seen = new LinkedBlockingQueue<String>();
    PresenceHandler handler =
        new PresenceHandler() {
          @Override
          public void occupied(String topic) {
            seen.add("occupied");
            awaitUninterruptibly(slow);
          }

          @Override
          public void vacated(String topic) {
            seen.add("vacated");
          }
        };
    try (ChannelKit kit = kit(handler)) {
      var ada = kit.join("room:1");
      track(ada, "ada");
      assertEquals("occupied", next(seen));
      for (int i = 0; i < 3; i++) {
        ada.assertReply(ada.push("untrack", Map.of("key", "ada")), "ok");
        track(ada, "ada");
      }
      ada.assertReply(ada.push("untrack", Map.of("key", "ada")), "ok");
      slow.countDown();
      assertEquals("vacated", next(seen));
      track(ada, "ada");
      assertEquals("occupied", next(seen));
    }
  }

  @Test
  void undeployingWaitsUntilAllIsTold() throws Exception {
    var seen = new LinkedBlockingQueue<String>();
    PresenceHandler slow =
        new PresenceHandler() {
          @Override
          public void handleMetas(String topic, PresenceDiff diff, PresenceList presences) {
            seen.add(topic + " -" + diff.leaves().keys());
          }

          @Override
          public void vacated(String topic) {
            pause();
            seen.add(topic + " vacated");
          }
        };
    try (ChannelKit kit = kit(slow)) {
      var members = new ArrayList<TestChannel>();
      for (int i = 0; i < 20; i++) {
        var member = kit.join("room:" + i);
        members.add(member);
        track(member, "ada");
        assertEquals("room:" + i + " -[]", next(seen));
      }
      kit.deployment().undeploy().await(20, TimeUnit.SECONDS);
      assertEquals(40, seen.size(), seen.toString());
      members.forEach(TestChannel::assertCrashed);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(200);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aTopicThatThisNodeStopsHostingIsVacated() throws Exception {
    var watching = new Watching();
    try (ChannelKit kit = kit(watching)) {
      var ada = track(kit.join("room:1"), "ada");
      assertEquals("room:1 occupied", next(watching.seen));
      assertEquals("room:1 +[ada] -[] =[adax1]", next(watching.seen));
      kit.deployment().undeploy().await(20, TimeUnit.SECONDS);
      assertEquals("room:1 vacated", next(watching.seen));
      assertEquals("room:1 +[] -[ada] =[]", next(watching.seen));
      ada.assertCrashed();
    }
  }

  @Test
  void aCallbackThatThrowsIsLoggedAndTheNextOneComes() throws Exception {
    var seen = new LinkedBlockingQueue<String>();
    PresenceHandler throwing =
        new PresenceHandler() {
          @Override
          public void handleMetas(String topic, PresenceDiff diff, PresenceList presences) {
            seen.add(diff.joins().keys().toString());
            throw new IllegalStateException("asked to throw");
          }
        };
    try (ChannelKit kit = kit(throwing)) {
      track(kit.join("room:1"), "ada");
      assertEquals("[ada]", next(seen));
      track(kit.join("room:1"), "bob");
      assertEquals("[bob]", next(seen));
    }
  }
}
