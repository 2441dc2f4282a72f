package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.StopReason;
import dev.roost.channel.TerminateReason;
import dev.roost.testkit.Received;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Leaving, stopping, crashing and {@code terminate}; section 13 of the specification. */
@Timeout(60)
class EndingTest {

  private static Result ends(String event, Payload payload, Socket socket) {
    return switch (event) {
      case "stop" -> Result.stop();
      case "shutdown" -> Result.stop(StopReason.shutdown("done"));
      case "failure" -> Result.stop(StopReason.failure("broken"));
      case "throw" -> throw new IllegalStateException("asked to");
      case "null" -> null;
      default -> Result.ok();
    };
  }

  /** Says goodbye in terminate, to the client and to all. */
  private static Script polite() {
    return Script.onIn(EndingTest::ends)
        .terminate(
            (reason, socket) -> {
              socket.push("from_terminate", Map.of());
              socket.broadcast("left", Map.of());
            });
  }

  @Test
  void aLeaveIsAnsweredThenClosed() { // L-1, L-2
    var events = Collections.synchronizedList(new ArrayList<String>());
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              events.add(event);
              return Result.ok();
            });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      String ref = channel.leave();
      var reply = assertInstanceOf(Received.Reply.class, channel.next());
      assertEquals(ref, reply.ref());
      assertEquals("ok", reply.status());
      assertTrue(reply.payload().tree().isEmpty());
      assertEquals(new Received.Closed(), channel.next());
      assertEquals(new TerminateReason.Left(), channel.assertTerminated());
    }
    assertEquals(List.of(), events);
  }

  @Test
  void aLeaveComesBehindTheEventsBeforeIt() { // R0-2
    try (var kit = Script.onIn(EndingTest::ends).kit()) {
      var channel = kit.join("t:1");
      String event = channel.push("ok");
      String leave = channel.leave();
      assertEquals(event, ((Received.Reply) channel.next()).ref());
      assertEquals(leave, ((Received.Reply) channel.next()).ref());
      assertEquals(new Received.Closed(), channel.next());
    }
  }

  @Test
  void terminateIsToldWhyAChannelStopped() { // L-30
    Map<String, StopReason> reasons =
        Map.of(
            "stop", StopReason.normal(),
            "shutdown", StopReason.shutdown("done"),
            "failure", StopReason.failure("broken"));
    reasons.forEach(
        (event, reason) -> {
          try (var kit = Script.onIn(EndingTest::ends).kit()) {
            var channel = kit.join("t:1");
            channel.push(event);
            assertEquals(new TerminateReason.Stopped(reason), channel.assertTerminated());
            if (reason instanceof StopReason.Failure) {
              channel.assertCrashed();
            } else {
              channel.assertClosed();
            }
          }
        });
  }

  @Test
  void terminateIsToldWhatCrashedAChannel() { // L-30
    try (var kit = Script.onIn(EndingTest::ends).kit()) {
      var channel = kit.join("t:1");
      channel.push("throw");
      channel.assertCrashed();
      var reason = (TerminateReason.Crashed) channel.assertTerminated();
      assertEquals("asked to", reason.cause().getMessage());
    }
    try (var kit = Script.onIn(EndingTest::ends).kit()) {
      var channel = kit.join("t:1");
      channel.push("null");
      channel.assertCrashed();
      assertInstanceOf(TerminateReason.Crashed.class, channel.assertTerminated());
    }
  }

  @Test
  void terminateIsToldHowTheConnectionEnded() { // L-40
    try (var kit = Script.onIn(EndingTest::ends).kit()) {
      var socket = kit.socket();
      var first = socket.join("t:1");
      var second = socket.join("t:2");
      socket.close("idle");
      assertEquals(new TerminateReason.Closed("idle"), first.assertTerminated());
      assertEquals(new TerminateReason.Closed("idle"), second.assertTerminated());
      assertEquals(List.of(), first.received()); // no phx_close
    }
  }

  @Test
  void aDisconnectedSocketIsClosed() { // D-3, L-40
    try (var kit = Script.onIn(EndingTest::ends).kit()) {
      var socket = kit.socket("users:1", Map.of());
      var other = kit.socket("users:2", Map.of()).join("t:1");
      var channel = socket.join("t:1");
      kit.broadcaster().disconnect("users:1");
      socket.assertDisconnected();
      assertEquals(new TerminateReason.Closed("disconnected"), channel.assertTerminated());
      other.assertReply(other.push("ok"), "ok");
    }
  }

  @Test
  void whatTerminatePushesComesBehindTheClose() { // L-32
    for (String end : List.of("leave", "stop", "shutdown")) {
      try (var kit = polite().kit()) {
        var channel = kit.join("t:1");
        if (end.equals("leave")) {
          channel.assertReply(channel.leave(), "ok");
        } else {
          channel.push(end);
        }
        assertEquals(new Received.Closed(), channel.next(), end);
        assertEquals("from_terminate", ((Received.Push) channel.next()).event());
      }
    }
  }

  @Test
  void whatTerminatePushesAfterACrashComesBeforeTheError() { // L-32
    for (String end : List.of("throw", "failure")) {
      try (var kit = polite().kit()) {
        var channel = kit.join("t:1");
        channel.push(end);
        assertEquals("from_terminate", ((Received.Push) channel.next()).event());
        channel.assertCrashed();
      }
    }
  }

  @Test
  void whatTerminateBroadcastsReachesTheOthers() { // L-32, F-3
    try (var kit = polite().kit()) {
      var bystander = kit.join("t:1");
      var leaver = kit.join("t:1");
      leaver.leave();
      bystander.assertBroadcast("left");
      var lost = kit.join("t:1");
      lost.socket().close();
      bystander.assertBroadcast("left");
      lost.refutePush("from_terminate"); // its connection is gone
    }
  }

  @Test
  void whatTerminateThrowsHarmsNobody() {
    var script =
        Script.onIn(EndingTest::ends)
            .terminate(
                (reason, socket) -> {
                  throw new IllegalStateException("in terminate");
                });
    try (var kit = script.kit()) {
      var bystander = kit.join("t:1");
      var channel = kit.join("t:1");
      channel.push("stop");
      channel.assertClosed();
      var crashing = kit.join("t:1");
      crashing.push("throw");
      crashing.assertCrashed();
      bystander.assertReply(bystander.push("ok"), "ok");
    }
  }

  @Test
  void aTerminateWhoseExceptionCannotSayWhatItIsRunsOnceAndHarmsNothing() {
    var reasons = Collections.synchronizedList(new ArrayList<TerminateReason>());
    var script =
        Script.onIn(EndingTest::ends)
            .terminate(
                (reason, socket) -> {
                  reasons.add(reason);
                  throw new Unspeakable();
                });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.assertReply(channel.leave(), "ok");
      channel.assertClosed();
      var crashing = kit.join("t:1");
      crashing.push("throw");
      crashing.assertCrashed();
    }
    assertEquals(2, reasons.size());
    assertEquals(new TerminateReason.Left(), reasons.get(0));
    assertInstanceOf(TerminateReason.Crashed.class, reasons.get(1));
  }

  @Test
  void nothingIsHandledBehindTheEnd() { // events behind a stop vanish
    var handled = Collections.synchronizedList(new ArrayList<String>());
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              handled.add(event);
              return event.equals("stop") ? Result.stop() : Result.ok();
            });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.push("stop");
      String late = channel.push("late");
      channel.assertClosed();
      channel.refuteReply(late);
    }
    assertEquals(List.of("stop"), handled);
  }

  @Test
  void eachChannelIsTerminatedOnce() { // L-30
    var reasons = Collections.synchronizedList(new ArrayList<TerminateReason>());
    var script = Script.onIn(EndingTest::ends).terminate((reason, socket) -> reasons.add(reason));
    try (var kit = script.kit()) {
      var socket = kit.socket();
      var channel = socket.join("t:1");
      channel.leave();
      channel.leave();
      channel.assertClosed();
      socket.close();
    }
    assertEquals(List.of(new TerminateReason.Left()), reasons);
  }
}
