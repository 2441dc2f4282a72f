package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.application.Telemetry;
import dev.roost.channel.Payload;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.Limit;
import dev.roost.host.ChannelVerticles;
import dev.roost.launcher.settings.Invocation;
import dev.roost.launcher.settings.Settings;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class AdminServerIT {

  private final ClusterNode cluster = ClusterNode.local(Vertx.vertx());
  private Readiness readiness = new Readiness(Set.of());
  private final Counters counters = new Counters(cluster.vertx());
  private final AtomicInteger drains = new AtomicInteger();
  private int port;

  private static Settings settings(String... more) {
    return assertInstanceOf(Invocation.Start.class, Invocation.read(List.of(more), Map.of()))
        .settings();
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private void open(Settings settings, Map<String, String> environment) throws Exception {
    port =
        await(
                AdminServer.open(
                    cluster,
                    settings,
                    settings.admin(),
                    AdminToken.of(settings, environment),
                    readiness,
                    counters,
                    drains::incrementAndGet))
            .actualPort();
  }

  private void open() throws Exception {
    open(settings("--admin-port=0"), Map.of());
  }

  private String answer(String method, String path, String... headers) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
              .method(method, HttpRequest.BodyPublishers.noBody());
      if (headers.length > 0) {
        request.headers(headers);
      }
      var answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      boolean isOurs = answer.headers().firstValue("content-type").orElse("").contains("json");
      return answer.statusCode()
          + (isOurs ? " " + new JsonObject(answer.body()).getString("status") : "");
    }
  }

  @AfterEach
  void close() throws Exception {
    await(cluster.close());
    await(cluster.vertx().close());
  }

  @Test
  void aNodeIsReadyOnceEveryTopicHasAHostAndUntilItDrains() throws Exception {
    open();
    assertEquals("200 live", answer("GET", "/health/live"));
    assertEquals("503 starting", answer("GET", "/health/ready"));
    readiness.started();
    assertEquals("503 waiting", answer("GET", "/health/ready")); // No application.

    Node node = await(Node.start(cluster, settings("--host=127.0.0.1", "--port=0")));
    assertEquals("200 ready", answer("GET", "/health/ready"));

    readiness.draining();
    assertEquals("503 draining", answer("GET", "/health/ready"));
    assertEquals("200 live", answer("GET", "/health/live"));
    await(node.drain());
  }

  @Test
  void aNodeThatAwaitsAnApplicationIsNotReadyWithOthersOnly() throws Exception {
    readiness = new Readiness(Set.of("chat", "quiet"));
    open();
    Node node =
        await(
            Node.start(
                cluster, settings("--host=127.0.0.1", "--port=0", "--applications=board,chat")));
    readiness.started();
    assertEquals("503 waiting", answer("GET", "/health/ready"));
    assertEquals(
        "application quiet is not known yet: is a node with it there?",
        readiness.answer(cluster.snapshot()).reason());
    Node other = await(Node.start(cluster, settings("--role=channels", "--applications=quiet")));
    assertEquals("200 ready", answer("GET", "/health/ready"));
    await(other.drain());
    await(cluster.withdraw("quiet"));
    assertEquals("200 ready", answer("GET", "/health/ready"));
    await(node.drain());
  }

  @Test
  void aNodeThatWasReadyStaysSoWhenItsApplicationsGo() throws Exception {
    open();
    Node node = await(Node.start(cluster, settings("--host=127.0.0.1", "--port=0")));
    readiness.started();
    assertEquals("200 ready", answer("GET", "/health/ready"));
    for (String application : List.of("board", "chat", "quiet")) {
      await(cluster.withdraw(application));
    }
    assertEquals("200 ready", answer("GET", "/health/ready"));
    await(node.drain());
  }

  @Test
  void aDrainIsAskedForByPostAndByNoBrowser() throws Exception {
    open();
    assertEquals("405", answer("GET", "/drain"));
    assertEquals("403 refused", answer("POST", "/drain", "Origin", "https://elsewhere.example"));
    assertEquals(0, drains.get());
    assertEquals("202 draining", answer("POST", "/drain"));
    assertEquals(1, drains.get());
    assertEquals("503 draining", answer("GET", "/health/ready"));
    assertEquals("404", answer("GET", "/"));
  }

  @Test
  void anAdminPortInUseIsNamed() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Settings settings = settings("--admin-port=" + taken.getLocalPort());
      var failed = assertThrows(ExecutionException.class, () -> open(settings, Map.of()));
      assertEquals(
          "port "
              + taken.getLocalPort()
              + " is in use: stop what listens there, or choose another with --admin-port",
          failed.getCause().getMessage());
    }
  }

  @Test
  void withoutTheSettingThereIsNone() {
    assertEquals(null, settings().admin());
    assertEquals(
        new Settings.Admin("127.0.0.1", 4080, null), settings("--admin-port=4080").admin());
  }

  /* ---- the token */

  private static final String TOKEN = "0123456789abcdef";
  private static final Map<String, String> VARIABLE = Map.of("ROOST_ADMIN_TOKEN", TOKEN);

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "0.0.0.0"})
  void aTokenThatIsSetHasToBeShownForAllButHealth(String host) throws Exception {
    open(settings("--admin-port=0", "--admin-host=" + host), VARIABLE);
    assertEquals("200 live", answer("GET", "/health/live"));
    assertEquals("503 starting", answer("GET", "/health/ready"));
    for (String call : List.of("/drain", "/disconnect?id=users:42")) {
      assertEquals("401 unauthorized", answer("POST", call));
      for (String wrong :
          List.of("Bearer " + TOKEN + "0", "Bearer", "Bearer ", TOKEN, "Basic " + TOKEN)) {
        assertEquals("401 unauthorized", answer("POST", call, "Authorization", wrong), wrong);
      }
      assertEquals(
          "403 refused",
          answer("POST", call, "Authorization", "Bearer " + TOKEN, "Origin", "https://a.example"));
    }
    assertEquals(0, drains.get());
    assertEquals(
        "202 disconnecting",
        answer("POST", "/disconnect?id=users:42", "Authorization", "bearer " + TOKEN));
    assertEquals("202 draining", answer("POST", "/drain", "Authorization", "Bearer " + TOKEN));
    assertEquals(1, drains.get());
  }

  @Test
  void withoutATokenOtherMachinesGetHealthOnly() throws Exception {
    open(settings("--admin-port=0", "--admin-host=0.0.0.0"), Map.of());
    assertEquals("200 live", answer("GET", "/health/live"));
    assertEquals("503 starting", answer("GET", "/health/ready"));
    assertEquals("403 refused", answer("POST", "/drain"));
    assertEquals("403 refused", answer("POST", "/drain", "Authorization", "Bearer " + TOKEN));
    assertEquals("403 refused", answer("POST", "/disconnect?id=users:42"));
    assertEquals(0, drains.get());
  }

  @Test
  void theTokenMayStandInAFile(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("token"), TOKEN + "\n");
    open(settings("--admin-port=0", "--admin-token-file=" + file), Map.of());
    assertEquals("401 unauthorized", answer("POST", "/drain"));
    assertEquals("202 draining", answer("POST", "/drain", "Authorization", "Bearer " + TOKEN));
  }

  @Test
  void aTokenThatCannotBeUsedEndsTheStart(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("token");
    Settings settings = settings("--admin-port=0", "--admin-token-file=" + file);
    assertEquals(
        "--admin-token-file: expected a file with the admin token, cannot read " + file,
        failure(settings, Map.of()));
    Files.writeString(file, "short\n");
    assertEquals(
        "--admin-token-file "
            + file
            + ": expected a token of 16 or more visible characters of ASCII without blanks, got 5"
            + " characters; openssl rand -hex 32 makes one",
        failure(settings, Map.of()));
    assertEquals(
        "--admin-token-file: the token is in ROOST_ADMIN_TOKEN too: keep one of them",
        failure(settings, VARIABLE));
    assertTrue(
        failure(settings("--admin-port=0"), Map.of("ROOST_ADMIN_TOKEN", "sixteen and blanks"))
            .startsWith("ROOST_ADMIN_TOKEN: expected a token of 16 or more"));
  }

  private static String failure(Settings settings, Map<String, String> environment) {
    return assertThrows(StartFailure.class, () -> AdminToken.of(settings, environment))
        .getMessage();
  }

  @ParameterizedTest
  @CsvSource({
    "localhost,      true",
    "127.0.0.1,      true",
    "127.1.2.3,      true",
    "::1,            true",
    "0.0.0.0,        false",
    "::,             false",
    "10.0.0.1,       false",
    "127.0.0.1.example.com, false",
    "node-1,         false",
  })
  void onlyThisMachineReachesLoopback(String host, boolean loopback) {
    assertEquals(loopback, new Settings.Admin(host, 0, null).isLoopback());
  }

  /* ---- metrics */

  private String page(String... headers) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"));
      if (headers.length > 0) {
        request.headers(headers);
      }
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
    }
  }

  @Test
  void everyLimitIsOnThePageAndCounts() throws Exception {
    open();
    for (Limit limit : Limit.values()) {
      String line = "\nroost_limit_reached_total{limit=\"" + limit.option() + "\"} ";
      assertTrue(page().contains(line + "0.0\n"), line);
      counters.limitReached(limit);
      assertTrue(page().contains(line + "1.0\n"), line);
    }
    for (Telemetry.Bound bound : Telemetry.Bound.values()) {
      counters.record(new Telemetry.Event.BoundReached("a", "b:*", bound));
      String line = "\nroost_bound_reached_total{bound=\"" + bound.option() + "\"} 1.0\n";
      assertTrue(page().contains(line), line);
    }
    counters.connectionRefused(403);
    counters.connectionRefused(403);
    counters.closedByServer(1009);
    counters.socketOpened();
    counters.socketOpened();
    counters.socketClosed();
    for (String line :
        List.of(
            "roost_connections_refused_total{status=\"403\"} 2.0",
            "roost_sockets_closed_total{code=\"1009\"} 1.0",
            "roost_sockets 1.0",
            "roost_sockets_opened_total 2.0",
            "# TYPE roost_sockets gauge")) {
      assertTrue(page().contains("\n" + line + "\n"), line);
    }
  }

  @Test
  void thePageIsNotForEverybodyOnceThereIsAToken() throws Exception {
    open(settings("--admin-port=0"), VARIABLE);
    assertEquals("401 unauthorized", answer("GET", "/metrics"));
    assertFalse(page().contains("roost_"));
    String token = "Bearer " + VARIABLE.get("ROOST_ADMIN_TOKEN");
    assertTrue(page("Authorization", token).contains("\nroost_sockets 0.0\n"));
  }

  /* ---- disconnecting */

  /** The id is the one that the client names. */
  private static final class Ids implements SocketHandler {

    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      return ConnectResult.accept().assign("id", params.tree().path("id").asText());
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return Optional.of(String.valueOf(accepted.assigns().get("id")));
    }
  }

  @Test
  void socketsOfAnIdAreClosedAndOthersAreNot() throws Exception {
    open();
    Node node = await(Node.start(cluster, settings("--host=127.0.0.1", "--port=0")));
    await(
        ChannelVerticles.deploy(
            cluster,
            Application.named("ids").socket("/ids", new Ids()),
            ChannelOptions.defaults().withVerticles(1)));
    var closed = new LinkedBlockingQueue<String>();
    HttpClient client = HttpClient.newHttpClient();
    try {
      for (String id : List.of("users:42", "users:43")) {
        connect(client, node.port(), id, closed);
      }
      assertEquals("400 refused", answer("POST", "/disconnect"));
      assertEquals("400 refused", answer("POST", "/disconnect?id="));
      assertEquals("405", answer("GET", "/disconnect?id=users:42"));
      assertEquals(
          "403 refused",
          answer("POST", "/disconnect?id=users:42", "Origin", "https://elsewhere.example"));
      assertEquals("202 disconnecting", answer("POST", "/disconnect?id=users:42"));
      assertEquals("users:42 1001", closed.poll(20, TimeUnit.SECONDS));
      assertEquals("202 disconnecting", answer("POST", "/disconnect?id=users%3A43"));
      assertEquals("users:43 1001", closed.poll(20, TimeUnit.SECONDS));
    } finally {
      client.shutdownNow();
    }
    await(node.drain());
  }

  private static void connect(HttpClient client, int port, String id, Queue<String> closed)
      throws Exception {
    client
        .newWebSocketBuilder()
        .buildAsync(
            URI.create("ws://127.0.0.1:" + port + "/ids/websocket?vsn=2.0.0&id=" + id),
            new WebSocket.Listener() {
              @Override
              public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                closed.add(id + " " + code);
                return null;
              }
            })
        .get(20, TimeUnit.SECONDS);
  }
}
