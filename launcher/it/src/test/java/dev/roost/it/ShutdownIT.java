package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Socket;
import dev.roost.channel.TerminateReason;
import dev.roost.conformance.Fixture;
import dev.roost.gateway.GatewayOptions;
import dev.roost.host.HostVerticle;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.Vsn;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** What clients see of orderly ends: of a gateway, and of an application. */
class ShutdownIT {

  @Test
  void aGatewayThatGoesSendsThePollsOfOthersSessionsElsewhere() { // G-67
    var brief = GatewayOptions.defaults().withCloseTimeout(Duration.ofMillis(300));
    try (var server =
        TestServer.start(brief, ChannelOptions.defaults(), new Fixture().application())) {
      server.addGateway(GatewayOptions.defaults());
      var deaf = server.rawSocket(); // It does not answer the close: others do not suffer for it.
      var client = new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(server.port(1));
      var poll = client.pollAsync(server.port(0));
      TestServer.await(
          "the poll waits",
          () -> server.everyGateway(gateway -> gateway.longPolls().exchangeCount()) == 1);
      int stays = server.port(1);

      TestServer.await(server.closeGateway());

      var answer = LongPollClient.await(poll);
      assertEquals(204, answer.status());
      assertEquals(1012, deaf.readClose());
      assertEquals("close", answer.header("connection"));
      String heartbeat = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";
      assertEquals(200, client.post(stays, heartbeat).status());
      assertEquals(200, client.poll(stays).status());
    }
  }

  @Test
  void aGatewayThatGoesTakesWhatIsBeingPosted() {
    try (var server = TestServer.start(new Fixture().application());
        var posting = server.raw()) {
      server.addGateway(GatewayOptions.defaults());
      var client = new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(server.port(1));
      String heartbeat = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";
      begin(posting, client, heartbeat.length());
      posting.write(heartbeat.substring(0, 10).getBytes(StandardCharsets.UTF_8));
      TestServer.await("it comes", () -> unanswered(server) == 1);

      var closing = server.closeGateway();
      LockSupport.parkNanos(300_000_000); // It would have been cut off by now.
      posting.write(heartbeat.substring(10).getBytes(StandardCharsets.UTF_8));

      assertEquals(200, LongPollClient.tree(posting.readAnswer().body()).path("status").asInt());
      TestServer.await(closing);
      assertEquals(200, client.poll(server.port(1)).status());
    }
  }

  /** Of several in one process one may be closed before the others. */
  @Test
  void theSessionsOfAGatewayThatHasClosedAreGoneAtOnce() { // G-34, G-35
    try (var server = TestServer.start(new Fixture().application())) {
      server.addGateway(GatewayOptions.defaults());
      var client = new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(server.port(0));
      TestServer.await(server.closeGateway());
      String heartbeat = "[null,\"1\",\"phoenix\",\"heartbeat\",{\"pad\":\"%s\"}]";
      int stays = server.port(1);

      long before = System.nanoTime();
      assertEquals(410, client.post(stays, heartbeat.formatted("")).status());
      assertEquals(410, client.post(stays, heartbeat.formatted("x".repeat(40_000))).status());
      LongPollClient.Answer answer = client.poll(stays);
      var took = Duration.ofNanos(System.nanoTime() - before);

      assertEquals(410, answer.status());
      assertNotEquals(client.token(), answer.json().path("token").asText());
      assertTrue(took.compareTo(LongPollOptions.defaults().window()) < 0, "it took " + took);
    }
  }

  @Test
  void aPostThatDoesNotEndIsNotWaitedForLong() {
    var brief = GatewayOptions.defaults().withCloseTimeout(Duration.ofMillis(300));
    try (var server =
            TestServer.start(brief, ChannelOptions.defaults(), new Fixture().application());
        var posting = server.raw();
        var leaving = server.raw()) {
      server.addGateway(GatewayOptions.defaults());
      var client = new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(server.port(1));
      for (var socket : List.of(posting, leaving)) {
        begin(socket, client, 100_000);
      }
      TestServer.await("both come", () -> unanswered(server) == 2);
      leaving.reset();
      TestServer.await("one is left", () -> unanswered(server) == 1);
      TestServer.await(server.closeGateway());
    }
  }

