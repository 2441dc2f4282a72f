package dev.roost.testkit;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.StopReason;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** The kit's own promises: what passes, what fails, and what a failure says. */
@Timeout(60)
class ChannelKitTest {

  private static final class EchoChannel implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return topic.endsWith("closed")
          ? JoinResult.refuse(Map.of("reason", "closed", "until", 8))
          : JoinResult.ok(Map.of("welcome", topic));
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      switch (event) {
        case "echo" -> {
          return Result.reply(payload);
        }
        case "push" -> socket.push("pushed", payload);
        case "broadcast" -> socket.broadcast("said", payload);
        case "throw" -> throw new IllegalStateException("asked to");
        case "fail" -> {
          return Result.stop(StopReason.failure("broken"));
        }
        default -> {
          return Result.unhandled();
        }
      }
      return Result.noReply();
    }
  }

  private static Application echo() {
    return Application.named("echo").route("echo:*", EchoChannel::new);
  }

  private static ChannelKit kit() {
    return ChannelKit.of(echo()).limits(Duration.ofSeconds(20), Duration.ofMillis(100));
  }

  private static String failure(Executable assertion) {
    return assertThrows(AssertionError.class, assertion).getMessage();
  }

  private static void assertContains(String text, String... parts) {
    for (String part : parts) {
      assertTrue(text.contains(part), () -> "no \"" + part + "\" in: " + text);
    }
  }

  /* ---- time */

  @Test
  void aSocketTellsUntilWhenItsApplicationLetsItStay() {
    Instant first = Instant.ofEpochSecond(1_700_000_000);
    Instant second = first.plusSeconds(60);
    SocketHandler handler = (params, info) -> ConnectResult.accept().until(first);
    Channel extending =
        new Channel() {
          @Override
          public JoinResult join(String topic, Payload payload, Socket socket) {
            socket.expireAt(topic.endsWith("ever") ? null : second);
            return JoinResult.ok();
          }
        };
    var application =
        Application.named("limited").socket("/socket", handler).route("t:*", () -> extending);
    try (var kit = ChannelKit.of(application)) {
      TestSocket socket = kit.connect(Map.of());
      assertEquals(Optional.of(first), socket.expiresAt());
      socket.join("t:1");
      assertEquals(Optional.of(second), socket.expiresAt());
      socket.join("t:ever");
      assertEquals(Optional.empty(), socket.expiresAt());
    }
  }

  /* ---- payloads */

  @Test
  void anExpectedPayloadMatchesWhatHasAtLeastItsFields() {
    try (var kit = kit()) {
      var channel = kit.join("echo:1");
      var sent = Map.of("a", 1, "b", Map.of("c", List.of(1, 2), "d", "x"), "e", 1.5);
      for (Object expected :
          List.of(
              Map.of(),
              Map.of("a", 1L),
              Map.of("a", 1.0),
              Map.of("b", Map.of("d", "x")),
              Map.of("b", Map.of("c", List.of(1, 2))),
              sent)) {
        channel.assertReply(channel.push("echo", sent), "ok", expected);
      }
      for (Object expected :
          List.of(
              Map.of("a", 2),
              Map.of("x", 1),
              Map.of("a", "1"),
              Map.of("b", Map.of("c", List.of(1))),
              List.of(),
              "x",
              new byte[] {1})) {
        String ref = channel.push("echo", sent);
        assertThrows(AssertionError.class, () -> channel.assertReply(ref, "ok", expected));
      }
    }
  }

  record Point(int x, int y) {}

  @Test
  void recordsAndBytesArePayloads() {
    try (var kit = kit()) {
      var channel = kit.join("echo:1");
      var point = new Point(1, 2);
      Payload reply = channel.assertReply(channel.push("echo", point), "ok", point);
      assertEquals(point, reply.as(Point.class));
      var bytes = new byte[] {1, 2};
      channel.assertReply(channel.push("echo", bytes), "ok", bytes);
    }
  }

  @Test
  void aPredicateDecidesForItself() {
    try (var kit = kit()) {
      var channel = kit.join("echo:1");
      channel.push("push", Map.of("n", 3));
      channel.assertPush("pushed", payload -> payload.tree().path("n").asInt() > 2);
      channel.push("broadcast", Map.of("n", 3));
      channel.assertBroadcast("said", payload -> payload.tree().path("n").asInt() > 2);
      String ref = channel.push("echo", Map.of("n", 3));
      assertThrows(AssertionError.class, () -> channel.assertReply(ref, "ok", payload -> false));
    }
  }

  /* ---- assertions */

  @Test
  void messagesThatAreNotAskedForStay() {
    try (var kit = kit()) {
      var channel = kit.join("echo:1");
      channel.push("push", Map.of("n", 1));
      channel.push("push", Map.of("n", 2));
      String ref = channel.push("echo", Map.of("n", 3));
      channel.assertReply(ref, "ok", Map.of("n", 3));
      channel.assertPush("pushed", Map.of("n", 2));
      channel.assertPush("pushed", Map.of("n", 1));
      channel.refutePush("pushed");
      assertEquals(3, channel.received().size());
    }
  }

  @Test
  void aMissingMessageSaysWhatCameInstead() {
    try (var kit = kit()) {
      var channel = kit.join("echo:1");
      channel.push("push", Map.of("n", 1));
      channel.assertReply(channel.push("echo"), "ok");
      kit.limits(Duration.ofMillis(200), Duration.ofMillis(100));
      String failure = failure(() -> channel.assertPush("pushed", Map.of("n", 2)));
      assertContains(failure, "a push \"pushed\" with {\"n\":2}", "echo:1", "{\"n\":1}", "200 ms");
      assertContains(failure(() -> channel.assertBroadcast("said")), "a broadcast \"said\"");
      assertContains(failure(channel::assertClosed), "closed");
      assertContains(failure(() -> channel.assertReply("77", "ok")), "ref 77");
    }
  }

  @Test
  void anotherStatusFailsAtOnce() {
    try (var kit = kit()) {
      var channel = kit.join("echo:1");
      String ref = channel.push("echo", Map.of("n", 1));
      assertContains(failure(() -> channel.assertReply(ref, "error")), "error", "ok", "{\"n\":1}");
    }
  }

  @Test
  void aRefutationFailsWhenItsMessageComes() {
    try (var kit = kit()) {
      var channel = kit.join("echo:1");
      channel.push("push", Map.of("n", 1));
      channel.refutePush("pushed", Map.of("n", 2));
      assertContains(failure(() -> channel.refutePush("pushed")), "{\"n\":1}");
      channel.push("broadcast", Map.of("n", 1));
      channel.refuteBroadcast("said", Map.of("n", 2));
      assertContains(failure(() -> channel.refuteBroadcast("said")), "{\"n\":1}");
      String ref = channel.push("echo");
      assertContains(failure(() -> channel.refuteReply(ref)), "ref " + ref);
    }
  }

  @Test
  void aJoinThatGoesTheOtherWayFails() {
    try (var kit = kit()) {
      assertContains(failure(() -> kit.join("echo:closed")), "echo:closed", "until");
      assertContains(failure(() -> kit.socket().assertJoinRefused("echo:1", Map.of())), "accepted");
      kit.socket().assertJoinRefused("echo:closed", Map.of(), Map.of("reason", "closed"));
      assertContains(
          failure(
              () ->
                  kit.socket()
                      .assertJoinRefused("echo:closed", Map.of(), Map.of("reason", "full"))),
          "full",
          "closed");
    }
  }

  @Test
  void aTopicWithoutRouteIsAMistakeOfTheTest() {
    try (var kit = kit()) {
      var mistake = assertThrows(IllegalArgumentException.class, () -> kit.join("nowhere"));
      assertContains(mistake.getMessage(), "nowhere", "echo:*");
    }
  }

  @Test
  void aConnectThatGoesTheOtherWayFails() {
    var application =
        echo()
            .socket(
                "/socket",
                (params, info) ->
                    params.tree().has("bad")
                        ? ConnectResult.refuse(429, "busy")
                        : ConnectResult.accept());
    try (var kit = ChannelKit.of(application)) {
      assertContains(failure(() -> kit.connect(Map.of("bad", "1"))), "429", "busy");
      assertContains(failure(() -> kit.assertConnectRefused(Map.of())), "accepted");
    }
  }

  @Test
  void aPathIsNamedWhereThereIsNotExactlyOne() {
    try (var kit = kit()) {
      assertThrows(IllegalArgumentException.class, kit::connect);
    }
    var two =
        echo().socket("/one", SocketHandler.acceptAll()).socket("/two", SocketHandler.acceptAll());
    try (var kit = ChannelKit.of(two)) {
      assertThrows(IllegalArgumentException.class, kit::connect);
      kit.connect("/two", Map.of(), Map.of()).join("echo:1");
    }
  }

  /* ---- crashes */

  @Test
  void aCrashThatNobodyAskedForFailsTheTestWhenTheKitIsClosed() {
    var kit = kit();
    kit.join("echo:1").push("throw");
    var failure = assertThrows(AssertionError.class, kit::close);
    assertContains(failure.getMessage(), "echo:1", "asked to", "assertCrashed");
    assertEquals("asked to", failure.getCause().getMessage());
  }

  @Test
  void soDoesAStopWithAFailure() { // X-12, L-12
    var kit = kit();
    kit.join("echo:1").push("fail");
    assertContains(failure(kit::close), "echo:1", "failure");
  }

  @Test
  void everyCrashIsReported() {
    var kit = kit();
    kit.join("echo:1").push("throw");
    kit.join("echo:2").push("throw");
    var failure = assertThrows(AssertionError.class, kit::close);
    assertEquals(1, failure.getSuppressed().length);
  }

  @Test
  void aCrashThatWasAskedForPasses() {
    try (var kit = kit()) {
      var channel = kit.join("echo:1");
      channel.push("throw");
      var thrown = channel.assertCrashed(IllegalStateException.class);
      assertEquals("asked to", thrown.getMessage());
    }
  }

  @Test
  void anotherCauseThanExpectedFails() {
    try (var kit = kit()) {
      var channel = kit.join("echo:1");
      channel.push("throw");
      var failure =
          assertThrows(
              AssertionError.class,
              () -> channel.assertCrashed(UnsupportedOperationException.class));
      assertEquals("asked to", failure.getCause().getMessage());
    }
  }

  @Test
  void aRefusedJoinIsNoCrash() {
    try (var kit = kit()) {
      kit.socket().assertJoinRefused("echo:closed", Map.of());
    }
  }

  /* ---- the end */

  @Test
  void closingTheKitClosesWhatTheTestLeftOpen() {
    var kit = kit();
    var vertx = kit.node().vertx();
    kit.join("echo:1");
    kit.join("echo:2");
    kit.close();
    assertTrue(vertx.deploymentIDs().isEmpty());
    assertDoesNotThrow(kit::close);
  }
}
