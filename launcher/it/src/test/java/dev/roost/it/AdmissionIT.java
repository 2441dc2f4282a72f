package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.ConnectionLimits;
import dev.roost.gateway.admission.Places;
import dev.roost.gateway.edge.EdgeOptions;
import dev.roost.gateway.edge.TrustedProxies;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.HttpAnswer;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How many come in, from one address and in all, and that every one who goes is counted out. */
@Timeout(240)
class AdmissionIT {

  private static final String SOCKET = "/socket/websocket?vsn=2.0.0";
  private static final EdgeOptions PROXIED =
      EdgeOptions.defaults().withTrustedProxies(TrustedProxies.of("127.0.0.0/8", "::1"));

  private final ConcurrentHashMap<Limit, AtomicInteger> reached = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Integer, AtomicInteger> refused = new ConcurrentHashMap<>();
  private TestServer server;

  private final class Counts implements GatewayMetrics {
    @Override
    public void limitReached(Limit limit) {
      reached.computeIfAbsent(limit, ignored -> new AtomicInteger()).incrementAndGet();
    }

    @Override
    public void connectionRefused(int status) {
      refused.computeIfAbsent(status, ignored -> new AtomicInteger()).incrementAndGet();
    }
  }

  private int reached(Limit limit) {
    return reached.getOrDefault(limit, new AtomicInteger()).get();
  }

  private GatewayOptions options(EdgeOptions edge, UnaryOperator<ConnectionLimits> change) {
    return GatewayOptions.defaults()
        .withHost("127.0.0.1")
        .withHandshakeTimeout(Duration.ofSeconds(5))
        .withEdge(edge)
        .withLimits(
            GatewayLimits.defaults().withConnections(change.apply(ConnectionLimits.defaults())))
        .withMetrics(new Counts());
  }

