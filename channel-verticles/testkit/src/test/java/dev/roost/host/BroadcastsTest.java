package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.Broadcaster;
import dev.roost.application.ChannelOptions;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.testkit.ChannelKit;
import dev.roost.testkit.Received;
import dev.roost.testkit.TestChannel;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pushes, broadcasts and interception; section 14 of the specification. */
@Timeout(60)
class BroadcastsTest {

  private static Result send(String event, Payload payload, Socket socket) {
    switch (event) {
      case "push" -> socket.push("pushed", payload);
      case "broadcast" -> socket.broadcast("said", payload);
      case "broadcast_from" -> socket.broadcastFrom("said", payload);
      default -> {
        return Result.unhandled();
      }
    }
    return Result.ok();
  }

  private static ChannelKit kit() {
    return Script.onIn(BroadcastsTest::send).kit();
  }

  @Test
  void aPushReachesItsOwnClientOnly() { // F-1
    try (var kit = kit()) {
      var ada = kit.join("t:1");
      var bob = kit.join("t:1");
      ada.push("push", Map.of("n", 1));
      ada.assertPush("pushed", Map.of("n", 1));
      bob.refutePush("pushed");
    }
  }

  @Test
  void aBroadcastReachesEveryMemberOfItsTopic() { // F-3, F-9
    try (var kit = kit()) {
      var ada = kit.join("t:1");
      var bob = kit.join("t:1");
      var eve = kit.join("t:2");
      ada.push("broadcast", Map.of("n", 1));
      ada.assertBroadcast("said", Map.of("n", 1));
      bob.assertBroadcast("said", Map.of("n", 1));
      eve.refuteBroadcast("said");
    }
  }

  @Test
  void broadcastFromLeavesOutTheChannelOnly() { // F-4
    try (var kit = kit()) {
      var ada = kit.join("t:1");
      var otherTab = kit.join("t:1");
      ada.push("broadcast_from", Map.of("n", 1));
      otherTab.assertBroadcast("said", Map.of("n", 1));
      ada.refuteBroadcast("said");
    }
  }

  @Test
  void aBroadcastMayBeBinary() { // F-23
    try (var kit = kit()) {
      var ada = kit.join("t:1");
      ada.push("broadcast", new byte[] {1, 2});
      assertArrayEquals(new byte[] {1, 2}, ada.assertBroadcast("said").binary());
    }
  }

  @Test
  void whatIsNoObjectIsRefusedBeforeAnythingIsSent() { // S-15, ER-29
    try (var kit = kit()) {
      var bob = kit.join("t:1");
      for (String event : List.of("push", "broadcast", "broadcast_from")) {
        var ada = kit.join("t:1");
        ada.push(event, List.of(1));
        ada.assertCrashed(IllegalArgumentException.class);
      }
      Broadcaster broadcaster = kit.broadcaster();
      assertThrows(
          IllegalArgumentException.class, () -> broadcaster.broadcast("t:1", "said", "text"));
      assertThrows(
          IllegalArgumentException.class, () -> broadcaster.broadcast("t:1", "said", null));
      bob.refuteBroadcast("said");
    }
  }

  @Test
  void vertxJsonIsAPayloadLikeAnyOther() {
    var script =
        Script.onIn((event, payload, socket) -> Result.reply(new JsonObject().put("a", 1)));
    try (var kit = script.kit()) {
      var ada = kit.join("t:1");
      ada.assertReply(ada.push("any", new JsonObject().put("b", 2)), "ok", Map.of("a", 1));
      kit.broadcaster().broadcast("t:1", "said", new JsonObject().put("c", 3));
      ada.assertBroadcast("said", Map.of("c", 3));
    }
  }

  /* ---- from outside */

