package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.RawWebSocket;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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

  private static Future<HttpServer> start(Vertx vertx, int port) {
    var node = ClusterNode.local(vertx);
    var options = GatewayOptions.defaults().withPort(port);
    var chat =
        Application.named("chat")
            .socket("/socket", SocketHandler.acceptAll())
            .route("room:*", RoomChannel::new);

    var router = Router.router(vertx);
    router.get("/").handler(context -> context.response().end("hello"));

    return ChannelVerticles.deploy(node, chat)
        .compose(deployment -> Gateway.open(node, options))
        .compose(
            gateway ->
                vertx
                    .createHttpServer(options.httpServerOptions())
                    .requestHandler(gateway.inFrontOf(router))
                    .listen());
  }

  @Test
  void theExampleServesSocketsAndItsOwnPages() throws Exception {
    var vertx = Vertx.vertx();
    try {
      int port = start(vertx, 0).await(20, TimeUnit.SECONDS).actualPort();

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
}
