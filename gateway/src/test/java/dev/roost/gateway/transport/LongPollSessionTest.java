package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.bus.RawPayload;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.Admission;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.transport.LongPollSession.Asker;
import dev.roost.routing.LongPollOptions;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The bounds of a session, to the byte and at times that the test says. */
class LongPollSessionTest {

  private static final int MAX_QUEUED_BYTES = 10_000;
  private static final LongPollOptions OPTIONS = LongPollOptions.defaults();
  private static final long INACTIVE = OPTIONS.window().toNanos() * 3 / 2;

  private final Vertx vertx = Vertx.vertx();
  private final List<String> happened = new CopyOnWriteArrayList<>();
  private final long before = System.nanoTime();
  private final LongPollSession session = session(OPTIONS, 1);

  private LongPollSession session(LongPollOptions options, int pollsPerSecond) {
    return new LongPollSession(
        vertx.getOrCreateContext(),
        new LongPollSession.Holder() {
          @Override
          public void answer(Asker to, int status, RawPayload messages) {
            happened.add("answered " + status);
          }

          @Override
          public void ended(LongPollSession session) {
            happened.add("ended");
          }
        },
        LongPollToken.of("node", 1, 1, new byte[LongPollToken.SECRET_BYTES]),
        options,
        pollsPerSecond,
        MAX_QUEUED_BYTES,
        new GatewayMetrics() {
          @Override
          public void limitReached(Limit limit) {
            happened.add(limit.option());
          }
        },
        Admission.Place.NONE);
  }

  @AfterEach
  void close() throws Exception {
    vertx.close().await(20, TimeUnit.SECONDS);
  }

  private void send(int octets) {
    send(session, octets);
  }

  private static void send(LongPollSession session, int octets) {
    session.send(new Frame(false, new byte[octets]));
  }

  private static void poll(LongPollSession session, int from, int to) {
    for (int i = from; i <= to; i++) {
      session.poll(new Asker("gateway", i));
    }
  }

