package dev.roost.it;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.application.Application;
import dev.roost.application.Broadcaster;
import dev.roost.application.ChannelOptions;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.Gateway;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.GatewayVerticle;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.host.ChannelVerticles;
import dev.roost.host.HostVerticle;
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.RawWebSocket;
import io.vertx.core.Context;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/** Gateways on free ports and applications on host verticles, in this process. */
final class TestServer implements AutoCloseable {

  static final Duration LIMIT = Duration.ofSeconds(20);

  private final Vertx vertx = Vertx.builder().withTransport(fastest()).build();
  private final ClusterNode node = ClusterNode.local(vertx);
  private final List<ChannelVerticles.Deployment> deployments = new ArrayList<>();
  private final List<Door> doors = new ArrayList<>();

  /** A gateway verticle, where it runs, and its deployment. */
  private record Door(GatewayVerticle verticle, Context context, String id) {}

  /** The network transport that a node runs on: native where there is one. */
  static Transport fastest() {
    Transport loaded = Transport.nativeTransport();
    return loaded != null && loaded.available() ? loaded : Transport.NIO;
  }

  static TestServer start(Application... applications) {
    return start(GatewayOptions.defaults(), ChannelOptions.defaults(), applications);
  }

  static TestServer start(
      GatewayOptions options, ChannelOptions channels, Application... applications) {
    var server = new TestServer();
    try {
      for (Application application : applications) {
        server.deploy(application, channels);
      }
      server.addGateway(options);
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  ChannelVerticles.Deployment deploy(Application application, ChannelOptions options) {
    var deployment = await(ChannelVerticles.deploy(node, application, options));
    deployments.add(deployment);
    return deployment;
  }

  /** One more gateway; each has a port of its own. */
  TestServer addGateway(GatewayOptions options) {
    Promise<Context> context = Promise.promise();
    var verticle =
        new GatewayVerticle(
            node,
            options.withPort(0),
            router -> {
              context.complete(Vertx.currentContext());
              router.get("/plain").handler(routing -> routing.response().end("not a socket"));
            });
    String id = await(vertx.deployVerticle((Deployable) verticle));
    doors.add(new Door(verticle, await(context.future()), id));
    return this;
  }

  Vertx vertx() {
    return vertx;
  }

  ClusterNode node() {
    return node;
  }

  int port() {
    return port(0);
  }

  int port(int gateway) {
    return doors.get(gateway).verticle().port();
  }

  /** Where the first gateway sends to https from. */
  int redirectPort() {
    return doors.get(0).verticle().redirectPort().orElseThrow();
  }

  ClientOptions options() {
    return ClientOptions.port(port()).withLimit(LIMIT);
  }

  PhoenixClient connect() {
    return PhoenixClient.connect(options());
  }

  RawWebSocket raw() {
    return RawWebSocket.open("localhost", port()).limit(LIMIT);
  }

  /** A connection that is a WebSocket of the fixture's already. */
  RawWebSocket rawSocket() {
    RawWebSocket socket = raw();
    var answer = socket.upgrade("/socket/websocket?vsn=2.0.0");
    if (!answer.isUpgraded()) {
      throw new AssertionError("expected a WebSocket, got " + answer);
    }
    return socket;
  }

  /** Of the first application. */
  Broadcaster broadcaster() {
    return deployments.get(0).broadcaster();
  }

  /** Of the application of this name. */
  Broadcaster broadcaster(String application) {
    return new Broadcaster(node, application, JsonMapper.builder().build());
  }

  /** A number of all gateways together, each counted on its context. */
  int everyGateway(ToIntFunction<Gateway> count) {
    return doors.stream()
        .mapToInt(door -> read(door.context(), () -> count.applyAsInt(door.verticle().gateway())))
        .sum();
  }

  /** Undeploys the first gateway. */
  Future<Void> closeGateway() {
    return vertx.undeploy(doors.get(0).id());
  }

  /** The same of their clients. */
  int gateways(ToIntFunction<SocketTable> count) {
    return everyGateway(gateway -> count.applyAsInt(gateway.sockets()));
  }

  /** Reads a gateway on its context. */
  <T> T gateway(Function<Gateway, T> question) {
    Door door = doors.get(0);
    return read(door.context(), () -> question.apply(door.verticle().gateway()));
  }

  /** A number of all hosts together, each counted on its context. */
  int hosts(ToIntFunction<HostVerticle> count) {
    return deployments.stream()
        .flatMap(deployment -> deployment.hosts().stream())
        .mapToInt(host -> read(host.context(), () -> count.applyAsInt(host)))
        .sum();
  }

  /** Of each gateway and host, how many entries each of their maps and collections has. */
  List<Map<String, Integer>> entries() {
    var entries = new ArrayList<Map<String, Integer>>();
    for (Door door : doors) {
      entries.add(read(door.context(), () -> Entries.of(door.verticle())));
    }
    for (ChannelVerticles.Deployment deployment : deployments) {
      for (HostVerticle host : deployment.hosts()) {
        entries.add(read(host.context(), () -> Entries.of(host)));
      }
    }
    return entries;
  }

  static <T> T read(Context context, java.util.function.Supplier<T> question) {
    Promise<T> answer = Promise.promise();
    context.runOnContext(ignored -> answer.complete(question.get()));
    return await(answer.future());
  }

  /** Waits until something is so, looking again and again. */
  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    int looks = 0;
    while (!condition.getAsBoolean()) {
      // A machine that stood still for a while has had no chance to get there.
      if (++looks > 1_000 && System.nanoTime() > deadline) {
        throw new AssertionError("expected that " + what + " within " + LIMIT);
      }
      // Not a time that anything depends on: only so that waiting leaves the processor to others.
      java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
    }
  }

  static <T> T await(Future<T> future) {
    try {
      return future.await(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("nothing happened within " + LIMIT, e);
    }
  }

  @Override
  public void close() {
    await(node.close().eventually(vertx::close));
  }
}
