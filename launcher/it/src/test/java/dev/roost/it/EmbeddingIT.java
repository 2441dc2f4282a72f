package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.Gateway;
import dev.roost.gateway.GatewayOptions;
import dev.roost.host.ChannelVerticles;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.metrics.MetricsOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TcpServerConfig;
import io.vertx.core.spi.metrics.HttpServerMetrics;
import io.vertx.core.spi.metrics.TransportMetrics;
import io.vertx.core.spi.metrics.VertxMetrics;
import io.vertx.core.spi.observability.HttpRequest;
import io.vertx.ext.web.Router;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The README's example: a gateway in front of the router of a Vert.x application. */
class EmbeddingIT {

  static final class RoomChannel implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return topic.equals("room:private")
          ? JoinResult.refuse(Map.of("reason", "unauthorized"))
          : JoinResult.ok();
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      return switch (event) {
        case "ping" -> Result.reply(payload);
        case "shout" -> {
          socket.broadcast("shout", payload);
          yield Result.noReply();
        }
        default -> Result.unhandled();
      };
    }
  }

  @Test
  void theExampleServesSocketsAndItsOwnPages() throws Exception {
    int free = 0;
    var vertx = Vertx.vertx();
    var node = ClusterNode.local(vertx);
    var options = GatewayOptions.defaults().withPort(free);
    var chat =
        Application.named("chat")
            .socket("/socket", SocketHandler.acceptAll())
            .route("room:*", RoomChannel::new);

    var router = Router.router(vertx);
    router.get("/").handler(context -> context.response().end("hello"));

    try {
      int port =
          ChannelVerticles.deploy(node, chat)
              .compose(deployment -> Gateway.open(node, options))
              .compose(
                  gateway ->
                      vertx
                          .createHttpServer(options.httpServerOptions())
                          .requestHandler(gateway.inFrontOf(router))
                          .listen())
              .await(20, TimeUnit.SECONDS)
              .actualPort();

      try (var page = RawWebSocket.open("localhost", port)) {
        assertEquals("hello", page.request("GET / HTTP/1.1", "Host: localhost").body());
      }
      try (var client = PhoenixClient.connect(ClientOptions.port(port))) {
        assertEquals("ok", client.join("room:lobby").status());
        client.push("room:lobby", "shout", Map.of("hello", "everybody"));
        assertEquals("shout", client.next().event());
        var large = Map.of("text", "x".repeat(200_000)); // Vert.x's own default is 64 KiB
        assertEquals("ok", client.call("room:lobby", "ping", large).status());
      }
    } finally {
      vertx.close().await(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void whatIsRunHereIsWhatTheReadmeSays() throws Exception {
    String here =
        squeezed(Files.readString(Path.of("src/test/java/dev/roost/it/EmbeddingIT.java")));
    String readme = Files.readString(Path.of("..", "..", "README.md"));
    List<String> parts =
        Pattern.compile("```java\n(.+?)```", Pattern.DOTALL)
            .matcher(readme)
            .results()
            .flatMap(block -> Stream.of(parts(block.group(1))))
            .toList();
    assertEquals(4, parts.size(), "a channel, and the three steps of a main");
    for (String part : parts) {
      assertTrue(here.contains(squeezed(part)), () -> "the README has other code:\n" + part);
    }
  }

  /**
   * A class is one part; of statements those between two empty lines are, without the last stop.
   */
  private static String[] parts(String code) {
    return code.contains("class ")
        ? new String[] {code}
        : code.replace("8080", "free").strip().replaceFirst(";$", "").split("\n\n");
  }

  private static String squeezed(String code) {
    return code.replaceAll("\\s", "");
  }

  @Test
  void whateverClosesAGatewaySendsClientsElsewhere() throws Exception {
    assertEquals(1012, codeAtTheEnd(Embedded::closeGateway));
    assertEquals(1012, codeAtTheEnd(Embedded::closeServer));
    assertEquals(1012, codeAtTheEnd(Embedded::closeVertx));
  }

  @Test
  void aTimeoutOfTheServerIsOneOfItsSockets() throws Exception {
    try (var embedded = new Embedded(Vertx.vertx(), server -> server.setIdleTimeout(1));
        var client = embedded.connect()) {
      assertEquals(1002, client.readClose());
    }
  }

  @Test
  void whatIsWrittenKeepsATimeoutOfTheServerFromASocket() throws Exception {
    try (var embedded = new Embedded(Vertx.vertx(), server -> server.setWriteIdleTimeout(1));
        var client = embedded.connect()) {
      for (int i = 0; i < 10; i++) {
        client.write(WebSocketFrame.ping("still there"));
        assertEquals(WebSocketFrame.PONG, client.read().opcode());
        Thread.sleep(200); // Twice the time-out in all.
      }
    }
  }

  /** One reference to it would keep 8 KB of Vert.x's with each socket. */
  @Test
  void nothingOfARequestOutlivesTheHandshake() throws Exception {
    try (var embedded = new Embedded(Vertx.vertx(), UnaryOperator.identity());
        var client = embedded.connect()) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (embedded.last.get().get() != null) {
        assertTrue(System.nanoTime() < deadline, "the request is still referred to");
        System.gc();
      }
      client.write(WebSocketFrame.ping("there")); // It is open all the time.
      assertEquals(WebSocketFrame.PONG, client.read().opcode());
    }
  }

  /** However a socket ends, the gauges of the application's own metrics come back to zero. */
  @Test
  void vertxMetricsCountSocketsAndConnections() throws Exception {
    var sockets = new AtomicInteger();
    var connections = new AtomicInteger();
    Vertx vertx =
        Vertx.builder()
            .with(new VertxOptions().setMetricsOptions(new MetricsOptions().setEnabled(true)))
            .withMetrics(options -> new Gauges(sockets, connections))
            .build();
    try (var embedded = new Embedded(vertx, UnaryOperator.identity())) {
      var leaves = embedded.connect();
      var breaksOff = embedded.connect();
      var stays = embedded.connect();
      awaitValue(3, sockets); // A moment behind the answer.
      awaitValue(3, connections);
      leaves.write(WebSocketFrame.close(1000, ""));
      assertEquals(1000, leaves.readClose());
      leaves.close();
      breaksOff.close();
      awaitValue(1, sockets);
      awaitValue(1, connections);
      embedded.closeServer().await(20, TimeUnit.SECONDS);
      stays.close();
      awaitValue(0, sockets);
      awaitValue(0, connections);
    }
  }

  private static void awaitValue(int expected, AtomicInteger gauge) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (gauge.get() != expected) {
      assertTrue(System.nanoTime() < deadline, () -> "still " + gauge.get());
      Thread.onSpinWait();
    }
  }

  /** Counts what is open, as any metrics of Vert.x do. */
  private record Gauges(AtomicInteger sockets, AtomicInteger connections) implements VertxMetrics {

    @Override
    public HttpServerMetrics<?, ?> createHttpServerMetrics(
        HttpServerConfig config, SocketAddress tcp, SocketAddress udp) {
      return new HttpServerMetrics<Void, AtomicInteger>() {
        @Override
        public AtomicInteger connected(HttpRequest request) {
          sockets.incrementAndGet();
          return sockets;
        }

        @Override
        public void disconnected(AtomicInteger metric) {
          metric.decrementAndGet();
        }
      };
    }

    @Override
    public TransportMetrics<?> createTcpServerMetrics(
        TcpServerConfig config, String protocol, SocketAddress local) {
      return new TransportMetrics<AtomicInteger>() {
        @Override
        public AtomicInteger connected(SocketAddress remote, String name) {
          connections.incrementAndGet();
          return connections;
        }

        @Override
        public void disconnected(AtomicInteger metric, SocketAddress remote) {
          metric.decrementAndGet();
        }
      };
    }
  }

  /** No session, body parser or check of the application runs for them, whatever is answered. */
  @Test
  void theRouterSeesNoRequestsForSockets() throws Exception { // H-18
    var seen = new CopyOnWriteArrayList<String>();
    var vertx = Vertx.vertx();
    try {
      var node = ClusterNode.local(vertx);
      var options = GatewayOptions.defaults().withPort(0);
      var chat =
          Application.named("chat")
              .socket(
                  "/socket", SocketHandler.acceptAll(), SocketOptions.defaults().withLongPoll());
      var router = Router.router(vertx);
      router
          .route()
          .handler(
              context -> {
                seen.add(context.request().path());
                context.response().end();
              });
      int port =
          ChannelVerticles.deploy(node, chat)
              .compose(deployment -> Gateway.open(node, options))
              .compose(
                  gateway ->
                      vertx
                          .createHttpServer(options.httpServerOptions())
                          .requestHandler(gateway.inFrontOf(router))
                          .listen())
              .await(20, TimeUnit.SECONDS)
              .actualPort();
      var asked =
          Map.of(
              "GET /socket/websocket?vsn=9", 403,
              "POST /socket/websocket", 400,
              "GET /socket/longpoll?vsn=2.0.0", 200,
              "POST /socket/longpoll?vsn=2.0.0", 200,
              "PUT /socket/longpoll", 400);
      asked.forEach(
          (line, status) -> {
            try (var client = RawWebSocket.open("localhost", port)) {
              String[] request = {line + " HTTP/1.1", "Host: localhost", "Content-Length: 0"};
              assertEquals(status, client.request(request).status(), line);
            }
          });
      try (var client = RawWebSocket.open("localhost", port)) {
        assertEquals(101, client.upgrade("/socket/websocket?vsn=2.0.0").status());
      }
      try (var client = RawWebSocket.open("localhost", port)) {
        client.request("GET /page HTTP/1.1", "Host: localhost");
      }
      assertEquals(List.of("/page"), seen);
    } finally {
      vertx.close().await(20, TimeUnit.SECONDS);
    }
  }

  /** The close code that a client sees at this end. */
  private static int codeAtTheEnd(Function<Embedded, Future<Void>> end) throws Exception {
    try (var embedded = new Embedded(Vertx.vertx(), UnaryOperator.identity());
        var client = embedded.connect()) {
      Future<Void> closed = end.apply(embedded);
      int code = client.readClose();
      closed.await(20, TimeUnit.SECONDS);
      return code;
    }
  }

  /** A gateway and a channel in a Vert.x application, with an HTTP server of its own. */
  private static final class Embedded implements AutoCloseable {

    private final Vertx vertx;
    private final Gateway gateway;
    private final HttpServer server;

    /** The last request that came. */
    private final AtomicReference<WeakReference<HttpServerRequest>> last = new AtomicReference<>();

    Embedded(Vertx vertx, UnaryOperator<HttpServerOptions> change) throws Exception {
      this.vertx = vertx;
      var node = ClusterNode.local(vertx);
      var options = GatewayOptions.defaults().withPort(0);
      var chat =
          Application.named("chat")
              .socket("/socket", SocketHandler.acceptAll())
              .route("room:*", RoomChannel::new);
      ChannelVerticles.deploy(node, chat).await(20, TimeUnit.SECONDS);
      Context context = vertx.getOrCreateContext();
      Promise<Gateway> opened = Promise.promise();
      context.runOnContext(ignored -> Gateway.open(node, options).onComplete(opened));
      gateway = opened.future().await(20, TimeUnit.SECONDS);
      Promise<HttpServer> listening = Promise.promise();
      Handler<HttpServerRequest> handler = gateway.inFrontOf(Router.router(vertx));
      context.runOnContext(
          ignored ->
              vertx
                  .createHttpServer(change.apply(options.httpServerOptions()))
                  .requestHandler(
                      request -> {
                        last.set(new WeakReference<>(request));
                        handler.handle(request);
                      })
                  .listen()
                  .onComplete(listening));
      server = listening.future().await(20, TimeUnit.SECONDS);
    }

    RawWebSocket connect() {
      var client = RawWebSocket.open("localhost", server.actualPort());
      assertTrue(client.upgrade("/socket/websocket?vsn=2.0.0").isUpgraded());
      return client;
    }

    Future<Void> closeGateway() {
      return gateway.close();
    }

    Future<Void> closeServer() {
      return server.close();
    }

    Future<Void> closeVertx() {
      return vertx.close();
    }

    @Override
    public void close() {
      var unused =
          vertx
              .close()
              .toCompletionStage()
              .toCompletableFuture()
              .orTimeout(20, TimeUnit.SECONDS)
              .join();
    }
  }
}
