package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.PhoenixMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * What the application hears of people who were present in topics of a node that was killed, and
 * who do not come back.
 */
@DisabledOnOs(OS.WINDOWS)
class WentWithHostIT {

  private static final List<String> TOPICS =
      IntStream.range(0, 12).mapToObj(i -> "presence:" + i).toList();

  private static final Cluster cluster = Cluster.of("went-with-host", 4);
  private static NodeProcess steady;
  private static NodeProcess victim;
  private static NodeProcess firstGateway;
  private static NodeProcess secondGateway;

  @BeforeAll
  static void start() {
    steady = cluster.channels("watched").ready();
    victim = cluster.channels("watched").ready();
    firstGateway = cluster.gateway().ready();
    secondGateway = cluster.gateway().ready();
    Waiting.until(
        "the second node has its share of the topics",
        () -> steady.log().contains("were handed to other nodes"));
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static PhoenixClient present(NodeProcess gateway, String user) {
    var client =
        PhoenixClient.connect(
            ClientOptions.port(gateway.port())
                .withHost(gateway.host())
                .withPath("/watched/websocket")
                .withLimit(Waiting.LIMIT));
    for (String topic : TOPICS) {
      Waiting.until(
          "it is joined", () -> client.join(topic, Map.of("user", user)).status().equals("ok"));
      client.await(
          message -> message.topic().equals(topic) && message.event().equals("presence_state"));
    }
    return client;
  }

  /** By its key, from a channel that is hosted somewhere, in topics that are hosted anywhere. */
  private static void assertFound(PhoenixClient client) {
    assertEquals("ok", client.join("directory:1", Map.of()).status());
    for (String topic : TOPICS) {
      for (String key : List.of("ada", "bob", "cid", "nobody")) {
        String ref = client.push("directory:1", "get", Map.of("topic", topic, "key", key));
        PhoenixMessage found = client.await(message -> message.ref().asText().equals(ref));
        assertEquals(key.equals("nobody") ? "error" : "ok", found.status(), topic + " " + key);
      }
    }
  }

  private static long times(NodeProcess node, String said) {
    return Pattern.compile("Watched: " + Pattern.quote(said) + "\\R")
        .matcher(node.log())
        .results()
        .count();
  }

  @Test
  void itHearsOfAllOfThemFromTheNextHost() {
    var kept = new ArrayList<>(TOPICS);
    try (var ada = present(firstGateway, "ada");
        var bob = present(secondGateway, "bob")) {
      var cid = present(secondGateway, "cid");
      List<String> lost =
          TOPICS.stream().filter(topic -> times(victim, topic + " is occupied") > 0).toList();
      assertFalse(lost.isEmpty(), "the victim has none of the topics");
      assertFound(ada);

      // One leaves while nobody is there to take notice; the others stay, and do not join again.
      victim.freeze();
      cid.close();
      victim.kill();

      for (String topic : lost) {
        for (String user : List.of("ada", "bob", "cid")) {
          String gone = user + " has gone from " + topic;
          Waiting.until("the next host says " + gone, () -> times(steady, gone) > 0);
        }
        Waiting.until(
            "the next host says that nobody is there",
            () -> times(steady, topic + " is vacated") > 0);
      }
      // Whoever is in the other topics has not gone, but for the one who left.
      kept.removeAll(lost);
      for (String topic : kept) {
        Waiting.until("cid is gone", () -> times(steady, "cid has gone from " + topic) > 0);
        assertEquals(0, times(steady, "ada has gone from " + topic), topic);
        assertEquals(0, times(steady, topic + " is vacated"), topic);
      }
      for (String topic : lost) {
        assertEquals(1, times(steady, topic + " is vacated"), topic);
      }
      for (PhoenixClient still : List.of(ada, bob)) {
        assertEquals("ok", still.join("presence:more", Map.of("user", "there")).status());
      }
    }
    for (String topic : kept) {
      Waiting.until("it is vacated", () -> times(steady, topic + " is vacated") > 0);
    }
    for (String topic : TOPICS) {
      assertEquals(1, times(steady, topic + " is vacated"), topic);
    }
  }
}
