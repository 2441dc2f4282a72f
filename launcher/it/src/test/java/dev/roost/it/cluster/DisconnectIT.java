package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.testkit.client.HttpAnswer;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * An admin call on one node reaches the sockets and sessions of another (D-3, D-4); and what
 * clients call a secret stands in no log, however much is logged.
 */
@DisabledOnOs(OS.WINDOWS)
class DisconnectIT {

  private static final String SECRET = "s3cr3t-v4lue";
  private static final Pattern TOKEN = Pattern.compile("\"token\":\"([^\"]+)\"");

  private static final Cluster cluster = Cluster.of("disconnect", 3);
  private static NodeProcess near;
  private static NodeProcess far;
  private static NodeProcess host;

  @BeforeAll
  static void start() {
    near = cluster.gateway("--admin-port=0", "--log-level=trace");
    host = cluster.channels("fixture", "--log-level=trace").ready();
    far = cluster.gateway("--log-level=trace");
    near.ready();
    far.ready();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static RawWebSocket socket(NodeProcess gateway, String params) {
    RawWebSocket socket = RawWebSocket.open("127.0.0.1", gateway.port()).limit(Waiting.LIMIT);
    assertEquals(101, socket.upgrade("/socket/websocket?vsn=2.0.0&" + params).status());
    return socket;
  }

  private static HttpAnswer request(int port, String... lines) {
    try (var connection = RawWebSocket.open("127.0.0.1", port).limit(Waiting.LIMIT)) {
      return connection.request(lines);
    }
  }

  private static String poll(NodeProcess gateway, String query) {
    return request(
            gateway.port(),
            "GET /socket/longpoll?vsn=2.0.0&" + query + " HTTP/1.1",
            "Host: localhost")
        .body();
  }

  private static String token(String answer) {
    Matcher token = TOKEN.matcher(answer);
    assertTrue(token.find(), answer);
    return token.group(1);
  }

  @Test
  void socketsAndSessionsOfAnIdEndOnWhicheverGatewayTheyAre() {
    String mine = token(poll(far, "user_id=42"));
    String others = token(poll(far, "user_id=43"));
    try (var here = socket(near, "user_id=42");
        var there = socket(far, "user_id=42");
        var other = socket(far, "user_id=43")) {
      HttpAnswer answer =
          request(
              near.adminPort(),
              "POST /disconnect?id=user_socket:42 HTTP/1.1",
              "Host: localhost",
              "Content-Length: 0");
      assertEquals(202, answer.status());
      assertEquals(1001, here.readClose());
      assertEquals(1001, there.readClose());
      Waiting.until(
          "the session has ended",
          () -> poll(near, "user_id=42&token=" + mine).contains("\"status\":410"));
      other.write(WebSocketFrame.text("[null,\"1\",\"phoenix\",\"heartbeat\",{}]"));
      assertTrue(other.read().text().contains("phx_reply"));
      other.write(WebSocketFrame.text("[\"1\",\"1\",\"room:43\",\"phx_join\",{}]"));
      assertTrue(other.read().text().contains("\"ok\""));
      assertFalse(poll(near, "user_id=43&token=" + others).contains("\"status\":410"));
    }
    String page = request(near.adminPort(), "GET /metrics HTTP/1.1", "Host: localhost").body();
    assertTrue(page.contains("\nroost_sockets_closed_total{code=\"1001\"} 1.0\n"), page);
  }

  /** Everything that a client says of itself, by every way into the node, wrong ways included. */
  @Test
  void secretsStandInNoLogHoweverMuchIsLogged() {
    String params = "token=" + SECRET + "&user[password]=" + SECRET;
    try (var socket = socket(far, params)) {
      String pad = "\"password\":\"" + SECRET + "\"";
      for (String text :
          new String[] {
            "[\"1\",\"1\",\"test:1\",\"phx_join\",{" + pad + "}]",
            "[\"1\",\"2\",\"test:1\",\"echo\",{\"deep\":[{" + pad + "}]}]",
            "[\"1\",\"3\",\"test:1\",\"crash\",{" + pad + "}]",
            "[\"2\",\"4\",\"test:2\",\"phx_join\",{\"raise\":true," + pad + "}]",
            "[\"3\",\"5\",\"test:3\",\"phx_join\",{\"fail\":true," + pad + "}]",
            "[\"4\",\"6\",\"none:4\",\"phx_join\",{" + pad + "}]",
          }) {
        socket.write(WebSocketFrame.text(text));
        socket.read();
      }
      socket.write(WebSocketFrame.text("{" + pad)); // no message at all
      assertEquals(1011, socket.readClose());
    }
    for (String path :
        new String[] {
          "/socket/websocket?vsn=9.0.0&" + params,
          "/socket/websocket?vsn=2.0.0&" + params,
          "/socket/longpoll?vsn=2.0.0&" + params,
          "/socket/longpoll?vsn=2.0.0&bad=%ff&" + params,
          "/nowhere?" + params,
        }) {
      request(
          far.port(),
          "GET " + path + " HTTP/1.1",
          "Host: localhost",
          "Authorization: Bearer " + SECRET,
          "Cookie: session=" + SECRET);
    }
    request(far.port(), "GET /socket/websocket?" + params + " HTTP/1.1", "Broken");

    Waiting.until("the host has told of it", () -> host.log().contains("channel crashed"));
    Waiting.until(
        "the host shows what is no secret, and hides what is",
        () -> host.log().contains("CONNECTED TO /socket") && host.log().contains("[FILTERED]"));
    for (NodeProcess node : new NodeProcess[] {near, far, host}) {
      node.log().lines().forEach(line -> assertFalse(line.contains(SECRET), line));
    }
  }
}