  @Test
  void anybodyMayBroadcastFromAnyThread() throws Exception { // F-6
    try (var kit = kit()) {
      var ada = kit.join("t:1");
      Broadcaster broadcaster = kit.broadcaster();

      broadcaster.broadcast("t:1", "main", Map.of());
      Thread.ofPlatform().start(() -> broadcaster.broadcast("t:1", "platform", Map.of())).join();
      Thread.ofVirtual().start(() -> broadcaster.broadcast("t:1", "virtual", Map.of())).join();
      kit.node()
          .vertx()
          .deployVerticle(
              new VerticleBase() {
                @Override
                public Future<?> start() {
                  broadcaster.broadcast("t:1", "verticle", Map.of());
                  return Future.succeededFuture();
                }
              })
          .await(20, TimeUnit.SECONDS);
      var byName = new Broadcaster(kit.node(), "script", Application.named("script").mapper());
      byName.broadcast("t:1", "by_name", Map.of());

      for (String event : List.of("main", "platform", "virtual", "verticle", "by_name")) {
        ada.assertBroadcast(event);
      }
    }
  }

  @Test
  void whatOneThreadBroadcastsArrivesInItsOrder() { // U-7
    try (var kit = kit()) {
      var ada = kit.join("t:1");
      for (int i = 0; i < 500; i++) {
        kit.broadcaster().broadcast("t:1", "n", Map.of("n", i));
      }
      for (int i = 0; i < 500; i++) {
        var broadcast = (Received.Broadcast) ada.next();
        assertEquals(i, broadcast.payload().tree().path("n").asInt());
      }
    }
  }

  @Test
  void aBroadcastToATopicWithoutMembersIsLost() { // F-21
    try (var kit = kit()) {
      kit.broadcaster().broadcast("t:1", "lost", Map.of());
      var ada = kit.join("t:1");
      kit.broadcaster().broadcast("t:1", "kept", Map.of());
      assertEquals("kept", ((Received.Broadcast) ada.next()).event());
    }
  }

  @Test
  void withoutANodeThatServesTheApplicationTheCallerIsTold() throws Exception {
    try (var kit = kit()) {
      Broadcaster broadcaster = kit.broadcaster();
      kit.deployment().undeploy().await(20, TimeUnit.SECONDS);
      var refused =
          assertThrows(
              IllegalStateException.class, () -> broadcaster.broadcast("t:1", "e", Map.of()));
      assertTrue(refused.getMessage().contains("script"), refused.getMessage());
    }
  }

  @Test
  void membersOnSeveralHostsGetTheirOwnTopicsBroadcasts() { // partitions over verticles
    var options = ChannelOptions.defaults().withVerticles(4);
    try (var kit = Script.onIn(BroadcastsTest::send).kit(route -> route, any -> options)) {
      var members = new ArrayList<TestChannel>();
      var socket = kit.socket();
      for (int i = 0; i < 40; i++) {
        members.add(socket.join("t:" + i));
      }
      for (int i = 0; i < 40; i++) {
        kit.broadcaster().broadcast("t:" + i, "n", Map.of("n", i));
      }
      for (int i = 0; i < 40; i++) {
        members.get(i).assertBroadcast("n", Map.of("n", i));
      }
    }
  }

  /* ---- interception */

  private static Script intercepting() {
    return Script.onIn(BroadcastsTest::send)
        .out(
            (event, payload, socket) ->
                switch (payload.tree().path("do").asText()) {
                  case "drop" -> Result.noReply();
                  case "stop" -> Result.stop();
                  case "throw" -> throw new IllegalStateException("asked to");
                  case "null" -> null;
                  case "unhandled" -> Result.unhandled();
                  case "rename" -> {
                    socket.push("renamed", Map.of("for", socket.topic()));
                    yield Result.noReply();
                  }
                  default -> {
                    socket.push(event, payload);
                    yield Result.noReply();
                  }
                });
  }

  private static ChannelKit interceptingKit() {
    return intercepting().kit(route -> route.intercept("said"), options -> options);
  }

