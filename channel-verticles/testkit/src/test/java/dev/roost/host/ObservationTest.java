package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectResult;
import dev.roost.application.Route;
import dev.roost.application.Telemetry;
import dev.roost.application.Telemetry.Event;
import dev.roost.application.Telemetry.Outcome;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.presence.PresenceException;
import dev.roost.presence.PresenceOptions;
import dev.roost.testkit.ChannelKit;
import dev.roost.testkit.TestChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What operators see: telemetry and log lines; section 22 of the specification. */
@Timeout(60)
class ObservationTest {

  private static final String SECRET = "s3cr3t-value";

  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final Logger root = (Logger) LoggerFactory.getLogger("dev.roost");

  @BeforeEach
  void listen() {
    log.list = new CopyOnWriteArrayList<>();
    log.start();
    root.addAppender(log);
  }

  @AfterEach
  void stop() {
    root.detachAppender(log);
  }

  private record Count(int n) {}

  private ChannelKit kit(Telemetry telemetry) {
    var application =
        Application.named("app")
            .socket(
                "/socket",
                (params, info) ->
                    switch (params.tree().path("do").asText()) {
                      case "refuse" -> ConnectResult.refuse();
                      case "throw" -> throw new IllegalStateException("asked to");
                      default -> ConnectResult.accept();
                    })
            .route(
                Route.of(
                        "t:*",
                        () ->
                            Script.onJoin(
                                    (topic, payload, socket) ->
                                        switch (payload.tree().path("do").asText()) {
                                          case "refuse" -> JoinResult.refuse(Map.of());
                                          case "bind" -> JoinResult.ok(payload.as(Count.class));
                                          case "throw" ->
                                              throw new IllegalStateException("asked to");
                                          default -> JoinResult.ok();
                                        })
                                .in(
                                    (event, payload, socket) ->
                                        switch (event) {
                                          case "bind" -> Result.reply(payload.as(Count.class));
                                          case "throw" ->
                                              throw new IllegalStateException("asked to");
                                          default -> Result.ok();
                                        })
                                .info(
                                    (message, socket) -> {
                                      throw new IllegalStateException("asked to");
                                    }))
                    .intercept("intercepted"));
    return ChannelKit.of(
            application, ChannelOptions.defaults().withVerticles(1).withTelemetry(telemetry))
        .limits(Duration.ofSeconds(20), Duration.ofMillis(100));
  }

  private Event next() throws InterruptedException {
    Event event = events.poll(20, TimeUnit.SECONDS);
    assertTrue(event != null, "no telemetry event came");
    return event;
  }

  private <T extends Event> T next(Class<T> type) throws InterruptedException {
    Event event = next();
    while (!type.isInstance(event)) {
      event = next();
    }
    return type.cast(event);
  }

  private static void assertMeasured(Duration duration) { // Z-10
    assertFalse(duration.isNegative());
    assertTrue(duration.compareTo(Duration.ofSeconds(30)) < 0, () -> "took " + duration);
  }

  /* ---- telemetry */

  @Test
  void connectsAreReportedWithTheirOutcome() throws Exception { // Z-2, Z-11
    try (var kit = kit(events::add)) {
      kit.connect();
      kit.assertConnectRefused(Map.of("do", "refuse"));
      kit.assertConnectRefused(Map.of("do", "throw"));
      for (Outcome outcome : List.of(Outcome.OK, Outcome.REFUSED, Outcome.CRASHED)) {
        var event = (Event.SocketConnected) next();
        assertMeasured(event.duration());
        assertEquals(
            new Event.SocketConnected(
                "app", "/socket", "websocket", "2.0.0", outcome, event.duration()),
            event);
      }
    }
  }

  @Test
  void joinsAreReportedWithTheirOutcome() throws Exception { // Z-3, Z-12
    try (var kit = kit(events::add)) {
      var socket = kit.socket();
      socket.join("t:1");
      assertJoined("t:1", Outcome.OK); // Each in turn: joins of different topics have no order.
      socket.assertJoinRefused("t:2", Map.of("do", "refuse"));
      assertJoined("t:2", Outcome.REFUSED);
      socket.assertJoinRefused("t:3", Map.of("do", "throw"));
      assertJoined("t:3", Outcome.CRASHED);
    }
  }