  private static void begin(RawWebSocket connection, LongPollClient client, int length) {
    connection.write(
        ("POST /socket/longpoll?vsn=2.0.0&token="
                + client.token()
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                + length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.UTF_8));
  }

  private static int unanswered(TestServer server) {
    return server.everyGateway(gateway -> gateway.longPolls().unansweredCount());
  }

  @Test
  void aGatewayThatGoesClosesEverySocketForARestart() { // D-10, D-14, ER-66, TR-10
    try (var server = TestServer.start(new Fixture().application());
        var joined = server.connect();
        var joinedV1 = PhoenixClient.connect(server.options().withVsn(Vsn.V1));
        var idle = server.connect()) {
      joined.join("room:1");
      joinedV1.join("room:1");

      TestServer.await(server.closeGateway());

      assertEquals(1012, joined.awaitClose());
      assertEquals(1012, joinedV1.awaitClose());
      assertEquals(1012, idle.awaitClose());
      assertEquals(List.of(), joined.pending()); // no phx_close before it
      TestServer.await("the host knows", () -> server.hosts(HostVerticle::channelCount) == 0);
    }
  }

  @Test
  void socketsGoInBatchesAndThoseWhoseTurnHasNotComeAreServed() {
    var options =
        GatewayOptions.defaults().withDrainSockets(1).withDrainInterval(Duration.ofSeconds(3));
    try (var server =
            TestServer.start(options, ChannelOptions.defaults(), new Fixture().application());
        var one = server.connect();
        var other = server.connect()) {
      one.join("room:1");
      other.join("room:1");

      var closed = server.closeGateway();
      var first = new CompletableFuture<PhoenixClient>();
      for (var client : List.of(one, other)) {
        Thread.ofVirtual()
            .start(
                () -> {
                  client.awaitClose();
                  first.complete(client);
                });
      }
      var second = first.join() == one ? other : one;
      assertEquals("ok", second.heartbeat().status());
      assertEquals("ok", second.join("room:2").status());
      assertEquals(1012, second.awaitClose());
      TestServer.await(closed);
    }
  }

  @Test
  void aSocketThatDoesNotAnswerTheCloseIsNotWaitedForLong() {
    var options = GatewayOptions.defaults().withCloseTimeout(Duration.ofMillis(300));
    try (var server =
            TestServer.start(options, ChannelOptions.defaults(), new Fixture().application());
        var deaf = server.rawSocket()) {
      TestServer.await(server.closeGateway());
      assertEquals(1012, deaf.read().closeCode());
    }
  }

  @Test
  void aSessionEndsWithItsGatewayAndIsNotOpenedAnew() { // G-67, D-10
    // Kept open by a socket that does not answer its close, until that goes.
    var options = GatewayOptions.defaults().withCloseTimeout(TestServer.LIMIT);
    try (var server =
            TestServer.start(options, ChannelOptions.defaults(), new Fixture().application());
        var deaf = server.rawSocket()) {
      int port = server.port();
      var client = new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(port);
      var poll = client.pollAsync(port);
      TestServer.await(
          "the poll waits", () -> server.everyGateway(it -> it.longPolls().exchangeCount()) == 1);

      var closing = server.closeGateway();
      assertEquals(410, LongPollClient.await(poll).status());
      assertEquals(1012, deaf.read().closeCode());
      String heartbeat = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";
      assertEquals(410, client.post(port, heartbeat).status());
      assertEquals(503, client.poll(port).httpStatus());
      deaf.reset();
      TestServer.await(closing);
    }
  }

