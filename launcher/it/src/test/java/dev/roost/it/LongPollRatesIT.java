package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.SocketHandler;
import dev.roost.channel.JoinResult;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rates of sessions that the first gateway holds, whichever their requests come through. */
@Timeout(60)
class LongPollRatesIT {

  private static final Map<Limit, AtomicInteger> REACHED = new ConcurrentHashMap<>();

  private static TestServer server;

  @BeforeAll
  static void start() {
    var options =
        GatewayOptions.defaults()
            .withLimits(GatewayLimits.defaults().withPollsPerSecond(1))
            .withMetrics(
                new GatewayMetrics() {
                  @Override
                  public void limitReached(Limit limit) {
                    REACHED
                        .computeIfAbsent(limit, ignored -> new AtomicInteger())
                        .incrementAndGet();
                  }
                });
    var mount =
        SocketOptions.defaults()
            .withCheckOrigin(OriginPolicy.any())
            .withLongPoll(LongPollOptions.defaults().withWindow(Duration.ofSeconds(5)));
    var limits = mount.limits();
    server =
        TestServer.start(
            options,
            ChannelOptions.defaults(),
            Application.named("rates")
                .socket("/socket", SocketHandler.acceptAll(), mount)
                .socket(
                    "/events",
                    SocketHandler.acceptAll(),
                    mount.withLimits(limits.withEventsPerSecond(1)))
                .socket(
                    "/bytes",
                    SocketHandler.acceptAll(),
                    mount.withLimits(limits.withBytesPerSecond(1_000)))
                .route("room:*", () -> (topic, payload, socket) -> JoinResult.ok()));
    server.addGateway(options);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static LongPollClient session(String path) {
    return new LongPollClient(path + "/longpoll", "vsn=2.0.0").open(server.port(0));
  }

  private static int reached(Limit limit) {
    return REACHED.getOrDefault(limit, new AtomicInteger()).get();
  }

  private static void tell(String topic, String event) {
    long before = server.gateways(table -> (int) table.deliveries());
    server.broadcaster().broadcast(topic, event, Map.of());
    TestServer.await(
        "it has arrived", () -> server.gateways(table -> (int) table.deliveries()) > before);
  }

  /* ---- polls */

  /** What comes while it waits, one after the other, comes in one answer. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void whoPollsTooFastWaitsAndLosesNothing(int gateway) {
    int port = server.port(gateway);
    String topic = "room:polls" + gateway;
    LongPollClient client = session("/socket");
    client.post(port, "[\"1\",\"1\",\"" + topic + "\",\"phx_join\",{}]");
    assertEquals(1, client.take(port, 1).size());
    int reached = reached(Limit.POLLS_PER_SECOND);
    do {
      tell(topic, "first");
      assertEquals(List.of("first"), events(client.poll(port)));
    } while (reached(Limit.POLLS_PER_SECOND) == reached);
    int before = reached(Limit.POLLS_PER_SECOND);

    var polls =
        IntStream.range(0, 4)
            .mapToObj(
                i -> {
                  var poll = client.pollAsync(port);
                  TestServer.await("it waits", () -> reached(Limit.POLLS_PER_SECOND) > before + i);
                  return poll;
                })
            .toList();
    tell(topic, "second");
    tell(topic, "third");
    var answers = polls.stream().map(LongPollClient::await).toList();
    assertEquals(List.of("second", "third"), events(answers.getLast()));
    assertEquals(204, answers.getFirst().status());
  }

  private static List<String> events(LongPollClient.Answer answer) {
    return answer.messages().stream().map(message -> message.path(3).asText()).toList();
  }

  /** Each one more would bring another one its answer. */
  @Test
  void whoSendsMorePollsThanMayWaitEndsHisSession() {
    LongPollClient client = session("/socket");
    var polls = IntStream.range(0, 20).mapToObj(i -> client.pollAsync(server.port(i % 2))).toList();
    for (var poll : polls) {
      assertEquals(410, LongPollClient.await(poll).status());
    }
    assertEquals(410, client.post(server.port(1), "").status());
  }

  /* ---- posts */

  /** Each is counted for itself, since each waits until those before it are within the rate. */
  @ParameterizedTest
  @CsvSource({"0, '', 200", "1, '', 200", "1, no Base64!, 400"})
  void whoPostsNothingTooFastWaits(int gateway, String body, int status) {
    LongPollClient client = session("/events");
    int before = reached(Limit.EVENTS_PER_SECOND);
    for (int i = 0; i < 6; i++) {
      var answer = client.post(server.port(gateway), body);
      assertEquals(status, status == 400 ? answer.httpStatus() : answer.status());
    }
    int counted = reached(Limit.EVENTS_PER_SECOND) - before;
    assertTrue(counted > 1, "counted " + counted + " times");
  }

  /** Whatever is asked before its body is read; two seconds' worth of messages come at once. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aLargePostCountsAsItsMessages(int gateway) {
    String heartbeat =
        "[null,\"1\",\"phoenix\",\"heartbeat\",{\"pad\":\"" + "x".repeat(40_000) + "\"}]";
    LongPollClient client = session("/events");
    int before = reached(Limit.EVENTS_PER_SECOND);
    for (int i = 0; i < 2; i++) {
      assertEquals(200, client.post(server.port(gateway), heartbeat).status());
    }
    assertEquals(before, reached(Limit.EVENTS_PER_SECOND));
    do {
      assertEquals(200, client.post(server.port(gateway), heartbeat).status());
    } while (reached(Limit.EVENTS_PER_SECOND) == before);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void allBytesOfAPostCount(int gateway) {
    LongPollClient client = session("/bytes");
    int before = reached(Limit.BYTES_PER_SECOND);
    assertEquals(200, client.post(server.port(gateway), "\n".repeat(2_500)).status());
    assertEquals(before + 1, reached(Limit.BYTES_PER_SECOND));
  }
}
