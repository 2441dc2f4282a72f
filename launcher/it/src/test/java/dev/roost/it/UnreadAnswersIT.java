package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.admission.Places;
import dev.roost.host.HostVerticle;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.RawWebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Long-poll clients that ask for what they do not read: more than the network takes. */
class UnreadAnswersIT {

  private static final String LARGE = "x".repeat(8_000_000);

  private final Queue<Limit> reached = new ConcurrentLinkedQueue<>();
  private TestServer server;
  private LongPollClient client;

  private void start(GatewayOptions options) {
    Channel silent = (topic, payload, socket) -> JoinResult.ok();
    server =
        TestServer.start(
            options.withMetrics(
                new GatewayMetrics() {
                  @Override
                  public void limitReached(Limit limit) {
                    reached.add(limit);
                  }
                }),
            ChannelOptions.defaults().withVerticles(1),
            Application.named("unread")
                .socket(
                    "/socket",
                    SocketHandler.acceptAll(),
                    SocketOptions.defaults().withCheckOrigin(OriginPolicy.any()).withLongPoll())
                .route("big:*", () -> silent));
    client = new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(server.port());
    assertEquals(
        200, client.post(server.port(), "[\"1\",\"1\",\"big:1\",\"phx_join\",{}]").status());
    assertEquals(1, client.take(server.port(), 1).size());
    server.broadcaster().broadcast("big:1", "big", Map.of("pad", LARGE));
    TestServer.await("it waits", () -> server.gateways(table -> (int) table.deliveries()) == 1);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** A poll whose answer is on its way, and is not read. */
  private RawWebSocket pollAndReadNothing() {
    var connection = RawWebSocket.open("localhost", server.port(), 4_096);
    String poll = "GET /socket/longpoll?vsn=2.0.0&token=" + client.token() + " HTTP/1.1\r\n";
    connection.write((poll + "Host: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    return connection;
  }

  private int places() {
    return Places.of(server.vertx()).taken();
  }

  private long queued() {
    return MessageBudget.ofQueued(server.vertx(), 1).taken();
  }

  private int sessions() {
    return server.everyGateway(gateway -> gateway.longPolls().sessionCount());
  }

  private void expectNothingLeft() {
    TestServer.await("the host knows", () -> server.hosts(HostVerticle::channelCount) == 0);
    assertEquals(0, sessions());
  }

  @SuppressWarnings("try") // It does nothing more.
  @Test
  void theConnectionOfWhoDoesNotReadIsCutOff() {
    start(
        GatewayOptions.defaults()
            .withHandshakeTimeout(Duration.ofSeconds(1))
            .withWriteTimeout(Duration.ofSeconds(2))
            .withCloseTimeout(Duration.ofSeconds(1)));
    try (RawWebSocket ignored = pollAndReadNothing()) {
      TestServer.await("the answer is on its way", () -> queued() > LARGE.length() / 2);
      TestServer.await("no place is taken", () -> places() == 0);
      assertEquals(0, queued());
      // What it has not read is lost, which the end of its session says.
      expectNothingLeft();
      assertEquals(List.of(Limit.WRITE_TIMEOUT), List.copyOf(reached));
    }
  }

  @SuppressWarnings("try") // It does nothing more.
  @Test
  void whoAsksForMoreWithoutReadingLosesItsSession() {
    start(GatewayOptions.defaults());
    try (RawWebSocket ignored = pollAndReadNothing()) {
      TestServer.await("the answer is on its way", () -> queued() > LARGE.length() / 2);
      assertEquals(410, client.poll(server.port()).status());
      expectNothingLeft();
      assertEquals(List.of(Limit.MAX_QUEUED_BYTES), List.copyOf(reached));
    }
    TestServer.await("nothing waits", () -> queued() == 0);
  }

  /** Numbers of sessions can be guessed; their secrets cannot. */
  @SuppressWarnings("try") // It does nothing more.
  @Test
  void whoDoesNotKnowTheSecretEndsNobodysSession() {
    start(GatewayOptions.defaults());
    try (RawWebSocket ignored = pollAndReadNothing()) {
      TestServer.await("the answer is on its way", () -> queued() > LARGE.length() / 2);
      String token = client.token();
      char last = token.charAt(token.length() - 5);
      String guess = token.substring(0, token.length() - 5) + (last == 'A' ? 'B' : 'A') + "AAAA";
      try (var stranger = RawWebSocket.open("localhost", server.port())) {
        stranger.request(
            "GET /socket/longpoll?vsn=2.0.0&token=" + guess + " HTTP/1.1", "Host: localhost");
      }
      // Whoever asked for a session that is not his has got one of his own.
      assertEquals(1, server.hosts(HostVerticle::channelCount));
      assertEquals(List.of(), List.copyOf(reached));
      assertEquals(410, client.poll(server.port()).status());
    }
  }

  /** However slowly: what is read is no reason to end it. */
  @Test
  void whoReadsSlowlyGetsItsAnswer() throws Exception {
    start(
        GatewayOptions.defaults()
            .withHandshakeTimeout(Duration.ofSeconds(1))
            .withWriteTimeout(Duration.ofSeconds(2))
            .withCloseTimeout(Duration.ofMillis(500)));
    try (RawWebSocket slow = pollAndReadNothing()) {
      TestServer.await("the answer is on its way", () -> queued() > LARGE.length() / 2);
      // For longer than all of these times together, and never for one of them nothing.
      for (int read = 0; read < LARGE.length(); Thread.sleep(500)) {
        int until = Math.min(LARGE.length(), read + 500_000);
        while (read < until) {
          read += slow.skip(until - read);
        }
      }
      assertEquals(List.of(), List.copyOf(reached));
      assertEquals(1, server.hosts(HostVerticle::channelCount));
    }
  }

  @Test
  void largeAnswersTakeNoMoreThanTheyMay() {
    start(
        GatewayOptions.defaults()
            .withLimits(GatewayLimits.defaults().withMaxQueuedTotalBytes(LARGE.length() / 2)));
    assertEquals(410, client.poll(server.port()).status());
    expectNothingLeft();
    assertEquals(List.of(Limit.MAX_QUEUED_TOTAL_BYTES), List.copyOf(reached));
    assertEquals(0, queued());
  }
}
