package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.application.Telemetry;
import dev.roost.bus.Contract;
import dev.roost.channel.Payload;
import dev.roost.testkit.ChannelKit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Socket handlers that hang or answer what they may not. */
@Timeout(60)
class ConnectorTest {

  private final BlockingQueue<Telemetry.Event> events = new LinkedBlockingQueue<>();
  private final BlockingQueue<ILoggingEvent> logged = new LinkedBlockingQueue<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(SocketHandler.class);
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          logged.add(event);
        }
      };

  @BeforeEach
  void listen() {
    appender.start();
    logger.addAppender(appender);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(appender);
  }

  /** Accepts everybody under an id of the test. */
  private record Named(Supplier<Optional<String>> name) implements SocketHandler {

    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      return ConnectResult.accept();
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return name.get();
    }
  }

  private ChannelKit kit(SocketHandler handler, Duration callbackTimeout) {
    return ChannelKit.of(
        Application.named("app").socket("/socket", handler),
        ChannelOptions.defaults()
            .withVerticles(1)
            .withCallbackTimeout(callbackTimeout)
            .withTelemetry(events::add));
  }

  private void assertLogged(String line) throws InterruptedException {
    ILoggingEvent event = logged.poll(20, TimeUnit.SECONDS);
    assertEquals(line, event.getFormattedMessage());
    assertEquals(Level.ERROR, event.getLevel());
  }

  private void assertRefused(SocketHandler handler, int status, String line) throws Exception {
    try (var kit = kit(handler, Duration.ofSeconds(30))) {
      assertEquals(
          new ConnectResult.Refused(status, Map.of(), ""), kit.assertConnectRefused(Map.of()));
      assertLogged(line);
      var event =
          assertInstanceOf(
              Telemetry.Event.SocketConnected.class, events.poll(20, TimeUnit.SECONDS));
      assertEquals(Telemetry.Outcome.CRASHED, event.outcome());
    }
  }

  @Test
  void aConnectThatHangsIsInterrupted() throws Exception {
    var interrupted = new CountDownLatch(1);
    SocketHandler hanging =
        (params, info) -> {
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            interrupted.countDown();
          }
          return ConnectResult.refuse(503, "late");
        };
    try (var kit = kit(hanging, Duration.ofMillis(50))) {
      assertEquals(
          new ConnectResult.Refused(503, Map.of(), "late"), kit.assertConnectRefused(Map.of()));
      assertTrue(interrupted.await(20, TimeUnit.SECONDS));
      assertLogged(
          "connect did not return within PT0.05S, calls=1 paths=[/socket]; their threads are"
              + " interrupted");
      assertEquals(
          new Telemetry.Event.BoundReached("app", "/socket", Telemetry.Bound.CALLBACK_TIMEOUT),
          events.poll(20, TimeUnit.SECONDS));
      var told =
          assertInstanceOf(
              Telemetry.Event.SocketConnected.class, events.poll(20, TimeUnit.SECONDS));
      assertEquals(Telemetry.Outcome.CRASHED, told.outcome());
      assertTrue(told.duration().toMillis() >= 50, () -> "took " + told.duration());
      // What it decides when it is too late is not told of: the next is the next one's.
      kit.assertConnectRefused(Map.of());
      assertInstanceOf(Telemetry.Event.BoundReached.class, events.poll(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void aConnectThatHasNotReturnedWhenItsHostEndsIsInterruptedAndToldOf() throws Exception {
    var hanging = new CountDownLatch(1);
    var interrupted = new CountDownLatch(1);
    SocketHandler handler =
        (params, info) -> {
          hanging.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            interrupted.countDown();
          }
          return ConnectResult.accept();
        };
    var options =
        ChannelOptions.defaults()
            .withVerticles(1)
            .withReplaceTimeout(Duration.ofMillis(300))
            .withTelemetry(events::add);
    try (var kit = ChannelKit.of(Application.named("app").socket("/socket", handler), options);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var unused = threads.submit(() -> kit.connect(Map.of()));
      assertTrue(hanging.await(20, TimeUnit.SECONDS));
      kit.deployment().undeploy().await(20, TimeUnit.SECONDS);
      assertTrue(interrupted.await(20, TimeUnit.SECONDS));
      assertEquals(
          List.of(Telemetry.Outcome.CRASHED),
          events.stream()
              .filter(Telemetry.Event.SocketConnected.class::isInstance)
              .map(event -> ((Telemetry.Event.SocketConnected) event).outcome())
              .toList());
    }
  }

  /** What else is done for a connect is not the handler's time. */
  @Test
  void theDurationIsThatOfTheHandlerAlone() throws Exception {
    long slow = 300;
    SocketHandler quick =
        (params, info) ->
            ConnectResult.accept()
                .assign(
                    "slow to write",
                    new Object() {
                      @JsonValue
                      public String text() throws InterruptedException {
                        Thread.sleep(slow);
                        return "there";
                      }
                    });
    try (var kit = kit(quick, Duration.ofSeconds(30))) {
      kit.connect(Map.of());
      var told =
          assertInstanceOf(
              Telemetry.Event.SocketConnected.class, events.poll(20, TimeUnit.SECONDS));
      assertTrue(told.duration().toMillis() < slow, () -> "took " + told.duration());
    }
  }

  /** Strangers cause these lines: no more than a second's worth is shown. */
  private void assertShownOnceASecond(SocketHandler handler) throws Exception {
    try (var kit = kit(handler, Duration.ofSeconds(30))) {
      for (int i = 0; i < 50; i++) {
        kit.assertConnectRefused(Map.of());
      }
    }
    long shown = logged.stream().filter(line -> line.getLevel().equals(Level.ERROR)).count();
    assertTrue(shown >= 1 && shown < 25, () -> shown + " of 50");
  }

  @Test
  void connectsThatFailAreShownOnceASecond() throws Exception {
    assertShownOnceASecond(
        (params, info) -> {
          throw new IllegalArgumentException("no number");
        });
  }

  @Test
  void connectsThatReturnNullAreShownOnceASecond() throws Exception {
    assertShownOnceASecond((params, info) -> null);
  }

  @Test
  void idsThatAreNullAreShownOnceASecond() throws Exception {
    assertShownOnceASecond(new Named(() -> null));
  }

  /** They hang by the thousand when what they wait for is down. */
  @Test
  void connectsThatHangTogetherAreShownTogether() throws Exception {
    int together = 50;
    var all = new CountDownLatch(together);
    SocketHandler hanging =
        (params, info) -> {
          all.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            return ConnectResult.refuse();
          }
          return ConnectResult.accept();
        };
    try (var kit = kit(hanging, Duration.ofSeconds(2));
        var clients = Executors.newVirtualThreadPerTaskExecutor()) {
      var refusals = new ArrayList<Future<?>>();
      for (int i = 0; i < together; i++) {
        refusals.add(clients.submit(() -> kit.assertConnectRefused(Map.of())));
      }
      assertTrue(all.await(20, TimeUnit.SECONDS));
      for (Future<?> refusal : refusals) {
        refusal.get(20, TimeUnit.SECONDS);
      }
    }
    long shown = logged.stream().filter(line -> line.getLevel().equals(Level.ERROR)).count();
    assertTrue(shown >= 1 && shown < 25, () -> shown + " of " + together);
  }

  @Test
  void aConnectThatReturnsNullIsRefused() throws Exception { // H-11
    assertRefused(
        (params, info) -> null,
        403,
        "connect returned null; return ConnectResult.accept() or refuse()");
  }

  @Test
  void aConnectWhoseExceptionCannotSayWhatItIsIsRefused() throws Exception {
    assertRefused(
        (params, info) -> {
          throw new Unspeakable();
        },
        500,
        "connect failed, path=/socket; the dev.roost.host.Unspeakable cannot be shown");
  }

  @Test
  void anIdThatReturnsNullIsRefused() throws Exception { // D-1
    assertRefused(
        new Named(() -> null),
        403,
        "id returned null; return Optional.empty() for an anonymous socket");
  }

  @Test
  void anIdThatTheBusDoesNotCarryIsRefused() throws Exception {
    String longest = "x".repeat(Contract.MAX_TEXT_CHARACTERS);
    try (var kit = kit(new Named(() -> Optional.of(longest)), Duration.ofSeconds(30))) {
      assertEquals(Optional.of(longest), kit.connect().id());
      events.clear();
    }
    assertRefused(new Named(() -> Optional.of(longest + "x")), 500, "connect failed, path=/socket");
  }
}
