package dev.roost.it.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.testkit.client.PhoenixMessage;
import dev.roost.testkit.client.Vsn;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One client in the model: the topics that it is in, and what it has yet to get. */
final class ModelClient {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  final int number;
  final Vsn vsn;
  final boolean polls;
  final Map<String, Row> rows = new HashMap<>();
  private final Map<String, Map<String, Lane>> lanes = new TreeMap<>();

  /** A topic that the client has joined. */
  static final class Row {

    /** What goes with its messages, and with its end. */
    final JsonNode joinRef;

    /** What comes with its replies and pushes: also of a bare join the ref. */
    final JsonNode pushRef;

    JsonNode kept = NullNode.instance;
    boolean leaving;

    /** Whether the channel ends by itself. */
    boolean ending;

    Row(JsonNode joinRef, JsonNode pushRef) {
      this.joinRef = joinRef;
      this.pushRef = pushRef;
    }
  }

  ModelClient(int number, Vsn vsn, boolean polls) {
    this.number = number;
    this.vsn = vsn;
    this.polls = polls;
  }

  @Nullable Row row(String topic) {
    return rows.get(topic);
  }

  Lane lane(String topic, String sender) {
    return lanes
        .computeIfAbsent(topic, each -> new TreeMap<>())
        .computeIfAbsent(sender, each -> new Lane());
  }

  /** What answers its own messages. */
  Lane own(String topic) {
    return lane(topic, Model.sender(number));
  }

  boolean isDue(String topic) {
    return lanes.getOrDefault(topic, Map.of()).values().stream().anyMatch(Lane::isDue);
  }

  boolean isDue() {
    return lanes.keySet().stream().anyMatch(this::isDue);
  }

  /** Nothing more comes on this connection. */
  void forget() {
    rows.clear();
    lanes.clear();
  }

  /* ---- what it sees */

  void expectReply(
      String topic,
      JsonNode joinRef,
      JsonNode ref,
      String status,
      JsonNode response,
      boolean fromChannel) {
    if (!response.isBinary() || seesBinary()) {
      ObjectNode payload = NODES.objectNode().put("status", status);
      payload.set("response", response);
      own(topic)
          .expect(new PhoenixMessage(seen(joinRef), ref, topic, "phx_reply", payload), fromChannel);
    }
  }

  void expectPush(Lane lane, String topic, Row row, String event, JsonNode payload) {
    if (!payload.isBinary() || seesBinary()) {
      lane.expect(
          new PhoenixMessage(seen(row.pushRef), NullNode.instance, topic, event, payload), true);
    }
  }

  void expectBroadcast(Lane lane, String topic, String event, JsonNode payload) {
    if (!payload.isBinary() || seesBinary()) {
      lane.expect(
          new PhoenixMessage(NullNode.instance, NullNode.instance, topic, event, payload), true);
    }
  }

  void expectEnd(String topic, Row row, String event) {
    ObjectNode payload = NODES.objectNode();
    if (event.equals("phx_error")) {
      payload.put("reason", "channel_crash");
    }
    own(topic)
        .expect(new PhoenixMessage(seen(row.joinRef), row.joinRef, topic, event, payload), false);
  }

  /** Version 1 never tells a join ref (S-4). */
  private JsonNode seen(JsonNode joinRef) {
    return vsn == Vsn.V1 ? NullNode.instance : joinRef;
  }

  /** Version 1 has no form for binary messages, nor has a poll's answer (S-8, G-71). */
  private boolean seesBinary() {
    return vsn == Vsn.V2 && !polls;
  }

  static JsonNode binary(JsonNode payload) {
    return BinaryNode.valueOf(ModelChannel.bytes(payload));
  }

  @Override
  public String toString() {
    return "client " + number + " (" + vsn + (polls ? ", long poll)" : ", WebSocket)") + lanes;
  }
}
