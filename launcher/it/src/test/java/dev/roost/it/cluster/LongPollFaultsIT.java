package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.it.LongPollClient;
import dev.roost.testkit.client.RawWebSocket;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of sessions whose polls come through a gateway that fails. */
class LongPollFaultsIT {

  private static final int SESSION_GONE = 410;
  private static final int MESSAGES = 200;
  private static final String HEARTBEAT = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";

  private static Cluster cluster;
  private static NodeProcess holder;
  private NodeProcess victim;
  private LongPollClient client;

  @BeforeAll
  static void start() {
    cluster = Cluster.of("long-poll", 12);
    holder = cluster.gateway();
    cluster.channels("fixture").ready();
    holder.ready();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @BeforeEach
  void pollThroughAnotherGateway() {
    victim = cluster.gateway().ready();
    client = new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(holder.port());
    beat();
    assertEquals(MESSAGES, client.poll(victim.port()).status());
  }

  @AfterEach
  void end() {
    victim.end();
  }

  private void beat() {
    assertEquals(MESSAGES, client.post(holder.port(), HEARTBEAT).status());
  }

  private static long gone() {
    return holder.log().lines().filter(line -> line.contains("left the cluster")).count();
  }

  private static void awaitMoreGoneThan(long gone) {
    Waiting.until("the holder knows that the other is gone", () -> gone() > gone);
  }

  @Test
  void messagesThatAFrozenGatewayHasNotDeliveredAreToldToBeLost() { // G-43
    int status;
    long pause = 200_000_000;
    do { // The poll may not have got to its session before the gateway froze: nothing is lost then.
      long gone = gone();
      var unused = client.pollAsync(victim.port());
      LockSupport.parkNanos(pause);
      victim.freeze();
      beat();
      awaitMoreGoneThan(gone);
      status = client.poll(holder.port()).status();
      pause *= 2;
      victim.end();
      victim = cluster.gateway().ready();
    } while (status == MESSAGES && pause < 2_000_000_000);
    assertEquals(SESSION_GONE, status);
  }

  /** Of what it cannot keep nothing is taken; its client may send it again. */
  @Test
  void aPostThatItsSessionsGatewayHasNoRoomForIsRefusedForNow() {
    var full = cluster.gateway("--admin-port=0", "--max-unfinished-bytes=60000").ready();
    client = new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(full.port());
    for (int size : new int[] {10_000, 100_000}) {
      String large = HEARTBEAT.replace("{}", "{\"pad\":\"" + "x".repeat(size) + "\"}");
      boolean fits = size < 60_000;
      LongPollClient.Answer answer = client.post(victim.port(), large);
      assertEquals(fits ? 200 : 503, answer.httpStatus());
      assertEquals(!fits, answer.response().headers().firstValue("retry-after").isPresent());
    }
    assertEquals(MESSAGES, client.post(victim.port(), HEARTBEAT).status());
    int answers = 0;
    while (answers < 2) {
      LongPollClient.Answer answer = client.poll(victim.port());
      assertEquals(MESSAGES, answer.status());
      answers += answer.response().body().split("phx_reply", -1).length - 1;
    }
    String metrics = metrics(full);
    assertTrue(metrics.contains("{limit=\"max-unfinished-bytes\"} 1.0"), metrics);
    full.end();
  }

  private static String metrics(NodeProcess node) {
    try (var connection = RawWebSocket.open("127.0.0.1", node.adminPort()).limit(Waiting.LIMIT)) {
      return connection.request("GET /metrics HTTP/1.1", "Host: localhost").body();
    }
  }

  @Test
  void aSessionWhosePollWaitedAtAKilledGatewayGoesOn() {
    var unused = client.pollAsync(victim.port());
    LockSupport.parkNanos(200_000_000); // Else it may not have waited, which proves less.
    long gone = gone();
    victim.kill();
    awaitMoreGoneThan(gone);
    beat();
    assertEquals(MESSAGES, client.poll(holder.port()).status());
  }
}
