package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.PhoenixMessage;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Applications that come and go, while a gateway is there and clients are connected. */
@DisabledOnOs(OS.WINDOWS)
class ApplicationsComeAndGoIT {

  /** What the chat and the board want to know of whoever joins. */
  private static final Map<String, String> ADA = Map.of("name", "Ada", "hand", "ada");

  @Test
  void aGatewayServesWhatComesAfterItAndOutlivesWhatGoes() {
    try (var cluster = Cluster.of("come-and-go", 6)) {
      NodeProcess gateway = cluster.gateway().ready();
      var options =
          ClientOptions.port(gateway.port()).withHost(gateway.host()).withLimit(Waiting.LIMIT);
      assertEquals(503, PhoenixClient.handshake(options).status(), "nothing is deployed yet");

      NodeProcess chat = cluster.channels("chat").ready();
      awaitUpgrade(options);
      try (var ada = PhoenixClient.connect(options)) {
        assertEquals("ok", joinUntilOk(ada, "room:lobby").status());
        assertEquals("error", ada.join("board:1", ADA).status(), "nobody serves it yet");

        cluster.channels("board").ready();
        // The gateway hears of it a moment after the node itself does.
        assertEquals("ok", joinUntilOk(ada, "board:1").status());

        conflictingApplicationIsRefused(cluster);
        assertEquals("ok", ada.join("board:2", ADA).status());

        chat.kill();
        assertEquals("room:lobby", ada.awaitEvent("phx_error").topic());
        assertEquals("error", ada.join("room:lobby", ADA).status(), "the application is gone");
        cluster.channels("chat").ready();
        assertEquals("ok", joinUntilOk(ada, "room:lobby").status());
        assertEquals("ok", ada.heartbeat().status());
      }
    }
  }

  private static void awaitUpgrade(ClientOptions options) {
    Waiting.until(
        "the gateway accepts sockets", () -> PhoenixClient.handshake(options).isUpgraded());
  }

  private static PhoenixMessage joinUntilOk(PhoenixClient client, String topic) {
    var last = new AtomicReference<>(client.join(topic, ADA));
    Waiting.until(
        () -> topic + " can be joined: " + last.get(),
        () -> {
          if (last.get().status().equals("ok")) {
            return true;
          }
          last.set(client.join(topic, ADA));
          return last.get().status().equals("ok");
        });
    return last.get();
  }

  /** The fixture has the path {@code /socket} and the route {@code room:*}, as the chat does. */
  private static void conflictingApplicationIsRefused(Cluster cluster) {
    NodeProcess refused = cluster.channels("fixture");
    assertEquals(1, refused.exitCode());
    String error =
        refused.log().lines().filter(line -> line.contains("\"fixture\"")).findFirst().orElse("");
    for (String name : List.of("\"fixture\"", "\"chat\"")) {
      assertTrue(error.contains(name), "names " + name + ": " + refused.log());
    }
  }
}
