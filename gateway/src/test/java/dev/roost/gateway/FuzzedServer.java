package dev.roost.gateway;

import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.admission.ConnectionLimits;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.auth.AuthOptions;
import dev.roost.gateway.auth.CookieSession;
import dev.roost.gateway.edge.EdgeOptions;
import dev.roost.gateway.edge.ForceSsl;
import dev.roost.gateway.edge.TrustedProxies;
import dev.roost.routing.Advertisement;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketOptions;
import dev.roost.token.SessionCookie;
import dev.roost.token.SessionSettings;
import io.vertx.core.Context;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A gateway without an HTTP server, and a host that accepts, joins and answers everything, all on
 * one event loop: when its queue is empty, whatever a request has caused is done.
 */
final class FuzzedServer {

  /** Of sockets: as small as inputs can reach them. */
  static final FrameJudge.Bounds BOUNDS = new FrameJudge.Bounds(16_384, 12_000, 16, 1_024, 255);

  private static final int LIMIT_SECONDS = 60;
  private static final String APPLICATION = "chat";
  private static final GatewayOptions OPTIONS = options();

  private final Vertx vertx =
      Vertx.builder().with(new VertxOptions().setEventLoopPoolSize(1)).build();
  private final ClusterNode node = ClusterNode.local(vertx);
  private final AtomicReference<Throwable> uncaught = new AtomicReference<>();
  private final Door door = new Door();

  static FuzzedServer start() throws Exception {
    var server = new FuzzedServer();
    server.vertx.exceptionHandler(server.uncaught::set);
    var host = new Host(server.node);
    server.vertx.deployVerticle((Deployable) host).await(LIMIT_SECONDS, TimeUnit.SECONDS);
    server.vertx.deployVerticle((Deployable) server.door).await(LIMIT_SECONDS, TimeUnit.SECONDS);
    Promise<Void> known = Promise.promise();
    server.node.listen(snapshot -> server.lookFor(snapshot, known));
    server.lookFor(server.node.snapshot(), known);
    known.future().await(LIMIT_SECONDS, TimeUnit.SECONDS);
    return server;
  }

  private void lookFor(ClusterNode.Snapshot snapshot, Promise<Void> known) {
    if (snapshot.applications().find(APPLICATION).isPresent()) {
      known.tryComplete();
    }
  }

  private static GatewayOptions options() {
    EdgeOptions edge =
        EdgeOptions.defaults()
            .withForceSsl(ForceSsl.defaults())
            .withTrustedProxies(TrustedProxies.of("192.0.2.0/24", "2001:db8::/32"));
    var secret = "a secret that is long enough for a test".repeat(2);
    var session = new SessionCookie(SessionSettings.of(secret, "a salt"));
    int all = Integer.MAX_VALUE;
    GatewayLimits limits =
        GatewayLimits.defaults()
            .withConnections(new ConnectionLimits(all, all, all, all))
            .withRefusalsPerSecond(all)
            .withPingsPerSecond(all)
            .withPollsPerSecond(all)
            .withTokenRenewalsPerSecond(all)
            .withMaxFragments(BOUNDS.fragments());
    return GatewayOptions.defaults()
        .withHost("127.0.0.1")
        .withPort(0)
        .withCompression(true)
        .withMaxFrameBytes(BOUNDS.frameBytes())
        .withMaxMessageBytes(BOUNDS.messageBytes())
        .withEdge(edge)
        .withLimits(limits)
        .withAuth(AuthOptions.none().withSession(new CookieSession("_app_key", session)));
  }

