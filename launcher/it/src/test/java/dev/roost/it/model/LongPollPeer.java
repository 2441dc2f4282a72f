package dev.roost.it.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.testkit.client.HttpAnswer;
import dev.roost.testkit.client.PhoenixMessage;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.Vsn;
import dev.roost.testkit.client.WebSocketFrame;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.random.RandomGenerator;

/** A client that polls; each of its requests goes through any of the gateways. */
final class LongPollPeer implements Peer {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final int MAX_BATCH = 6;
  private static final int TOO_MANY = 101;

  private final ModelServer server;
  private final RandomGenerator random;
  private final Vsn vsn;
  private final String id;
  private final List<RawWebSocket> connections = new ArrayList<>();
  private final List<String> lines = new ArrayList<>();
  private String token;

  LongPollPeer(ModelServer server, RandomGenerator random, Vsn vsn, String id, Duration limit) {
    this.server = server;
    this.random = random;
    this.vsn = vsn;
    this.id = id;
    for (int i = 0; i < ModelServer.GATEWAYS; i++) {
      connections.add(RawWebSocket.open("localhost", server.port(i)).limit(limit));
    }
    JsonNode opened = json(get("id=" + id));
    expect(410, opened);
    token = opened.path("token").asText();
  }

  static void connectInVain(ModelServer server, int gateway, Vsn vsn) {
    try (RawWebSocket connection = RawWebSocket.open("localhost", server.port(gateway))) {
      HttpAnswer answer =
          connection.request("GET " + path(vsn, "key=bad") + " HTTP/1.1", "Host: localhost");
      if (!answer.body().equals("{\"status\":403}")) {
        throw new AssertionError("expected status 403, got " + answer);
      }
    }
  }

  private static String path(Vsn vsn, String query) {
    return "/socket/longpoll?" + query + "&vsn=" + vsn.version();
  }

  private RawWebSocket any() {
    return connections.get(random.nextInt(connections.size()));
  }

  private HttpAnswer get(String query) {
    return any().request("GET " + path(vsn, query) + " HTTP/1.1", "Host: localhost");
  }

  private HttpAnswer post(String type, String body, String with) {
    byte[] octets = body.getBytes(StandardCharsets.UTF_8);
    String head =
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            .formatted(path(vsn, "token=" + with), type, octets.length);
    RawWebSocket connection = any();
    connection.write((head + body).getBytes(StandardCharsets.UTF_8));
    return connection.readAnswer();
  }

  private static JsonNode json(HttpAnswer answer) {
    if (answer.status() != 200) {
      throw new AssertionError("expected an answer of the protocol, got " + answer);
    }
    try {
      return MAPPER.readTree(answer.body());
    } catch (JsonProcessingException e) {
      throw new AssertionError("expected JSON, got " + answer, e);
    }
  }

  private static void expect(int status, JsonNode answer) {
    if (answer.path("status").asInt() != status) {
      throw new AssertionError("expected status " + status + ", got " + answer);
    }
  }

  /** Messages are posted several at a time, as phoenix.js does; version 1 has one for each POST. */
  @Override
  public void send(PhoenixMessage message) {
    WebSocketFrame frame = vsn.encode(message);
    lines.add(
        frame.opcode() == WebSocketFrame.BINARY
            ? Base64.getEncoder().encodeToString(frame.payload())
            : frame.text());
    if (vsn == Vsn.V1 || lines.size() == MAX_BATCH || random.nextInt(3) == 0) {
      flush();
    }
  }

  @Override
  public void flush() {
    if (!lines.isEmpty()) {
      String type = vsn == Vsn.V1 ? "application/json" : "application/x-ndjson";
      expect(200, json(post(type, String.join("\n", lines), token)));
      lines.clear();
    }
  }

  @Override
  public List<PhoenixMessage> read() {
    JsonNode answer = json(get("token=" + token));
    int status = answer.path("status").asInt();
    if (status != 200 && status != 204) {
      throw new AssertionError("expected messages, got " + answer);
    }
    if (!answer.path("token").asText().equals(token)) {
      throw new AssertionError("expected the session's token " + token + ", got " + answer);
    }
    var messages = new ArrayList<PhoenixMessage>();
    answer.path("messages").forEach(text -> messages.add(vsn.decodeText(text.asText())));
    if (status == 200 == messages.isEmpty()) {
      throw new AssertionError("expected messages with 200 and none with 204, got " + answer);
    }
    return messages;
  }

  @Override
  public void postInVain(Command.Defect defect) {
    String heartbeat = "[null,\"in vain\",\"phoenix\",\"heartbeat\",{}]\n";
    String batch = "application/x-ndjson";
    switch (defect) {
      case TOO_MANY_LINES -> expect(413, json(post(batch, heartbeat.repeat(TOO_MANY), token)));
      case NO_BASE64 -> {
        HttpAnswer answer = post(batch, heartbeat + "no Base64!", token);
        if (answer.status() != 400) {
          throw new AssertionError("expected 400, got " + answer);
        }
      }
      case FOREIGN_TOKEN -> {
        char last = token.charAt(token.length() - 2);
        String other =
            token.substring(0, token.length() - 2)
                + (last == 'A' ? 'B' : 'A')
                + token.charAt(token.length() - 1);
        expect(410, json(post(batch, heartbeat, other)));
      }
    }
  }

  @Override
  public void end(Command.Ending ending) {
    switch (ending) {
      case CLOSE, RESET -> {}
      case GARBAGE -> {
        expect(410, json(post("application/json", "[1]", token)));
        expectGone();
      }
      case DISCONNECT -> {
        server.disconnect(id);
        JsonNode answer = json(get("token=" + token));
        while (answer.path("status").asInt() != 410) {
          answer = json(get("token=" + token));
        }
        expectGone();
      }
    }
    close();
  }

  private void expectGone() {
    expect(410, json(post("application/json", "[null,\"1\",\"phoenix\",\"heartbeat\",{}]", token)));
  }

  @Override
  public void close() {
    connections.forEach(RawWebSocket::close);
  }
}
