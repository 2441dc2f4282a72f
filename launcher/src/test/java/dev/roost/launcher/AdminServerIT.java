package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.roost.cluster.ClusterNode;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AdminServerIT {

  private final ClusterNode cluster = ClusterNode.local(Vertx.vertx());
  private final Readiness readiness = new Readiness();
  private final AtomicInteger drains = new AtomicInteger();
  private int port;

  private static Settings settings(String... more) {
    return assertInstanceOf(Invocation.Start.class, Invocation.read(List.of(more), Map.of()))
        .settings();
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private void open(Settings settings, Settings.Admin admin) throws Exception {
    port =
        await(AdminServer.open(cluster, settings, admin, readiness, drains::incrementAndGet))
            .actualPort();
  }

  private void open() throws Exception {
    open(settings(), new Settings.Admin("127.0.0.1", 0));
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
      var failed = assertThrows(ExecutionException.class, () -> open(settings, settings.admin()));
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
    assertEquals(new Settings.Admin("127.0.0.1", 4080), settings("--admin-port=4080").admin());
  }
}
