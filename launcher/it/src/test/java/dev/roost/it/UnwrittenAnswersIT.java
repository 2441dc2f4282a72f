package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.SocketHandler;
import dev.roost.channel.JoinResult;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.Gateway;
import dev.roost.gateway.GatewayOptions;
import dev.roost.host.ChannelVerticles;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.RawWebSocket;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Polls whose answers cannot be written, behind an HTTP server that has no memory left for them.
 */
@Timeout(60)
class UnwrittenAnswersIT {

  private static final String TOO_MUCH = "too much";

  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void stop() {
    TestServer.await(vertx.close());
  }

  @Test
  void theSessionEndsAndItsClientIsTold() {
    var options = GatewayOptions.defaults().withPort(0);
    var application =
        Application.named("unwritten")
            .socket(
                "/socket",
                SocketHandler.acceptAll(),
                SocketOptions.defaults().withCheckOrigin(OriginPolicy.any()).withLongPoll())
            .route("room:*", () -> (topic, payload, socket) -> JoinResult.ok());
    var node = ClusterNode.local(vertx);
    var deployment =
        TestServer.await(ChannelVerticles.deploy(node, application, ChannelOptions.defaults()));
    int port = TestServer.await(serve(node, options)).actualPort();
    var client = new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(port);
    assertEquals(200, client.post(port, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]").status());
    assertEquals(1, client.take(port, 1).size());

    deployment.broadcaster().broadcast("room:1", TOO_MUCH, Map.of());
    try (var polling = RawWebSocket.open("localhost", port).limit(TestServer.LIMIT)) {
      String poll = "GET /socket/longpoll?vsn=2.0.0&token=" + client.token() + " HTTP/1.1";
      var failure = assertThrows(AssertionError.class, () -> polling.request(poll, "Host: x"));
      assertEquals("expected more octets, but the connection ended", failure.getMessage());
    }
    assertEquals(410, client.poll(port).status());
  }

  private Future<HttpServer> serve(ClusterNode node, GatewayOptions options) {
    return Gateway.open(node, options)
        .compose(
            gateway -> {
              var handler = gateway.inFrontOf(Router.router(vertx));
              return vertx
                  .createHttpServer(options.httpServerOptions())
                  .requestHandler(request -> handler.handle(withoutMemory(request)))
                  .listen();
            });
  }

  private static HttpServerRequest withoutMemory(HttpServerRequest request) {
    HttpServerResponse response =
        proxy(
            HttpServerResponse.class,
            (method, arguments) -> {
              if (arguments != null
                  && arguments[0] instanceof Buffer body
                  && body.toString().contains(TOO_MUCH)) {
                throw new OutOfMemoryError("as if");
              }
              return method.invoke(request.response(), arguments);
            });
    return proxy(
        HttpServerRequest.class,
        (method, arguments) ->
            method.getName().equals("response") ? response : method.invoke(request, arguments));
  }

  private interface Call {
    Object answer(Method method, Object[] arguments) throws ReflectiveOperationException;
  }

  private static <T> T proxy(Class<T> type, Call call) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return call.answer(method, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }
}