  @Test
  void aConnectionThatIsStillWaitingIsRefused() throws Exception {
    var asked = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    SocketHandler slow =
        (params, info) -> {
          asked.countDown();
          try {
            release.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return ConnectResult.accept();
        };
    var application = Application.named("slow").socket("/socket", slow);
    var other = Application.named("other").socket("/other", SocketHandler.acceptAll());
    // Kept open by a socket that does not answer its close.
    var options = GatewayOptions.defaults().withCloseTimeout(Duration.ofSeconds(3));
    try (var server = TestServer.start(options, ChannelOptions.defaults(), application, other);
        var deaf = server.raw();
        var waiting = server.raw()) {
      assertTrue(deaf.upgrade("/other/websocket?vsn=2.0.0").isUpgraded());
      waiting.write(
          ("GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nConnection:"
                  + " Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version:"
                  + " 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
              .getBytes(StandardCharsets.UTF_8));
      asked.await();

      var closing = server.closeGateway();
      assertEquals(1012, deaf.read().closeCode());
      release.countDown();

      assertEquals(503, waiting.readAnswer().status());
      TestServer.await(closing);
    }
  }

  /** Whatever the upgrade was doing when the drain began: 503 before it, 1012 after it (D-10). */
  @Test
  void whoConnectsWhileAGatewayGoesIsRefusedOrClosedForARestart() throws Exception {
    try (var server = TestServer.start(new Fixture().application());
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      int port = server.port();
      var opened = new Semaphore(0);
      var ends = new ArrayList<Future<List<Integer>>>();
      for (int i = 0; i < 16; i++) {
        ends.add(executor.submit(() -> connectUntilNobodyListens(port, opened)));
      }
      opened.acquire(64);

      TestServer.await(server.closeGateway());

      var all = new ArrayList<Integer>();
      for (var end : ends) {
        all.addAll(end.get(60, TimeUnit.SECONDS));
      }
      assertEquals(List.of(), all.stream().filter(end -> end != 503 && end != 1012).toList());
      assertTrue(all.contains(1012), "no socket was open");
    }
  }

  /** Opens one socket after the other; how each ended: its close code, or the status before it. */
  private static List<Integer> connectUntilNobodyListens(int port, Semaphore opened) {
    var sockets = new ArrayList<RawWebSocket>();
    var ends = new ArrayList<Integer>();
    try {
      while (ends.isEmpty()) {
        var socket = RawWebSocket.open("localhost", port).limit(TestServer.LIMIT);
        var answer = socket.upgrade("/socket/websocket?vsn=2.0.0");
        if (answer.isUpgraded()) {
          sockets.add(socket);
          opened.release();
        } else {
          ends.add(answer.status());
          socket.close();
        }
      }
    } catch (UncheckedIOException refusedOrReset) {
      // Nobody listens any more.
    } catch (AssertionError failure) {
      if (!String.valueOf(failure.getMessage()).contains("the connection ended")) {
        throw failure;
      }
    }
    for (var socket : sockets) {
      ends.add(socket.readClose());
      socket.close();
    }
    return ends;
  }

  @Test
  void anApplicationThatGoesLeavesTheSocketsOpen() { // design, section 6
    Channel silent = (topic, payload, socket) -> JoinResult.ok();
    var stays =
        Application.named("stays")
            .socket("/socket", SocketHandler.acceptAll())
            .route("stays:*", () -> silent);
    var goes = Application.named("goes").path("/socket").route("goes:*", () -> silent);
    try (var server = TestServer.start(stays);
        var client = PhoenixClient.connect(ClientOptions.port(server.port()))) {
      var deployment = server.deploy(goes, ChannelOptions.defaults());
      client.join("stays:1");
      client.join("goes:1");

      TestServer.await(deployment.undeploy());

      assertEquals(
          "[\"2\",\"2\",\"goes:1\",\"phx_error\",{\"reason\":\"channel_crash\"}]",
          client.next().toString());
      assertEquals("error", client.join("goes:1").status()); // at once; the client tries again
      assertEquals("ok", client.heartbeat().status());
      assertEquals("ok", client.join("stays:2").status());

      server.deploy(goes, ChannelOptions.defaults());
      assertEquals("ok", client.join("goes:1").status());
    }
  }

  @Test
  void aSocketWhoseApplicationIsAwayIsUnavailableAndNotUnknown() { // design, section 5
    Channel silent = (topic, payload, socket) -> JoinResult.ok();
    var goes =
        Application.named("goes")
            .socket("/socket", SocketHandler.acceptAll())
            .route("goes:*", () -> silent);
    try (var server = TestServer.start()) {
      var deployment = server.deploy(goes, ChannelOptions.defaults());
      try (var client = PhoenixClient.connect(ClientOptions.port(server.port()))) {
        TestServer.await(deployment.undeploy());
        assertEquals(503, status(server));
        assertEquals("ok", client.heartbeat().status());
        server.deploy(goes, ChannelOptions.defaults());
        assertEquals(101, status(server));
        assertEquals("ok", client.join("goes:1").status());
      }
    }
  }

  private static int status(TestServer server) {
    try (var socket = server.raw()) {
      return socket.upgrade("/socket/websocket?vsn=2.0.0").status();
    }
  }

  @Test
  void terminateIsToldHowTheConnectionEnded() throws InterruptedException { // L-30, L-40
    var reasons = new LinkedBlockingQueue<TerminateReason>();
    var application =
        Application.named("ends")
            .socket(
                "/socket",
                new Named(),
                SocketOptions.defaults().withIdleTimeout(Duration.ofSeconds(1)))
            .route("ends:*", () -> new Watched(reasons));
    try (var server = TestServer.start(application)) {
      var leaver = server.connect();
      leaver.join("ends:1");
      leaver.leave("ends:1");
      assertEquals(new TerminateReason.Left(), reasons.poll(20, TimeUnit.SECONDS));
      leaver.close();

      var closer = server.connect();
      closer.join("ends:2");
      closer.close();
      assertEquals(new TerminateReason.Closed("closed"), reasons.poll(20, TimeUnit.SECONDS));

      var vanisher = server.connect();
      vanisher.join("ends:3");
      vanisher.reset();
      assertInstanceOf(TerminateReason.Closed.class, reasons.poll(20, TimeUnit.SECONDS));

      var babbler = server.connect();
      babbler.join("ends:4");
      babbler.sendText("no message");
      assertEquals(1011, babbler.awaitClose());
      assertInstanceOf(TerminateReason.Closed.class, reasons.poll(20, TimeUnit.SECONDS));

      var evicted = server.connect();
      evicted.join("ends:5");
      server.broadcaster().disconnect("user");
      assertEquals(1001, evicted.awaitClose());
      assertEquals(new TerminateReason.Closed("disconnected"), reasons.poll(20, TimeUnit.SECONDS));

      var idler = server.connect();
      idler.join("ends:6");
      assertEquals(1002, idler.awaitClose());
      assertEquals(new TerminateReason.Closed("idle"), reasons.poll(20, TimeUnit.SECONDS));

      var drained = server.connect();
      drained.join("ends:7");
      TestServer.await(server.closeGateway());
      assertEquals(1012, drained.awaitClose());
      assertInstanceOf(TerminateReason.Closed.class, reasons.poll(20, TimeUnit.SECONDS));
    }
    assertEquals(0, reasons.size());
  }

  private record Watched(BlockingQueue<TerminateReason> reasons) implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return JoinResult.ok();
    }

    @Override
    public void terminate(TerminateReason reason, Socket socket) {
      reasons.add(reason);
    }
  }

  private static final class Named implements SocketHandler {

    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      return ConnectResult.accept();
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return Optional.of("user");
    }
  }
}
