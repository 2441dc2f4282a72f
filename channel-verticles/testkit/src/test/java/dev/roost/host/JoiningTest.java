package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.Route;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.TerminateReason;
import dev.roost.testkit.ChannelKit;
import dev.roost.testkit.Received;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connecting and joining; sections 6 and 10 of the specification. */
@Timeout(60)
class JoiningTest {

  private static final Map<String, String> JOIN_CRASHED = Map.of("reason", "join crashed");

  /* ---- connect */

  private static final class Door implements SocketHandler {
    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      return switch (params.tree().path("token").asText()) {
        case "" -> ConnectResult.accept();
        case "throw" -> throw new IllegalStateException("no");
        case "null" -> null;
        case "busy" -> ConnectResult.refuse(429, "slow down").header("Retry-After", "5");
        case "bad" -> ConnectResult.refuse();
        default ->
            ConnectResult.accept()
                .assign("user", params.tree().path("token").asText())
                .assign("agent", info.userAgent().orElse("none"));
      };
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return Optional.ofNullable(accepted.assigns().get("user")).map(user -> "users:" + user);
    }
  }

  private static ChannelKit door() {
    return ChannelKit.of(
        Application.named("door")
            .socket("/socket", new Door())
            .route(
                Route.of("t:*", () -> Script.onIn(JoiningTest::assigns)).assign("role", "guest")));
  }

  private static Result assigns(String event, Payload payload, Socket socket) {
    return Result.reply(
        Map.of(
            "user", socket.assigns().get("user", String.class).orElse("nobody"),
            "role", socket.assigns().get("role", String.class).orElse("none"),
            "id", socket.id().orElse("anonymous"),
            "transport", socket.transport(),
            "topic", socket.topic()));
  }

  @Test
  void anAcceptedConnectionHasAnIdAndAssigns() { // N-10, D-1, J-7, R-4, N-13
    try (var kit = door()) {
      var socket = kit.connect("/socket", Map.of("token", "ada"), Map.of("user_agent", "test"));
      assertEquals(Optional.of("users:ada"), socket.id());
      assertEquals("test", socket.assigns().tree().path("agent").asText());

      var channel = socket.join("t:1");
      channel.assertReply(
          channel.push("assigns"),
          "ok",
          Map.of(
              "user", "ada",
              "role", "guest",
              "id", "users:ada",
              "transport", "websocket",
              "topic", "t:1"));
    }
  }

  @Test
  void aConnectionMayBeAnonymous() {
    try (var kit = door()) {
      var socket = kit.connect();
      assertEquals(Optional.empty(), socket.id());
      var channel = socket.join("t:1");
      channel.assertReply(
          channel.push("assigns"), "ok", Map.of("user", "nobody", "id", "anonymous"));
    }
  }

  @Test
  void aConnectionIsRefusedWithItsStatus() { // H-11
    try (var kit = door()) {
      assertEquals(
          new ConnectResult.Refused(403, Map.of(), ""),
          kit.assertConnectRefused(Map.of("token", "bad")));
      assertEquals(
          new ConnectResult.Refused(429, Map.of("Retry-After", "5"), "slow down"),
          kit.assertConnectRefused(Map.of("token", "busy")));
      // Nothing internal reaches the client.
      assertEquals(
          new ConnectResult.Refused(500, Map.of(), ""),
          kit.assertConnectRefused(Map.of("token", "throw")));
      assertEquals(
          new ConnectResult.Refused(403, Map.of(), ""),
          kit.assertConnectRefused(Map.of("token", "null")));
    }
  }

  /* ---- results of join */

  @Test
  void aJoinIsAnsweredOk() { // J-9
    try (var kit = Script.onJoin((topic, payload, socket) -> JoinResult.ok()).kit()) {
      assertEquals("{}", kit.join("t:1").response().tree().toString());
    }
  }

  record Welcome(String topic, List<Integer> numbers) {}

  @Test
  void aJoinIsAnsweredWithAnyJson() { // J-10, S-16
    for (Object response : new Object[] {new Welcome("t:1", List.of(1)), List.of(1), "x", 7}) {
      try (var kit = Script.onJoin((topic, payload, socket) -> JoinResult.ok(response)).kit()) {
        var answered = kit.join("t:1").response().tree();
        assertEquals(
            Application.named("a").mapper().valueToTree(response).toString(), answered.toString());
      }
    }
    try (var kit = Script.onJoin((topic, payload, socket) -> JoinResult.ok(null)).kit()) {
      assertTrue(kit.join("t:1").response().tree().isNull());
    }
    var bytes = new byte[] {1, 2};
    try (var kit = Script.onJoin((topic, payload, socket) -> JoinResult.ok(bytes)).kit()) {
      assertArrayEquals(bytes, kit.join("t:1").response().binary());
    }
  }

  @Test
  void theJoinPayloadArrivesUnchanged() { // J-18
    try (var kit = Script.onJoin((topic, payload, socket) -> JoinResult.ok(payload)).kit()) {
      for (Object payload : new Object[] {Map.of("a", 1), List.of(1, 2), "text", 7}) {
        assertEquals(
            Application.named("a").mapper().valueToTree(payload).toString(),
            kit.join("t:1", payload).response().tree().toString());
      }
      assertTrue(kit.join("t:1", null).response().tree().isNull());
      assertArrayEquals(new byte[] {9}, kit.join("t:1", new byte[] {9}).response().binary());
    }
  }

  @Test
  void aRefusedJoinTellsItsReason() { // J-11
    for (Object reason : new Object[] {Map.of("reason", "full"), "full", List.of("full")}) {
      try (var kit = Script.onJoin((topic, payload, socket) -> JoinResult.refuse(reason)).kit()) {
        kit.socket().assertJoinRefused("t:1", Map.of(), reason);
      }
    }
  }

  @Test
  void aRefusedJoinIsTerminatedWithoutEverBeingJoined() throws InterruptedException { // J-17
    var told = new AtomicReference<TerminateReason>();
    var thrown = new AtomicReference<Exception>();
    var done = new CountDownLatch(1);
    var script =
        Script.onJoin((topic, payload, socket) -> JoinResult.refuse(Map.of()))
            .terminate(
                (reason, socket) -> {
                  told.set(reason);
                  try {
                    socket.push("too_late", Map.of());
                  } catch (IllegalStateException e) {
                    thrown.set(e);
                  }
                  done.countDown();
                });
    try (var kit = script.kit()) {
      kit.socket().assertJoinRefused("t:1", Map.of());
      assertTrue(done.await(20, TimeUnit.SECONDS));
      assertEquals(new TerminateReason.Refused(), told.get());
      assertInstanceOf(IllegalStateException.class, thrown.get());
    }
  }

  @Test
  void aJoinThatThrowsIsAnsweredCrashedAndNotTerminated() { // J-16, J-17, ER-17
    var terminated = Collections.synchronizedList(new ArrayList<TerminateReason>());
    List<Script.JoinCallback> crashes =
        List.of(
            (topic, payload, socket) -> {
              throw new IllegalStateException("no");
            },
            (topic, payload, socket) -> {
              throw new StackOverflowError("an error, even");
            },
            (topic, payload, socket) -> {
              throw new Unspeakable();
            },
            (topic, payload, socket) -> null,
            (topic, payload, socket) -> JoinResult.ok(new Object())); // ER-19: cannot be written
    for (Script.JoinCallback crash : crashes) {
      var script = Script.onJoin(crash).terminate((reason, socket) -> terminated.add(reason));
      try (var kit = script.kit()) {
        kit.socket().assertJoinRefused("t:1", Map.of(), JOIN_CRASHED);
      }
    }
    assertEquals(List.of(), terminated);
  }

  /** ER-19, B-7: no frame has room for the topic. */
  @Test
  void aBinaryAnswerToAJoinOfALongTopicIsACrashedJoin() {
    var script = Script.onJoin((topic, payload, socket) -> JoinResult.ok(new byte[] {1}));
    try (var kit = script.kit()) {
      kit.join("t:" + "x".repeat(253));
      kit.socket().assertJoinRefused("t:" + "x".repeat(254), Map.of(), JOIN_CRASHED);
    }
  }

  @Test
  void aChannelThatCannotBeMadeIsACrashedJoin() { // J-16
    var application =
        Application.named("app")
            .route(
                "t:*",
                () -> {
                  throw new IllegalStateException("no channel today");
                });
    try (var kit = ChannelKit.of(application)) {
      kit.socket().assertJoinRefused("t:1", Map.of(), JOIN_CRASHED);
    }
  }

  @Test
  void nothingIsSentWithinJoin() { // J-14, ER-18
    List<Consumer<Socket>> calls =
        List.of(
            socket -> socket.push("e", Map.of()),
            socket -> socket.broadcast("e", Map.of()),
            socket -> socket.broadcastFrom("e", Map.of()),
            Socket::ref);
    for (Consumer<Socket> call : calls) {
      var message = new AtomicReference<String>();
      var script =
          Script.onJoin(
              (topic, payload, socket) -> {
                try {
                  call.accept(socket);
                } catch (IllegalStateException e) {
                  message.set(e.getMessage());
                  throw e;
                }
                return JoinResult.ok();
              });
      try (var kit = script.kit()) {
        kit.socket().assertJoinRefused("t:1", Map.of(), JOIN_CRASHED);
        assertTrue(message.get().contains("sendSelf"), message.get());
      }
    }
  }

  @Test
  void whatAChannelSendsItselfInJoinComesBehindTheAnswer() { // J-12, J-14
    var script =
        Script.onJoin(
                (topic, payload, socket) -> {
                  socket.sendSelf("first");
                  socket.sendSelf("second");
                  return JoinResult.ok();
                })
            .info(
                (message, socket) -> {
                  socket.push((String) message, Map.of());
                  return Result.noReply();
                });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      assertEquals("first", ((Received.Push) channel.next()).event());
      assertEquals("second", ((Received.Push) channel.next()).event());
    }
  }

  @Test
  void messagesSentInJoinAreNotHandledIfItIsRefused() {
    var handled = Collections.synchronizedList(new ArrayList<Object>());
    var script =
        Script.onJoin(
                (topic, payload, socket) -> {
                  socket.sendSelf("message");
                  return JoinResult.refuse(Map.of());
                })
            .info(
                (message, socket) -> {
                  handled.add(message);
                  return Result.noReply();
                });
    try (var kit = script.kit()) {
      kit.socket().assertJoinRefused("t:1", Map.of());
    }
    assertEquals(List.of(), handled);
  }

  @Test
  void theFirstRouteThatMatchesIsTaken() {
    var application =
        Application.named("app")
            .route("a:b", () -> named("exact"))
            .route("a:*", () -> named("prefix"))
            .route("*", () -> named("any"));
    try (var kit = ChannelKit.of(application)) {
      assertEquals("exact", kit.join("a:b").response().tree().asText());
      assertEquals("prefix", kit.join("a:").response().tree().asText());
      assertEquals("prefix", kit.join("a:b:c").response().tree().asText());
      assertEquals("any", kit.join("b").response().tree().asText());
    }
  }

  private static Channel named(String name) {
    return (topic, payload, socket) -> JoinResult.ok(name);
  }

  @Test
  void assignsOfAChannelAreItsOwn() { // M-17
    var application =
        Application.named("app")
            .route(
                "t:*",
                () ->
                    Script.onIn(
                        (event, payload, socket) -> {
                          int count = socket.assigns().get("n", Integer.class).orElse(0) + 1;
                          socket.assigns().put("n", count);
                          return Result.reply(count);
                        }));
    try (var kit = ChannelKit.of(application)) {
      var socket = kit.socket();
      var first = socket.join("t:1");
      var second = socket.join("t:2");
      first.assertReply(first.push("count"), "ok", 1);
      first.assertReply(first.push("count"), "ok", 2);
      second.assertReply(second.push("count"), "ok", 1);
    }
  }

  /* ---- time */

  @Test
  void aJoinThatNeverReturnsIsAnsweredCrashedAndInterrupted() throws InterruptedException { // J-21
    var interrupted = new CountDownLatch(1);
    var script =
        Script.onJoin(
            (topic, payload, socket) -> {
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.countDown();
              }
              return JoinResult.ok();
            });
    try (var kit = briefly(script)) {
      kit.socket().assertJoinRefused("t:1", Map.of(), JOIN_CRASHED);
      assertTrue(interrupted.await(20, TimeUnit.SECONDS));
    }
  }

  private static ChannelKit briefly(Script script) {
    return script.kit(
        route -> route, options -> options.withCallbackTimeout(Duration.ofMillis(200)));
  }

  /* ---- duplicate joins */

  @Test
  void aDuplicateJoinReplacesTheChannelWithoutTerminate() { // J-40, J-41
    var reasons = Collections.synchronizedList(new ArrayList<TerminateReason>());
    var script =
        Script.onIn((event, payload, socket) -> Result.ok())
            .terminate((reason, socket) -> reasons.add(reason));
    try (var kit = script.kit()) {
      var socket = kit.socket();
      var old = socket.join("t:1");
      var fresh = socket.join("t:1");
      old.assertClosed();
      fresh.assertReply(fresh.push("any"), "ok");
      String stale = old.push("any");
      fresh.assertReply(fresh.push("any"), "ok"); // behind it on the same way
      old.refuteReply(stale);
      assertEquals(List.of(), reasons);
    }
    assertEquals(List.of(new TerminateReason.Closed("closed")), reasons);
  }

  @Test
  void aDuplicateJoinWaitsForTheCallbackOfTheOldChannel() throws Exception { // J-40
    var order = Collections.synchronizedList(new ArrayList<String>());
    var busy = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var script =
        Script.onJoin(
                (topic, payload, socket) -> {
                  order.add("join");
                  return JoinResult.ok();
                })
            .in(
                (event, payload, socket) -> {
                  busy.countDown();
                  awaitUninterrupted(release);
                  order.add("handled");
                  socket.push("of_the_old_one", Map.of());
                  return Result.ok();
                });
    try (var kit = script.kit()) {
      var socket = kit.socket();
      var old = socket.join("t:1");
      String ref = old.push("work");
      old.push("never handled");
      assertTrue(busy.await(20, TimeUnit.SECONDS));

      var joining = Thread.ofVirtual().start(() -> socket.join("t:1"));
      while (Script.topics(kit) > 0) { // until the host has taken the old member out
        Thread.onSpinWait();
      }
      release.countDown();
      assertTrue(joining.join(Duration.ofSeconds(20)));

      old.assertClosed();
      old.refuteReply(ref); // what the old one still sends goes nowhere, once it is replaced
      assertEquals("join", order.get(0));
      assertEquals(1, Collections.frequency(order, "handled"));
      assertEquals(2, Collections.frequency(order, "join"));
    }
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aDuplicateJoinDoesNotWaitForEver() throws InterruptedException { // J-40: 5 s in Phoenix
    var busy = new CountDownLatch(1);
    var interrupted = new CountDownLatch(1);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              busy.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.countDown();
              }
              return Result.noReply();
            });
    try (var kit =
        script.kit(r -> r, options -> options.withReplaceTimeout(Duration.ofMillis(200)))) {
      var socket = kit.socket();
      var old = socket.join("t:1");
      old.push("hang");
      assertTrue(busy.await(20, TimeUnit.SECONDS));

      var fresh = socket.join("t:1");

      old.assertClosed();
      assertTrue(interrupted.await(20, TimeUnit.SECONDS));
      assertFalse(fresh.received().contains(new Received.Crashed()));
    }
  }

  @Test
  void aRefusedDuplicateJoinEndsTheOldChannelToo() { // J-42
    var script =
        Script.onJoin(
                (topic, payload, socket) ->
                    payload.tree().isEmpty() ? JoinResult.ok() : JoinResult.refuse(Map.of()))
            .in((event, payload, socket) -> Result.ok());
    try (var kit = script.kit()) {
      var socket = kit.socket();
      var old = socket.join("t:1");
      socket.assertJoinRefused("t:1", Map.of("again", true));
      old.assertClosed();
      old.refuteReply(old.push("any"));
    }
  }
}
