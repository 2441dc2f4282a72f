package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.PhoenixMessage;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The presences of one socket whose channels are at four host verticles on two nodes. */
@DisabledOnOs(OS.WINDOWS)
class PresenceLimitIT {

  /** So many that hardly ever (1 in 4,096) none of them is at the node that dies. */
  private static final int MOST = 12;

  private static final String LIMIT = "--presence-socket-presences=" + MOST;
  private static final List<String> TOPICS =
      IntStream.range(0, 40).mapToObj(i -> "presence:" + i).toList();

  private static final Cluster cluster = Cluster.of("presence-limit", 3);
  private static NodeProcess gateway;
  private static NodeProcess victim;

  @BeforeAll
  static void start() {
    NodeProcess first = cluster.channels("fixture", LIMIT).ready();
    victim = cluster.channels("fixture", LIMIT).ready();
    gateway = cluster.gateway().ready();
    Waiting.until(
        "the second node has its share of the topics",
        () -> first.log().contains("were handed to other nodes"));
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  void holdForAllOfThemAndAfterANodeHasDied() {
    try (var client =
        PhoenixClient.connect(
            ClientOptions.port(gateway.port()).withHost(gateway.host()).withLimit(Waiting.LIMIT))) {
      Set<String> present = new TreeSet<>();
      TOPICS.stream().filter(topic -> isPresent(client, topic)).forEach(present::add);
      assertEquals(MOST, present.size(), present.toString());

      victim.kill();
      present.removeIf(topic -> !isAlive(client, topic));
      TOPICS.stream()
          .filter(topic -> !present.contains(topic))
          .toList()
          .forEach(
              topic -> {
                if (isPresent(client, topic)) {
                  present.add(topic);
                }
              });
      assertEquals(MOST, present.size(), present.toString());
    }
  }

  /** Joins; a channel that may not track ends. */
  private static boolean isPresent(PhoenixClient client, String topic) {
    // Refused while the topics of a node that has died have no other host.
    Waiting.until(
        "it is joined", () -> client.join(topic, Map.of("user", "ada")).status().equals("ok"));
    PhoenixMessage next =
        client.await(
            message ->
                message.topic().equals(topic)
                    && Set.of("presence_state", "phx_error").contains(message.event()));
    return next.event().equals("presence_state");
  }

  private static boolean isAlive(PhoenixClient client, String topic) {
    String ref = client.push(topic, "status", Map.of("status", "busy"));
    PhoenixMessage next =
        client.await(
            message ->
                message.topic().equals(topic)
                    && (message.event().equals("phx_error") || message.ref().asText().equals(ref)));
    assertTrue(next.event().equals("phx_error") || next.status().equals("ok"), next.toString());
    return !next.event().equals("phx_error");
  }
}
