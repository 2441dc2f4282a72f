package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.conformance.Fixture;
import dev.roost.gateway.Gateway;
import dev.roost.gateway.GatewayOptions;
import dev.roost.testkit.client.HttpAnswer;
import dev.roost.testkit.client.RawWebSocket;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A gateway that is there before any application: a socket's path is not wrong, but early. */
class NoApplicationIT {

  private TestServer server;

  @BeforeEach
  void start() {
    server = TestServer.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private HttpAnswer upgrade(String path) {
    try (var socket = server.raw()) {
      return socket.upgrade(path);
    }
  }

  private HttpAnswer request(String line) {
    return request(server.port(), line);
  }

  private static HttpAnswer request(int port, String line) {
    try (var socket = RawWebSocket.open("localhost", port).limit(TestServer.LIMIT)) {
      return socket.request(line + " HTTP/1.1", "Host: localhost", "Content-Length: 0");
    }
  }

  private static void assertEarly(HttpAnswer answer) {
    assertEarly("no application has been deployed yet", answer);
  }

  private static void assertEarly(String reason, HttpAnswer answer) {
    assertEquals(503, answer.status());
    assertEquals(Optional.of("1"), answer.header("retry-after"));
    assertEquals(reason, answer.body());
  }

  private static Application nothingAt(String name) {
    return Application.named(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/socket/websocket?vsn=2.0.0", "/a/path/of/its/own", "/"})
  void whoAsksForAWebSocketIsToTryAgain(String path) {
    assertEarly(upgrade(path));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /socket/longpoll?vsn=2.0.0",
        "POST /socket/longpoll?vsn=2.0.0&token=t",
        "OPTIONS /socket/longpoll",
        "GET /socket/longpoll/",
        "GET /socket/websocket"
      })
  void whoAsksForTheUsualPathsIsToTryAgain(String line) {
    assertEarly(request(line));
  }

  @Test
  void otherPathsAreAnsweredAsEver() {
    assertEquals(200, request("GET /plain").status());
    for (String path :
        new String[] {"/", "/nowhere", "/socket", "/websocket/more", "/my-websocket"}) {
      assertEquals(404, request("GET " + path).status(), path);
    }
  }

  @Test
  void withAnApplicationAWrongPathIsAWrongPath() {
    server.deploy(new Fixture().application(), ChannelOptions.defaults());
    TestServer.await(
        "the gateway knows it", () -> upgrade("/socket/websocket?vsn=2.0.0").isUpgraded());
    assertEquals(404, upgrade("/nowhere/websocket").status());
    assertEquals(404, request("GET /nowhere/longpoll").status());
  }

  @Test
  void whoAsksForTheOneApplicationWhileOnlyTheOtherIsThereIsToTryAgain() {
    server.addGateway(GatewayOptions.defaults().withAwaitApplications(Set.of("fixture", "late")));
    server.deploy(new Fixture().application(), ChannelOptions.defaults());
    int port = server.port(1);
    TestServer.await("the gateways know it", () -> isServed(port) && isServed(server.port()));
    String reason = "an application has not been deployed yet";
    assertEarly(reason, request(port, "GET /late/websocket"));
    assertEarly(reason, request(port, "GET /late/longpoll?vsn=2.0.0"));
    assertEquals(404, request(port, "GET /nowhere").status());
    assertEquals(200, request(port, "GET /plain").status());
    assertEquals(404, request("GET /late/websocket").status()); // A gateway that awaits nobody.

    var late = server.deploy(nothingAt("late"), ChannelOptions.defaults());
    TestServer.await(
        "both were there once", () -> request(port, "GET /nowhere/websocket").status() == 404);
    TestServer.await(late.undeploy());
    assertEquals(404, request(port, "GET /nowhere/websocket").status());
  }

  @Test
  void whoAsksForAnApplicationThatIsAwayIsToTryAgain() {
    var deployment = server.deploy(new Fixture().application(), ChannelOptions.defaults());
    TestServer.await("the gateway knows it", () -> isServed(server.port()));
    server.deploy(nothingAt("another"), ChannelOptions.defaults());
    TestServer.await(deployment.undeploy());
    TestServer.await(
        "it is away", () -> request("GET /socket/websocket?vsn=2.0.0").status() == 503);
    assertEarly(
        "the application of this socket is away", request("GET /socket/websocket?vsn=2.0.0"));
  }

  private static boolean isServed(int port) {
    try (var socket = RawWebSocket.open("localhost", port).limit(TestServer.LIMIT)) {
      return socket.upgrade("/socket/websocket?vsn=2.0.0").isUpgraded();
    }
  }

  @Test
  void aRouterOfYoursGetsWhateverIsForNoSocketOfAnApplication() throws Exception {
    Vertx vertx = server.vertx();
    var options = GatewayOptions.defaults().withPort(0);
    Router router = Router.router(vertx);
    router.get("/eventbus/websocket").handler(routing -> routing.response().end("of mine"));
    int port =
        Gateway.open(server.node(), options)
            .compose(
                gateway ->
                    vertx
                        .createHttpServer(options.httpServerOptions())
                        .requestHandler(gateway.inFrontOf(router))
                        .listen())
            .await(20, TimeUnit.SECONDS)
            .actualPort();
    assertEquals("of mine", request(port, "GET /eventbus/websocket").body());
    HttpAnswer unknown = request(port, "GET /socket/websocket");
    assertEquals(404, unknown.status());
    assertTrue(unknown.header("retry-after").isEmpty(), "nothing of ours in it");
  }
}
