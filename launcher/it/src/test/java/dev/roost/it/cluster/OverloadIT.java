package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.PhoenixMessage;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Clients that do not read, and channels that cannot keep up, where gateway and host are two. */
@DisabledOnOs(OS.WINDOWS)
class OverloadIT {

  private static final int MAILBOX = 10;
  private static final String LARGE = "x".repeat(60_000);

  private static final Cluster cluster = Cluster.of("overload", 2);
  private static NodeProcess gateway;

  @BeforeAll
  static void start() {
    gateway = cluster.gateway("--admin-port=0", "--max-queued-bytes=1048576");
    cluster.channels("busy", "--mailbox-messages=" + MAILBOX).ready();
    gateway.ready();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static PhoenixClient client() {
    return PhoenixClient.connect(
        ClientOptions.port(gateway.port())
            .withHost(gateway.host())
            .withPath("/busy/websocket")
            .withLimit(Waiting.LIMIT));
  }

  private static String metrics() {
    try (var connection =
        RawWebSocket.open("127.0.0.1", gateway.adminPort()).limit(Waiting.LIMIT)) {
      return connection.request("GET /metrics HTTP/1.1", "Host: localhost").body();
    }
  }

  @Test
  void whatAChannelCannotKeepUpWithIsRefusedAndNobodyElseWaits() {
    try (var busy = client();
        var other = client()) {
      assertEquals("ok", busy.join("busy:1", Map.of()).status());
      assertEquals("ok", other.join("busy:1", Map.of()).status());
      String working = busy.push("busy:1", "hold", Map.of());
      busy.awaitEvent("holding");
      var refs = new ArrayList<String>();
      for (int i = 0; i < 3 * MAILBOX; i++) {
        refs.add(busy.push("busy:1", "work", Map.of()));
      }
      // While it works: its socket is alive, and another member of the topic is served.
      assertEquals("ok", busy.heartbeat().status());
      assertEquals("ok", other.call("busy:1", "work", Map.of()).status());
      int full = 0;
      for (String ref : refs.subList(MAILBOX, refs.size())) {
        PhoenixMessage answer = busy.awaitReply(ref);
        assertEquals("error", answer.status());
        assertEquals("mailbox full", answer.response().path("reason").asText());
        full++;
      }
      assertEquals(2 * MAILBOX, full);
      assertEquals(
          List.of(),
          busy.pending().stream().filter(m -> m.ref().asText().equals(working)).toList());
      assertEquals("ok", other.call("busy:1", "release", Map.of()).status());
      assertEquals("ok", busy.awaitReply(working).status());
      for (String ref : refs.subList(0, MAILBOX)) {
        assertEquals("ok", busy.awaitReply(ref).status());
      }
    }
  }

  @Test
  void aClientThatDoesNotReadIsClosedAndNobodyElseWaits() {
    try (var speaker = client();
        var listener = client();
        var stuck = RawWebSocket.open("127.0.0.1", gateway.port(), 4_096).limit(Waiting.LIMIT)) {
      assertTrue(stuck.upgrade("/busy/websocket?vsn=2.0.0").isUpgraded());
      stuck.write(WebSocketFrame.text("[\"1\",\"1\",\"busy:2\",\"phx_join\",{}]"));
      assertTrue(stuck.read().text().contains("phx_reply"));
      assertEquals("ok", speaker.join("busy:2", Map.of()).status());
      assertEquals("ok", listener.join("busy:2", Map.of()).status());
      int said = 0;
      while (!metrics().contains("roost_limit_reached_total{limit=\"max-queued-bytes\"} 1.0")) {
        var payload = Map.of("n", ++said, "pad", LARGE);
        assertEquals("ok", speaker.call("busy:2", "tell", payload).status());
        assertEquals(said, listener.awaitEvent("told").payload().path("n").asInt());
        assertTrue(said < 2_000, "it is not closed");
      }
      // It had a megabyte and what the network holds; the others have had everything meanwhile.
      assertTrue(said > 16, said + " messages");
      assertEquals("ok", listener.heartbeat().status());
    }
  }
}
