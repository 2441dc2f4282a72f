package dev.roost.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import dev.roost.application.Application;
import dev.roost.application.Broadcaster;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectResult;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.channel.Payload;
import dev.roost.channel.PayloadWriter;
import dev.roost.cluster.ClusterNode;
import dev.roost.host.ChannelVerticles;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Runs an application for a test, without sockets: its channels live on the real runtime, on a
 * Vert.x of the kit's own, and the test plays their clients. Follows {@code Phoenix.ChannelTest}.
 *
 * {@snippet :
 * class ChatChannelTest {
 *
 *   @AutoClose private final ChannelKit chat = ChannelKit.of(new Chat().application());
 *
 *   @Test
 *   void everybodyInTheRoomSeesAMessage() {
 *     var ada = chat.join("room:lobby", Map.of("name", "Ada"));
 *     var bob = chat.join("room:lobby", Map.of("name", "Bob"));
 *
 *     String ref = ada.push("new_msg", Map.of("body", "hello"));
 *
 *     ada.assertReply(ref, "ok");
 *     bob.assertBroadcast("new_msg", Map.of("name", "Ada", "body", "hello"));
 *   }
 * }
 * }
 *
 * <p>{@link #connect} makes a client through the application's socket handler, {@link #socket} one
 * past it; {@link TestSocket#join} joins a topic, and the {@link TestChannel} it returns sends and
 * asserts. Closing the kit closes every client, as if its connection was lost, and fails if a
 * channel crashed that no {@link TestChannel#assertCrashed} asked for. Use one kit for each test;
 * safe for any thread, but not within the application's own callbacks, since its methods wait.
 *
 * <p>Assertions are {@link AssertionError}s, so every test framework will do.
 */
public final class ChannelKit implements AutoCloseable {

  private static final long STARTUP_SECONDS = 30;
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);

  private final ClusterNode node;
  private final boolean ownsVertx;
  private final Application application;
  private final PayloadWriter writer;
  private final Recorder recorder = new Recorder();
  private final GatewayStandIn gateway;
  private final ChannelVerticles.Deployment deployment;
  private final String gatewayId;
  private final AtomicLong lastNumber = new AtomicLong();
  private final List<TestSocket> sockets = new CopyOnWriteArrayList<>();
  private final Object joins = new Object();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile Duration assertLimit = Duration.ofSeconds(1);
  private volatile Duration refuteLimit = Duration.ofMillis(100);

  private ChannelKit(
      ClusterNode node, boolean ownsVertx, Application application, ChannelOptions options) {
    this.node = node;
    this.ownsVertx = ownsVertx;
    this.application = application;
    this.writer = new PayloadWriter(application.mapper());
    this.deployment = start(ChannelVerticles.deploy(node, recorder.watched(application), options));
    this.gateway = new GatewayStandIn(node);
    this.gatewayId = start(node.vertx().deployVerticle((Deployable) gateway));
  }

  /** Runs an application on one host verticle, with the default options otherwise. */
  public static ChannelKit of(Application application) {
    return of(application, ChannelOptions.defaults().withVerticles(1));
  }

  /** Runs an application with these options. */
  public static ChannelKit of(Application application, ChannelOptions options) {
    var vertx = Vertx.vertx();
    var node = ClusterNode.local(vertx);
    try {
      return new ChannelKit(node, true, application, options);
    } catch (RuntimeException e) {
      var unused = node.close().eventually(vertx::close);
      throw e;
    }
  }

  /**
   * Runs an application on a node of yours, beside whatever else runs there. The node's Vert.x
   * stays open when the kit is closed.
   */
  public static ChannelKit on(ClusterNode node, Application application, ChannelOptions options) {
    return new ChannelKit(node, false, application, options);
  }

  /**
   * How long assertions wait for their message at most, and how long refutations watch; 1 s and 100
   * ms by default. Connects and joins are always waited for, up to 10 s.
   */
  public ChannelKit limits(Duration asserts, Duration refutes) {
    assertLimit = asserts;
    refuteLimit = refutes;
    return this;
  }

  /* ---- clients */

  /** An anonymous client without assigns, past any socket handler. */
  public TestSocket socket() {
    return socket(null, Map.of());
  }

  /**
   * A client past any socket handler, as if one had accepted it like this.
   *
   * @param id its id topic, null for none
   * @param assigns what its channels start with
   */
  public TestSocket socket(@Nullable String id, Map<String, ?> assigns) {
    String path = application.paths().stream().findFirst().orElse("/socket");
    return opened(new ClientInfo(path, "websocket", id, writer.writeObject(assigns)));
  }

  /** Connects without params; see {@link #connect(Object)}. */
  public TestSocket connect() {
    return connect(Map.of());
  }

  /**
   * Connects through the application's socket handler.
   *
   * @param params what the query string would bring: an object whose leaves are strings
   * @throws AssertionError if the connection is refused
   */
  public TestSocket connect(Object params) {
    return connect(onlyPath(), params, Map.of());
  }

  /**
   * Connects through the socket handler of one path.
   *
   * @param info the connect info, an object keyed by {@link
   *     dev.roost.routing.ConnectInfoKey#wireName()}
   */
  public TestSocket connect(String path, Object params, Object info) {
    return switch (handled(path, params, info)) {
      case GatewayMessage.Connected(var request, var id, var assigns, var until) -> {
        TestSocket socket = opened(new ClientInfo(path, "websocket", id, assigns));
        socket.expiresAt(until);
        yield socket;
      }
      case GatewayMessage.ConnectRefused(var request, var status, var headers, var body) ->
          throw new AssertionError(
              "expected to connect to " + path + ", but was refused: " + status + " " + body);
      case GatewayMessage other ->
          throw new IllegalStateException("no answer to connect: " + other);
    };
  }

  /**
   * Connects and expects to be refused.
   *
   * @return the HTTP status and body that a client gets; status 500 if the handler threw
   * @throws AssertionError if the connection is accepted
   */
  public ConnectResult.Refused assertConnectRefused(Object params) {
    return assertConnectRefused(onlyPath(), params, Map.of());
  }

  /** The same, through the socket handler of one path and with connect info. */
  public ConnectResult.Refused assertConnectRefused(String path, Object params, Object info) {
    return switch (handled(path, params, info)) {
      case GatewayMessage.ConnectRefused(var request, var status, var headers, var body) ->
          new ConnectResult.Refused(status, headers, body);
      default ->
          throw new AssertionError(
              "expected the connection to " + path + " to be refused, but it was accepted");
    };
  }

  private GatewayMessage handled(String path, Object params, Object info) {
    if (!application.sockets().containsKey(path)) {
      throw new IllegalArgumentException(
          "application \""
              + application.name()
              + "\" has no socket handler for "
              + path
              + "; it has "
              + application.sockets().keySet());
    }
    var connect =
        new HostMessage.Connect(
            nextNumber(),
            application.name(),
            path,
            "websocket",
            "2.0.0",
            writer.writeObject(params),
            writer.writeObject(info),
            null);
    String host = deployment.hosts().get(0).inbox();
    return await(gateway.connect(host, connect), "an answer of the socket handler of " + path);
  }

  private String onlyPath() {
    var paths = application.sockets().keySet();
    if (paths.size() != 1) {
      throw new IllegalArgumentException(
          "application \""
              + application.name()
              + "\" has socket handlers for "
              + paths
              + "; name the path, or use socket() to go past them");
    }
    return paths.iterator().next();
  }

  private TestSocket opened(ClientInfo info) {
    var socket = new TestSocket(this, nextNumber(), info);
    sockets.add(socket);
    gateway.open(socket);
    return socket;
  }

  /** A new anonymous client that joins a topic with {@code {}} as payload. */
  public TestChannel join(String topic) {
    return socket().join(topic);
  }

  /** A new anonymous client that joins a topic; see {@link TestSocket#join(String, Object)}. */
  public TestChannel join(String topic, @Nullable Object payload) {
    return socket().join(topic, payload);
  }

  /* ---- the server's side */

  /** Broadcasts from outside any channel, and disconnects clients by their id. */
  public Broadcaster broadcaster() {
    return deployment.broadcaster();
  }

  /** The node that the application runs on. */
  public ClusterNode node() {
    return node;
  }

  /** The application as it is deployed, for tests that look inside or take it back. */
  public ChannelVerticles.Deployment deployment() {
    return deployment;
  }

  /* ---- the end */

  /**
   * Closes every client, then takes the application back. A second call does nothing.
   *
   * @throws AssertionError if a channel crashed that the test did not ask to, or a callback does
   *     not return within 5 s
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    @Nullable AssertionError failure = null;
    for (TestSocket socket : sockets) {
      try {
        socket.close();
      } catch (AssertionError stuck) {
        failure = add(failure, stuck);
      }
    }
    for (TestSocket socket : sockets) {
      for (TestChannel channel : socket.channels()) {
        failure = add(failure, channel.unannouncedCrash());
      }
    }
    start(
        deployment
            .undeploy()
            .eventually(() -> node.vertx().undeploy(gatewayId))
            .eventually(
                () ->
                    ownsVertx
                        ? node.close().eventually(node.vertx()::close)
                        : Future.succeededFuture())
            .otherwiseEmpty()
            .map(this));
    if (failure != null) {
      throw failure;
    }
  }

  private static @Nullable AssertionError add(
      @Nullable AssertionError first, @Nullable AssertionError next) {
    if (first == null || next == null) {
      return first == null ? next : first;
    }
    first.addSuppressed(next);
    return first;
  }

  /* ---- for sockets and channels */

  Application application() {
    return application;
  }

  GatewayStandIn gateway() {
    return gateway;
  }

  Recorder recorder() {
    return recorder;
  }

  PayloadWriter writer() {
    return writer;
  }

  /** Held while a join is under way. */
  Object joins() {
    return joins;
  }

  Duration assertLimit() {
    return assertLimit;
  }

  Duration refuteLimit() {
    return refuteLimit;
  }

  long nextNumber() {
    return lastNumber.incrementAndGet();
  }

  Payload payload(RawPayload raw) {
    return new Payload(raw, application.mapper());
  }

  void requireRoute(String topic) {
    if (application.patterns().stream().noneMatch(pattern -> pattern.matches(topic))) {
      throw new IllegalArgumentException(
          "application \""
              + application.name()
              + "\" has no route for \""
              + topic
              + "\"; its routes are "
              + application.patterns());
    }
  }

  /** Whether a payload has at least what is expected. */
  boolean matches(Object expected, Payload actual) {
    Payload wanted = payload(writer.write(expected));
    if (wanted.isBinary() || actual.isBinary()) {
      return wanted.raw().equals(actual.raw());
    }
    return JsonSubset.matches(wanted.tree(), actual.tree());
  }

  String describe(Object expected) {
    return text(payload(writer.write(expected)));
  }

  /** A payload for the eyes of whoever reads a failed test. */
  String text(Payload payload) {
    if (payload.isBinary()) {
      return payload.toString();
    }
    JsonNode tree = payload.tree();
    return tree.toString();
  }

  String text(Received message) {
    return switch (message) {
      case Received.Push(var event, var payload) -> "push \"" + event + "\" " + text(payload);
      case Received.Reply(var ref, var status, var payload) ->
          "reply to ref " + ref + " " + status + " " + text(payload);
      case Received.Broadcast(var event, var payload) ->
          "broadcast \"" + event + "\" " + text(payload);
      case Received.Closed() -> "close";
      case Received.Crashed() -> "crash";
    };
  }

  <T> T await(CompletableFuture<T> answer, String what) {
    try {
      return answer.get(ANSWER_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(
          "expected " + what + " within " + ANSWER_LIMIT.toSeconds() + " s; nothing came");
    } catch (ExecutionException e) {
      throw new AssertionError("expected " + what + ", got a failure", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + what, e);
    }
  }

  private static <T> T start(Future<T> starting) {
    try {
      return starting.await(STARTUP_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "the application did not start or stop within " + STARTUP_SECONDS + " s", e);
    }
  }
}