  private void assertJoined(String topic, Outcome outcome) throws InterruptedException {
    var event = (Event.ChannelJoined) next();
    assertMeasured(event.duration());
    assertEquals(new Event.ChannelJoined("app", topic, outcome, event.duration()), event);
  }

  @Test
  void eventsAreReportedWithTheirOutcome() throws Exception { // Z-4, Z-13
    try (var kit = kit(events::add)) {
      var channel = kit.join("t:1");
      next(); // the join
      channel.push("fine");
      channel.push("throw");
      channel.assertCrashed();
      var fine = (Event.ChannelHandledIn) next();
      assertMeasured(fine.duration());
      assertEquals(
          new Event.ChannelHandledIn("app", "t:1", "fine", Outcome.OK, fine.duration()), fine);
      var thrown = (Event.ChannelHandledIn) next();
      assertEquals(Outcome.CRASHED, thrown.outcome());
      assertEquals("throw", thrown.event());
    }
  }

  @Test
  void whatTakesTooLongHasCrashedWhateverItReturnsLater() throws Exception {
    var script =
        Script.onJoin(
                (topic, payload, socket) -> {
                  if (topic.equals("t:late")) {
                    awaitInterrupt();
                  }
                  return JoinResult.ok();
                })
            .in(
                (event, payload, socket) -> {
                  awaitInterrupt();
                  return Result.ok();
                });
    UnaryOperator<ChannelOptions> options =
        o -> o.withCallbackTimeout(Duration.ofMillis(200)).withTelemetry(events::add);
    try (var kit = script.kit(route -> route, options)) {
      kit.socket().assertJoinRefused("t:late", Map.of(), Map.of("reason", "join crashed"));
      assertEquals(Outcome.CRASHED, next(Event.ChannelJoined.class).outcome());
      var channel = kit.join("t:1");
      assertEquals(Outcome.OK, next(Event.ChannelJoined.class).outcome());
      channel.push("hang");
      channel.assertCrashed();
      var event = next(Event.ChannelHandledIn.class);
      assertEquals("hang", event.event());
      assertEquals(Outcome.CRASHED, event.outcome());
      assertTrue(event.duration().toMillis() >= 200, () -> "took " + event.duration());
    }
    assertTrue(events.stream().noneMatch(event -> event instanceof Event.ChannelHandledIn));
  }

  @Test
  void whatAsksForTheEndIsToldOfThoughTerminateHangs() throws Exception {
    var script =
        Script.onIn((event, payload, socket) -> Result.stop())
            .terminate((reason, socket) -> awaitInterrupt());
    UnaryOperator<ChannelOptions> options =
        o -> o.withCallbackTimeout(Duration.ofMillis(200)).withTelemetry(events::add);
    try (var kit = script.kit(route -> route, options)) {
      var channel = kit.join("t:1");
      channel.push("stop");
      channel.assertClosed();
      assertEquals(Outcome.OK, next(Event.ChannelHandledIn.class).outcome());
      assertEquals(Telemetry.Bound.CALLBACK_TIMEOUT, next(Event.BoundReached.class).bound());
    }
    assertTrue(events.stream().noneMatch(event -> event instanceof Event.ChannelHandledIn));
  }

