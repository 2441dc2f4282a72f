package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.SocketHandler;
import dev.roost.bus.Contract;
import dev.roost.channel.JoinResult;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.GatewayVerticle;
import dev.roost.host.ChannelVerticles;
import dev.roost.membership.ClusterJoin;
import dev.roost.membership.ClusterOptions;
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the cluster shares does not grow with sockets and topics: two nodes, real Hazelcast. */
@Timeout(180)
class RegistrationsIT {

  private static final int SOCKETS = 80;
  private static final int TOPICS_EACH = 50;

  private final List<ClusterNode> nodes = new ArrayList<>();

  @AfterEach
  void leave() {
    nodes.forEach(node -> node.close().await());
    nodes.forEach(node -> node.vertx().close().await());
  }

  @Test
  void addressesAndSharedValuesAreAsManyWithTwoThousandTopicsAsWithNone() throws Exception {
    int first = Ports.free(2 * ClusterOptions.PORTS);
    ClusterNode channels = join(first, first);
    ClusterNode sockets = join(first, first + ClusterOptions.PORTS);
    var chat =
        Application.named("chat")
            .socket("/socket", SocketHandler.acceptAll())
            .route("room:*", () -> (topic, payload, socket) -> JoinResult.ok());
    await(ChannelVerticles.deploy(channels, chat, ChannelOptions.defaults()));
    var gateway = new GatewayVerticle(sockets, GatewayOptions.defaults().withPort(0), router -> {});
    await(sockets.vertx().deployVerticle((Deployable) gateway));

    Waiting.until(
        "the gateway knows of the application",
        () -> sockets.snapshot().applications().find("chat").isPresent());
    var clients = new ArrayList<PhoenixClient>();
    try {
      clients.add(PhoenixClient.connect(ClientOptions.port(gateway.port())));
      assertEquals("ok", clients.get(0).join("room:first").status());
      int addresses = addresses();
      int values = values();
      assertTrue(addresses > 0 && values > 0, "nothing was counted");

      for (int socket = 0; socket < SOCKETS; socket++) {
        var client = PhoenixClient.connect(ClientOptions.port(gateway.port()));
        clients.add(client);
        for (int topic = 0; topic < TOPICS_EACH; topic++) {
          int number = socket / 2 * TOPICS_EACH + topic; // so each topic has two members
          assertEquals("ok", client.join("room:" + number).status());
        }
      }

      assertEquals(addresses, addresses());
      assertEquals(values, values());
    } finally {
      clients.forEach(PhoenixClient::close);
    }
  }

  /** Addresses of the event bus that are registered, on all nodes. */
  private static int addresses() {
    return hazelcast().getMultiMap("__vertx.subs").size();
  }

  /** What Roost itself keeps in the cluster. */
  private static int values() {
    return hazelcast().getMap("roost.contract." + Contract.VERSION).size();
  }

  private static HazelcastInstance hazelcast() {
    return Hazelcast.getAllHazelcastInstances().iterator().next();
  }

  private ClusterNode join(int seed, int port) {
    var options =
        ClusterOptions.defaults()
            .withClusterName("registrations-" + seed)
            .withClusterPort(port)
            .withBusPort(0)
            .withSeeds(List.of("127.0.0.1:" + seed));
    var node = await(ClusterJoin.join(options, new VertxOptions(), Vertx.builder()));
    nodes.add(node);
    return node;
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.await(60, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("not within 60 s", e);
    }
  }
}