  /** Runs this on the gateway's context, and returns when it has completed. */
  <T> T run(CompletableFuture<T> done, Runnable work) {
    door.where()
        .runOnContext(
            ignored -> {
              try {
                work.run();
              } catch (Throwable thrown) {
                done.completeExceptionally(thrown);
              }
            });
    try {
      T result = done.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      Throwable thrown = uncaught.getAndSet(null);
      if (thrown != null) {
        throw new AssertionError("uncaught", thrown);
      }
      return result;
    } catch (ExecutionException e) {
      throw new AssertionError("uncaught", e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("no end within " + LIMIT_SECONDS + " s", e);
    }
  }

  /** Runs this so many turns of the event loop later. */
  void later(int turns, Runnable work) {
    door.where()
        .runOnContext(
            ignored -> {
              if (turns == 0) {
                work.run();
              } else {
                later(turns - 1, work);
              }
            });
  }

  /**
   * Runs this a millisecond later; as turn upon turn it could be a second until sockets are read.
   */
  void afterReading(Runnable work) {
    vertx.setTimer(1, ignored -> work.run());
  }

  /** Bytes of unfinished messages. */
  long taken() {
    return MessageBudget.of(vertx, 1).taken();
  }

  Gateway gateway() {
    return door.gateway;
  }

  /** Has an HTTP server pass its requests to the gateway; returns its port. */
  int listen() {
    var done = new CompletableFuture<Integer>();
    return run(
        done,
        () ->
            vertx
                .createHttpServer(OPTIONS.httpServerOptions())
                .requestHandler(door.requests)
                .listen()
                .onSuccess(server -> done.complete(server.actualPort()))
                .onFailure(done::completeExceptionally));
  }

  Handler<HttpServerRequest> requests() {
    return door.requests;
  }

  /** The gateway, where it runs. */
  private final class Door extends VerticleBase {

    private Gateway gateway;
    private Handler<HttpServerRequest> requests;

    Context where() {
      return context;
    }

    @Override
    public Future<?> start() {
      return Gateway.open(node, OPTIONS)
          .onSuccess(
              opened -> {
                gateway = opened;
                requests = opened.inFrontOf(notFound());
              });
    }

    private static Router notFound() {
      return (Router)
          Proxy.newProxyInstance(
              FuzzedServer.class.getClassLoader(),
              new Class<?>[] {Router.class},
              (self, method, arguments) -> {
                ((HttpServerRequest) arguments[0]).response().setStatusCode(404).end();
                return null;
              });
    }
  }

  private static final class Host extends VerticleBase implements BusEndpoint.Receiver {

    private final ClusterNode node;
    private final String address;
    private final Map<Long, Recipient> recipients = new HashMap<>();
    private BusEndpoint endpoint;

    Host(ClusterNode node) {
      this.node = node;
      this.address = Addresses.host(node.name(), 1);
    }

    @Override
    public Future<?> start() {
      endpoint = new BusEndpoint(vertx, address, this);
      LongPollOptions longPoll =
          LongPollOptions.defaults().withMaxBatchLines(5).withMaxBodyBytes(2_048);
      Map<String, SocketOptions> mounts =
          Map.of(
              "/socket",
              SocketOptions.defaults()
                  .withLongPoll(longPoll)
                  .withAuthToken(true)
                  .withSubprotocols("sip", "mqtt")
                  .withConnectInfo(ConnectInfoKey.values()),
              "/t/:tenant",
              SocketOptions.defaults()
                  .withLongPoll(longPoll)
                  .withCheckOrigin(OriginPolicy.listed("https://a.example", "//*.b.example:81")),
              "/same",
              SocketOptions.defaults()
                  .withLongPoll(longPoll)
                  .withCheckOrigin(OriginPolicy.sameConnection()));
      return endpoint
          .ready()
          .compose(
              ignored ->
                  node.advertise(
                      new Advertisement(
                          APPLICATION,
                          List.copyOf(mounts.keySet()),
                          mounts,
                          List.of(new RoutePattern("room:*")),
                          List.of(address))));
    }

    @Override
    public void receive(String from, BusMessage message) {
      switch ((HostMessage) message) {
        case HostMessage.Connect connect ->
            send(
                from,
                new GatewayMessage.Connected(connect.request(), "id", RawPayload.EMPTY_OBJECT, 0));
        case HostMessage.Join join -> {
          recipients.put(join.channel(), join.recipient());
          send(
              from,
              new GatewayMessage.Joined(join.channel(), join.epoch(), RawPayload.EMPTY_OBJECT));
        }
        case HostMessage.Event event -> {
          Recipient recipient = recipients.get(event.channel());
          if (recipient != null) { // Else it was on its way when the channel ended.
            send(from, new GatewayMessage.Reply(recipient, event.ref(), "ok", event.payload()));
          }
        }
        case HostMessage.Leave leave -> {
          recipients.remove(leave.channel());
          send(from, new GatewayMessage.Closed(leave.channel()));
        }
        case HostMessage.SocketGone gone -> gone.channels().forEach(recipients::remove);
        case HostMessage.BroadcastRequest unexpected -> throw new AssertionError(unexpected);
      }
    }

    private void send(String gateway, BusMessage message) {
      endpoint.send(gateway, message);
    }

    @Override
    public void lost(String peer) {}
  }
}
