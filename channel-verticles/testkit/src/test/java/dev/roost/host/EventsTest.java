package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.roost.application.Route.UnhandledEvents;
import dev.roost.application.Telemetry;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.SocketRef;
import dev.roost.channel.StopReason;
import dev.roost.testkit.ChannelKit;
import dev.roost.testkit.Received;
import dev.roost.testkit.TestChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Events, messages and what callbacks answer; sections 11 and 12 of the specification. */
@Timeout(60)
class EventsTest {

  /* ---- results of handleIn */

  private static Result every(String event, Payload payload, Socket socket) {
    return switch (event) {
      case "no_reply" -> Result.noReply();
      case "ok" -> Result.ok();
      case "reply" -> Result.reply(payload);
      case "error" -> Result.error(Map.of("reason", "taken"));
      case "status" -> Result.reply("maybe", Map.of());
      case "null" -> Result.reply(null);
      case "stop" -> Result.stop();
      case "stop_shutdown" -> Result.stop(StopReason.shutdown("done"));
      case "stop_failure" -> Result.stop(StopReason.failure("broken"));
      case "reply_stop" -> Result.reply(Map.of("n", 1)).thenStop();
      case "reply_failure" -> Result.ok().thenStop(StopReason.failure("broken"));
      case "nothing" -> null;
      case "throw" -> throw new IllegalArgumentException("thrown");
      case "error_thrown" -> throw new AssertionError("an error, even");
      case "unwritable" -> Result.reply(new Object());
      case "push_list" -> {
        socket.push("list", List.of());
        yield Result.ok();
      }
      default -> Result.unhandled();
    };
  }

  @Test
  void everyReplyReachesTheClient() { // M-3, M-5, M-6, S-16, S-17
    try (var kit = Script.onIn(EventsTest::every).kit()) {
      var channel = kit.join("t:1");
      channel.assertReply(channel.push("ok"), "ok", response -> response.tree().isEmpty());
      channel.assertReply(channel.push("reply", Map.of("a", 1)), "ok", Map.of("a", 1));
      channel.assertReply(channel.push("reply", List.of(1)), "ok", List.of(1));
      channel.assertReply(channel.push("error"), "error", Map.of("reason", "taken"));
      channel.assertReply(channel.push("status"), "maybe");
      channel.assertReply(channel.push("null"), "ok", response -> response.tree().isNull());
      Payload binary = channel.assertReply(channel.push("reply", new byte[] {1, 2}), "ok");
      assertArrayEquals(new byte[] {1, 2}, binary.binary());
      channel.refuteReply(channel.push("no_reply"));
    }
  }

  @Test
  void aStopEndsTheChannel() { // M-7, M-8, L-10
    for (String event : List.of("stop", "stop_shutdown")) {
      try (var kit = Script.onIn(EventsTest::every).kit()) {
        var channel = kit.join("t:1");
        String ref = channel.push(event);
        assertEquals(new Received.Closed(), channel.next());
        channel.refuteReply(ref);
      }
    }
    try (var kit = Script.onIn(EventsTest::every).kit()) {
      var channel = kit.join("t:1");
      String ref = channel.push("reply_stop");
      assertEquals(ref, ((Received.Reply) channel.next()).ref());
      assertEquals(new Received.Closed(), channel.next());
    }
  }

  @Test
  void aStopWithAFailureIsACrashForTheClient() { // L-12
    try (var kit = Script.onIn(EventsTest::every).kit()) {
      var channel = kit.join("t:1");
      channel.push("stop_failure");
      channel.assertCrashed();
    }
    try (var kit = Script.onIn(EventsTest::every).kit()) {
      var channel = kit.join("t:1");
      String ref = channel.push("reply_failure");
      assertEquals(ref, ((Received.Reply) channel.next()).ref());
      channel.assertCrashed();
    }
  }

  @Test
  void whatACallbackThrowsCrashesItsChannel() { // M-9, M-10, L-20, S-15, ER-24, ER-27, ER-28
    Map<String, Class<? extends Throwable>> crashes =
        Map.of(
            "throw", IllegalArgumentException.class,
            "error_thrown", AssertionError.class,
            "nothing", IllegalStateException.class,
            "unwritable", IllegalArgumentException.class,
            "push_list", IllegalArgumentException.class,
            "unknown", IllegalStateException.class);
    crashes.forEach(
        (event, cause) -> {
          try (var kit = Script.onIn(EventsTest::every).kit()) {
            var channel = kit.join("t:1");
            var bystander = kit.join("t:1");
            String ref = channel.push(event);
            Throwable thrown = channel.assertCrashed(cause);
            channel.refuteReply(ref); // M-10: no reply to the message
            assertFalse(String.valueOf(thrown.getMessage()).isBlank());
            bystander.assertReply(bystander.push("ok"), "ok"); // L-22
          }
        });
  }

