package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.Telemetry;
import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.PresenceMessage;
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
import dev.roost.cluster.LocalCluster;
import dev.roost.hosting.PartitionTable;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hosts of two nodes and a gateway of a third, which speaks as the test says. */
@Timeout(60)
class HandOverTest {

  private static final ChannelOptions ONE_HOST = ChannelOptions.defaults().withVerticles(1);
  private static final int TOPICS = 40;

  // An event loop for each verticle and caller: a test keeps one busy.
  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(32));
  private final LocalCluster cluster = LocalCluster.on(vertx);
  private final ClusterNode one = cluster.join();
  private final ClusterNode two = cluster.join();
  private final ClusterNode third = cluster.join();
  private final BlockingQueue<String> ended = new LinkedBlockingQueue<>();
  private final CountDownLatch slow = new CountDownLatch(1);
  private final Gateway gateway = new Gateway(third);
  private HostVerticle host;

  private final class Watched implements Channel {
    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      if (payload.tree().has("slow")) {
        try {
          slow.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      return JoinResult.ok();
    }

    @Override
    public void terminate(TerminateReason reason, Socket socket) {
      ended.add(socket.topic() + " " + reason);
    }
  }

  private static final class Gateway extends VerticleBase implements BusEndpoint.Receiver {
    private final BlockingQueue<BusMessage> mail = new LinkedBlockingQueue<>();
    private final ClusterNode node;
    private BusEndpoint endpoint;

    Gateway(ClusterNode node) {
      this.node = node;
    }

    @Override
    public Future<?> start() {
      endpoint = new BusEndpoint(vertx, Addresses.gateway(node.name(), 1), this);
      return endpoint.ready();
    }

    @Override
    public void receive(String from, BusMessage message) {
      if (message instanceof PresenceMessage.Claim claim) {
        endpoint.send(
            from, new PresenceMessage.Claimed(claim.claim(), PresenceMessage.Ruling.GRANTED));
      } else {
        mail.add(message);
      }
    }

    @Override
    public void lost(String peer) {
      mail.add(new GatewayMessage.Disconnect("lost " + peer));
    }

    void says(String inbox, BusMessage message) {
      context.runOnContext(ignored -> endpoint.send(inbox, message));
    }

    void joins(String inbox, long channel, String topic, long epoch, String payload) {
      context.runOnContext(
          ignored ->
              endpoint.send(
                  inbox,
                  new HostMessage.Join(
                      0,
                      epoch,
                      new Recipient(channel, 1, topic, new Ref("\"1\"")),
                      new ClientInfo("/socket", "websocket", null, RawPayload.EMPTY_OBJECT),
                      RawPayload.jsonText(payload))));
    }

    BusMessage next() throws InterruptedException {
      BusMessage message = mail.poll(20, TimeUnit.SECONDS);
      assertNotNull(message, "nothing came");
      return message;
    }
  }

  /** Nodes of one application whose code differs: the gateway knows a route that is not here. */
  @Test
  void aJoinWithoutARouteIsRefusedAsUnmatched() throws Exception { // J-2
    gateway.joins(host.inbox(), 1, "other:1", owner("other:1").epoch(), "{}");
    assertEquals(
        new GatewayMessage.Refused(1, RawPayload.jsonText("{\"reason\":\"unmatched topic\"}")),
        gateway.next());
  }

  /** The gateway then finds no route, and answers as to any join without one. */
  @Test
  void aJoinWhoseApplicationIsTakenBackIsTurnedAwayAndNotRefused() throws Exception { // J-2
    long epoch = owner("t:1").epoch();
    gateway.joins(host.inbox(), 1, "t:1", epoch, "{\"slow\":true}");
    gateway.joins(host.inbox(), 2, "t:2", epoch, "{}");
    assertEquals(2, ((GatewayMessage.Joined) gateway.next()).channel());
    await(one.withdraw("app"));
    BusMessage first = gateway.next();
    BusMessage second = gateway.next();
    assertEquals(
        Set.of(new GatewayMessage.NotHosted(1), new GatewayMessage.Crashed(2)),
        Set.of(first, second));
    gateway.joins(host.inbox(), 3, "t:3", epoch, "{}");
    assertEquals(new GatewayMessage.NotHosted(3), gateway.next());
  }

  private Application application() {
    return Application.named("app").path("/socket").route("t:*", Watched::new);
  }

  @BeforeEach
  void start() throws Exception {
    await(vertx.deployVerticle(gateway));
    host = await(ChannelVerticles.deploy(one, application(), ONE_HOST)).hosts().getFirst();
  }

  @AfterEach
  void stop() throws Exception {
    slow.countDown();
    await(Future.join(one.close(), two.close(), third.close()).eventually(vertx::close));
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.await(20, TimeUnit.SECONDS);
  }

  private PartitionTable.Owner owner(String topic) {
    return owner("app", topic);
  }

  private PartitionTable.Owner owner(String application, String topic) {
    return one.snapshot()
        .partitions()
        .owner(application, PartitionTable.partition(topic))
        .orElseThrow();
  }

  private void joinAll() throws Exception {
    for (int i = 0; i < TOPICS; i++) {
      gateway.joins(host.inbox(), 100 + i, "t:" + i, owner("t:" + i).epoch(), "{}");
      assertEquals(100 + i, ((GatewayMessage.Joined) gateway.next()).channel());
    }
  }

  @Test
  void aJoinOfALaterTenureThanTheHostKnowsIsTurnedAway() throws Exception {
    long epoch = owner("t:1").epoch();
    gateway.joins(host.inbox(), 1, "t:1", epoch + 1, "{}");
    assertEquals(new GatewayMessage.NotHosted(1), gateway.next());
    gateway.joins(host.inbox(), 2, "t:1", epoch, "{}");
    assertEquals(2, ((GatewayMessage.Joined) gateway.next()).channel());
    gateway.joins(host.inbox(), 3, "t:1", epoch - 1, "{}");
    assertEquals(epoch, ((GatewayMessage.Joined) gateway.next()).epoch());
  }

  /** It joined in the tenure that began last, and news of earlier ones are still on their way. */
  @Test
  void whoJoinsInALaterTenureThanTheHostHasHeardOfStays() throws Exception {
    var reached = new CountDownLatch(1);
    var busy = new CountDownLatch(1);
    host.context()
        .runOnContext(
            ignored -> {
              reached.countDown();
              awaitUninterruptibly(busy);
            });
    reached.await();
    for (int i = 0; i < TOPICS; i++) {
      gateway.joins(host.inbox(), 100 + i, "t:" + i, 1, "{}");
    }
    var second = await(ChannelVerticles.deploy(two, application(), ONE_HOST));
    while (topics().allMatch(topic -> owner(topic).epoch() == 1)) {
      Thread.sleep(5);
    }
    await(second.undeploy());
    while (!topics().allMatch(topic -> owner(topic).inbox().equals(host.inbox()))) {
      Thread.sleep(5);
    }
    busy.countDown();
    Set<Long> joined = new HashSet<>();
    for (int i = 0; i < TOPICS; i++) {
      joined.add(((GatewayMessage.Joined) gateway.next()).channel());
    }
    assertEquals(TOPICS, joined.size());
    gateway.joins(host.inbox(), 1, "t:1", 1, "{}");
    assertEquals(1, ((GatewayMessage.Joined) gateway.next()).channel());
  }

  private static Stream<String> topics() {
    return IntStream.range(0, TOPICS).mapToObj(i -> "t:" + i);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aGatewayThatIsNotKnownToLiveIsTurnedAwayUntilItIs() throws Exception {
    await(third.close());
    while (one.snapshot().nodes().contains(third.name())) {
      Thread.sleep(5);
    }
    gateway.joins(host.inbox(), 1, "t:1", owner("t:1").epoch(), "{}");
    assertEquals(new GatewayMessage.NotHosted(1), gateway.next());
  }

  /** They may have talked on the other side of a split, at another host. */
  @Test
  void whoStayedIsToldBeforeTheFirstOfAGatewayThatWasAwayJoins() throws Exception {
    var stayed = new Gateway(two);
    await(vertx.deployVerticle(stayed));
    stayed.joins(host.inbox(), 1, "t:1", owner("t:1").epoch(), "{}");
    assertEquals(1, ((GatewayMessage.Joined) stayed.next()).channel());
    stayed.joins(host.inbox(), 2, "t:2", owner("t:2").epoch(), "{}");
    assertEquals(2, ((GatewayMessage.Joined) stayed.next()).channel());
    await(third.close());
    awaitNode(false);
    var back = cluster.join(third.name());
    try {
      awaitNode(true);
      BusMessage answer;
      do { // the host learns a moment later that it is back
        gateway.joins(host.inbox(), 1, "t:1", owner("t:1").epoch(), "{}");
        answer = gateway.next();
      } while (answer instanceof GatewayMessage.NotHosted);
      assertEquals(1, ((GatewayMessage.Joined) answer).channel());
      assertEquals(new GatewayMessage.Crashed(1), stayed.next());

      stayed.joins(host.inbox(), 3, "t:1", owner("t:1").epoch(), "{}");
      assertEquals(3, ((GatewayMessage.Joined) stayed.next()).channel());
      gateway.joins(host.inbox(), 2, "t:1", owner("t:1").epoch(), "{}");
      assertEquals(2, ((GatewayMessage.Joined) gateway.next()).channel());
      gateway.joins(host.inbox(), 3, "t:2", owner("t:2").epoch(), "{}");
      assertEquals(3, ((GatewayMessage.Joined) gateway.next()).channel());
      assertEquals(new GatewayMessage.Crashed(2), stayed.next(), "nobody was told twice");
    } finally {
      await(back.close());
    }
  }

  private void awaitNode(boolean live) throws InterruptedException {
    while (one.snapshot().nodes().contains(third.name()) != live) {
      Thread.sleep(5);
    }
  }

  @Test
  void whoIsInAPartitionThatIsHandedOverIsToldAndNobodyElse() throws Exception {
    joinAll();
    for (int i = 0; i < TOPICS; i++) {
      gateway.joins(host.inbox(), 200 + i, "t:" + i, owner("t:" + i).epoch(), "{\"slow\":true}");
    }
    await(ChannelVerticles.deploy(two, application(), ONE_HOST));
    // About half of the topics move, each with a member and one that is joining.
    Set<Long> crashed = new HashSet<>();
    Set<Long> turnedAway = new HashSet<>();
    while (crashed.size() < 5 || !crashed.equals(turnedAway)) {
      switch (gateway.next()) {
        case GatewayMessage.Crashed(var channel) -> crashed.add(moved(channel - 100));
        case GatewayMessage.NotHosted(var channel) -> turnedAway.add(moved(channel - 200));
        case BusMessage other -> throw new AssertionError(other);
      }
    }
    for (int i = 0; i < 5; i++) {
      assertTrue(next().endsWith(" Draining[]"));
    }
    gateway.joins(host.inbox(), 1, "t:" + crashed.iterator().next(), 1, "{}");
    BusMessage answer;
    do {
      answer = gateway.next();
    } while (!answer.equals(new GatewayMessage.NotHosted(1)));
  }

  /** The topic's number, which has to be on the other host by now. */
  private long moved(long topic) {
    assertNotEquals(host.inbox(), owner("t:" + topic).inbox());
    return topic;
  }

  private String next() throws InterruptedException {
    String event = ended.poll(20, TimeUnit.SECONDS);
    assertNotNull(event, "no channel ended");
    return event;
  }

  @Test
  void membersOfAGatewayThatIsGoneEnd() throws Exception {
    joinAll();
    await(third.close());
    Set<String> all = new HashSet<>();
    for (int i = 0; i < TOPICS; i++) {
      all.add(next());
    }
    Set<String> expected = new HashSet<>();
    for (int i = 0; i < TOPICS; i++) {
      expected.add("t:" + i + " Closed[detail=gateway gone]");
    }
    assertEquals(expected, all);
    Promise<Integer> topics = Promise.promise();
    host.context().runOnContext(ignored -> topics.complete(host.topicCount()));
    assertEquals(0, await(topics.future()));
  }

  /** In a topic with a window as long as this one's, its leave would come in an hour. */
  @Test
  void whoIsPresentThroughAGatewayThatIsGoneHasLeftSoonHoweverLongTheWindow() throws Exception {
    var diffs = new LinkedBlockingQueue<Telemetry.Event.PresenceDiffSent>();
    Telemetry telemetry =
        event -> {
          if (event instanceof Telemetry.Event.PresenceDiffSent diff) {
            diffs.add(diff);
          }
        };
    var people = Application.named("people").path("/people").route("p:*", Present::new);
    var hour = Duration.ofHours(1);
    var windows =
        PresenceOptions.defaults()
            .withDiffWindowPerThousand(hour.multipliedBy(1_000))
            .withMaxDiffWindow(hour);
    var deployment =
        await(
            ChannelVerticles.deploy(
                one, people, ONE_HOST.withPresence(windows).withTelemetry(telemetry)));
    String inbox = deployment.hosts().getFirst().inbox();
    long epoch = owner("people", "p:1").epoch();
    gateway.joins(inbox, 1, "p:1", epoch, "{}");
    assertEquals(1, ((GatewayMessage.Joined) gateway.next()).channel());
    while (await(deployment.presences().list("p:1")).keys().isEmpty()) {
      Thread.sleep(5);
    }
    assertTrue(diffs.isEmpty());
    await(third.close());
    var diff = diffs.poll(20, TimeUnit.SECONDS);
    assertNotNull(diff, "nobody has left");
    assertEquals(1, diff.leaves());
  }

  /** It may forget what closed then; an application that does not listen is told of nothing. */
  @Test
  void aGatewayHearsThatTheEndOfASocketWasNoticed() throws Exception {
    PresenceHandler listens =
        new PresenceHandler() {
          @Override
          public void vacated(String topic) {}
        };
    var people =
        Application.named("people").path("/people").route("p:*", Present::new).presence(listens);
    var deployment = await(ChannelVerticles.deploy(one, people, ONE_HOST));
    String inbox = deployment.hosts().getFirst().inbox();
    gateway.joins(inbox, 1, "p:1", owner("people", "p:1").epoch(), "{}");
    assertEquals(1, ((GatewayMessage.Joined) gateway.next()).channel());
    gateway.says(inbox, new HostMessage.SocketGone(List.of(1L), "closed"));
    BusMessage answer = gateway.next();
    while (!(answer instanceof PresenceMessage.Noticed)) { // Behind its diffs.
      answer = gateway.next();
    }
    assertEquals(new PresenceMessage.Noticed(List.of(1L)), answer);
  }

  private static final class Present implements Channel {
    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      socket.sendSelf("joined");
      return JoinResult.ok();
    }

    @Override
    public Outcome handleInfo(Object message, Socket socket) {
      socket.presence().track("ada", Map.of());
      return Result.noReply();
    }
  }
}
