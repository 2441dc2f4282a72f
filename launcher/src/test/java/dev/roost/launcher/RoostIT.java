package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import io.vertx.core.net.SelfSignedCertificate;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The distribution as its users start it: its script, a process, signals, exit codes. */
@DisabledOnOs(OS.WINDOWS)
@Timeout(90)
class RoostIT {

  private static final Path SCRIPT = Path.of("target", "roost", "bin", "roost").toAbsolutePath();
  private static final Pattern READY =
      Pattern.compile(".* is ready: open https?://[^ ]*:(\\d+)/ .*");
  private static final Pattern ADMIN =
      Pattern.compile(".* health, metrics and drain at .* port (\\d+)");
  private static final long LIMIT_SECONDS = 60;

  private final List<Process> processes = new ArrayList<>();

  private Process roost(String... arguments) throws IOException {
    return roostOn("", arguments);
  }

  private Process roostOn(String jvmOptions, String... arguments) throws IOException {
    var command = new ArrayList<>(List.of(SCRIPT.toString()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("ROOST_"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    if (!jvmOptions.isEmpty()) {
      builder.environment().put("JDK_JAVA_OPTIONS", jvmOptions);
    }
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  @AfterEach
  void killWhatIsLeft() {
    processes.forEach(Process::destroyForcibly);
  }

  /** Reads up to the line that says that it is ready; the port in it. */
  private static int awaitReady(BufferedReader output) throws IOException {
    return awaitLine(output, READY);
  }

  /** Reads up to a line like this; the number in it. */
  private static int awaitLine(BufferedReader output, Pattern wanted) throws IOException {
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      Matcher found = wanted.matcher(line);
      if (found.matches()) {
        return Integer.parseInt(found.group(1));
      }
    }
    throw new AssertionError("the process ended before it was ready");
  }

  private static int exitCode(Process process) throws InterruptedException {
    assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "the process does not end");
    return process.exitValue();
  }

  private static String errors(Process process) throws IOException {
    return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** What a client saw: its first message, and the code that it was closed with. */
  private static final class Client implements WebSocket.Listener {

    final CompletableFuture<String> text = new CompletableFuture<>();
    final CompletableFuture<Integer> closed = new CompletableFuture<>();

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      text.complete(data.toString());
      socket.request(1);
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      closed.complete(code);
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
      closed.completeExceptionally(error);
      text.completeExceptionally(error);
    }
  }

  @Test
  void onSigtermClientsAreClosedWith1012AndTheProcessEndsWithZero() throws Exception {
    Process process = roost("--port=0", "--host=127.0.0.1");
    try (var output = process.inputReader();
        HttpClient http = HttpClient.newHttpClient()) {
      int port = awaitReady(output);
      var client = new Client();
      WebSocket socket =
          http.newWebSocketBuilder()
              .buildAsync(
                  URI.create("ws://127.0.0.1:" + port + "/socket/websocket?vsn=2.0.0"), client)
              .get(LIMIT_SECONDS, TimeUnit.SECONDS);
      socket
          .sendText("[null,\"1\",\"phoenix\",\"heartbeat\",{}]", true)
          .get(LIMIT_SECONDS, TimeUnit.SECONDS);
      assertEquals(
          "[null,\"1\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          client.text.get(LIMIT_SECONDS, TimeUnit.SECONDS));

      long signalled = System.nanoTime();
      process.toHandle().destroy();
      process.toHandle().destroy(); // A second signal changes nothing.
      assertEquals(1012, client.closed.get(LIMIT_SECONDS, TimeUnit.SECONDS));
      assertEquals(0, exitCode(process));
      assertWithin(Duration.ofSeconds(5).plus(Main.GRACE), signalled);
      assertEquals("", errors(process));
    }
  }

  @Test
  void aClientThatDoesNotAnswerTheCloseHoldsTheProcessNoLongerThanStated() throws Exception {
    Process process = roost("--port=0", "--host=127.0.0.1", "--close-timeout=1s");
    try (var output = process.inputReader()) {
      int port = awaitReady(output);
      try (var silent = new Socket(InetAddress.getLoopbackAddress(), port)) {
        upgrade(silent);
        long signalled = System.nanoTime();
        process.toHandle().destroy();
        assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "the process does not end");
        assertWithin(Duration.ofSeconds(1).plus(Main.GRACE), signalled);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST /drain", "SIGTERM", "SIGHUP"})
  void aDrainIsNotReadyFirstServesOnAndClosesSocketsAfterItsDelay(String how) throws Exception {
    Process process = roost("--port=0", "--host=127.0.0.1", "--admin-port=0", "--drain-delay=3s");
    try (var output = process.inputReader();
        HttpClient http = HttpClient.newHttpClient()) {
      int admin = awaitLine(output, ADMIN);
      int port = awaitReady(output);
      assertEquals(0, exitCode(healthy(admin)));
      var client = new Client();
      http.newWebSocketBuilder()
          .buildAsync(URI.create("ws://127.0.0.1:" + port + "/socket/websocket?vsn=2.0.0"), client)
          .get(LIMIT_SECONDS, TimeUnit.SECONDS);

      long asked = System.nanoTime();
      if (how.startsWith("SIG")) {
        String kill = "kill -s " + how.substring(3) + " " + process.pid();
        assertEquals(0, new ProcessBuilder("sh", "-c", kill).start().waitFor());
        awaitLine(output, "draining");
      } else {
        var drain =
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin + "/drain"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        assertEquals(202, http.send(drain, HttpResponse.BodyHandlers.ofString()).statusCode());
      }
      assertEquals(1, exitCode(healthy(admin)));
      var page = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/")).build();
      assertEquals(200, http.send(page, HttpResponse.BodyHandlers.discarding()).statusCode());

      assertEquals(1012, client.closed.get(LIMIT_SECONDS, TimeUnit.SECONDS));
      assertTrue(System.nanoTime() - asked >= Duration.ofSeconds(3).toNanos(), "too early");
      assertEquals(0, exitCode(process));
    }
  }

  private Process healthy(int admin) throws IOException {
    String script = SCRIPT.resolveSibling("healthy").toString();
    Process process = new ProcessBuilder(script, Integer.toString(admin)).start();
    processes.add(process);
    return process;
  }

  @Test
  void aPortInUseIsOneLineAndExitCodeOne() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      Process process = roost("--host=127.0.0.1", "--port=" + port);
      assertEquals(1, exitCode(process));
      assertEquals(
          "roost: port "
              + port
              + " is in use: stop what listens there, or choose another with"
              + " --port\n",
          errors(process));
      assertEquals("", new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @Test
  void whoListensForEverybodyIsToldWhatTheOriginCheckGoesBy() throws Exception { // O-5
    Process process = roost("--port=0");
    try (var output = process.inputReader()) {
      assertEquals(
          1,
          output
              .lines()
              .takeWhile(line -> !READY.matcher(line).matches())
              .filter(line -> line.contains("the origin check") && line.contains("--public-host"))
              .count());
    }
  }

  @Test
  void withoutNativeTransportAutoTakesNioAndEpollIsRefused() throws Exception {
    String noNative = "-Dio.netty.transport.noNative=true";
    Process refused = roostOn(noNative, "--port=0", "--host=127.0.0.1", "--transport=epoll");
    assertEquals(2, exitCode(refused));
    List<String> lines = errors(refused).lines().toList();
    assertTrue(
        lines.getLast().startsWith("roost: --transport: epoll cannot be loaded here ("),
        lines::toString);
    Process auto = roostOn(noNative, "--port=0", "--host=127.0.0.1");
    try (var output = auto.inputReader()) {
      assertTrue(awaitReady(output) > 0);
    }
  }

  @Test
  void wrongSettingsAreExitCodeTwoAndHelpIsZero() throws Exception {
    Process wrong = roost("--prot=1");
    assertEquals(2, exitCode(wrong));
    assertEquals(
        "roost: --prot: no such option; did you mean --port?\nroost --help lists every setting.\n",
        errors(wrong));
    assertEquals(0, exitCode(roost("--help")));
  }

  /** Each costs a signature, and there would be no end to them. */
  @Test
  @SuppressWarnings("removal") // its successor in Netty's test tools would be a dependency more
  void aSecondHandshakeOnOneConnectionIsRefused() throws Exception {
    SelfSignedCertificate pair = SelfSignedCertificate.create("localhost");
    Process process =
        roost(
            "--port=0",
            "--host=127.0.0.1",
            "--tls-certificate=" + pair.certificatePath(),
            "--tls-key=" + pair.privateKeyPath());
    try (var output = process.inputReader()) {
      int port = awaitReady(output);
      try (var socket = (SSLSocket) trusting(pair).createSocket("127.0.0.1", port)) {
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(20));
        socket.setEnabledProtocols(new String[] {"TLSv1.2"});
        socket.startHandshake();
        socket.startHandshake(); // Asks for another one, and does not wait for it.
        assertThrows(SSLException.class, () -> socket.getInputStream().read());
      }
    } finally {
      pair.delete();
    }
  }

  @SuppressWarnings("removal") // as above
  private static SSLSocketFactory trusting(SelfSignedCertificate pair) throws Exception {
    Vertx vertx = Vertx.vertx();
    try {
      TrustManagerFactory trusted = pair.trustOptions().getTrustManagerFactory(vertx);
      var context = SSLContext.getInstance("TLS");
      context.init(null, trusted.getTrustManagers(), null);
      return context.getSocketFactory();
    } finally {
      vertx.close().await(20, TimeUnit.SECONDS);
    }
  }

  private static void assertWithin(Duration limit, long since) {
    Duration took = Duration.ofNanos(System.nanoTime() - since);
    assertTrue(took.compareTo(limit.plusSeconds(1)) < 0, () -> "took " + took);
  }

  private static void upgrade(Socket socket) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(
        """
        GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r
        Host: localhost\r
        Connection: Upgrade\r
        Upgrade: websocket\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        \r
        """
            .getBytes(StandardCharsets.US_ASCII));
    out.flush();
    byte[] status = socket.getInputStream().readNBytes("HTTP/1.1 101".length());
    assertEquals("HTTP/1.1 101", new String(status, StandardCharsets.US_ASCII));
  }

  @Test
  void aGatewayServesTheApplicationOfAnotherProcessAndBothEndInOrder() throws Exception {
    int first = ThreadLocalRandom.current().nextInt(15_000, 30_000);
    String[] cluster = {
      "--cluster-name=it-" + first,
      "--cluster-port=" + first,
      "--bus-port=" + (first + 10),
      "--cluster-seeds=127.0.0.1"
    };
    Process channels = roost(with(cluster, "--role=channels", "--node-name=channels"));
    try (var channelOutput = channels.inputReader()) {
      awaitLine(channelOutput, " is ready: channels of cluster it-" + first);
      Process gateway =
          roost(with(cluster, "--role=gateway", "--node-name=gw", "--port=0", "--host=127.0.0.1"));
      try (var output = gateway.inputReader();
          HttpClient http = HttpClient.newHttpClient()) {
        int port = awaitReady(output);
        var client = new Client();
        WebSocket socket =
            http.newWebSocketBuilder()
                .buildAsync(
                    URI.create("ws://127.0.0.1:" + port + "/socket/websocket?vsn=2.0.0"), client)
                .get(LIMIT_SECONDS, TimeUnit.SECONDS);
        var unused =
            socket.sendText("[\"1\",\"1\",\"room:a\",\"phx_join\",{\"name\":\"ann\"}]", true);
        assertEquals(
            "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
            client.text.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        gateway.destroy();
        assertEquals(1012, client.closed.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        assertEquals(0, exitCode(gateway));
      }
      channels.destroy();
      assertEquals(0, exitCode(channels));
    }
  }

  @Test
  void aClusterHostOfAnotherMachineIsOneLineAndExitCodeOne() throws Exception {
    Process process = roost("--role=channels", "--cluster-host=192.0.2.1");
    assertEquals(1, exitCode(process));
    String errors = errors(process);
    assertTrue(
        errors.startsWith("roost: cluster host 192.0.2.1 is no address of this machine"), errors);
  }

  private static String[] with(String[] some, String... more) {
    return Stream.concat(Stream.of(some), Stream.of(more)).toArray(String[]::new);
  }

  private static void awaitLine(BufferedReader output, String part) throws IOException {
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.contains(part)) {
        return;
      }
    }
    throw new AssertionError("the process ended before it said " + part);
  }
}