  private void awaitHappened(List<String> expected) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (happened.size() < expected.size() && System.nanoTime() < deadline) {
      LockSupport.parkNanos(5_000_000);
    }
    assertEquals(expected, happened);
  }

  @Test
  void aSessionThatIsNotPolledEndsAfterOneAndAHalfWindows() { // G-65
    session.checkIdle(before + INACTIVE);
    assertEquals(List.of(), happened);
    session.checkIdle(System.nanoTime() + INACTIVE + 1);
    session.checkIdle(System.nanoTime() + 2 * INACTIVE);
    assertEquals(List.of("idle-timeout", "ended"), happened);
  }

  @Test
  void aPollThatWaitsKeepsASessionAndEachBeginsTheTimeAnew() { // G-65
    var first = new Asker("gateway", 1);
    var second = new Asker("gateway", 2);
    session.poll(first);
    session.checkIdle(before + 100 * INACTIVE);
    session.abandon(first);
    long polled = System.nanoTime();
    session.poll(second);
    session.abandon(second);
    session.checkIdle(polled + INACTIVE);
    assertEquals(List.of(), happened);
    session.checkIdle(System.nanoTime() + INACTIVE + 1);
    assertEquals(List.of("idle-timeout", "ended"), happened);
  }

  /* ---- what was answered through other gateways */

  @Test
  void anAnswerThatDoesNotGetThereEndsItsSessionWhateverCameMeanwhile() { // G-43
    send(10);
    session.poll(new Asker("first", 1));
    send(10);
    session.poll(new Asker("second", 1));
    session.delivered(new Asker("second", 1));
    session.abandon(new Asker("second", 1));
    assertEquals(List.of("answered 200", "answered 200"), happened);
    session.abandon(new Asker("first", 1));
    assertEquals(List.of("answered 200", "answered 200", "ended"), happened);
  }

  @Test
  void whatAGatewayHadNotDeliveredIsLostWithIt() {
    send(10);
    session.poll(new Asker("gone", 1));
    session.cutOff("other"::equals);
    assertEquals(List.of("answered 200"), happened);
    session.cutOff("gone"::equals);
    assertEquals(List.of("answered 200", "ended"), happened);
  }

  @Test
  void aPollThatWaitsAtAGatewayThatIsCutOffIsForgottenAndNothingElse() {
    var often = session(OPTIONS, 10);
    send(often, 10);
    often.poll(new Asker("gone", 1));
    often.delivered(new Asker("gone", 1));
    often.poll(new Asker("gone", 2));
    often.cutOff("gone"::equals);
    send(often, 10);
    often.poll(new Asker("other", 1));
    assertEquals(List.of("answered 200", "answered 200"), happened);
  }

  /* ---- the rate of polls; the first two seconds' worth passes at once */

  @Test
  void aPollOverItsRateWaitsAndLosesNothing() {
    for (int i = 1; i <= 3; i++) {
      send(10);
      poll(session, i, i);
    }
    assertEquals(List.of("answered 200", "answered 200", "polls-per-second"), happened);
    send(10); // it goes with what waits already
    awaitHappened(List.of("answered 200", "answered 200", "polls-per-second", "answered 200"));
    session.checkIdle(System.nanoTime() + INACTIVE + 1);
    assertEquals(List.of("idle-timeout", "ended"), happened.subList(4, 6));
  }

  @Test
  void howeverMuchASessionIsOverItsRateItsPollIsAnsweredAtTheEndOfTheWindow() {
    var brief = session(OPTIONS.withWindow(Duration.ofMillis(100)), 1);
    for (int i = 1; i <= 60; i++) {
      var given = new Asker("gateway", i);
      brief.poll(given);
      brief.abandon(given);
    }
    assertEquals(Collections.nCopies(58, "polls-per-second"), happened);
    happened.clear();
    send(brief, 10);
    poll(brief, 61, 61);
    awaitHappened(List.of("polls-per-second", "answered 200"));
  }

  @Test
  void ofAsManyPollsAsMayWaitTheFirstMakesRoomForOneMore() {
    poll(session(OPTIONS, 100), 1, 9);
    assertEquals(List.of("answered 204"), happened);
  }

  /** Or a flood of them would be answered as fast as it comes. */
  @Test
  void overItsRateOnePollMoreThanMayWaitEndsTheSession() {
    poll(session, 1, 8);
    assertEquals(Collections.nCopies(6, "polls-per-second"), happened);
    happened.clear();
    poll(session, 9, 9);
    assertEquals("polls-per-second", happened.removeFirst());
    assertEquals("ended", happened.removeLast());
    assertEquals(Collections.nCopies(9, "answered 410"), happened);
  }

  @Test
  void aPostDoesNotBeginTheTimeAnew() { // G-65
    long opened = System.nanoTime();
    while (System.nanoTime() <= opened) {
      Thread.onSpinWait();
    }
    RawPayload body = RawPayload.binary(new byte[10]);
    session.publish(new Asker("gateway", 1), false, body, MessageBudget.of(1 << 20).share());
    session.checkIdle(opened + INACTIVE + 1);
    assertEquals(List.of("idle-timeout", "answered 410", "ended"), happened);
  }

  @Test
  void besidesTheLargestMessageAsManyBytesMayWaitAsTheLimitAndNotOneMore() {
    send(MAX_QUEUED_BYTES);
    send(MAX_QUEUED_BYTES - 1);
    send(1);
    assertEquals(List.of(), happened);
    send(1);
    assertEquals(List.of("max-queued-bytes", "ended"), happened);
    send(1); // it is over, and nothing is counted twice
    assertEquals(2, happened.size());
  }

  @Test
  void whatIsPostedTakesItsRoomUntilItIsFinished() {
    MessageBudget budget = MessageBudget.of(1 << 20);
    RawPayload body = RawPayload.binary(new byte[100_000]);
    MessageBudget.Share first = budget.share();
    first.hold(body.size());
    session.publish(new Asker("other", 1), false, body, first); // nobody takes it on yet
    MessageBudget.Share second = budget.share();
    second.hold(body.size());
    session.publish(new Asker("other", 2), false, body, second);
    assertEquals(List.of("answered 408"), happened);
    assertEquals(100_000 - MessageBudget.FREE_BYTES, budget.taken());
    session.abort();
    assertEquals(List.of("answered 408", "answered 410", "ended"), happened);
    assertEquals(0, budget.taken());
  }

  @Test
  void oneMessageMayWaitWhateverItsSize() {
    send(2 * MAX_QUEUED_BYTES);
    send(MAX_QUEUED_BYTES);
    assertEquals(List.of(), happened);
    send(1);
    assertEquals(List.of("max-queued-bytes", "ended"), happened);
  }
}
