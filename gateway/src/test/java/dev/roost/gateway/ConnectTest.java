package dev.roost.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

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
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
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

  private final Vertx vertx = Vertx.vertx();
  private final LocalCluster cluster = LocalCluster.on(vertx);
  private final ClusterNode node = cluster.join();
  private final Host first = new Host(cluster.join());
  private final Host second = new Host(cluster.join());
  private final WebSocketClient client = vertx.createWebSocketClient();
  private final GatewayVerticle gateway =
      new GatewayVerticle(node, GatewayOptions.defaults().withPort(0), router -> {});

  private record Asked(String gateway, HostMessage.Connect connect) {}

  private static final class Host extends VerticleBase implements BusEndpoint.Receiver {

    private final ClusterNode node;
    private final String address;
    private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    private BusEndpoint endpoint;

    Host(ClusterNode node) {
      this.node = node;
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
      asked.add(new Asked(from, (HostMessage.Connect) message));
    }

    @Override
    public void lost(String peer) {}

    Asked next() throws InterruptedException {
      Asked next = asked.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
      assertNotNull(next, "nobody asked " + address);
      return next;
    }

    void send(String gateway, BusMessage message) {
      context.runOnContext(ignored -> endpoint.send(gateway, message));
    }

    void accept(Asked asked) {
      send(
          asked.gateway(),
          new GatewayMessage.Connected(asked.connect().request(), null, RawPayload.EMPTY_OBJECT));
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

  /** Two connections, of which each host is asked for one; the second's is open. */
  private List<Future<WebSocket>> bothAsked() throws Exception {
    var connections = List.of(connect(), connect());
    second.accept(second.next());
    return connections;
  }

  @Test
  void aConnectThatWaitsForANodeThatDiesIsDecidedByAnother() throws Exception {
    var connections = bothAsked();
    Asked unanswered = first.next();

    await(first.node.close());
    Asked again = second.next();

    assertEquals(unanswered, again);
    second.accept(again);
    await(Future.all(connections));
  }

  @Test
  void aConnectThatWasLostOnItsWayIsAskedAgainAndAnsweredOnce() throws Exception {
    var connections = bothAsked();
    Asked unanswered = first.next();

    // What a host says that misses messages of the gateway.
    first.send(unanswered.gateway(), new LinkMessage.Reset());
    Asked again = second.next();

    assertEquals(unanswered, again);
    second.accept(again);
    first.accept(unanswered); // Comes too late, and changes nothing.
    await(Future.all(connections));
  }
}
