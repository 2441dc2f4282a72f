package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.Route;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.TerminateReason;
import dev.roost.cluster.ClusterNode;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** One channel between a host's context and a gateway, without a host verticle around it. */
@Timeout(60)
class ChannelProcessTest {

  private static final int ROOM = 65_536;
  private static final RawPayload EMPTY = RawPayload.EMPTY_OBJECT;

  private final Vertx vertx = Vertx.vertx();
  private final Context host = vertx.getOrCreateContext();
  private final BlockingQueue<BusMessage> gateway = new LinkedBlockingQueue<>();
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);
  private final AtomicInteger pushed = new AtomicInteger();
  private final BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
  private final BlockingQueue<Socket> sockets = new LinkedBlockingQueue<>();
  private final BlockingQueue<Object> infos = new LinkedBlockingQueue<>();
  private Context gatewayContext;
  private Topics topics;
  private HostRuntime runtime;
  private long lastNumber;

  /** Ends without a word: it has no terminate of its own. */
  private class Quiet implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      sockets.add(socket);
      return JoinResult.ok();
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      switch (event) {
        case "wait" -> {
          started.countDown();
          await(release);
        }
        case "flood" -> {
          threads.add(Thread.currentThread());
          for (int i = 0; i < 3 * ROOM; i++) {
            socket.push(String.valueOf(i), Map.of());
            pushed.incrementAndGet();
          }
        }
        case "binary" -> {
          return Result.reply(new byte[] {1});
        }
        case "late binary" -> socket.ref().reply(new byte[] {1});
        default -> throw new IllegalArgumentException(event);
      }
      return Result.ok();
    }
  }

  private final class Waiting extends Quiet {

    @Override
    public Outcome handleInfo(Object message, Socket socket) {
      infos.add(message);
      return Result.noReply();
    }
  }

  private final class Polite extends Quiet {

    @Override
    public void terminate(TerminateReason reason, Socket socket) {
      threads.add(Thread.currentThread());
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, what);
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static <T> T on(Context context, Supplier<T> action) throws Exception {
    Promise<T> done = Promise.promise();
    context.runOnContext(ignored -> done.complete(action.get()));
    return done.future().await(20, TimeUnit.SECONDS);
  }

  private BusEndpoint endpoint(String address) {
    return new BusEndpoint(
        vertx,
        address,
        new BusEndpoint.Receiver() {
          @Override
          public void receive(String from, BusMessage message) {
            gateway.add(message);
          }

          @Override
          public void lost(String from) {
            throw new IllegalStateException("lost messages of " + from);
          }
        });
  }

  @BeforeEach
  void open() throws Exception {
    ClusterNode node = ClusterNode.local(vertx);
    Promise<Context> other = Promise.promise();
    Thread.ofPlatform().start(() -> other.complete(vertx.getOrCreateContext()));
    gatewayContext = other.future().await(20, TimeUnit.SECONDS);
    on(gatewayContext, () -> endpoint("gateway"));
    BusEndpoint endpoint = on(host, () -> endpoint("host"));
    topics = new Topics(vertx, "app", endpoint, tracker -> {});
    var app = Application.named("app");
    var options = ChannelOptions.defaults();
    runtime =
        new HostRuntime(
            host,
            app,
            options,
            endpoint,
            topics,
            new HostTracking(node, host, app, options, endpoint, topics));
  }

  @AfterEach
  void close() throws Exception {
    release.countDown();
    vertx.close().await(20, TimeUnit.SECONDS);
  }

  private ChannelProcess joining(Channel channel) throws Exception {
    return joining(channel, new Ref("\"1\""));
  }

  private ChannelProcess joining(Channel channel, Ref joinRef) throws Exception {
    var process =
        new ChannelProcess(
            runtime,
            "gateway",
            ++lastNumber,
            7,
            new Recipient(lastNumber, 1, "room:1", joinRef),
            new ClientInfo("/socket", "websocket", null, EMPTY),
            Route.of("room:*", () -> channel));
    on(
        host,
        () -> {
          topics.add(process);
          process.post(new Mail.Join(EMPTY));
          return process;
        });
    return process;
  }

  private ChannelProcess joined(Channel channel) throws Exception {
    ChannelProcess process = joining(channel);
    assertEquals(new GatewayMessage.Joined(process.number(), 7, EMPTY), next());
    await("no callback runs", () -> process.isJoined() && isIdle(process));
    return process;
  }

  /** Whether its mailbox would handle what comes now at once. */
  private static boolean isIdle(ChannelProcess process) {
    return process.mailbox().handleHere(new Mail.Idle(() -> {}));
  }

  private BusMessage next() throws InterruptedException {
    return gateway.poll(20, TimeUnit.SECONDS);
  }

  private static void event(ChannelProcess process, String event) {
    event(process, event, new Ref("\"2\""));
  }

  private static void event(ChannelProcess process, String event, Ref ref) {
    process.event(new HostMessage.Event(process.number(), ref, event, EMPTY));
  }

  private static GatewayMessage reply(ChannelProcess process, String ref) {
    return new GatewayMessage.Reply(process.recipient(), new Ref("\"" + ref + "\""), "ok", EMPTY);
  }

  private static GatewayMessage left(ChannelProcess process, String ref) {
    return new GatewayMessage.Left(process.recipient(), new Ref("\"" + ref + "\""));
  }

  /* ---- ends */

  @Test
  void aChannelWithoutTerminateLeavesOnTheCallersThread() throws Exception {
    ChannelProcess process = joined(new Quiet());
    process.postEnd(new Mail.Leave(new Ref("\"3\"")));
    assertTrue(process.isOver());
    assertEquals(left(process, "3"), next());
  }

  @Test
  void aLeaveThatComesWhileACallbackRunsWaitsForIt() throws Exception { // R0-2
    ChannelProcess process = joined(new Quiet());
    event(process, "wait");
    await(started);
    process.postEnd(new Mail.Leave(new Ref("\"3\"")));
    assertFalse(process.isOver());

    release.countDown();
    assertEquals(reply(process, "2"), next());
    assertEquals(left(process, "3"), next());
    await("the channel ends", process::isOver);
  }

  @Test
  void anEndOfTheSocketWaitsForTheCallbackThatRuns() throws Exception {
    ChannelProcess process = joined(new Quiet());
    event(process, "wait");
    await(started);
    process.postEnd(new Mail.End(new TerminateReason.Closed("closed")));
    assertFalse(process.isOver());

    release.countDown();
    assertEquals(reply(process, "2"), next());
    await("the channel ends", process::isOver);
  }

  @Test
  void anIdleChannelWithoutTerminateEndsWithItsSocketAtOnce() throws Exception {
    ChannelProcess process = joined(new Quiet());
    process.postEnd(new Mail.End(new TerminateReason.Closed("closed")));
    assertTrue(process.isOver());
  }

  @Test
  void terminateRunsOnAVirtualThread() throws Exception {
    ChannelProcess left = joined(new Polite());
    left.postEnd(new Mail.Leave(null));
    Thread leaving = threads.poll(20, TimeUnit.SECONDS);
    assertTrue(leaving.isVirtual(), leaving::toString);

    assertInstanceOf(GatewayMessage.Left.class, next());
    ChannelProcess lost = joined(new Polite());
    lost.postEnd(new Mail.End(new TerminateReason.Closed("closed")));
    Thread ending = threads.poll(20, TimeUnit.SECONDS);
    assertTrue(ending.isVirtual(), ending::toString);
  }

  /* ---- order and room */

  /** Keeps the host's context busy until the latch is released. */
  private void holdHost() {
    host.runOnContext(ignored -> await(release));
  }

  @Test
  void whatAnotherThreadPushesAsSoonAsItMayComesBehindTheJoin() throws Exception { // J-12
    joined(new Quiet());
    Socket filler = sockets.take();
    var joins = new CountDownLatch(1);
    ChannelProcess late =
        joining(
            new Quiet() {
              @Override
              public JoinResult join(String topic, Payload payload, Socket socket) {
                threads.add(Thread.currentThread());
                await(joins);
                return super.join(topic, payload, socket);
              }
            });
    Thread joining = threads.take();
    holdHost();
    for (int i = 0; i < ROOM; i++) {
      filler.push("filler", Map.of());
    }
    // No room: the join's answer waits, and this thread, being no virtual one, would not.
    joins.countDown();
    Socket socket = sockets.take();
    await("the answer waits", () -> joining.getState() == Thread.State.TIMED_WAITING);
    assertThrows(IllegalStateException.class, () -> socket.push("early", Map.of()));

    release.countDown();
    await("it may", late::isJoined);
    socket.push("early", Map.of());
    for (int i = 0; i < ROOM; i++) {
      assertEquals("filler", ((GatewayMessage.Push) next()).event());
    }
    assertEquals(new GatewayMessage.Joined(late.number(), 7, EMPTY), next());
    assertEquals("early", ((GatewayMessage.Push) next()).event());
  }

  @Test
  void aChannelThatPushesFasterThanItsGatewayTakesIsHeldBack() throws Exception {
    ChannelProcess process = joined(new Quiet());
    gatewayContext.runOnContext(ignored -> await(release));
    event(process, "flood");
    Thread flooding = threads.take();
    await(
        "it waits", () -> flooding.getState() == Thread.State.TIMED_WAITING || !flooding.isAlive());
    // What is between the queue and the link for a moment is not counted.
    assertTrue(pushed.get() < 2 * ROOM, () -> "pushed " + pushed.get());

    release.countDown();
    for (int i = 0; i < 3 * ROOM; i++) {
      assertEquals(String.valueOf(i), ((GatewayMessage.Push) next()).event());
    }
    assertEquals(reply(process, "2"), next());
  }

  /* ---- refs */

  /** The gateway drops what its client's refs leave no room for; the channel is not at fault. */
  @Test
  void refsOfAClientThatNoBinaryFrameHasRoomForCrashNoChannel() throws Exception { // B-7
    var longest = Ref.ofText("r".repeat(256));
    ChannelProcess process =
        joining(
            new Quiet() {
              @Override
              public JoinResult join(String topic, Payload payload, Socket socket) {
                return JoinResult.ok(new byte[] {1});
              }
            },
            longest);
    var binary = RawPayload.binary(new byte[] {1});
    assertEquals(new GatewayMessage.Joined(process.number(), 7, binary), next());

    event(process, "binary", longest);
    var answer = new GatewayMessage.Reply(process.recipient(), longest, "ok", binary);
    assertEquals(answer, next());

    event(process, "late binary", longest);
    assertEquals(answer, next());
    assertEquals(
        new GatewayMessage.Reply(process.recipient(), longest, "ok", EMPTY), next(), "its reply");
  }

  /* ---- interrupts */

  @Test
  void anInterruptOfWhoEndsAChannelStaysTheirs() throws Exception {
    ChannelProcess process = joined(new Quiet());
    Thread.currentThread().interrupt();
    process.postEnd(new Mail.Leave(null));
    assertTrue(Thread.interrupted());
    assertTrue(process.isOver());
  }

  /* ---- messages of its own */

  @Test
  void whatIsNotThereIsRefusedWhereItIsSent() throws Exception {
    joined(new Quiet());
    Socket socket = sockets.take();
    assertRefused("sendSelf has no message: it is null", () -> socket.sendSelf(null));
    assertRefused(
        "sendAfter has no message: it is null", () -> socket.sendAfter(Duration.ZERO, null));
    assertRefused("sendAfter has no delay: it is null", () -> socket.sendAfter(null, "message"));
    assertRefused(
        "stop has no reason: use StopReason.normal() for none in particular",
        () -> socket.stop(null));
  }

  private static void assertRefused(String message, Executable call) {
    assertEquals(message, assertThrows(NullPointerException.class, call).getMessage());
  }

  /* ---- timers */

  @Test
  void theTimersOfAChannelGoWithIt() throws Exception { // sendAfter
    ChannelProcess process = joined(new Quiet());
    Socket socket = sockets.take();
    socket.sendAfter(Duration.ofDays(1), "much later");
    socket.sendAfter(Duration.ofDays(365), "the longest there is");
    List<Long> timers = on(host, () -> List.copyOf(process.timers()));
    assertEquals(2, timers.size());

    process.postEnd(new Mail.Leave(null));
    assertInstanceOf(GatewayMessage.Left.class, next());
    assertEquals(List.of(), on(host, () -> List.copyOf(process.timers())));
    for (long timer : timers) {
      assertFalse(vertx.cancelTimer(timer), "it was still there");
    }
    socket.sendAfter(Duration.ofDays(1), "a channel that is over has none");
    assertEquals(List.of(), on(host, () -> List.copyOf(process.timers())));
  }

  @Test
  void asManyMessagesMayWaitForTheirTimeAsForAChannel() throws Exception { // sendAfter
    ChannelProcess process = joined(new Waiting());
    Socket socket = sockets.take();
    int most = ChannelOptions.defaults().mailboxMessages();
    socket.sendAfter(Duration.ofMillis(1), "soon");
    assertEquals("soon", infos.poll(20, TimeUnit.SECONDS)); // and counts no more
    for (int i = 0; i < most; i++) {
      socket.sendAfter(Duration.ofDays(1), "tomorrow");
    }
    var refused =
        assertThrows(
            IllegalStateException.class, () -> socket.sendAfter(Duration.ofDays(1), "more"));
    assertEquals(
        "1000 messages of sendAfter wait for this channel already, and it may have no more: send"
            + " fewer, or raise mailboxMessages",
        refused.getMessage());
    assertEquals(most, on(host, () -> process.timers().size()));

    process.postEnd(new Mail.Leave(null));
    await("it is over", process::isOver);
    socket.sendAfter(Duration.ofDays(1), "a channel that is over refuses nothing");
  }

  @Test
  void aDelayOfMoreThanAYearIsRefused() throws Exception { // sendAfter
    joined(new Quiet());
    Socket socket = sockets.take();
    var refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> socket.sendAfter(Duration.ofDays(365).plusMillis(1), "never"));
    assertEquals(
        "a message can be delayed by 365 days at most, got PT8760H0.001S", refused.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> socket.sendAfter(Duration.ofSeconds(Long.MAX_VALUE), "never"));
  }

  @Test
  void aDelayOfLessThanAMillisecondIsOneHoweverLittleItIs() throws Exception { // sendAfter
    joined(new Waiting());
    Socket socket = sockets.take();
    for (Duration delay : List.of(Duration.ofNanos(1), Duration.ofSeconds(Long.MIN_VALUE))) {
      socket.sendAfter(delay, delay);
      assertEquals(delay, infos.poll(20, TimeUnit.SECONDS));
    }
  }
}