  @Test
  void whatCannotSayWhatItIsCrashesItsChannelAllTheSame() { // L-20
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              throw new Unspeakable();
            });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.push("any");
      channel.assertCrashed(Unspeakable.class);

      var again = channel.socket().join("t:1");
      again.push("any");
      again.assertCrashed(Unspeakable.class);
    }
  }

  @Test
  void aNullResultSaysWhatToReturnInstead() { // M-9
    try (var kit = Script.onIn((event, payload, socket) -> null).kit()) {
      var channel = kit.join("t:1");
      channel.push("any");
      var thrown = channel.assertCrashed(IllegalStateException.class);
      assertTrue(thrown.getMessage().contains("Result.noReply()"), thrown.getMessage());
    }
  }

  @Test
  void aNullOutcomeNamesTheCallbackThatReturnedIt() {
    var script =
        Script.onIn(
                (event, payload, socket) -> {
                  socket.sendSelf("message");
                  return Result.noReply();
                })
            .info((message, socket) -> null)
            .out((event, payload, socket) -> null);
    try (var kit = script.kit(route -> route.intercept("news"), options -> options)) {
      var informed = kit.join("t:1");
      informed.push("go");
      var inInfo = informed.assertCrashed(IllegalStateException.class);
      assertEquals(
          "handleInfo returned null; return one of its results, for instance Result.noReply()",
          inInfo.getMessage());

      var subscribed = kit.join("t:1");
      kit.broadcaster().broadcast("t:1", "news", Map.of());
      var inOut = subscribed.assertCrashed(IllegalStateException.class);
      assertEquals(
          "handleOut returned null; return one of its results, for instance Result.noReply()",
          inOut.getMessage());
    }
  }

  @Test
  void aChannelWithoutHandleInCrashesOnAnyEvent() { // M-10, M-18
    var application =
        dev.roost.application.Application.named("bare")
            .route("t:*", () -> (topic, payload, socket) -> JoinResult.ok());
    try (var kit = ChannelKit.of(application)) {
      var channel = kit.join("t:1");
      channel.push("any");
      channel.assertCrashed();
    }
  }

  @Test
  void aRouteMayOnlyLogUnknownEvents() { // M-10
    try (var kit =
        Script.onIn(EventsTest::every)
            .kit(route -> route.unhandledEvents(UnhandledEvents.LOG), options -> options)) {
      var channel = kit.join("t:1");
      String unknown = channel.push("unknown");
      channel.assertReply(channel.push("ok"), "ok");
      channel.refuteReply(unknown);
    }
  }

  @Test
  void aRouteMayAnswerUnknownEventsWithAnError() { // M-10
    try (var kit =
        Script.onIn(EventsTest::every)
            .kit(route -> route.unhandledEvents(UnhandledEvents.REPLY_ERROR), options -> options)) {
      var channel = kit.join("t:1");
      channel.assertReply(channel.push("unknown"), "error", Map.of("reason", "unhandled event"));
      channel.assertReply(channel.push("ok"), "ok");
    }
  }

  /* ---- order */

  @Test
  void eventsAreHandledOneAtATimeInOrder() { // R0-2
    var seen = Collections.synchronizedList(new ArrayList<Integer>());
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              seen.add(payload.tree().asInt());
              return Result.ok();
            });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      var expected = new ArrayList<Integer>();
      String last = "";
      for (int i = 0; i < 500; i++) {
        last = channel.push("n", i);
        expected.add(i);
      }
      channel.assertReply(last, "ok");
      assertEquals(expected, seen);
    }
  }

  @Test
  void whatACallbackSendsLeavesInTheOrderOfItsCalls() { // R0-3, M-11, F-13
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              socket.push("first", Map.of());
              socket.broadcast("second", Map.of());
              socket.ref().reply("early", Map.of());
              socket.push("third", Map.of());
              return Result.ok();
            });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.push("go");
      assertEquals("first", ((Received.Push) channel.next()).event());
      assertEquals("second", ((Received.Broadcast) channel.next()).event());
      assertEquals("early", ((Received.Reply) channel.next()).status());
      assertEquals("third", ((Received.Push) channel.next()).event());
      assertEquals("ok", ((Received.Reply) channel.next()).status());
    }
  }

  @Test
  void aCallbackMayBlockWithoutHoldingUpOthers() throws Exception { // R0-2
    var release = new CountDownLatch(1);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              if (event.equals("block")) {
                try {
                  release.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
              return Result.ok();
            });
    try (var kit = script.kit()) {
      var blocked = new ArrayList<TestChannel>();
      var refs = new ArrayList<String>();
      for (int i = 0; i < 50; i++) {
        var channel = kit.join("t:" + i);
        blocked.add(channel);
        refs.add(channel.push("block"));
      }
      var free = kit.join("t:free");
      free.assertReply(free.push("ok"), "ok");
      release.countDown();
      for (int i = 0; i < blocked.size(); i++) {
        blocked.get(i).assertReply(refs.get(i), "ok");
      }
    }
  }

  @Test
  void anInterruptThatACallbackLeavesBehindIsNotTheNextOnes() {
    var script =
        Script.onIn(
                (event, payload, socket) -> {
                  socket.sendSelf("behind it, so on the same thread");
                  Thread.currentThread().interrupt();
                  return Result.ok();
                })
            .info(
                (message, socket) -> {
                  socket.push("info", Map.of("interrupted", Thread.interrupted()));
                  return Result.noReply();
                });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.assertReply(channel.push("go"), "ok");
      channel.assertPush("info", Map.of("interrupted", false));
    }
  }

  /* ---- refs and late replies */

  @Test
  void anEventWithoutRefIsAnsweredWithoutRef() { // M-13
    try (var kit = Script.onIn(EventsTest::every).kit()) {
      var channel = kit.join("t:1");
      channel.pushWithoutRef("ok", Map.of());
      assertEquals(null, ((Received.Reply) channel.next()).ref());
    }
  }

  @Test
  void refIsThereOnlyWhileAnEventIsHandled() { // Y-4, M-12
    var failures = Collections.synchronizedList(new ArrayList<Exception>());
    var kept = new AtomicReference<Socket>();
    var script =
        Script.onIn(
                (event, payload, socket) -> {
                  kept.set(socket);
                  try {
                    assertTrue(socket.ref() != null);
                  } catch (IllegalStateException e) {
                    failures.add(e);
                  }
                  socket.sendSelf("info");
                  return Result.ok();
                })
            .info(
                (message, socket) -> {
                  try {
                    socket.ref();
                  } catch (IllegalStateException e) {
                    failures.add(e);
                  }
                  socket.push("done", Map.of());
                  return Result.noReply();
                });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.push("any");
      channel.assertPush("done");
      assertEquals(1, failures.size()); // in handleInfo
      channel.pushWithoutRef("any", Map.of());
      channel.assertPush("done");
      assertEquals(3, failures.size()); // there is no ref to refer to
      assertThrows(IllegalStateException.class, () -> kept.get().ref());
    }
  }

  @Test
  void aLateReplyComesFromAnyThreadAnyNumberOfTimes() throws Exception { // Y-5, ER-33
    var ref = new CompletableFuture<SocketRef>();
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              ref.complete(socket.ref());
              return Result.noReply();
            });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      String pushed = channel.push("work");
      SocketRef late = ref.get(20, TimeUnit.SECONDS);
      for (int i = 0; i < 3; i++) {
        int n = i;
        Thread.ofPlatform().start(() -> late.reply(Map.of("n", n))).join();
        channel.assertReply(pushed, "ok", Map.of("n", i));
      }
      assertThrows(IllegalArgumentException.class, () -> late.reply("", Map.of()));
      assertThrows(IllegalArgumentException.class, () -> late.reply(new Object())); // Y-7
    }
  }

  @Test
  void aLateReplyArrivesWhenTheChannelIsOver() throws Exception { // Y-6, ER-34
    for (String end : List.of("leave", "crash")) {
      var ref = new CompletableFuture<SocketRef>();
      var script =
          Script.onIn(
              (event, payload, socket) -> {
                if (event.equals("crash")) {
                  throw new IllegalStateException("asked to");
                }
                ref.complete(socket.ref());
                return Result.noReply();
              });
      try (var kit = script.kit()) {
        var channel = kit.join("t:1");
        String pushed = channel.push("work");
        SocketRef late = ref.get(20, TimeUnit.SECONDS);
        if (end.equals("leave")) {
          channel.leave();
          channel.assertClosed();
        } else {
          channel.push("crash");
          channel.assertCrashed();
        }
        late.reply(Map.of("late", true));
        channel.assertReply(pushed, "ok", Map.of("late", true));
      }
    }
  }

  /* ---- handleInfo */

  @Test
  void aChannelSendsItselfMessages() { // M-14
    var script =
        Script.onIn(
                (event, payload, socket) -> {
                  socket.sendSelf(1);
                  socket.sendSelf(2);
                  return Result.noReply();
                })
            .info(
                (message, socket) -> {
                  socket.push("got", Map.of("n", message));
                  return message.equals(2) ? Result.stop() : Result.noReply();
                });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.push("go");
      channel.assertPush("got", Map.of("n", 1));
      channel.assertPush("got", Map.of("n", 2));
      channel.assertClosed();
    }
  }

  @Test
  void aMessageMayComeLater() { // sendAfter
    var script =
        Script.onIn(
                (event, payload, socket) -> {
                  socket.sendAfter(Duration.ofMillis(50), "later");
                  socket.sendAfter(Duration.ZERO, "soon");
                  socket.sendSelf("now");
                  return Result.noReply();
                })
            .info(
                (message, socket) -> {
                  socket.push((String) message, Map.of());
                  return Result.noReply();
                });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.push("go");
      assertEquals("now", ((Received.Push) channel.next()).event());
      assertEquals("soon", ((Received.Push) channel.next()).event());
      assertEquals("later", ((Received.Push) channel.next()).event());
    }
  }

  @Test
  void aMessageForAChannelThatIsOverIsDropped() { // sendAfter
    var handled = Collections.synchronizedList(new ArrayList<Object>());
    var script =
        Script.onIn(
                (event, payload, socket) -> {
                  socket.sendAfter(Duration.ofMillis(1), "too late");
                  return Result.stop();
                })
            .info(
                (message, socket) -> {
                  handled.add(message);
                  return Result.noReply();
                });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.push("go");
      channel.assertClosed();
      // A later timer of the same host: the one before has gone off by then.
      var probe = kit.join("t:2");
      probe.push("go");
      probe.assertClosed();
    }
    assertEquals(List.of(), handled);
  }

  @Test
  void aChannelWithoutHandleInfoGoesOn() { // M-16
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              socket.sendSelf("nobody handles this");
              return Result.ok();
            });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.assertReply(channel.push("one"), "ok");
      channel.assertReply(channel.push("two"), "ok");
    }
  }

  @Test
  void whatHandleInfoThrowsCrashesItsChannel() { // L-20
    for (String how : List.of("throw", "null", "failure")) {
      var script =
          Script.onIn(
                  (event, payload, socket) -> {
                    socket.sendSelf(how);
                    return Result.noReply();
                  })
              .info(
                  (message, socket) ->
                      switch ((String) message) {
                        case "throw" -> throw new IllegalStateException("asked to");
                        case "failure" -> Result.stop(StopReason.failure("broken"));
                        default -> null;
                      });
      try (var kit = script.kit()) {
        var channel = kit.join("t:1");
        channel.push("go");
        channel.assertCrashed();
      }
    }
  }

  @Test
  void aChannelIsStoppedFromOutsideBehindWhatWaits() throws Exception {
    var socket = new CompletableFuture<Socket>();
    var script =
        Script.onIn(
            (event, payload, s) -> {
              socket.complete(s);
              return Result.ok();
            });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      channel.assertReply(channel.push("one"), "ok");
      socket.get(20, TimeUnit.SECONDS).stop(StopReason.normal());
      channel.assertClosed();

      var again = channel.socket().join("t:1");
      again.assertReply(again.push("one"), "ok");
    }
  }

  @Test
  void whatIsSentWhenTheChannelIsOverGoesNowhere() throws Exception {
    var socket = new CompletableFuture<Socket>();
    var thread = new CompletableFuture<Thread>();
    var script =
        Script.onIn(
                (event, payload, s) -> {
                  socket.complete(s);
                  return Result.stop();
                })
            .terminate((reason, s) -> thread.complete(Thread.currentThread()));
    try (var kit = script.kit()) {
      var bystander = kit.join("t:1");
      var channel = kit.join("t:1");
      channel.push("stop");
      channel.assertClosed();
      assertTrue(thread.get(20, TimeUnit.SECONDS).join(Duration.ofSeconds(20)));
      Socket over = socket.get(20, TimeUnit.SECONDS);
      over.sendSelf("nothing");
      over.stop(StopReason.normal());
      over.broadcast("late", Map.of());
      kit.broadcaster().broadcast("t:1", "mark", Map.of());
      bystander.assertBroadcast("mark");
      bystander.refuteBroadcast("late");
    }
  }

  /* ---- bounds */

  @Test
  void anEventThatFindsTheMailboxFullIsAnsweredWithAnError() throws Exception {
    var busy = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              busy.countDown();
              try {
                release.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return Result.ok();
            });
    try (var kit = script.kit(route -> route, options -> options.withMailboxMessages(2))) {
      var channel = kit.join("t:1");
      var refs = new ArrayList<String>();
      refs.add(channel.push("handled"));
      assertTrue(busy.await(20, TimeUnit.SECONDS));
      refs.add(channel.push("waits"));
      refs.add(channel.push("waits"));
      channel.assertReply(channel.push("over"), "error", Map.of("reason", "mailbox full"));
      channel.assertReply(channel.push("over"), "error", Map.of("reason", "mailbox full"));

      // A leave is taken all the same, behind what waits.
      String leave = channel.leave();
      release.countDown();
      for (String ref : refs) {
        channel.assertReply(ref, "ok");
      }
      channel.assertReply(leave, "ok");
      channel.assertClosed();
    }
  }

  @Test
  void aMessageOfTheApplicationThatFindsTheMailboxFullCrashesTheChannel()
      throws Exception { // no silent loss
    var bounds = Collections.synchronizedList(new ArrayList<Telemetry.Event>());
    Telemetry telemetry =
        event -> {
          if (event instanceof Telemetry.Event.BoundReached) {
            bounds.add(event);
          }
        };
    var sent = new CountDownLatch(1);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              for (int i = 0; i < 10; i++) {
                socket.sendSelf(i);
              }
              sent.countDown();
              return Result.ok();
            });
    try (var kit =
        script.kit(
            route -> route, options -> options.withMailboxMessages(3).withTelemetry(telemetry))) {
      var channel = kit.join("t:1");
      channel.push("flood");
      channel.assertCrashed();
      assertTrue(sent.await(20, TimeUnit.SECONDS));
      // What it sends when it is over goes nowhere, and finds nothing full.
      assertEquals(
          List.of(
              new Telemetry.Event.BoundReached("script", "t:*", Telemetry.Bound.MAILBOX_MESSAGES)),
          bounds);
    }
  }

  @Test
  void anInterceptedBroadcastThatFindsTheMailboxFullCrashesThatChannelOnly() throws Exception {
    var busy = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var script =
        Script.onIn(
                (event, payload, socket) -> {
                  busy.countDown();
                  try {
                    release.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  return Result.ok();
                })
            .out(
                (event, payload, socket) -> {
                  socket.push(event, payload);
                  return Result.noReply();
                });
    try (var kit =
        script.kit(route -> route.intercept("news"), options -> options.withMailboxMessages(3))) {
      var slow = kit.join("t:1");
      var fast = kit.join("t:1");
      slow.push("block");
      assertTrue(busy.await(20, TimeUnit.SECONDS));
      for (int i = 0; i < 4; i++) {
        kit.broadcaster().broadcast("t:1", "news", Map.of("n", i));
        fast.assertPush("news", Map.of("n", i));
      }
      slow.assertCrashed();
      release.countDown();
      fast.refutePush("other");
    }
  }

  @Test
  void aCallbackThatNeverReturnsCrashesItsChannelAndIsInterrupted() throws Exception { // L-20
    var interrupted = new CountDownLatch(1);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              if (event.equals("hang")) {
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  interrupted.countDown();
                }
                socket.push("too_late", Map.of());
              }
              return Result.ok();
            });
    try (var kit = script.kit(route -> route, o -> o.withCallbackTimeout(Duration.ofMillis(200)))) {
      var channel = kit.join("t:1");
      var bystander = kit.join("t:1");
      String ref = channel.push("hang");
      channel.assertCrashed();
      assertTrue(interrupted.await(20, TimeUnit.SECONDS));
      channel.refutePush("too_late");
      channel.refuteReply(ref);
      bystander.assertReply(bystander.push("ok"), "ok");
    }
  }

  /** Its getters are the application's code too. */
  @Test
  void anAnswerThatIsNeverWrittenCrashesItsChannelAndIsInterrupted() throws Exception {
    var interrupted = new CountDownLatch(1);
    var script =
        Script.onIn(
            (event, payload, socket) ->
                event.equals("hang") ? Result.reply(new Endless(interrupted)) : Result.ok());
    try (var kit = script.kit(route -> route, o -> o.withCallbackTimeout(Duration.ofMillis(200)))) {
      var channel = kit.join("t:1");
      var bystander = kit.join("t:1");
      String ref = channel.push("hang");
      channel.assertCrashed();
      assertTrue(interrupted.await(20, TimeUnit.SECONDS));
      channel.refuteReply(ref);
      bystander.assertReply(bystander.push("ok"), "ok");
    }
  }

  private record Endless(CountDownLatch interrupted) {

    @JsonValue
    public String text() throws InterruptedException {
      try {
        new CountDownLatch(1).await();
        return "";
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
    }
  }

  @Test
  void aHandleInfoThatNeverReturnsCrashesItsChannel() {
    var script =
        Script.onIn(
                (event, payload, socket) -> {
                  socket.sendSelf("hang");
                  return Result.noReply();
                })
            .info(
                (message, socket) -> {
                  hang();
                  return Result.noReply();
                });
    try (var kit = script.kit(route -> route, o -> o.withCallbackTimeout(Duration.ofMillis(200)))) {
      var channel = kit.join("t:1");
      channel.push("go");
      channel.assertCrashed();
    }
  }

  @Test
  void aHandleOutThatNeverReturnsCrashesItsChannel() {
    var script =
        Script.onIn((event, payload, socket) -> Result.ok())
            .out(
                (event, payload, socket) -> {
                  hang();
                  return Result.noReply();
                });
    try (var kit =
        script.kit(
            route -> route.intercept("news"), o -> o.withCallbackTimeout(Duration.ofMillis(200)))) {
      var channel = kit.join("t:1");
      kit.broadcaster().broadcast("t:1", "news", Map.of());
      channel.assertCrashed();
    }
  }

  private static void hang() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** They keep all threads that carry virtual ones, whatever interrupts them. */
  @Test
  void whereCallbacksComputeWithoutAnEndOthersAreToldThatTheyCannotBegin()
      throws Exception { // L-20
    var stop = new AtomicBoolean();
    int carriers = Runtime.getRuntime().availableProcessors();
    var computing = new CountDownLatch(carriers);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              if (event.equals("compute")) {
                computing.countDown();
                while (!stop.get()) {
                  Thread.onSpinWait();
                }
              }
              return Result.ok();
            });
    try (var kit = script.kit(route -> route, o -> o.withCallbackTimeout(Duration.ofMillis(500)))) {
      try {
        var joined = kit.join("t:1");
        var socket = kit.socket();
        var busy = IntStream.range(0, carriers).mapToObj(i -> kit.join("t:1")).toList();
        busy.forEach(channel -> channel.push("compute"));
        assertTrue(computing.await(20, TimeUnit.SECONDS));
        joined.push("ok");
        joined.assertCrashed();
        busy.forEach(TestChannel::assertCrashed);
        socket.assertJoinRefused("t:1", Map.of(), Map.of("reason", "join crashed"));
      } finally {
        stop.set(true);
      }
      var again = kit.join("t:1");
      again.assertReply(again.push("ok"), "ok");
    }
  }

  @Test
  void aCallbackThatNeverReturnsIsInterruptedEvenIfItsClientIsGone() throws Exception {
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
              return Result.ok();
            });
    try (var kit = script.kit(route -> route, o -> o.withCallbackTimeout(Duration.ofMillis(300)))) {
      var channel = kit.join("t:1");
      channel.push("hang");
      assertTrue(busy.await(20, TimeUnit.SECONDS));
      assertThrows(
          AssertionError.class, () -> channel.socket().close("gone", Duration.ofMillis(50)));
      assertTrue(interrupted.await(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void aTerminateThatNeverReturnsIsInterrupted() throws Exception {
    var interrupted = new CountDownLatch(1);
    var script =
        Script.onIn((event, payload, socket) -> Result.stop())
            .terminate(
                (reason, socket) -> {
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    interrupted.countDown();
                  }
                });
    try (var kit = script.kit(route -> route, o -> o.withCallbackTimeout(Duration.ofMillis(200)))) {
      var channel = kit.join("t:1");
      channel.push("stop");
      channel.assertClosed();
      assertTrue(interrupted.await(20, TimeUnit.SECONDS));
      assertInstanceOf(Received.Closed.class, channel.received().get(0));
    }
  }
}
