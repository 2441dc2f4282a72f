package dev.roost.it.model;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.application.Application;
import dev.roost.application.Broadcaster;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.Route;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Payload;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.GatewayVerticle;
import dev.roost.host.ChannelVerticles;
import dev.roost.host.HostVerticle;
import dev.roost.routing.SocketOptions;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** Two gateways and two hosts in this process, over real sockets. */
final class ModelServer implements AutoCloseable {

  static final int GATEWAYS = 2;

  private static final String APPLICATION = "model";
  private static final int LIMIT_SECONDS = 60;

  private final Vertx vertx = Vertx.vertx();
  private final ClusterNode node = ClusterNode.local(vertx);
  private final ChannelVerticles.Deployment deployment;
  private final List<GatewayVerticle> gateways = new ArrayList<>();

  /** Refuses the token {@code bad}, and names sockets as they ask for. */
  private static final class Door implements SocketHandler {

    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      return params.tree().path("key").asText().equals("bad")
          ? ConnectResult.refuse()
          : ConnectResult.accept().assign("id", params.tree().path("id").asText());
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return Optional.of(String.valueOf(accepted.assigns().get("id")));
    }
  }

  ModelServer() {
    var application =
        Application.named(APPLICATION)
            .socket("/socket", new Door(), SocketOptions.defaults().withLongPoll())
            .route(Route.of("model:*", ModelChannel::new).intercept(ModelChannel.INTERCEPTED));
    deployment =
        await(
            ChannelVerticles.deploy(node, application, ChannelOptions.defaults().withVerticles(2)));
    for (int i = 0; i < GATEWAYS; i++) {
      var gateway = new GatewayVerticle(node, GatewayOptions.defaults().withPort(0), router -> {});
      await(vertx.deployVerticle((Deployable) gateway));
      gateways.add(gateway);
    }
  }

  int port(int gateway) {
    return gateways.get(gateway).port();
  }

  void disconnect(String id) {
    new Broadcaster(node, APPLICATION, JsonMapper.builder().build()).disconnect(id);
  }

  /** Waits until hosts have no channel any more: sessions that nobody polls end first. */
  void awaitNoChannels() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (deployment.hosts().stream().anyMatch(host -> channels(host) > 0)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "every client has gone, but there are channels " + LIMIT_SECONDS + " s later");
      }
      // Not a time that anything depends on: only so that waiting leaves the processor to others.
      LockSupport.parkNanos(50_000_000);
    }
  }

  private static int channels(HostVerticle host) {
    Promise<Integer> count = Promise.promise();
    host.context().runOnContext(ignored -> count.complete(host.channelCount()));
    return await(count.future());
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.await(LIMIT_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("nothing happened within " + LIMIT_SECONDS + " s", e);
    }
  }

  @Override
  public void close() {
    await(node.close().eventually(vertx::close));
  }
}