  @Test
  void whatIsEndedLateIsToldOfThoughNoVirtualThreadGetsToRun() throws Exception {
    var stop = new AtomicBoolean();
    int carriers = Runtime.getRuntime().availableProcessors();
    var computing = new CountDownLatch(carriers);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              computing.countDown();
              while (!stop.get()) {
                Thread.onSpinWait();
              }
              return Result.ok();
            });
    UnaryOperator<ChannelOptions> options =
        o -> o.withCallbackTimeout(Duration.ofMillis(500)).withTelemetry(events::add);
    try (var kit = script.kit(route -> route, options)) {
      try {
        List<TestChannel> channels =
            IntStream.range(0, carriers).mapToObj(i -> kit.join("t:" + i)).toList();
        for (int i = 0; i < carriers; i++) {
          assertEquals(Outcome.OK, next(Event.ChannelJoined.class).outcome());
        }
        for (TestChannel channel : channels) {
          channel.push("compute");
        }
        assertTrue(computing.await(20, TimeUnit.SECONDS));
        for (int i = 0; i < carriers; i++) {
          assertEquals(Outcome.CRASHED, next(Event.ChannelHandledIn.class).outcome());
        }
        channels.forEach(TestChannel::assertCrashed);
      } finally {
        stop.set(true);
      }
    }
    assertTrue(events.stream().noneMatch(event -> event instanceof Event.ChannelHandledIn));
  }

  @Test
  void whatRunsInAChannelThatIsOverHasItsTimeToo() throws Exception {
    var interrupted = new CountDownLatch(1);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              socket.sendSelf("fits");
              socket.sendSelf("is one too many"); // which is the channel's end
              awaitInterrupt();
              interrupted.countDown();
              return Result.ok();
            });
    UnaryOperator<ChannelOptions> options =
        o ->
            o.withMailboxMessages(1)
                .withCallbackTimeout(Duration.ofMillis(200))
                .withTelemetry(events::add);
    try (var kit = script.kit(route -> route, options)) {
      var channel = kit.join("t:1");
      channel.push("flood");
      channel.assertCrashed();
      assertTrue(interrupted.await(20, TimeUnit.SECONDS));
      assertEquals(Outcome.CRASHED, next(Event.ChannelHandledIn.class).outcome());
    }
    assertTrue(events.stream().noneMatch(event -> event instanceof Event.ChannelHandledIn));
  }

  @Test
  void whatHasNotReturnedWhenItsHostEndsIsToldOfBeforeThat() throws Exception {
    var hanging = new CountDownLatch(1);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              hanging.countDown();
              awaitInterrupt();
              return Result.ok();
            });
    UnaryOperator<ChannelOptions> options =
        o -> o.withReplaceTimeout(Duration.ofMillis(300)).withTelemetry(events::add);
    try (var kit = script.kit(route -> route, options)) {
      var channel = kit.join("t:1");
      channel.push("hang");
      assertTrue(hanging.await(20, TimeUnit.SECONDS));
      kit.deployment().undeploy().await(20, TimeUnit.SECONDS);
      channel.assertCrashed();
      assertEquals(
          List.of(Outcome.CRASHED),
          events.stream()
              .filter(Event.ChannelHandledIn.class::isInstance)
              .map(event -> ((Event.ChannelHandledIn) event).outcome())
              .toList());
    }
  }

  @Test
  void whatIsEndedLateIsNotTerminatedWhateverItReturnsLater() throws Exception { // L-31
    var terminated = new AtomicBoolean();
    var returned = new CountDownLatch(1);
    var script =
        Script.onIn(
                (event, payload, socket) -> {
                  awaitInterrupt();
                  returned.countDown();
                  return Result.stop();
                })
            .terminate((reason, socket) -> terminated.set(true));
    try (var kit = script.kit(route -> route, o -> o.withCallbackTimeout(Duration.ofMillis(200)))) {
      var channel = kit.join("t:1");
      channel.push("hang");
      channel.assertCrashed();
      assertTrue(returned.await(20, TimeUnit.SECONDS));
    } // which waits for callbacks
    assertFalse(terminated.get());
  }

  private static void awaitInterrupt() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      // It returns as if it had done its work.
    }
  }

  @Test
  void theTimeOfACallbackIsWithoutTheTerminateThatFollows() throws Exception { // Z-10
    var ending = new CompletableFuture<Long>();
    var script =
        Script.onIn((event, payload, socket) -> Result.stop())
            .terminate(
                (reason, socket) -> {
                  ending.complete(System.nanoTime());
                  LockSupport.parkNanos(200_000_000); // What would be counted too.
                });
    try (var kit = script.kit(route -> route, o -> o.withTelemetry(events::add))) {
      var channel = kit.join("t:1");
      long before = System.nanoTime();
      channel.push("stop");
      channel.assertClosed();
      Duration took = next(Event.ChannelHandledIn.class).duration();
      assertTrue(took.toNanos() <= ending.get(20, TimeUnit.SECONDS) - before, () -> "took " + took);
    }
  }

  @Test
  void leavesAndBroadcastsAreNoEvents() throws Exception { // Z-13
    try (var kit = kit(events::add)) {
      var channel = kit.join("t:1");
      next();
      kit.broadcaster().broadcast("t:1", "news", Map.of());
      channel.assertBroadcast("news");
      channel.leave();
      channel.assertClosed();
      channel.assertTerminated();
      assertEquals(0, events.size());
    }
  }

  @Test
  void presencesAreReportedUntilTheyEndAndDiffsWithTheirSize() throws Exception {
    var application =
        Application.named("app").path("/socket").route("room:*", PresenceTest.Present::new);
    var options =
        ChannelOptions.defaults()
            .withVerticles(1)
            .withPresence(PresenceTest.QUICK)
            .withTelemetry(events::add);
    try (var kit =
        ChannelKit.of(application, options)
            .limits(Duration.ofSeconds(20), Duration.ofMillis(100))) {
      var channel = kit.join("room:1");
      var ann = Map.of("key", "ann", "meta", Map.of("mood", "free"));
      channel.assertReply(channel.push("track", ann), "ok");
      assertEquals(
          new Event.PresenceTracked("app", "room:1", "ann"), next(Event.PresenceTracked.class));
      assertSent(channel, 1, 0);

      channel.assertReply(channel.push("update", ann), "ok");
      assertSent(channel, 1, 1); // and is no event of its own

      channel.assertReply(channel.push("untrack", Map.of("key", "nobody")), "ok");
      channel.assertReply(channel.push("untrack", Map.of("key", "ann")), "ok");
      assertEquals(
          new Event.PresenceLeft("app", "room:1", "ann", Telemetry.Cause.UNTRACKED),
          next(Event.PresenceLeft.class));
      assertSent(channel, 0, 1);

      channel.assertReply(channel.push("track", Map.of("key", "bob", "meta", Map.of())), "ok");
      assertEquals(
          new Event.PresenceTracked("app", "room:1", "bob"), next(Event.PresenceTracked.class));
      channel.leave();
      assertEquals(
          new Event.PresenceLeft("app", "room:1", "bob", Telemetry.Cause.ENDED),
          next(Event.PresenceLeft.class));
    }
  }

  private void assertSent(TestChannel channel, int joins, int leaves) throws InterruptedException {
    Payload diff = channel.assertBroadcast("presence_diff");
    assertEquals(
        new Event.PresenceDiffSent("app", "room:1", joins, leaves, diff.tree().toString().length()),
        next(Event.PresenceDiffSent.class));
  }

  @Test
  void aListenerThatThrowsEachTimeIsToldOfTenTimesASecondAndOtherwiseCounted() {
    int times = 300;
    try (var kit =
        kit(
            event -> {
              throw new AssertionError("an error, even");
            })) {
      var channel = kit.join("t:1");
      for (int i = 1; i < times; i++) {
        channel.assertReply(channel.push("fine"), "ok");
      }
    }
    long shown =
        log.list.stream()
            .filter(line -> line.getMessage().startsWith("telemetry listener failed"))
            .filter(line -> line.getLevel().equals(Level.ERROR))
            .count();
    long leftOut = leftOut("the telemetry listener failed more often");
    assertTrue(shown >= 10 && leftOut > 0, () -> "shown: " + shown + ", left out: " + leftOut);
    assertEquals(times, shown + leftOut);
  }

  private long leftOut(String what) {
    return log.list.stream()
        .filter(line -> line.getMessage().startsWith(what))
        .mapToLong(line -> (long) line.getArgumentArray()[0])
        .sum();
  }

  @Test
  void aListenerThatCannotSayWhetherItIsEnabledHarmsNobody() {
    var broken =
        new Telemetry() {
          @Override
          public void record(Event event) {
            throw new AssertionError("it is not enabled");
          }

          @Override
          public boolean isEnabled() {
            throw new AssertionError("an error, even");
          }
        };
    try (var kit = kit(broken)) {
      var channel = kit.connect().join("t:1");
      channel.assertReply(channel.push("fine"), "ok");
    }
    assertEquals(Level.ERROR, logged("telemetry listener failed").getLevel());
  }

  @Test
  void aListenerThatThrowsHarmsNobody() {
    try (var kit =
        kit(
            event -> {
              throw new AssertionError("an error, even");
            })) {
      var channel = kit.connect().join("t:1");
      channel.assertReply(channel.push("fine"), "ok");
    }
  }

  /* ---- log lines */

  private ILoggingEvent logged(String what) {
    return log.list.stream()
        .filter(event -> event.getFormattedMessage().contains(what))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no log line with \"" + what + "\": " + log.list));
  }

  private void awaitLogged(String what) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (log.list.stream().noneMatch(event -> event.getMessage().startsWith(what))) {
      assertTrue(System.nanoTime() < deadline, () -> "no log line \"" + what + "\"");
      LockSupport.parkNanos(1_000_000);
    }
  }

  private void assertSecretNowhere() {
    for (ILoggingEvent event : log.list) {
      assertFalse(event.getFormattedMessage().contains(SECRET), event.getFormattedMessage());
      for (IThrowableProxy t = event.getThrowableProxy(); t != null; t = t.getCause()) {
        assertFalse(String.valueOf(t.getMessage()).contains(SECRET), t.getMessage());
      }
    }
  }

  @Test
  void aCrashIsLoggedWithTopicEventAndSocketButWithoutThePayload() { // Q-6, Q-23
    try (var kit = kit(Telemetry.none())) {
      var channel = kit.socket("users:7", Map.of()).join("t:1");
      channel.push("bind", Map.of("n", SECRET));
      channel.assertCrashed();
    }
    ILoggingEvent line = logged("channel crashed");
    assertEquals(Level.ERROR, line.getLevel());
    for (String part : List.of("topic=t:1", "event=bind", "socket=users:7")) {
      assertTrue(line.getFormattedMessage().contains(part), line.getFormattedMessage());
    }
    assertTrue(line.getThrowableProxy() != null, "with its stack trace");
    assertSecretNowhere();
  }

  private static void crash(ChannelKit kit, int times) {
    var socket = kit.socket();
    for (int i = 0; i < times; i++) {
      var channel = socket.join("t:" + i);
      channel.push("throw");
      channel.assertCrashed();
    }
  }

  /** Otherwise a client that joins and crashes in a loop fills the disk. */
  @Test
  void ofManyCrashesTenASecondAreShownAndTheOthersCounted() {
    int burst = 150;
    try (var kit = kit(events::add)) {
      crash(kit, burst);
      awaitLogged("channels failed more often");
      crash(kit, burst); // Told of as the host ends.
    }
    int crashes = 2 * burst;
    long shown = log.list.stream().filter(line -> line.getLevel().equals(Level.ERROR)).count();
    assertTrue(shown >= 10 && shown < crashes, () -> "shown: " + shown);
    long leftOut = leftOut("channels failed more often");
    assertEquals(crashes, shown + leftOut);
    long counted =
        events.stream()
            .filter(Event.ChannelHandledIn.class::isInstance)
            .filter(event -> ((Event.ChannelHandledIn) event).outcome() == Outcome.CRASHED)
            .count();
    assertEquals(crashes, counted);
  }

  /** The line has the event's name, where a layout may take control characters out. */
  @Test
  void theExceptionOfAnUnknownEventDoesNotRepeatItsName() {
    try (var kit = Script.onJoin((topic, payload, socket) -> JoinResult.ok()).kit()) {
      var channel = kit.join("t:1");
      channel.push(SECRET);
      channel.assertCrashed();
    }
    ILoggingEvent line = logged("event=" + SECRET);
    String text = line.getThrowableProxy().getMessage();
    assertFalse(text.contains(SECRET), text);
  }

  @Test
  void aCrashedJoinIsLoggedWithTopicAndSocketButWithoutThePayload() { // J-16, Q-2
    try (var kit = kit(Telemetry.none())) {
      kit.socket("users:7", Map.of("token", SECRET))
          .assertJoinRefused("t:1", Map.of("do", "bind", "n", SECRET));
    }
    ILoggingEvent line = logged("join crashed");
    assertEquals(Level.ERROR, line.getLevel());
    for (String part : List.of("topic=t:1", "socket=users:7")) {
      assertTrue(line.getFormattedMessage().contains(part), line.getFormattedMessage());
    }
    assertSecretNowhere();
  }

  @Test
  void aSupplierThatMakesNoChannelIsNamedWithItsRoute() { // J-16
    var application = Application.named("app").route("t:*", () -> null);
    try (var kit = ChannelKit.of(application)) {
      kit.socket().assertJoinRefused("t:1", Map.of(), Map.of("reason", "join crashed"));
    }
    IThrowableProxy cause = logged("join crashed").getThrowableProxy();
    assertEquals(
        "the route t:* made no channel: its supplier returned null; return a new channel for each"
            + " join, for instance RoomChannel::new",
        cause.getMessage());
  }

  @Test
  void aDuplicateJoinIsNoWarning() { // J-43: debug
    try (var kit = kit(Telemetry.none())) {
      var socket = kit.socket();
      socket.join("t:1");
      socket.join("t:1");
    }
    assertEquals(
        List.of(),
        log.list.stream().filter(event -> event.getLevel().isGreaterOrEqual(Level.INFO)).toList());
  }

  @Test
  void whatIsOrdinaryIsNotLogged() { // Q-3: the paths do not log at info
    try (var kit = kit(Telemetry.none())) {
      var channel = kit.connect().join("t:1");
      channel.assertReply(channel.push("fine"), "ok");
      kit.broadcaster().broadcast("t:1", "news", Map.of());
      channel.assertBroadcast("news");
      kit.socket().assertJoinRefused("t:2", Map.of("do", "refuse"));
      kit.assertConnectRefused(Map.of("do", "refuse"));
      channel.leave();
      channel.assertClosed();
    }
    assertEquals(
        List.of(),
        log.list.stream().filter(event -> event.getLevel().isGreaterOrEqual(Level.INFO)).toList());
  }

  @Test
  void aFailedConnectIsLoggedWithItsPath() { // H-11
    try (var kit = kit(Telemetry.none())) {
      kit.assertConnectRefused(Map.of("do", "throw", "token", SECRET));
    }
    assertTrue(logged("connect failed").getFormattedMessage().contains("path=/socket"));
    assertSecretNowhere();
  }

  /* ---- bounds */

  private final CountDownLatch busy = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  private ChannelKit hanging(ChannelOptions options) {
    var application =
        Application.named("app")
            .socket("/socket", (params, info) -> ConnectResult.accept())
            .route(
                Route.of(
                        "room:*",
                        () ->
                            Script.onJoin((topic, payload, socket) -> JoinResult.ok())
                                .in(
                                    (event, payload, socket) -> {
                                      switch (event) {
                                        case "hang" -> hang();
                                        case "flood" -> {
                                          socket.sendSelf("fits");
                                          socket.sendSelf("is one too many");
                                        }
                                        default -> {}
                                      }
                                      return Result.ok();
                                    })
                                .out((event, payload, socket) -> Result.noReply()))
                    .intercept("intercepted"));
    return ChannelKit.of(application, options.withVerticles(1).withTelemetry(events::add))
        .limits(Duration.ofSeconds(20), Duration.ofMillis(100));
  }

  private void hang() {
    busy.countDown();
    try {
      released.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitReached(Telemetry.Bound bound) throws InterruptedException {
    Event event = next();
    while (!(event instanceof Event.BoundReached)) {
      event = next();
    }
    assertEquals(new Event.BoundReached("app", "room:*", bound), event);
  }

  private void assertNoneReached() {
    assertEquals(List.of(), events.stream().filter(Event.BoundReached.class::isInstance).toList());
  }

  @Test
  void aCallbackThatHangsIsToldOfWithItsRouteItsTimeAndWhereItIs() throws Exception {
    try (var kit = hanging(ChannelOptions.defaults().withCallbackWarning(Duration.ofMillis(100)))) {
      var channel = kit.socket("users:7", Map.of()).join("room:1");
      var asked = channel.push("hang");
      awaitReached(Telemetry.Bound.CALLBACK_WARNING);
      released.countDown(); // it goes on
      channel.assertReply(asked, "ok");
    }
    ILoggingEvent line = logged("callback slow");
    assertEquals(Level.WARN, line.getLevel());
    String text = line.getFormattedMessage();
    assertTrue(
        text.matches(
            "callback slow: handleIn\\(\"hang\"\\) of route room:\\* has run for \\d+ ms and is"
                + " ended after 30000 ms, topic=room:1 socket=users:7; it is at"
                + " .*ObservationTest\\.hang.*"),
        text);
    assertEquals(
        1,
        log.list.stream()
            .filter(event -> event.getFormattedMessage().contains("callback slow"))
            .count());
  }

  @Test
  void aCallbackThatIsEndedIsCounted() throws Exception {
    try (var kit =
        hanging(
            ChannelOptions.defaults()
                .withCallbackTimeout(Duration.ofMillis(200))
                .withCallbackWarning(Duration.ofSeconds(60)))) {
      var channel = kit.join("room:1");
      channel.push("hang");
      awaitReached(Telemetry.Bound.CALLBACK_TIMEOUT);
      channel.assertCrashed();
    }
    assertTrue(
        logged("channel ended")
            .getFormattedMessage()
            .contains("(\"hang\") of route room:* did not"));
  }

  private TestChannel thatHangs(ChannelKit kit) throws InterruptedException {
    TestChannel channel = kit.join("room:1");
    channel.push("hang");
    assertTrue(busy.await(20, TimeUnit.SECONDS)); // it is being handled, so it no longer waits
    return channel;
  }

  @Test
  void aMailboxThatIsFullIsCounted() throws Exception {
    try (var kit = hanging(ChannelOptions.defaults().withMailboxMessages(2))) {
      var channel = thatHangs(kit);
      var waits = List.of(channel.push("more"), channel.push("more"));
      channel.assertReply(channel.push("more"), "error", Map.of("reason", "mailbox full"));
      awaitReached(Telemetry.Bound.MAILBOX_MESSAGES);
      released.countDown();
      waits.forEach(ref -> channel.assertReply(ref, "ok"));
    }
    assertNoneReached(); // what fitted was not counted
  }

  @Test
  void aMailboxThatIsFullOfBytesIsCountedAsThat() throws Exception {
    try (var kit = hanging(ChannelOptions.defaults().withMailboxBytes(1_024))) {
      var channel = thatHangs(kit);
      String almost = "x".repeat(1_023 - "{\"pad\":\"\"}".length());
      var waits =
          List.of(channel.push("more", Map.of("pad", almost)), channel.push("more", Map.of()));
      channel.assertReply(channel.push("more"), "error", Map.of("reason", "mailbox full"));
      awaitReached(Telemetry.Bound.MAILBOX_BYTES);
      released.countDown();
      waits.forEach(ref -> channel.assertReply(ref, "ok"));
    }
    assertNoneReached();
  }

  @Test
  void anEventThatFindsNoRoomAmongThoseOfAllChannelsIsCountedAsThat() throws Exception {
    try (var kit = hanging(ChannelOptions.defaults().withMailboxTotalBytes(1_024))) {
      var channel = thatHangs(kit);
      Map<String, ?> large = Map.of("pad", "x".repeat(MailboxBudget.FREE_BYTES + 1_024));
      var waits = List.of(channel.push("more", large));
      channel.assertReply(channel.push("more"), "error", Map.of("reason", "mailbox full"));
      awaitReached(Telemetry.Bound.MAILBOX_TOTAL_BYTES);
      released.countDown();
      waits.forEach(ref -> channel.assertReply(ref, "ok"));
    }
    assertNoneReached();
  }

  @Test
  void whatCrashesAChannelWhoseMailboxIsFullIsCounted() throws Exception {
    try (var kit = hanging(ChannelOptions.defaults().withMailboxMessages(1))) {
      var flooded = kit.join("room:2");
      flooded.push("flood");
      awaitReached(Telemetry.Bound.MAILBOX_MESSAGES);
      flooded.assertCrashed();

      var slow = thatHangs(kit);
      kit.broadcaster().broadcast("room:1", "intercepted", Map.of());
      kit.broadcaster().broadcast("room:1", "intercepted", Map.of());
      awaitReached(Telemetry.Bound.MAILBOX_MESSAGES);
      slow.assertCrashed();
      released.countDown();
    }
    assertNoneReached();
  }

  @Test
  void aBroadcastThatFindsTheMailboxFullOfBytesCrashesItsChannelAndIsCountedAsThat()
      throws Exception {
    try (var kit = hanging(ChannelOptions.defaults().withMailboxBytes(1_024))) {
      var slow = thatHangs(kit);
      String large = "x".repeat(1_024);
      kit.broadcaster().broadcast("room:1", "intercepted", Map.of("pad", large)); // it is empty
      kit.broadcaster().broadcast("room:1", "intercepted", Map.of());
      awaitReached(Telemetry.Bound.MAILBOX_BYTES);
      slow.assertCrashed();
      released.countDown();
    }
    assertNoneReached();
  }

  private void assertReached(String route, Telemetry.Bound bound) throws InterruptedException {
    assertEquals(new Event.BoundReached("script", route, bound), next(Event.BoundReached.class));
  }

  @Test
  void eachLimitOfPresencesIsCounted() throws Exception {
    var tight =
        PresenceOptions.defaults()
            .withTopicBytes(1_024)
            .withTopicPresences(3)
            .withSocketPresences(2)
            .withSocketRate(2);
    // A node's own counters want nothing else, and are told of bounds all the same.
    var quiet =
        new Telemetry() {
          @Override
          public void record(Event event) {
            events.add(event);
          }

          @Override
          public boolean isEnabled() {
            return false;
          }
        };
    var metas = Map.of("tiny", 1, "large", 480, "huge", 1_100);
    var script =
        Script.onIn(
            (event, payload, socket) -> {
              var meta = Map.of("x", "x".repeat(metas.get(payload.tree().asText())));
              try {
                socket.presence().untrack(event);
                socket.presence().track(event, meta);
              } catch (PresenceException | IllegalArgumentException e) {
                return Result.error(Map.of());
              }
              return Result.ok();
            });
    try (var kit =
        script.kit(
            UnaryOperator.identity(),
            options -> options.withPresence(tight).withTelemetry(quiet))) {
      var one = kit.join("t:1");
      one.push("1", "huge");
      assertReached("", Telemetry.Bound.PRESENCE_META_BYTES);
      one.push("1", "tiny");
      one.push("2", "tiny");
      one.push("3", "tiny");
      assertReached("t:*", Telemetry.Bound.PRESENCE_SOCKET_PRESENCES);
      var two = kit.join("t:1");
      two.push("4", "large");
      two.push("5", "large");
      assertReached("t:*", Telemetry.Bound.PRESENCE_TOPIC_PRESENCES);
      var three = kit.join("t:2");
      three.push("6", "large");
      three.push("7", "large");
      assertReached("t:*", Telemetry.Bound.PRESENCE_TOPIC_BYTES);
      var four = kit.join("t:3");
      for (int i = 0; i < 5; i++) {
        four.push("8", "tiny");
      }
      assertReached("t:*", Telemetry.Bound.PRESENCE_SOCKET_RATE);
    }
  }

  /* ---- what is hidden */

  @Test
  void paramsAndPayloadsAreLoggedAtDebugWithoutSecrets() { // Q-1 to Q-3, Q-20 to Q-23
    root.setLevel(Level.TRACE);
    try (var kit = kit(Telemetry.none())) {
      var socket =
          kit.socket("users:7", Map.of("userToken", SECRET, "password", SECRET, "name", "ann"));
      var channel = socket.join("t:1", Map.of("deep", List.of(Map.of("new_password", SECRET))));
      channel.assertReply(channel.push("fine", Map.of("form", "a=1&token=" + SECRET)), "ok");
      socket.assertJoinRefused("t:2", Map.of("do", "refuse", "token", SECRET));
      kit.assertConnectRefused(Map.of("do", "refuse", "token", SECRET));
    } finally {
      root.setLevel(null);
    }
    assertSecretNowhere();
    assertTrue(
        logged("JOINED t:1").getFormattedMessage().contains("{\"new_password\":\"[FILTERED]\"}"));
    assertTrue(logged("HANDLED fine").getFormattedMessage().contains("{\"form\":\"[FILTERED]\"}"));
    assertTrue(logged("REFUSED JOIN t:2").getFormattedMessage().contains("\"do\":\"refuse\""));
    assertTrue(
        logged("REFUSED CONNECTION TO /socket")
            .getFormattedMessage()
            .contains("\"token\":\"[FILTERED]\""));
  }
}
