package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.Route;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.SocketRef;
import dev.roost.channel.TerminateReason;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.host.HostVerticle;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.Vsn;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Nothing of a client stays anywhere when it is gone. */
class CleanUpIT {

  private static final int FIRST = 20;
  private static final int SOCKETS = 400;
  private static final int TOPICS = 250;

  /** What code of the application keeps for good, though nobody will answer. */
  private static final Queue<SocketRef> KEPT = new ConcurrentLinkedQueue<>();

  /** What hangs on channels, and is garbage once they are over. */
  private static final Queue<WeakReference<Object>> HELD = new ConcurrentLinkedQueue<>();

  /** Of the mail of timers that are due tomorrow. */
  private record Tomorrow(Channel channel) {}

  private static class ChurnChannel implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      JsonNode wish = payload.tree().path("wish");
      if (wish.asText().equals("raise")) {
        throw new IllegalStateException("asked to");
      }
      return switch (wish.asText()) {
        case "refuse" -> JoinResult.refuse(Map.of());
        case "be present" -> JoinResult.ok().present("somebody", Map.of());
        case "wait" -> {
          var mail = new Tomorrow(this);
          HELD.add(new WeakReference<>(mail));
          socket.sendAfter(Duration.ofDays(1), mail);
          yield JoinResult.ok();
        }
        default -> JoinResult.ok();
      };
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      return switch (event) {
        case "shout" -> {
          socket.broadcast("intercepted", payload);
          yield Result.noReply();
        }
        case "stop" -> Result.stop();
        case "ask" -> {
          KEPT.add(socket.ref());
          HELD.add(new WeakReference<>(this));
          yield Result.noReply();
        }
        default -> Result.ok();
      };
    }

    @Override
    public Outcome handleOut(String event, Payload payload, Socket socket) {
      socket.push(event, payload);
      return Result.noReply();
    }
  }

  private static final class PoliteChannel extends ChurnChannel {
    @Override
    public void terminate(TerminateReason reason, Socket socket) {
      socket.push("farewell", Map.of());
    }
  }

  private static final class Users implements SocketHandler {
    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      return ConnectResult.accept().assign("user", params.tree().path("user").asText());
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return Optional.of("user:" + accepted.assigns().get("user"));
    }
  }

  @Test
  void aHundredThousandJoinsLeaveNothingBehind() throws Exception {
    var churn =
        Application.named("churn")
            .socket("/socket", new Users(), SocketOptions.defaults().withMaxChannels(TOPICS))
            .route(Route.of("churn:*", ChurnChannel::new).intercept("intercepted"))
            .route(Route.of("polite:*", PoliteChannel::new).intercept("intercepted"));
    try (var server =
            TestServer.start(
                    GatewayOptions.defaults(), ChannelOptions.defaults().withVerticles(2), churn)
                .addGateway(GatewayOptions.defaults());
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertEquals(FIRST * TOPICS, live(server, FIRST, threads));
      TestServer.await("no socket is left", () -> server.gateways(SocketTable::socketCount) == 0);
      TestServer.await("no channel is left", () -> server.hosts(HostVerticle::channelCount) == 0);
      TestServer.await(
          "the last of them have left",
          () ->
              count("HostedPresences.topics", server) == 0 && count("Topics.leaving", server) == 0);
      List<Map<String, Integer>> before = server.entries();
      assertTrue(before.getFirst().containsKey("SocketTable.rows"), before.toString());

      assertEquals(SOCKETS * TOPICS, live(server, SOCKETS, threads));
      TestServer.await("no socket is left", () -> server.gateways(SocketTable::socketCount) == 0);
      assertEquals(0, server.gateways(SocketTable::channelCount));
      assertEquals(0, server.gateways(SocketTable::topicCount));
      assertEquals(0, server.gateways(SocketTable::idCount));
      TestServer.await("no channel is left", () -> server.hosts(HostVerticle::channelCount) == 0);
      assertEquals(0, server.hosts(HostVerticle::topicCount));
      // The first clients have left whatever stays for good, such as links between verticles.
      awaitNoMoreThan(before, server);

      assertTrue(KEPT.size() >= SOCKETS && HELD.size() > 10 * SOCKETS, "they did nothing");
      TestServer.await(
          "nothing holds a channel, neither its timers nor the references to its messages",
          () -> {
            System.gc();
            HELD.removeIf(held -> held.refersTo(null));
            return HELD.isEmpty();
          });
    }
  }

  private static void awaitNoMoreThan(List<Map<String, Integer>> before, TestServer server) {
    var more = new AtomicReference<List<Map<String, Integer>>>();
    try {
      TestServer.await(
          "no map has more entries than before",
          () -> {
            more.set(server.entries());
            return isNoMore(more.get(), before);
          });
    } catch (AssertionError late) {
      assertEquals(before, more.get());
    }
  }

  private static int count(String where, TestServer server) {
    return server.entries().stream().mapToInt(of -> of.getOrDefault(where, 0)).sum();
  }

  private static boolean isNoMore(
      List<Map<String, Integer>> now, List<Map<String, Integer>> before) {
    return IntStream.range(0, before.size())
        .allMatch(
            i ->
                now.get(i).entrySet().stream()
                    .allMatch(
                        entry ->
                            entry.getValue() <= before.get(i).getOrDefault(entry.getKey(), 0)));
  }

  /** So many clients, forty at a time. */
  private static int live(TestServer server, int sockets, ExecutorService threads)
      throws Exception {
    var joined = new AtomicInteger();
    var atOnce = new Semaphore(40);
    var clients = new ArrayList<Future<?>>();
    for (int i = 0; i < sockets; i++) {
      int number = i;
      atOnce.acquire();
      clients.add(
          threads.submit(
              () -> {
                try {
                  joined.addAndGet(live(server, number));
                } finally {
                  atOnce.release();
                }
              }));
    }
    for (Future<?> client : clients) {
      client.get();
    }
    return joined.get();
  }

  /**
   * One client of either version: joins, of which some are refused, leaves half, and goes in one
   * way or another.
   */
  private static int live(TestServer server, int number) {
    var client =
        PhoenixClient.connect(
            ClientOptions.port(server.port(number % 2))
                .withVsn(number % 5 == 0 ? Vsn.V1 : Vsn.V2)
                .withLimit(TestServer.LIMIT.multipliedBy(3))
                .withParam("user", String.valueOf(number % 50)));
    for (int t = 0; t < TOPICS; t++) {
      String wish =
          t % 50 == 1
              ? "refuse"
              : t == 2 && number % 20 == 0
                  ? "raise"
                  : t % 5 == 0 ? "be present" : t % 7 == 3 ? "wait" : "join";
      client.sendJoin(topic(number, t), Map.of("wish", wish));
    }
    int answered = 0;
    while (answered < TOPICS) {
      if (client.next().isReply()) {
        answered++;
      }
    }
    for (int t = 0; t < TOPICS; t += 2) {
      String topic = topic(number, t);
      if (t % 50 == 0) {
        client.push(topic, "shout", Map.of());
        client.push(topic, "stop", Map.of());
      } else if (t % 50 == 2) {
        client.sendJoin(topic, Map.of("wish", "join"));
      } else {
        if (t % 50 == 4) {
          client.push(topic, "ask", Map.of());
        }
        client.leave(topic);
      }
    }
    assertTrue(client.heartbeat().isReply());
    switch (number % 4) {
      case 0 -> client.reset();
      case 1 -> {
        client.awaitEvent("phx_close");
        client.close();
      }
      default -> client.close();
    }
    return answered;
  }

  /** Every tenth topic is shared by all clients, the others are the client's own. */
  private static String topic(int number, int t) {
    String route = t % 3 == 1 ? "polite:" : "churn:";
    return t % 10 == 0 ? route + "shared" + t : route + number + ":" + t;
  }
}
