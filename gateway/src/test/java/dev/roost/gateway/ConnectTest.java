package dev.roost.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.LinkMessage;
import dev.roost.bus.RawPayload;
import dev.roost.cluster.ClusterNode;
import dev.roost.cluster.LocalCluster;
import dev.roost.routing.Advertisement;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketOptions;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.UpgradeRejectedException;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A gateway and two hosts that decide on connections as the test says, each on its node. */
@Timeout(60)
class ConnectTest {

  private static final int LIMIT_SECONDS = 20;
  private static final RawPayload NO_ASSIGNS = RawPayload.EMPTY_OBJECT;

  private final Vertx vertx = Vertx.vertx();
  private final LocalCluster cluster = LocalCluster.on(vertx);
  private final ClusterNode node = cluster.join();
  private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
  private final Host first = new Host(cluster.join(), asked);
  private final Host second = new Host(cluster.join(), asked);
  private final WebSocketClient client = vertx.createWebSocketClient();
  private final List<Limit> reached = new CopyOnWriteArrayList<>();
  private final List<Thread> refusals = new CopyOnWriteArrayList<>();
  private final GatewayVerticle gateway =
      new GatewayVerticle(
          node,
          GatewayOptions.defaults()
              .withPort(0)
              .withMaxPendingConnects(2)
              .withMetrics(
                  new GatewayMetrics() {
                    @Override
                    public void limitReached(Limit limit) {
                      reached.add(limit);
                    }

                    @Override
                    public void connectionRefused(int status) {
                      refusals.add(Thread.currentThread());
                    }
                  }),
          router -> {});

  /** Which host was asked, and by whom: the next is whichever the gateway chose. */
  private record Asked(Host host, String gateway, HostMessage.Connect connect) {
    void accept() {
      host.send(gateway, new GatewayMessage.Connected(connect.request(), null, NO_ASSIGNS, 0));
    }
  }

  private static final class Host extends VerticleBase implements BusEndpoint.Receiver {

    private final ClusterNode node;
    private final String address;
    private final BlockingQueue<Asked> asked;
    private BusEndpoint endpoint;

    Host(ClusterNode node, BlockingQueue<Asked> asked) {
      this.node = node;
      this.asked = asked;
      this.address = Addresses.host(node.name(), 1);
    }

    @Override
    public Future<?> start() {
      endpoint = new BusEndpoint(vertx, address, this);
      return endpoint.ready().compose(ignored -> advertise());
    }

    private Future<Void> advertise() {
      return node.advertise(
          new Advertisement(
              "chat",
              List.of("/socket"),
              Map.of("/socket", SocketOptions.defaults()),
              List.of(new RoutePattern("room:*")),
              List.of(address)));
    }

    @Override
    public void receive(String from, BusMessage message) {
      asked.add(new Asked(this, from, (HostMessage.Connect) message));
    }

    @Override
    public void lost(String peer) {}

    void send(String gateway, BusMessage message) {
      context.runOnContext(ignored -> endpoint.send(gateway, message));
    }
  }

  @BeforeEach
  void start() throws Exception {
    await(vertx.deployVerticle((Deployable) first));
    await(vertx.deployVerticle((Deployable) second));
    await(vertx.deployVerticle((Deployable) gateway));
    Promise<Void> known = Promise.promise();
    node.listen(snapshot -> lookFor(snapshot, known));
    lookFor(node.snapshot(), known);
    await(known.future());
  }

  private static void lookFor(ClusterNode.Snapshot snapshot, Promise<Void> known) {
    if (snapshot.applications().find("chat").filter(c -> c.inboxes().size() == 2).isPresent()) {
      known.tryComplete();
    }
  }

  @AfterEach
  void stop() throws Exception {
    await(vertx.close());
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.await(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private Future<WebSocket> connect() {
    return client.connect(gateway.port(), "localhost", "/socket/websocket?vsn=2.0.0");
  }

  private Asked next() throws InterruptedException {
    Asked next = asked.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    assertNotNull(next, "no host was asked");
    return next;
  }

  @Test
  void aConnectThatWaitsForANodeThatDiesIsDecidedByAnother() throws Exception {
    var connection = connect();
    Asked unanswered = next();

    await(unanswered.host().node.close());
    Asked again = next();

    assertNotSame(unanswered.host(), again.host());
    assertEquals(unanswered.connect(), again.connect());
    again.accept();
    await(connection);
  }

  @Test
  void aConnectThatWasLostOnItsWayIsAskedAgainAndAnsweredOnce() throws Exception {
    var connection = connect();
    Asked unanswered = next();

    // What a host says that misses messages of the gateway.
    unanswered.host().send(unanswered.gateway(), new LinkMessage.Reset());
    Asked again = next();

    assertEquals(unanswered.connect(), again.connect());
    again.accept();
    await(connection);
    unanswered.accept(); // Comes too late, and changes nothing.
    var another = connect();
    next().accept();
    await(another);
  }

  @Test
  void moreConnectsThanMayWaitAreRefusedAtOnceAndNobodyIsAsked() throws Exception {
    var first = connect();
    Asked one = next();
    var second = connect();
    Asked two = next();
    assertEquals(List.of(), reached);

    var refused = assertThrows(UpgradeRejectedException.class, () -> await(connect()));
    assertEquals(503, refused.getStatus());
    assertEquals(List.of(Limit.MAX_PENDING_CONNECTS), reached);

    one.accept();
    await(first);
    var third = connect();
    next().accept(); // There is room for one again.
    await(third);
    two.accept();
    await(second);
    assertEquals(0, asked.size());
    assertEquals(List.of(Limit.MAX_PENDING_CONNECTS), reached);
  }

  /** Whoever closes it, what belongs to its context is touched there only. */
  @Test
  void aGatewayThatIsClosedFromElsewhereEndsOnItsOwnThread() throws Exception {
    var first = connect();
    next();
    var second = connect();
    next();
    assertThrows(UpgradeRejectedException.class, () -> await(connect()));
    Thread own = refusals.getFirst();

    var closed = gateway.gateway().close();
    await(Future.all(closed, gateway.gateway().close()));

    for (var waited : List.of(first, second)) {
      var refused = assertThrows(UpgradeRejectedException.class, () -> await(waited));
      assertEquals(503, refused.getStatus());
    }
    assertEquals(List.of(own, own, own), refusals);
  }
}
