package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.edge.EdgeOptions;
import dev.roost.launcher.settings.Invocation;
import dev.roost.launcher.settings.Settings;
import io.netty.channel.uring.IoUring;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.SelfSignedCertificate;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class NodeIT {

  private final List<Vertx> opened = new ArrayList<>();

  private static Settings settings(String... more) {
    var arguments = new ArrayList<>(List.of("--host=127.0.0.1", "--port=0"));
    for (String argument : more) {
      arguments.removeIf(given -> given.startsWith(argument.replaceFirst("=.*", "=")));
      arguments.add(argument);
    }
    return assertInstanceOf(Invocation.Start.class, Invocation.read(arguments, Map.of()))
        .settings();
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private Node start(Settings settings) throws Exception {
    ClusterNode cluster =
        await(Node.join(NetworkTransports.builder(settings), settings, unfit -> {}));
    opened.add(cluster.vertx());
    return await(Node.start(cluster, settings));
  }

  private StartFailure failure(Settings settings) {
    var failed = assertThrows(ExecutionException.class, () -> start(settings));
    return assertInstanceOf(StartFailure.class, failed.getCause());
  }

  private static int status(int port, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build();
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
  }

  @AfterEach
  void closeAll() throws Exception {
    for (Vertx vertx : opened) {
      await(vertx.close());
    }
  }

  @Test
  void keysOfTokensThatCannotBeReadAreNoStart() {
    assertTrue(
        failure(settings("--jwt-key-set=file:///nowhere"))
            .getMessage()
            .startsWith("--jwt-key-set: the JWKS in /nowhere cannot be read"));
    assertTrue(
        failure(settings("--session-cookie=_app_key", "--session-signing-salt=salt"))
            .getMessage()
            .startsWith("--session-cookie: sessions need the secret_key_base"));
  }

  @Test
  void aNodeOnAnyFreePortAnswersUntilItIsStopped() throws Exception {
    Node node = start(settings("--gateway-verticles=2", "--channel-verticles=3"));
    assertEquals(200, status(node.port(), "/"));
    assertEquals(404, status(node.port(), "/nothing-here"));
    assertTrue(
        node.readyLine()
            .matches(
                "Roost \\S+ is ready: open http://127\\.0\\.0\\.1:"
                    + node.port()
                    + "/ \\(sockets at /socket/longpoll, /socket/websocket; applications board,"
                    + " chat, quiet; 2 gateway and 9 channel verticles; (epoll( and"
                    + " io_uring)?|nio)\\)"),
        node.readyLine());

    await(node.drain());
    await(node.close());
    assertThrows(ConnectException.class, () -> status(node.port(), "/"));
  }

  @Test
  void onlyTheApplicationsAskedForAreDeployedEachWithItsPages() throws Exception {
    Node all = start(settings());
    assertEquals(204, status(all.port(), "/quiet"));
    Node chat = start(settings("--applications=chat"));
    assertTrue(chat.readyLine().contains("; applications chat; "), chat.readyLine());
    assertEquals(404, status(chat.port(), "/quiet"));
    Node board = start(settings("--applications=board"));
    assertTrue(board.readyLine().contains("; applications board; "), board.readyLine());
    assertEquals(404, status(board.port(), "/")); // the page comes with the chat
    Node quiet = start(settings("--applications=quiet"));
    assertTrue(quiet.readyLine().contains("(no sockets; applications quiet; "), quiet.readyLine());
    assertEquals(204, status(quiet.port(), "/quiet"));
  }

  @Test
  void theLineSaysWhetherBroadcastsAreSentByIoUring() throws Exception {
    assumeTrue(IoUring.isAvailable(), "io_uring");
    String line = start(settings("--transport=epoll")).readyLine();
    assertTrue(line.endsWith("; epoll and io_uring)"), line);
    line = start(settings("--transport=epoll", "--io-uring=off")).readyLine();
    assertTrue(line.endsWith("; epoll)"), line);
    line = start(settings("--transport=nio")).readyLine();
    assertTrue(line.endsWith("; nio)"), line);
  }

  @Test
  void theLineSaysLocalhostForAllInterfaces() throws Exception {
    Node node = start(settings("--host=0.0.0.0"));
    assertTrue(
        node.readyLine().contains("open http://localhost:" + node.port() + "/"), node.readyLine());
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "nio"})
  void aPortInUseIsNamedOnEveryTransport(String transport) throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      StartFailure failure = failure(settings("--port=" + port, "--transport=" + transport));
      assertEquals(
          "port " + port + " is in use: stop what listens there, or choose another with --port",
          failure.getMessage());
      assertEquals(1, failure.exitCode());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "nio"})
  void anAddressOfAnotherMachineIsNamedOnEveryTransport(String transport) {
    // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
    for (String port : List.of("--port=0", "--port=4001")) {
      StartFailure failure =
          failure(settings("--host=192.0.2.1", port, "--transport=" + transport));
      assertEquals(
          "host 192.0.2.1 is no address of this machine: choose one that is, or 0.0.0.0, with"
              + " --host",
          failure.getMessage());
    }
  }

  @Test
  void aHostThatDoesNotResolveIsNamed() {
    StartFailure failure = failure(settings("--host=nowhere.invalid", "--port=4001"));
    assertEquals(
        "host nowhere.invalid does not resolve to an address: choose an interface of this machine"
            + " with --host",
        failure.getMessage());
  }

  @Test
  @SuppressWarnings("removal") // its successor in Netty's test tools would be a dependency more
  void aNodeWithTlsSaysSoAndItsGatewaysShareBothPorts() throws Exception {
    SelfSignedCertificate pair = SelfSignedCertificate.create("localhost");
    try {
      Node node =
          start(
              settings(
                  "--gateway-verticles=2",
                  "--tls-certificate=" + pair.certificatePath(),
                  "--tls-key=" + pair.privateKeyPath(),
                  "--http-redirect-port=0"));
      Matcher line =
          Pattern.compile(
                  ".* is ready: open https://127\\.0\\.0\\.1:"
                      + node.port()
                      + "/ \\(.*; redirects to https from port (\\d+); .*")
              .matcher(node.readyLine());
      assertTrue(line.matches(), node.readyLine());
      int redirects = Integer.parseInt(line.group(1));
      for (int i = 0; i < 4; i++) { // Gateways in turn.
        assertEquals(301, status(redirects, "/"));
      }
      await(node.drain());
      assertThrows(ConnectException.class, () -> status(redirects, "/"));
    } finally {
      pair.delete();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, , 30001,", // no redirects
    "0, 0, 30001, 30002",
    "0, 4001, 30001, 4001",
    "0, 30001, 30002, 30001",
    "4000, 0, 4000, 30001",
    "30001, 0, 30001, 30002"
  })
  void noPortIsGivenToBothServersOfAGateway(
      int asked, @Nullable Integer askedForRedirects, int port, @Nullable Integer redirects) {
    var edge = EdgeOptions.defaults();
    GatewayOptions options =
        Node.onOnePort(
            GatewayOptions.defaults()
                .withPort(asked)
                .withEdge(
                    askedForRedirects == null
                        ? edge
                        : edge.withHttpRedirectPort(askedForRedirects)),
            30_001,
            30_002);
    assertEquals(port, options.port());
    assertEquals(redirects, options.edge().httpRedirectPort());
  }

  @Test
  void filesOfTlsThatDoNotFitAreNamed(@TempDir Path folder) throws Exception {
    Path certificate = folder.resolve("cert.pem");
    StartFailure failure =
        failure(settings("--tls-certificate=" + certificate, "--tls-key=" + certificate));
    assertEquals(
        "TLS certificate "
            + certificate
            + ": expected a PEM file, got none; set with --tls-certificate and --tls-key",
        failure.getMessage());
    assertEquals(1, failure.exitCode());
  }

  @Test
  void aRedirectPortInUseIsNamed() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      assertEquals(
          "port "
              + port
              + " is in use: stop what listens there, or choose another with --http-redirect-port",
          failure(settings("--http-redirect-port=" + port)).getMessage());
    }
  }

  @Test
  void anApplicationThatIsNotThereIsNamedWithThoseThatAre() {
    StartFailure failure = failure(settings("--applications=chat,chatt"));
    assertEquals(
        "--applications: expected names of applications on the class path (board, chat, quiet), got"
            + " \"chatt\"; did you mean chat?",
        failure.getMessage());
    assertEquals(2, failure.exitCode());
  }

  @Test
  void whoListensOnTheClassPathIsToldByEveryApplicationAndGateway() throws Exception {
    Tally.TOLD.clear();
    Node node = start(settings("--gateway-verticles=2"));
    HttpClient http = HttpClient.newHttpClient();
    try {
      WebSocket socket =
          http.newWebSocketBuilder()
              .buildAsync(
                  URI.create("ws://127.0.0.1:" + node.port() + "/socket/websocket?vsn=2.0.0"),
                  new WebSocket.Listener() {})
              .get(20, TimeUnit.SECONDS);
      for (String topic : List.of("room:lobby", "board:1")) {
        socket
            .sendText("[\"1\",\"1\",\"" + topic + "\",\"phx_join\",{}]", true)
            .get(20, TimeUnit.SECONDS);
      }
      // One listener for all applications, one for all gateways.
      for (String first : List.of("made", "made", "connected to /socket", "opened")) {
        assertEquals(first, Tally.TOLD.poll(20, TimeUnit.SECONDS));
      }
      var joins = new ArrayList<String>();
      while (joins.size() < 2) {
        String told = String.valueOf(Tally.TOLD.poll(20, TimeUnit.SECONDS));
        if (!told.matches("tracked .*|told .*")) { // The chat's presences come when they like.
          joins.add(told);
        }
      }
      joins.sort(null);
      assertEquals(List.of("joined board:1", "joined room:lobby"), joins);
    } finally {
      http.shutdownNow();
    }
  }

  /** What is told where another jar provides this service. */
  private StartFailure failureWith(Class<?> service, Class<?> provider, Path directory)
      throws Exception {
    Path services = Files.createDirectories(directory.resolve("META-INF").resolve("services"));
    Files.writeString(services.resolve(service.getName()), provider.getName());
    Thread current = Thread.currentThread();
    ClassLoader before = current.getContextClassLoader();
    try (var classPath = new URLClassLoader(new URL[] {directory.toUri().toURL()}, before)) {
      current.setContextClassLoader(classPath);
      return failure(settings());
    } finally {
      current.setContextClassLoader(before);
    }
  }

  @Test
  void twoJarsThatCountForGatewaysAreBothNamed(@TempDir Path directory) throws Exception {
    StartFailure failure = failureWith(GatewayMetrics.class, Meter.class, directory);
    assertEquals(
        "two jars on the class path provide dev.roost.gateway.GatewayMetrics"
            + " (dev.roost.launcher.Tally and dev.roost.launcher.Meter): keep one, which may"
            + " pass on to others",
        failure.getMessage());
    assertEquals(1, failure.exitCode());
  }

  /** Of another jar, on the class path of one test. */
  public static final class Nothing implements ApplicationProvider {

    @Override
    @SuppressWarnings("NullAway") // what it may not return
    public Application application() {
      return null;
    }
  }

  /** Of another jar, on the class path of one test. */
  public static final class Broken implements ApplicationProvider {

    @Override
    public Application application() {
      throw new IllegalArgumentException("a route has no pattern");
    }
  }

  @Test
  void aProviderWithoutAnApplicationIsNamed(@TempDir Path directory) throws Exception {
    StartFailure failure = failureWith(ApplicationProvider.class, Nothing.class, directory);
    assertEquals(
        "dev.roost.launcher.NodeIT$Nothing.application() returned null: expected the application to"
            + " deploy, such as Application.named(\"chat\") with its routes; mend it, or take its"
            + " jar off the class path",
        failure.getMessage());
    assertEquals(1, failure.exitCode());
  }

  @Test
  void aProviderThatThrowsIsNamedWithWhatItThrew(@TempDir Path directory) throws Exception {
    StartFailure failure = failureWith(ApplicationProvider.class, Broken.class, directory);
    String told = String.valueOf(failure.getMessage());
    assertTrue(
        told.startsWith(
            "dev.roost.launcher.NodeIT$Broken.application() threw"
                + " java.lang.IllegalArgumentException: a route has no pattern: expected"),
        told);
    assertTrue(told.endsWith("; --log-level debug shows where"), told);
    assertInstanceOf(IllegalArgumentException.class, failure.getCause());
    assertEquals(1, failure.exitCode());
  }
}
