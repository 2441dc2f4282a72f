package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.Route;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.TerminateReason;
import dev.roost.presence.Presence;
import dev.roost.presence.PresenceException;
import dev.roost.presence.PresenceOptions;
import dev.roost.testkit.ChannelKit;
import dev.roost.testkit.Received;
import dev.roost.testkit.TestChannel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Presences as channels and other code see them, on one host. */
@Timeout(60)
class PresenceTest {

  /** Does to presences what its client says, and answers with what came of it. */
  static final class Present implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return JoinResult.ok();
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      JsonNode wish = payload.tree();
      Presence presence =
          wish.has("topic") ? socket.presence(wish.get("topic").asText()) : socket.presence();
      String key = wish.path("key").asText();
      try {
        return switch (event) {
          case "track" -> Result.reply(Map.of("ref", presence.track(key, wish.path("meta"))));
          case "update" -> Result.reply(Map.of("ref", presence.update(key, wish.path("meta"))));
          case "age" ->
              Result.reply(
                  Map.of(
                      "ref",
                      presence.update(key, meta -> meta.put("age", meta.path("age").asInt() + 1))));
          case "untrack" -> {
            presence.untrack(key);
            yield Result.ok();
          }
          case "list" -> Result.reply(presence.list());
          case "get" -> Result.reply(presence.getByKey(key).orElse(null));
          case "say" -> {
            socket.broadcast("said", payload);
            yield Result.ok();
          }
          case "crash" -> throw new IllegalStateException("asked to crash");
          default -> Result.unhandled();
        };
      } catch (PresenceException e) {
        return Result.error(Map.of("reason", e.reason().name()));
      } catch (IllegalArgumentException e) {
        return Result.error(Map.of("reason", "argument", "message", e.getMessage()));
      }
    }

    @Override
    public Outcome handleOut(String event, Payload payload, Socket socket) {
      socket.push("seen_" + event, payload);
      return Result.noReply();
    }
  }

  static final PresenceOptions QUICK =
      PresenceOptions.defaults().withDiffWindow(Duration.ofMillis(5));

  private static ChannelOptions options(PresenceOptions presence) {
    return ChannelOptions.defaults().withVerticles(1).withPresence(presence);
  }

  private static Application application() {
    return Application.named("app")
        .path("/socket")
        .route("room:*", Present::new)
        .route("lobby:*", Present::new)
        .route(Route.of("watched:*", Present::new).intercept("presence_diff"));
  }

  private static Application scripted(Supplier<Channel> channel) {
    return Application.named("scripted").path("/socket").route("s:*", channel);
  }

  @AutoClose private final ChannelKit kit = ChannelKit.of(application(), options(QUICK));

  private static Payload ask(TestChannel channel, String event, Object payload) {
    return channel.assertReply(channel.push(event, payload), "ok");
  }

  private static String track(TestChannel channel, String key) {
    return ref(ask(channel, "track", Map.of("key", key, "meta", Map.of("mood", "free"))));
  }

  private static String ref(Payload answer) {
    return answer.tree().required("ref").asText();
  }

  private static void assertRefused(
      TestChannel channel, String reason, String event, Object payload) {
    channel.assertReply(channel.push(event, payload), "error", Map.of("reason", reason));
  }

  /** Waits until these versions have been told to have joined, in one diff or several. */
  private static void awaitTold(TestChannel watcher, String... refs) {
    var missing = new java.util.HashSet<>(List.of(refs));
    while (!missing.isEmpty()) {
      String told = watcher.assertBroadcast("presence_diff").tree().get("joins").toString();
      missing.removeIf(told::contains);
    }
  }

  private static Map<String, Object> diff(Map<String, ?> joins, Map<String, ?> leaves) {
    return Map.of("joins", joins, "leaves", leaves);
  }

  private static Map<String, Object> metas(String... refs) {
    return Map.of(
        "metas", java.util.Arrays.stream(refs).map(ref -> Map.of("phx_ref", ref)).toList());
  }

  private int presences() throws Exception {
    HostVerticle host = kit.deployment().hosts().get(0);
    Promise<Integer> count = Promise.promise();
    host.context()
        .runOnContext(
            ignored ->
                count.complete(host.presenceCount() + host.runtime().tracking().hosted().topics()));
    return count.future().await(10, TimeUnit.SECONDS);
  }

  private void awaitPresences(int expected) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (presences() != expected && System.nanoTime() < deadline) {
      Thread.sleep(5);
    }
    assertEquals(expected, presences());
  }

  /* ---- track, update, untrack */

  @Test
  void whoTracksIsInTheListAtOnceAndAllAreTold() {
    var ada = kit.join("room:1");
    var bob = kit.join("room:1");
    String ref = track(ada, "ada");
    assertTrue(ref.matches("[\\w-]{16}"), ref);

    var list = ask(bob, "list", Map.of());
    assertEquals(
        "{\"ada\":{\"metas\":[{\"mood\":\"free\",\"phx_ref\":\"" + ref + "\"}]}}",
        list.tree().toString());
    assertEquals(list.tree().get("ada"), ask(bob, "get", Map.of("key", "ada")).tree());
    assertTrue(ask(bob, "get", Map.of("key", "bob")).tree().isNull());

    var told = bob.assertBroadcast("presence_diff").tree();
    assertEquals(list.tree(), told.get("joins"));
    assertEquals("{}", told.get("leaves").toString());
    ada.assertBroadcast("presence_diff", diff(Map.of("ada", metas(ref)), Map.of()));
  }

  @Test
  void anUpdateReplacesTheMetaAndNamesTheOldRef() {
    var ada = kit.join("room:1");
    String first = track(ada, "ada");
    ada.assertBroadcast("presence_diff");
    var busy = Map.of("key", "ada", "meta", Map.of("mood", "busy"));
    String second = ref(ask(ada, "update", busy));

    assertEquals(
        "{\"joins\":{\"ada\":{\"metas\":[{\"mood\":\"busy\",\"phx_ref\":\""
            + second
            + "\",\"phx_ref_prev\":\""
            + first
            + "\"}]}},\"leaves\":{\"ada\":{\"metas\":[{\"mood\":\"free\",\"phx_ref\":\""
            + first
            + "\"}]}}}",
        ada.assertBroadcast("presence_diff").tree().toString());

    String third = ref(ask(ada, "age", Map.of("key", "ada")));
    assertEquals(
        "{\"metas\":[{\"mood\":\"busy\",\"age\":1,\"phx_ref\":\""
            + third
            + "\",\"phx_ref_prev\":\""
            + second
            + "\"}]}",
        ask(ada, "get", Map.of("key", "ada")).tree().toString());
  }

  @Test
  void whatIsTrackedTwiceOrNotAtAllIsAnError() {
    var ada = kit.join("room:1");
    track(ada, "ada");
    var meta = Map.of("key", "ada", "meta", Map.of("mood", "busy"));
    assertRefused(ada, "ALREADY_TRACKED", "track", meta);
    assertRefused(ada, "NOT_TRACKED", "update", Map.of("key", "bob", "meta", Map.of()));
    assertRefused(ada, "NOT_TRACKED", "age", Map.of("key", "bob"));
    ask(ada, "untrack", Map.of("key", "bob"));
    assertEquals("free", ask(ada, "get", Map.of("key", "ada")).tree().at("/metas/0/mood").asText());
  }

  @Test
  void untrackEndsOnePresenceOfSeveral() throws Exception {
    var ada = kit.join("room:1");
    String one = track(ada, "ada");
    track(ada, "ada's phone");
    ada.assertBroadcast("presence_diff", told -> told.tree().at("/joins/ada").isObject());
    ask(ada, "untrack", Map.of("key", "ada"));
    assertEquals(
        List.of("ada's phone"),
        ask(ada, "list", Map.of()).tree().properties().stream().map(Map.Entry::getKey).toList());
    ada.assertBroadcast("presence_diff", diff(Map.of(), Map.of("ada", metas(one))));
    assertEquals(2, presences());
  }

  @Test
  void oneKeyHasAMetaForEachChannelInOrderOfTracking() {
    var laptop = kit.join("room:1");
    var phone = kit.join("room:1");
    String first = track(laptop, "ada");
    String second = track(phone, "ada");
    String third = ref(ask(laptop, "age", Map.of("key", "ada")));
    var metas = ask(phone, "get", Map.of("key", "ada")).tree().get("metas");
    assertEquals(
        List.of(third, second),
        List.of(metas.get(0).get("phx_ref").asText(), metas.get(1).get("phx_ref").asText()));
    assertFalse(metas.toString().contains("\"phx_ref\":\"" + first + "\""));
  }

  @Test
  void refsThatAClientMakesUpAreTakenOut() {
    var ada = kit.join("room:1");
    var meta = Map.of("phx_ref", "mine", "phx_ref_prev", "mine too");
    String ref = ref(ask(ada, "track", Map.of("key", "ada", "meta", meta)));
    assertEquals(
        "{\"metas\":[{\"phx_ref\":\"" + ref + "\"}]}",
        ask(ada, "get", Map.of("key", "ada")).tree().toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"__proto__", "constructor", "toString", "hasOwnProperty"})
  void aKeyThatBreaksJavaScriptClientsIsRefused(String key) {
    var ada = kit.join("room:1");
    var refused = ada.push("track", Map.of("key", key, "meta", Map.of()));
    var told = ada.assertReply(refused, "error").tree();
    assertTrue(told.get("message").asText().contains("prefix keys"), told.toString());
  }

  @Test
  void aMetaIsAnObjectOfABoundedSize() {
    var ada = kit.join("room:1");
    assertRefused(ada, "argument", "track", Map.of("key", "ada", "meta", List.of(1)));
    assertRefused(
        ada, "argument", "track", Map.of("key", "ada", "meta", Map.of("x", "x".repeat(4_096))));
    assertRefused(ada, "argument", "track", Map.of("key", "k".repeat(256), "meta", Map.of()));
  }

  /* ---- life */

  @Test
  void howeverAChannelEndsItsPresencesEndWithIt() throws Exception {
    var watcher = kit.join("room:1");
    var leaver = kit.join("room:1");
    var closer = kit.join("room:1");
    var crasher = kit.join("room:1");
    String left = track(leaver, "leaver");
    String closed = track(closer, "closer");
    String crashed = track(crasher, "crasher");
    awaitPresences(4);
    // Who leaves within the window of its coming would not be told of.
    awaitTold(watcher, left, closed, crashed);

    leaver.leave();
    watcher.assertBroadcast("presence_diff", diff(Map.of(), Map.of("leaver", metas(left))));
    closer.socket().close();
    watcher.assertBroadcast("presence_diff", diff(Map.of(), Map.of("closer", metas(closed))));
    crasher.push("crash");
    crasher.assertCrashed();
    watcher.assertBroadcast("presence_diff", diff(Map.of(), Map.of("crasher", metas(crashed))));
    awaitPresences(0);
  }

  @Test
  void aDuplicateJoinIsPresentAnew() {
    var watcher = kit.join("room:1");
    var socket = kit.socket();
    String old = track(socket.join("room:1"), "ada");
    watcher.assertBroadcast("presence_diff");
    var again = socket.join("room:1");
    String now = track(again, "ada");
    assertEquals(
        now, ask(watcher, "get", Map.of("key", "ada")).tree().at("/metas/0/phx_ref").asText());
    watcher.assertBroadcast(
        "presence_diff",
        told -> told.tree().at("/leaves/ada/metas/0/phx_ref").asText().equals(old));
  }

  @Test
  void nothingIsKeptAfterAThousandCameAndWent() throws Exception {
    for (int i = 0; i < 1_000; i++) {
      var socket = kit.socket();
      var ada = socket.join("room:" + i % 7);
      track(ada, "key" + i % 3);
      if (i % 2 == 0) {
        ask(ada, "track", Map.of("key", "x", "topic", "lobby:1", "meta", Map.of()));
      }
      socket.close();
    }
    awaitPresences(0);
    assertEquals(0, kit.deployment().hosts().get(0).runtime().tracking().trackers().movable());
  }

  /* ---- diffs */

  @Test
  void whatHappensWithinAWindowIsOneDiffAndWhatCancelsOutIsNone() {
    try (var slow =
        ChannelKit.of(application(), options(QUICK.withDiffWindow(Duration.ofSeconds(2))))
            .limits(Duration.ofSeconds(10), Duration.ofMillis(100))) {
      var watcher = slow.join("room:1");
      var members = IntStream.range(0, 20).mapToObj(i -> slow.join("room:1")).toList();
      for (int i = 0; i < 20; i++) {
        track(members.get(i), "key" + i);
      }
      members.get(0).leave();
      var told = watcher.assertBroadcast("presence_diff").tree();
      assertEquals(19, told.get("joins").size());
      assertEquals("{}", told.get("leaves").toString());
      watcher.refuteBroadcast("presence_diff");
    }
  }

  @Test
  void theWindowGrowsWithTheTopicUpToABound() {
    var options = PresenceOptions.defaults();
    assertEquals(Duration.ofMillis(50), options.window(1));
    assertEquals(Duration.ofMillis(50), options.window(2_500));
    assertEquals(Duration.ofMillis(400), options.window(20_000));
    assertEquals(Duration.ofMillis(500), options.window(1_000_000));
  }

  @Test
  void anInterceptedDiffGoesThroughEachChannel() {
    var ada = kit.join("watched:1");
    track(ada, "ada");
    ada.assertPush("seen_presence_diff", told -> told.tree().at("/joins/ada").isObject());
    ada.refuteBroadcast("presence_diff");
  }

  /* ---- limits */

  @Test
  void eachLimitHasAnAnswerAndLeavesEverythingAsItWas() throws Exception {
    var tight = QUICK.withTopicPresences(3).withSocketPresences(2).withSocketRate(1_000_000);
    try (var limited = ChannelKit.of(application(), options(tight))) {
      var ada = limited.join("room:1");
      var bob = limited.join("room:1");
      track(ada, "1");
      track(ada, "2");
      assertRefused(ada, "SOCKET_LIMIT", "track", Map.of("key", "3", "meta", Map.of()));
      track(bob, "3");
      assertRefused(bob, "TOPIC_FULL", "track", Map.of("key", "4", "meta", Map.of()));
      assertEquals(3, ask(bob, "list", Map.of()).tree().size());
      ask(ada, "untrack", Map.of("key", "1"));
      track(bob, "4");
    }
  }

  @Test
  void aTopicHasABoundInBytes() {
    var tight = QUICK.withTopicBytes(1_024).withMetaBytes(1_000);
    try (var limited = ChannelKit.of(application(), options(tight))) {
      var ada = limited.join("room:1");
      ask(ada, "track", Map.of("key", "1", "meta", Map.of("x", "x".repeat(800))));
      assertRefused(
          ada, "TOPIC_FULL", "track", Map.of("key", "2", "meta", Map.of("x", "x".repeat(200))));
      assertRefused(
          ada, "TOPIC_FULL", "update", Map.of("key", "1", "meta", Map.of("x", "x".repeat(985))));
      assertEquals(
          800, ask(ada, "get", Map.of("key", "1")).tree().at("/metas/0/x").asText().length());
    }
  }

  @Test
  void whoTracksTooOftenIsTold() {
    try (var limited = ChannelKit.of(application(), options(QUICK.withSocketRate(1)))) {
      var ada = limited.join("room:1");
      track(ada, "1");
      ask(ada, "update", Map.of("key", "1", "meta", Map.of()));
      assertRefused(ada, "SOCKET_LIMIT", "update", Map.of("key", "1", "meta", Map.of()));
    }
  }

  /** Topics at eight host verticles, none of which knows what the others track. */
  @Test
  void theLimitsOfASocketHoldWhereverItsChannelsAre() {
    var tight = QUICK.withSocketPresences(5).withSocketRate(1_000_000);
    try (var limited = ChannelKit.of(application(), options(tight).withVerticles(8))) {
      var socket = limited.socket();
      for (int i = 1; i <= 5; i++) {
        track(socket.join("room:" + i), "ada");
      }
      for (int i = 6; i <= 20; i++) {
        var refused = socket.join("room:" + i);
        assertRefused(refused, "SOCKET_LIMIT", "track", Map.of("key", "ada", "meta", Map.of()));
      }
      track(limited.join("room:20"), "bob");
    }
  }

  @Test
  void theChannelsOfASocketShareItsLimits() throws Exception {
    var tight = QUICK.withSocketPresences(2).withSocketRate(2);
    try (var limited = ChannelKit.of(application(), options(tight))) {
      var socket = limited.socket();
      var room = socket.join("room:1");
      var lobby = socket.join("lobby:1");
      track(room, "1");
      track(lobby, "2");
      assertRefused(lobby, "SOCKET_LIMIT", "track", Map.of("key", "3", "meta", Map.of()));
      room.leave();
      room.assertClosed();
      track(lobby, "3");
      ask(lobby, "update", Map.of("key", "3", "meta", Map.of()));
      assertRefused(lobby, "SOCKET_LIMIT", "update", Map.of("key", "3", "meta", Map.of()));
      track(limited.join("lobby:1"), "3");
      for (int i = 0; i < 10; i++) {
        limited
            .deployment()
            .presences()
            .track("lobby:1", "4", Map.of())
            .await(10, TimeUnit.SECONDS);
      }
    }
  }

  /* ---- other topics, other code */

  @Test
  void aChannelIsPresentInOtherTopicsUntilItEnds() {
    var ada = kit.join("room:1");
    var watcher = kit.join("lobby:1");
    var here = Map.of("key", "ada", "topic", "lobby:1", "meta", Map.of("in", "room:1"));
    String ref = ref(ask(ada, "track", here));
    watcher.assertBroadcast("presence_diff", diff(Map.of("ada", metas(ref)), Map.of()));
    assertEquals(
        ref, ask(watcher, "get", Map.of("key", "ada")).tree().at("/metas/0/phx_ref").asText());
    assertEquals("{}", ask(ada, "list", Map.of()).tree().toString());
    assertEquals(1, ask(ada, "list", Map.of("topic", "lobby:1")).tree().size());
    ada.leave();
    watcher.assertBroadcast("presence_diff", diff(Map.of(), Map.of("ada", metas(ref))));
  }

  /** On the event loop of the server, as any handler. */
  @Test
  void anHttpHandlerListsWhoIsThere() throws Exception {
    track(kit.join("room:1"), "ada");
    Vertx vertx = Vertx.vertx();
    try {
      Presences presences = kit.deployment().presences();
      var server =
          vertx
              .createHttpServer()
              .requestHandler(
                  request ->
                      presences
                          .list(request.path().substring(1))
                          .onSuccess(list -> request.response().end(list.keys().toString())))
              .listen(0, "127.0.0.1")
              .await(10, TimeUnit.SECONDS);
      var client = vertx.createHttpClient(); // One that nobody refers to may be closed.
      var answer =
          client
              .request(HttpMethod.GET, server.actualPort(), "127.0.0.1", "/room:1")
              .compose(HttpClientRequest::send)
              .compose(HttpClientResponse::body)
              .await(10, TimeUnit.SECONDS);
      assertEquals("[ada]", answer.toString());
      client.close().await(10, TimeUnit.SECONDS);
    } finally {
      vertx.close().await(10, TimeUnit.SECONDS);
    }
  }

  /** Of diffs and all else that is broadcast; of each publisher nothing overtakes anything. */
  @Test
  void allMembersHearOneOrder() {
    try (var quick = ChannelKit.of(application(), options(QUICK.withSocketRate(1_000_000)))) {
      var ada = quick.join("room:1");
      var bob = quick.join("room:1");
      var eve = quick.join("room:1");
      for (int i = 0; i < 200; i++) {
        String tracked = ada.push("track", Map.of("key", "key" + i, "meta", Map.of()));
        ask(eve, "say", Map.of("number", i));
        ada.assertReply(tracked, "ok");
      }
      bob.assertBroadcast("presence_diff", diff -> diff.tree().at("/joins").has("key199"));
      ada.assertBroadcast("presence_diff", diff -> diff.tree().at("/joins").has("key199"));
      var heard = heard(bob);
      assertEquals(heard, heard(ada));
      assertEquals(
          IntStream.range(0, 200).mapToObj(i -> "key" + i).toList(),
          heard.stream().filter(each -> each.startsWith("key")).toList());
      assertEquals(
          IntStream.range(0, 200).mapToObj(i -> "said " + i).toList(),
          heard.stream().filter(each -> each.startsWith("said")).toList());
    }
  }

  private static List<String> heard(TestChannel channel) {
    return channel.received().stream()
        .filter(Received.Broadcast.class::isInstance)
        .map(Received.Broadcast.class::cast)
        .flatMap(PresenceTest::summary)
        .toList();
  }

  private static Stream<String> summary(Received.Broadcast broadcast) {
    JsonNode tree = broadcast.payload().tree();
    return broadcast.event().equals("said")
        ? Stream.of("said " + tree.path("number").asInt())
        : tree.path("joins").properties().stream().map(Map.Entry::getKey);
  }

  @Test
  void codeOutsideChannelsListsTracksUpdatesAndUntracks() throws Exception {
    var watcher = kit.join("room:1");
    Presences presences = kit.deployment().presences();
    Tracking bot = presences.track("room:1", "bot", Map.of("n", 1)).await(10, TimeUnit.SECONDS);
    watcher.assertBroadcast("presence_diff", diff(Map.of("bot", metas(bot.ref())), Map.of()));

    String old = bot.ref();
    String now = bot.update(Map.of("n", 2)).await(10, TimeUnit.SECONDS);
    assertEquals(now, bot.ref());
    watcher.assertBroadcast(
        "presence_diff", diff(Map.of("bot", metas(now)), Map.of("bot", metas(old))));
    assertEquals(
        Map.of("bot", 2),
        Map.of(
            "bot",
            presences
                .list("room:1")
                .await(10, TimeUnit.SECONDS)
                .metas()
                .get("bot")
                .get(0)
                .get("n")
                .asInt()));
    Optional<ObjectNode> byKey = presences.getByKey("room:1", "bot").await(10, TimeUnit.SECONDS);
    assertEquals(now, byKey.orElseThrow().at("/metas/0/phx_ref").asText());
    assertEquals(Optional.empty(), presences.getByKey("room:1", "ada").await(10, TimeUnit.SECONDS));

    bot.untrack().await(10, TimeUnit.SECONDS);
    bot.untrack().await(10, TimeUnit.SECONDS);
    watcher.assertBroadcast("presence_diff", diff(Map.of(), Map.of("bot", metas(now))));
    var failure =
        assertThrows(
            PresenceException.class, () -> bot.update(Map.of()).await(10, TimeUnit.SECONDS));
    assertEquals(PresenceException.Reason.NOT_TRACKED, failure.reason());
  }

  @Test
  void whatAVerticleTracksEndsWithIt() throws Exception {
    var watcher = kit.join("room:1");
    var verticle =
        new VerticleBase() {
          @Override
          public Future<?> start() {
            return kit.deployment().presences().track("room:1", "worker", Map.of());
          }
        };
    String id = kit.node().vertx().deployVerticle(verticle).await(10, TimeUnit.SECONDS);
    watcher.assertBroadcast("presence_diff", told -> told.tree().at("/joins/worker").isObject());
    kit.node().vertx().undeploy(id).await(10, TimeUnit.SECONDS);
    // At once: no clock of the host has to find out.
    var left = kit.deployment().presences().list("room:1").await(10, TimeUnit.SECONDS);
    assertEquals(java.util.Set.of(), left.keys());
    watcher.assertBroadcast("presence_diff", told -> told.tree().at("/leaves/worker").isObject());
  }

  @Test
  void answersComeToTheVerticleThatAskedWhichOwnsWhatItTracksThen() throws Exception {
    var presences = kit.deployment().presences();
    Promise<Boolean> onItsContext = Promise.promise();
    var verticle =
        new VerticleBase() {
          @Override
          public Future<?> start() {
            return presences
                .track("lobby:1", "first", Map.of())
                .compose(
                    first -> {
                      onItsContext.complete(
                          context.deploymentID().equals(Vertx.currentContext().deploymentID()));
                      return presences.track("lobby:1", "second", Map.of());
                    });
          }
        };
    var vertx = kit.node().vertx();
    String id = vertx.deployVerticle(verticle).await(10, TimeUnit.SECONDS);
    assertTrue(onItsContext.future().await(10, TimeUnit.SECONDS));
    awaitPresences(3);
    vertx.undeploy(id).await(10, TimeUnit.SECONDS);
    awaitPresences(0);
  }

  @Test
  void whoeverHasTheNodeListsAndTracksWhereTheApplicationIs() throws Exception {
    var presences = new Presences(kit.node(), application());
    assertThrows(
        IllegalStateException.class,
        () -> ChannelVerticles.deploy(kit.node(), application()).await(10, TimeUnit.SECONDS));
    presences.track("room:1", "bot", Map.of()).await(10, TimeUnit.SECONDS);
    assertEquals(
        java.util.Set.of("bot"), presences.list("room:1").await(10, TimeUnit.SECONDS).keys());
    kit.deployment().undeploy().await(10, TimeUnit.SECONDS);
    var refused =
        assertThrows(IllegalStateException.class, () -> presences.track("room:1", "x", Map.of()));
    assertTrue(refused.getMessage().contains("is not deployed on this node"));
  }

  @Test
  void halfACharacterIsNoTopicAndNoKey() {
    var presences = kit.deployment().presences();
    for (String[] names : new String[][] {{"room:1", "a\ud83d"}, {"room:\ude00", "ada"}}) {
      var refused =
          assertThrows(
              IllegalArgumentException.class, () -> presences.track(names[0], names[1], Map.of()));
      assertTrue(refused.getMessage().contains("whole characters"), refused.getMessage());
    }
  }

  @Test
  void nodesWithoutTheApplicationListButDoNotTrack() throws Exception {
    track(kit.join("room:1"), "ada");
    var elsewhere = new Presences(kit.node(), "another", application().mapper());
    var refused =
        assertThrows(IllegalStateException.class, () -> elsewhere.track("room:1", "bot", Map.of()));
    assertTrue(refused.getMessage().contains("is not deployed on this node"));
  }

  @Test
  void anEventLoopIsToldToAskElsewhere() throws Exception {
    Promise<Presence> found = Promise.promise();
    var script =
        Script.onJoin(
            (topic, payload, socket) -> {
              found.complete(socket.presence());
              return JoinResult.ok();
            });
    var scripted = scripted(() -> script);
    try (var other = ChannelKit.of(scripted)) {
      other.join("s:1");
      Promise<Throwable> thrown = Promise.promise();
      other
          .node()
          .vertx()
          .runOnContext(
              ignored -> {
                try {
                  found.future().result().list();
                  thrown.fail("it waited");
                } catch (RuntimeException e) {
                  thrown.complete(e);
                }
              });
      Throwable failure = thrown.future().await(10, TimeUnit.SECONDS);
      assertInstanceOf(IllegalStateException.class, failure);
      assertTrue(failure.getMessage().contains("presences()"), failure.getMessage());
    }
  }

  @Test
  void whoTracksInJoinIsPresentUnlessRefused() throws ExecutionException {
    var scripted =
        scripted(
            () ->
                Script.onJoin(
                    (topic, payload, socket) -> {
                      socket.presence().track(payload.tree().path("key").asText(), Map.of());
                      return payload.tree().has("no")
                          ? JoinResult.refuse(Map.of())
                          : JoinResult.ok(socket.presence().list());
                    }));
    try (var other = ChannelKit.of(scripted, options(QUICK))) {
      other.socket().assertJoinRefused("s:1", Map.of("key", "bob", "no", 1));
      var ada = other.join("s:1", Map.of("key", "ada"));
      assertEquals(List.of("ada"), List.copyOf(keys(ada.response())));
    }
  }

  /** Present under the key of its payload, and all under one, as the answer of the join says. */
  private static ChannelKit answersPresent(PresenceOptions presence) {
    return ChannelKit.of(
        scripted(() -> Script.onJoin(PresenceTest::answerPresent).info(PresenceTest::pushKeys)),
        options(presence));
  }

  private static JoinResult answerPresent(String topic, Payload payload, Socket socket) {
    socket.sendSelf("joined");
    String name = "x".repeat(payload.tree().path("long").asInt());
    return JoinResult.ok(Map.of("first", true))
        .present(payload.tree().path("key").asText(), Map.of("mood", "free"))
        .present("all", Map.of("name", name));
  }

  private static Outcome pushKeys(Object message, Socket socket) {
    socket.push("keys", Map.of("are", socket.presence().list().keys()));
    return Result.noReply();
  }

  @Test
  void aJoinMayBeAnsweredWithBeingPresent() throws Exception {
    try (var other = answersPresent(QUICK)) {
      var ada = other.join("s:1", Map.of("key", "ada"));
      assertEquals(Map.of("first", true), ada.response().as(Map.class));
      assertTrue(ada.assertPush("presence_state").tree().has("ada"), "present from now on");
      var bob = other.join("s:1", Map.of("key", "bob"));
      var state = bob.assertPush("presence_state").tree();
      assertEquals("free", state.at("/ada/metas/0/mood").asText());
      assertEquals("free", state.at("/bob/metas/0/mood").asText());
      assertEquals(2, state.at("/all/metas").size());
      ada.assertBroadcast("presence_diff", diff -> diff.tree().get("joins").has("bob"));

      var first = bob.assertPush("keys");
      assertTrue(first.tree().toString().contains("bob"), "present before any other callback");

      ada.leave();
      bob.assertBroadcast("presence_diff", diff -> diff.tree().get("leaves").has("ada"));
    }
  }

  @Test
  void aKeyOrMetaThatCannotBeFailsTheJoinThatIsAnsweredWithIt() throws Exception {
    try (var other = answersPresent(QUICK.withMetaBytes(100))) {
      var reason = Map.of("reason", "join crashed");
      other.socket().assertJoinRefused("s:1", Map.of("key", "__proto__"), reason);
      other.socket().assertJoinRefused("s:1", Map.of("key", "ada", "long", 100), reason);
      var bob = other.join("s:1", Map.of("key", "bob"));
      assertEquals(java.util.Set.of("bob", "all"), keys(bob.assertPush("presence_state")));
    }
  }

  @Test
  void whoCannotBePresentAfterTheJoinCrashesAndIsInNoList() throws Exception {
    try (var other = answersPresent(QUICK.withTopicPresences(3))) {
      var ada = other.join("s:1", Map.of("key", "ada"));
      ada.assertPush("presence_state");
      var bob = other.join("s:1", Map.of("key", "bob"));
      var refused = bob.assertCrashed(PresenceException.class);
      assertEquals(PresenceException.Reason.TOPIC_FULL, refused.reason());
      var presences = other.deployment().presences();
      java.util.Set<String> present;
      do { // his end takes a moment
        present = presences.list("s:1").await(10, TimeUnit.SECONDS).keys();
      } while (present.contains("bob"));
      assertEquals(java.util.Set.of("ada", "all"), present);
    }
  }

  @Test
  void whoTracksWhenTheClientHasGoneHasNotCrashed() throws Exception {
    var tracking = new CountDownLatch(1);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              while (true) {
                socket.presence().track("ada", Map.of());
                tracking.countDown();
                socket.presence().untrack("ada");
              }
            });
    var scripted = scripted(() -> script);
    var options = options(QUICK.withSocketRate(1_000_000));
    try (var other = ChannelKit.of(scripted, options)) {
      var ada = other.join("s:1");
      ada.push("track");
      assertTrue(tracking.await(20, TimeUnit.SECONDS));
      ada.socket().close("gone");
      assertEquals(new TerminateReason.Closed("gone"), ada.assertTerminated());
    }
  }

  private static java.util.Set<String> keys(Payload list) {
    return list.tree().properties().stream()
        .map(Map.Entry::getKey)
        .collect(java.util.stream.Collectors.toSet());
  }
}
