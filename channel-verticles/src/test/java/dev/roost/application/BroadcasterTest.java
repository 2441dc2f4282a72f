package dev.roost.application;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.HostMessage.BroadcastRequest;
import dev.roost.bus.RawPayload;
import dev.roost.cluster.ClusterNode;
import dev.roost.routing.Advertisement;
import dev.roost.routing.RoutePattern;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Broadcasts from outside any channel, to a host that the test plays. */
@Timeout(60)
class BroadcasterTest {

  private static final BroadcastRequest NEWS =
      new BroadcastRequest("room:1", "news", RawPayload.jsonText("{\"n\":1}"));

  private final Vertx vertx = Vertx.vertx();
  private final ClusterNode node = ClusterNode.local(vertx);
  private final String inbox = Addresses.host(node.name(), node.nextVerticle());
  private final BlockingQueue<BroadcastRequest> asked = new LinkedBlockingQueue<>();
  private final BlockingQueue<ILoggingEvent> logged = new LinkedBlockingQueue<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(Broadcaster.class);
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          logged.add(event);
        }
      };

  private static <T> T await(Future<T> future) throws Exception {
    return future.await(20, TimeUnit.SECONDS);
  }

  @BeforeEach
  void advertise() throws Exception {
    appender.start();
    logger.addAppender(appender);
    await(
        node.advertise(
            new Advertisement(
                "chat",
                List.of("/socket"),
                Map.of(),
                List.of(new RoutePattern("room:*")),
                List.of(inbox))));
  }

  @AfterEach
  void close() throws Exception {
    logger.detachAppender(appender);
    await(node.close().eventually(vertx::close));
  }

  private Broadcaster broadcaster(Duration hostTimeout) {
    return broadcaster(hostTimeout, new Unanswered(Unanswered.MOST_BYTES));
  }

  private Broadcaster broadcaster(Duration hostTimeout, Unanswered unanswered) {
    return new Broadcaster(node, "chat", new ObjectMapper(), hostTimeout, unanswered);
  }

  private Future<Void> news(Duration hostTimeout) {
    return broadcaster(hostTimeout).broadcastConfirmed("room:1", "news", Map.of("n", 1));
  }

  /** A host whose answers to broadcasts are these, the last one for ever. */
  private void host(Boolean... answers) {
    var given = List.of(answers).iterator();
    var unused =
        new BusEndpoint(
            vertx,
            inbox,
            new BusEndpoint.Receiver() {
              private boolean answer;

              @Override
              public boolean broadcast(BroadcastRequest request) {
                asked.add(request);
                answer = given.hasNext() ? given.next() : answer;
                return answer;
              }

              @Override
              public void receive(String from, BusMessage message) {}

              @Override
              public void lost(String from) {}
            });
  }

  @Test
  void aBroadcastIsConfirmedOnceTheTopicsHostHasIt() throws Exception {
    host(true);
    await(news(Duration.ofMinutes(1)));
    assertEquals(List.of(NEWS), List.copyOf(asked));
  }

  @Test
  void aHostThatIsNotThereYetIsAskedAgain() throws Exception {
    Future<Void> confirmed = news(Duration.ofMinutes(1)); // nobody is at the inbox now
    host(true);
    await(confirmed);
    assertEquals(List.of(NEWS), List.copyOf(asked));
  }

  @Test
  void aHostThatHasHandedTheTopicOverIsAskedAgain() throws Exception {
    host(false, false, true);
    await(news(Duration.ofMinutes(1)));
    assertEquals(List.of(NEWS, NEWS, NEWS), List.copyOf(asked));
  }

  @Test
  void whoBroadcastsFasterThanHostsAnswerIsHeldBack() throws Exception {
    var broadcaster = broadcaster(Duration.ofMinutes(1), new Unanswered(2 * (256 + 7)));
    List<Future<Void>> first = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      first.add(broadcaster.broadcastConfirmed("room:1", "news", Map.of("n", 1))); // 7 bytes
    }
    Future<Void> refused = broadcaster.broadcastConfirmed("room:1", "news", Map.of("n", 1));
    assertTrue(refused.failed());
    assertEquals(
        "so many broadcasts wait for their topics' hosts that there is no room for another: go on"
            + " when what broadcastConfirmed returns is complete",
        refused.cause().getMessage());
    var waited = new LinkedBlockingQueue<Future<Void>>();
    Thread virtual =
        Thread.ofVirtual()
            .start(
                () -> waited.add(broadcaster.broadcastConfirmed("room:1", "news", Map.of("n", 1))));
    while (virtual.getState() != Thread.State.TIMED_WAITING) {
      assertTrue(virtual.isAlive(), "it did not wait");
      Thread.onSpinWait();
    }
    host(true);
    for (Future<Void> confirmed : first) {
      await(confirmed);
    }
    await(waited.poll(20, TimeUnit.SECONDS));
    assertEquals(List.of(NEWS, NEWS, NEWS), List.copyOf(asked));
  }

  @Test
  void withoutAHostABroadcastFailsAndSaysSo() {
    var failed = assertThrows(IllegalStateException.class, () -> await(news(Duration.ofMillis(1))));
    assertEquals("topic \"room:1\" had no host for PT0.001S", failed.getMessage());
    assertTrue(logged.isEmpty(), "who asks is told, the log is not");
  }

  @Test
  void aBroadcastThatNobodyWaitsForLeavesItsFailureInTheLog() throws Exception {
    broadcaster(Duration.ofMillis(1)).broadcast("room:1", "news", Map.of("n", 1));
    ILoggingEvent line = logged.poll(20, TimeUnit.SECONDS);
    assertEquals(Level.ERROR, line.getLevel());
    assertEquals("broadcast failed, topic=room:1 event=news", line.getFormattedMessage());
    assertTrue(line.getThrowableProxy().getMessage().contains("had no host"));
  }

  /** Clients whose events are broadcast so could fill the disk while a topic has no host. */
  @Test
  void ofManyFailuresASecondOneIsShownWithTheNumberOfTheOthers() throws Exception {
    var broadcaster = broadcaster(Duration.ofMillis(1));
    for (int i = 0; i < 100; i++) {
      broadcaster.broadcast("room:1", "news", Map.of("n", 1));
    }
    Pattern others = Pattern.compile(" \\(and (\\d+) before it, which are at debug only\\)$");
    int lines = 0;
    for (int told = 0; told < 100; ) {
      broadcaster.broadcast("room:1", "news", Map.of("n", 1));
      ILoggingEvent line = logged.poll(50, TimeUnit.MILLISECONDS);
      if (line != null) {
        Matcher found = others.matcher(line.getFormattedMessage());
        told += 1 + (found.find() ? Integer.parseInt(found.group(1)) : 0);
        lines++;
      }
    }
    assertTrue(lines < 20, lines + " lines");
  }

  @Test
  void withoutAnyNodeOfTheApplicationABroadcastIsRefusedAtOnce() throws Exception {
    await(node.withdraw("chat"));
    var refused =
        assertThrows(IllegalStateException.class, () -> news(Duration.ofMinutes(1)).succeeded());
    assertTrue(refused.getMessage().contains("no node serves application \"chat\" now"));
  }
}
