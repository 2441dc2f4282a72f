package dev.roost.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.roost.application.Telemetry.Bound;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What an application's callbacks for one topic may do, one at a time. */
@Timeout(60)
class TopicCallbacksTest {

  private final ManualHost host = new ManualHost();

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

  @Test
  void oneWhoseExceptionCannotSayWhatItIsFailsAsAnyOther() throws Exception {
    var callbacks =
        new TopicCallbacks("t", host, Duration.ofSeconds(30), Bound.CALLBACK_TIMEOUT, () -> {});
    var outcome = new ArrayList<String>();
    callbacks.call(
        "fetch",
        () ->
            () -> {
              throw new Unspeakable();
            },
        ignored -> outcome.add("result"),
        () -> outcome.add("without"));
    host.runNext();
    assertEquals(List.of("without"), outcome);
  }

  private static final class Unspeakable extends RuntimeException {

    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      throw new IllegalStateException("asked for its message");
    }
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