  @Test
  void anInterceptedBroadcastGoesThroughEveryMembersHandleOut() { // F-10, F-15
    try (var kit = interceptingKit()) {
      var ada = kit.join("t:1");
      var bob = kit.join("t:1");
      ada.push("broadcast", Map.of("n", 1));
      ada.assertPush("said", Map.of("n", 1));
      bob.assertPush("said", Map.of("n", 1));
      ada.push("broadcast", Map.of("do", "rename"));
      ada.assertPush("renamed", Map.of("for", "t:1"));
      bob.assertPush("renamed", Map.of("for", "t:1"));
      ada.push("broadcast", Map.of("do", "drop"));
      ada.refutePush("said");
      bob.refuteBroadcast("said");
    }
  }

  @Test
  void otherEventsAreNotIntercepted() { // F-9
    try (var kit = interceptingKit()) {
      var ada = kit.join("t:1");
      kit.broadcaster().broadcast("t:1", "other", Map.of());
      ada.assertBroadcast("other");
    }
  }

  @Test
  void broadcastFromIsInterceptedForTheOthersOnly() { // F-4, F-8
    try (var kit = interceptingKit()) {
      var ada = kit.join("t:1");
      var bob = kit.join("t:1");
      ada.push("broadcast_from", Map.of("n", 1));
      bob.assertPush("said", Map.of("n", 1));
      ada.refutePush("said");
    }
  }

  @Test
  void handleOutMayStopTheChannel() { // F-16
    try (var kit = interceptingKit()) {
      var ada = kit.join("t:1");
      kit.broadcaster().broadcast("t:1", "said", Map.of("do", "stop"));
      ada.assertClosed();
    }
  }

  @Test
  void whatHandleOutThrowsCrashesItsChannelNotThePublisher() { // L-20, F-2
    for (String how : List.of("throw", "null", "unhandled")) {
      try (var kit = interceptingKit()) {
        var ada = kit.join("t:1");
        kit.broadcaster().broadcast("t:1", "said", Map.of("do", how));
        ada.assertCrashed();
        var bob = kit.join("t:1");
        bob.assertReply(bob.push("push", Map.of()), "ok");
      }
    }
  }

  @Test
  void aChannelWithoutHandleOutCrashesOnAnInterceptedEvent() { // F-10
    try (var kit =
        Script.onIn(BroadcastsTest::send)
            .kit(route -> route.intercept("said"), options -> options)) {
      var ada = kit.join("t:1");
      kit.broadcaster().broadcast("t:1", "said", Map.of());
      ada.assertCrashed();
    }
  }

  @Test
  void aSecondListOfInterceptedEventsReplacesTheFirst() { // F-14
    try (var kit =
        intercepting().kit(route -> route.intercept("old").intercept("said"), options -> options)) {
      var ada = kit.join("t:1");
      kit.broadcaster().broadcast("t:1", "old", Map.of());
      ada.assertBroadcast("old");
      kit.broadcaster().broadcast("t:1", "said", Map.of());
      ada.assertPush("said");
    }
  }

  @Test
  void anInterceptedBroadcastKeepsItsPlaceAmongTheChannelsMail() { // R0-2
    try (var kit = interceptingKit()) {
      var ada = kit.join("t:1");
      var expected = new ArrayList<String>();
      for (int i = 0; i < 100; i++) {
        kit.broadcaster().broadcast("t:1", "said", Map.of("n", i));
        expected.add("{\"n\":" + i + "}");
      }
      var got = new ArrayList<String>();
      for (int i = 0; i < 100; i++) {
        got.add(((Received.Push) ada.next()).payload().tree().toString());
      }
      assertEquals(expected, got);
    }
  }

  @Test
  void aPushFromAnotherThreadArrives() throws Exception { // Socket: any thread
    var socket = new CompletableFuture<Socket>();
    var script =
        Script.onIn(
            (event, payload, s) -> {
              socket.complete(s);
              return Result.ok();
            });
    try (var kit = script.kit()) {
      var ada = kit.join("t:1");
      ada.push("any");
      Socket there = socket.get(20, TimeUnit.SECONDS);
      Thread.ofPlatform()
          .start(
              () -> {
                for (int i = 0; i < 100; i++) {
                  there.push("n", Map.of("n", i));
                }
              })
          .join();
      for (int i = 0; i < 100; i++) {
        ada.assertPush("n", Map.of("n", i));
      }
    }
  }
}