  private void start(EdgeOptions edge, UnaryOperator<ConnectionLimits> change) {
    SocketHandler handler =
        (params, info) ->
            params.tree().path("token").asText().equals("bad")
                ? ConnectResult.refuse()
                : ConnectResult.accept();
    server =
        TestServer.start(
            options(edge, change),
            ChannelOptions.defaults().withVerticles(1),
            Application.named("door")
                .socket(
                    "/socket",
                    handler,
                    SocketOptions.defaults()
                        .withLongPoll(
                            LongPollOptions.defaults().withWindow(Duration.ofMillis(200)))));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Places places() {
    return Places.of(server.vertx());
  }

  private static void assertOpen(HttpAnswer answer) {
    assertEquals(101, answer.status());
  }

  private static void assertRefused(int status, HttpAnswer answer) {
    assertEquals(status, answer.status());
    assertTrue(Integer.parseInt(answer.header("retry-after").orElseThrow()) > 0);
  }

  private void assertNothingIsLeft() {
    TestServer.await("no place is taken", () -> places().taken() == 0);
    TestServer.await("no address is known", () -> places().addresses() == 0);
    assertEquals(0, server.gateways(SocketTable::socketCount));
  }

  @Test
  void anAddressHasSoManyConnections() {
    start(EdgeOptions.defaults(), limits -> limits.withMaxConnectionsPerAddress(3));
    server.addGateway(
        options(EdgeOptions.defaults(), limits -> limits.withMaxConnectionsPerAddress(3)));
    try (var first = server.raw();
        var second = RawWebSocket.open("127.0.0.1", server.port(1)).limit(TestServer.LIMIT)) {
      assertOpen(first.upgrade(SOCKET));
      assertOpen(second.upgrade(SOCKET)); // of another gateway
      var third = server.rawSocket();
      TestServer.await("all three are counted", () -> places().taken() == 3);
      try (var fourth = server.raw()) {
        HttpAnswer answer = fourth.upgrade(SOCKET);
        assertRefused(429, answer);
        assertEquals("close", answer.header("connection").orElse(""));
        fourth.awaitEnd();
      }
      assertEquals(1, reached(Limit.MAX_CONNECTIONS_PER_ADDRESS));
      assertEquals(1, refused.get(429).get());
      third.reset();
      TestServer.await(
          "its place is free",
          () -> {
            try (var next = server.raw()) {
              return next.upgrade(SOCKET).status() == 101;
            }
          });
    }
    assertNothingIsLeft();
  }

  @Test
  void aProcessHasSoManyConnections() {
    start(EdgeOptions.defaults(), limits -> limits.withMaxConnections(2));
    try (var first = server.raw();
        var second = server.raw()) {
      assertOpen(first.upgrade(SOCKET));
      assertOpen(second.upgrade(SOCKET));
      try (var third = server.raw()) {
        assertRefused(503, third.request("GET /plain HTTP/1.1", "Host: localhost"));
      }
      try (var silent = server.raw()) {
        silent.awaitEnd(); // one that is refused and does not ask is closed in time
      }
      assertEquals(2, reached(Limit.MAX_CONNECTIONS));
      first.write(WebSocketFrame.text("[null,\"1\",\"phoenix\",\"heartbeat\",{}]"));
      assertTrue(first.read().text().contains("phx_reply"));
    }
    assertNothingIsLeft();
  }

  @Test
  void clientsBehindAProxyCountEachForThemselves() {
    start(PROXIED, limits -> limits.withMaxConnectionsPerAddress(2));
    String ann = "X-Forwarded-For: 198.51.100.1";
    String bob = "X-Forwarded-For: 198.51.100.2";
    try (var first = server.raw();
        var second = server.raw()) {
      assertOpen(first.upgrade(SOCKET, ann));
      assertOpen(second.upgrade(SOCKET, ann));
      try (var third = server.raw()) {
        assertRefused(429, third.upgrade(SOCKET, ann));
        // The connection is the proxy's: it goes on for somebody else.
        assertOpen(third.upgrade(SOCKET, bob));
      }
      try (var poll = server.raw()) {
        assertRefused(
            429, poll.request("GET /socket/longpoll?vsn=2.0.0 HTTP/1.1", "Host: localhost", ann));
      }
      try (var other = server.raw()) {
        assertOpen(other.upgrade(SOCKET, bob));
      }
      first.reset();
      TestServer.await(
          "its place is free",
          () -> {
            try (var next = server.raw()) {
              return next.upgrade(SOCKET, ann).status() == 101;
            }
          });
    }
    assertNothingIsLeft();
  }

  @Test
  void aSessionThatIsPolledTakesAPlaceUntilItEnds() {
    start(PROXIED, limits -> limits.withMaxConnectionsPerAddress(1));
    String[] lines = {
      "GET /socket/longpoll?vsn=2.0.0 HTTP/1.1", "Host: localhost", "X-Forwarded-For: 2001:db8::1"
    };
    try (var poll = server.raw()) {
      assertEquals(200, poll.request(lines).status());
      lines[2] = "X-Forwarded-For: 2001:db8::ffff";
      assertRefused(429, poll.request(lines));
      TestServer.await(
          "the session has ended, and another may begin",
          () -> poll.request(lines).status() == 200);
    }
    assertNothingIsLeft();
  }

  @Test
  void anAddressHasSoManyHandshakesASecondAndNothingElseIsSlowed() {
    start(PROXIED, limits -> limits.withHandshakesPerSecondPerAddress(1));
    String ann = "X-Forwarded-For: 198.51.100.1";
    try (var open = server.raw()) {
      assertOpen(open.upgrade(SOCKET, ann));
      TestServer.await(
          "handshakes are refused",
          () -> {
            try (var next = server.raw()) {
              HttpAnswer answer = next.upgrade(SOCKET, ann);
              if (answer.status() != 101) {
                assertRefused(429, answer);
              }
              return answer.status() == 429;
            }
          });
      assertTrue(reached(Limit.HANDSHAKES_PER_SECOND_PER_ADDRESS) > 0);
      try (var other = server.raw()) {
        assertOpen(other.upgrade(SOCKET, "X-Forwarded-For: 198.51.100.2"));
      }
      try (var page = server.raw()) {
        assertEquals(200, page.request("GET /plain HTTP/1.1", "Host: localhost", ann).status());
      }
      TestServer.await(
          "a second later it may again",
          () -> {
            try (var next = server.raw()) {
              return next.upgrade(SOCKET, ann).status() == 101;
            }
          });
    }
  }

  @Test
  void aProcessHasSoManyHandshakesASecond() {
    start(EdgeOptions.defaults(), limits -> limits.withHandshakesPerSecond(1));
    TestServer.await(
        "handshakes are refused",
        () -> {
          try (var next = server.raw()) {
            HttpAnswer answer = next.upgrade(SOCKET);
            if (answer.status() != 101) {
              assertRefused(503, answer);
            }
            return answer.status() == 503;
          }
        });
    assertTrue(reached(Limit.HANDSHAKES_PER_SECOND) > 0);
  }

  /* ---- all ways out */

  private static final int CLIENTS = 10_000;

  @Test
  void tenThousandThatComeAndGoInAnyWayLeaveNothingBehind() throws Exception {
    UnaryOperator<ConnectionLimits> few =
        limits -> limits.withMaxConnectionsPerAddress(4).withMaxConnections(60);
    start(PROXIED, few);
    server.addGateway(options(EdgeOptions.defaults(), few));
    var answers = new ConcurrentHashMap<Integer, AtomicInteger>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var atOnce = new Semaphore(80);
      var clients = new ArrayList<Future<?>>();
      for (int i = 0; i < CLIENTS; i++) {
        int number = i;
        atOnce.acquire();
        clients.add(
            threads.submit(
                () -> {
                  try {
                    int status = comeAndGo(number);
                    answers
                        .computeIfAbsent(status, ignored -> new AtomicInteger())
                        .incrementAndGet();
                  } finally {
                    atOnce.release();
                  }
                }));
      }
      for (Future<?> client : clients) {
        client.get();
      }
    }
    for (int status : List.of(0, 101, 200, 400, 403, 429, 503)) {
      assertTrue(
          answers.containsKey(status), () -> "nobody was answered " + status + ": " + answers);
    }
    assertNothingIsLeft();
  }

