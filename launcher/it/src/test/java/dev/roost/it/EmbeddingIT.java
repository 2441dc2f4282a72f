package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
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
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
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
  void aGatewayThatIsClosedSendsClientsElsewhereAndVertxDoesNot() throws Exception {
    assertEquals(1012, codeAtTheEnd(true));
    assertNotEquals(1012, codeAtTheEnd(false));
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

  /** The close code that a client sees when its server ends. */
  private static int codeAtTheEnd(boolean gatewayFirst) throws Exception {
    var vertx = Vertx.vertx();
    try {
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
      Gateway gateway = opened.future().await(20, TimeUnit.SECONDS);
      Promise<HttpServer> listening = Promise.promise();
      context.runOnContext(
          ignored ->
              vertx
                  .createHttpServer(options.httpServerOptions())
                  .requestHandler(gateway.inFrontOf(Router.router(vertx)))
                  .listen()
                  .onComplete(listening));
      int port = listening.future().await(20, TimeUnit.SECONDS).actualPort();

      try (var client = RawWebSocket.open("localhost", port)) {
        client.upgrade("/socket/websocket?vsn=2.0.0");
        Future<Void> closed = gatewayFirst ? gateway.close() : vertx.close();
        int code = client.readClose();
        closed.await(20, TimeUnit.SECONDS);
        return code;
      }
    } finally {
      vertx.close().await(20, TimeUnit.SECONDS);
    }
  }
}