  /** The status of the answer, 0 if it was not waited for. */
  private int comeAndGo(int number) {
    String forwarded = "X-Forwarded-For: 198.51.100." + number % 20;
    try (var socket = RawWebSocket.open("127.0.0.1", server.port(number % 7 == 0 ? 1 : 0))) {
      socket.limit(TestServer.LIMIT);
      return switch (number % 9) {
        case 0 -> socket.upgrade(SOCKET, forwarded).status();
        case 1 -> {
          int status = socket.upgrade(SOCKET, forwarded).status();
          socket.reset();
          yield status;
        }
        case 2 -> socket.upgrade(SOCKET + "&token=bad", forwarded).status();
        case 3 -> socket.upgrade(SOCKET, forwarded, "Origin: https://evil.example").status();
        case 4 -> { // gone before its answer
          socket.write(
              ("GET "
                      + SOCKET
                      + " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                      + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      + forwarded
                      + "\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
          socket.reset();
          yield 0;
        }
        case 5 -> // no upgrade, which is found out only when its socket handler has accepted it
            socket.request("GET " + SOCKET + " HTTP/1.1", "Host: localhost", forwarded).status();
        case 6 -> {
          socket.reset();
          yield 0;
        }
        case 7 -> {
          socket.write("GET /soc".getBytes(StandardCharsets.US_ASCII));
          yield 0;
        }
        default ->
            socket
                .request("GET /socket/longpoll?vsn=2.0.0 HTTP/1.1", "Host: localhost", forwarded)
                .status();
      };
    } catch (java.io.UncheckedIOException | AssertionError closed) {
      return 0; // Over the limit of those who may wait for their answer, or cut off by it.
    }
  }
}
