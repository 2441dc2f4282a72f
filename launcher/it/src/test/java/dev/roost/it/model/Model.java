package dev.roost.it.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.roost.it.model.Command.Event;
import dev.roost.it.model.Command.Refs;
import dev.roost.it.model.Command.Wish;
import dev.roost.it.model.ModelClient.Row;
import dev.roost.testkit.client.PhoenixMessage;
import dev.roost.testkit.client.Vsn;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The protocol as clients see it: what each has to get for what all of them send, in which order.
 *
 * <p>Steps are taken to have their effect in the order in which they are played. Where the order of
 * two is the server's to choose, {@link #needsQuiet} says so, and the second is played when all
 * that is due of the first has come.
 */
final class Model {

  static final String NOWHERE = "nowhere";
  private static final String PHOENIX = "phoenix";
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final ObjectNode EMPTY = NODES.objectNode();
  private static final ObjectNode UNMATCHED = NODES.objectNode().put("reason", "unmatched topic");

  private final List<ModelClient> clients;
  private final Map<String, TopicOrder> topics = new HashMap<>();
  private int lastRef;

  Model(List<ModelClient> clients) {
    this.clients = List.copyOf(clients);
  }

  /** Names the lane of what this client causes. */
  static String sender(int client) {
    return "of " + client;
  }

  private static String interceptedOf(int client) {
    return "intercepted of " + client;
  }

  private TopicOrder order(String topic) {
    return topics.computeIfAbsent(topic, each -> new TopicOrder());
  }

  private JsonNode nextRef() {
    return TextNode.valueOf(String.valueOf(++lastRef));
  }

  /* ---- what may overlap */

  /** Whether all that is due of the topic has to come before the client joins it. */
  boolean needsQuietToJoin(ModelClient client, String topic) {
    Row row = client.row(topic);
    boolean replaces = row != null && !row.leaving;
    return (row != null && row.ending) || order(topic).isLoose(client.number, replaces);
  }

  /** The same before it leaves. */
  boolean needsQuietToLeave(ModelClient client, String topic) {
    Row row = client.row(topic);
    return row != null && (row.ending || row.leaving || order(topic).isLoose(client.number, false));
  }

  /** The same before it sends an event. */
  boolean needsQuiet(ModelClient client, String topic, Event event) {
    Row row = client.row(topic);
    if (row == null) {
      return false;
    }
    return row.ending
        || row.leaving
        || (event.ends() && order(topic).isLoose(client.number, false))
        || (event.broadcasts() && othersChange(client, topic));
  }

  private boolean othersChange(ModelClient client, String topic) {
    return clients.stream()
        .anyMatch(
            other -> other != client && order(topic).changes(other.number) && other.isDue(topic));
  }

  /** Whether broadcasts of the client may be on their way. */
  boolean isLoose(ModelClient client, String topic) {
    return order(topic).isLooseOf(client.number);
  }

  /** Whether broadcasts of the client may be on their way, or such as members intercept. */
  boolean needsQuietToEnd(ModelClient client, String topic) {
    return order(topic).isLooseOf(client.number) || order(topic).intercepts();
  }

  /** All that was due of the topic has come. */
  void isQuiet(String topic) {
    order(topic).clear();
  }

  /* ---- what clients do */

  PhoenixMessage heartbeat(ModelClient client) {
    JsonNode ref = nextRef();
    client.expectReply(PHOENIX, NullNode.instance, ref, "ok", EMPTY, false);
    return new PhoenixMessage(NullNode.instance, ref, PHOENIX, "heartbeat", EMPTY);
  }

  PhoenixMessage joinNowhere(ModelClient client) {
    JsonNode ref = nextRef();
    client.expectReply(NOWHERE, NullNode.instance, ref, "error", UNMATCHED, false);
    return new PhoenixMessage(joinRef(client, ref), ref, NOWHERE, "phx_join", EMPTY);
  }

  private static JsonNode joinRef(ModelClient client, JsonNode ref) {
    return client.vsn == Vsn.V1 ? NullNode.instance : ref;
  }

  PhoenixMessage join(ModelClient client, String topic, Wish wish, boolean bare) {
    JsonNode ref = nextRef();
    JsonNode joinRef = bare ? NullNode.instance : joinRef(client, ref);
    ObjectNode payload = NODES.objectNode().put("wish", wish.name());
    Row old = client.row(topic);
    boolean replaces = old != null && !old.leaving;
    if (replaces) {
      client.own(topic).replaceChannel();
    }
    order(topic).changed(client.number);
    var row = new Row(joinRef, ref);
    client.rows.remove(topic);
    switch (wish) {
      case OK, PUSH_AFTERWARDS -> {
        client.rows.put(topic, row);
        client.expectReply(topic, joinRef, ref, "ok", payload, false);
      }
      case REFUSE -> client.expectReply(topic, joinRef, ref, "error", payload, false);
      case RAISE ->
          client.expectReply(
              topic,
              joinRef,
              ref,
              "error",
              NODES.objectNode().put("reason", "join crashed"),
              false);
    }
    if (replaces) {
      client.expectEnd(topic, old, "phx_close");
    }
    if (wish == Wish.PUSH_AFTERWARDS) {
      client.expectPush(
          client.own(topic), topic, row, "after_join", NODES.objectNode().put("topic", topic));
    }
    return new PhoenixMessage(joinRef, ref, topic, "phx_join", payload);
  }

  PhoenixMessage leave(ModelClient client, String topic, Refs refs) {
    JsonNode ref = nextRef();
    Row row = client.row(topic);
    JsonNode joinRef = refOf(client, row, refs);
    if (row == null) {
      client.expectReply(topic, joinRef, ref, "ok", EMPTY, false);
    } else if (isCurrent(row, joinRef)) {
      row.leaving = true;
      order(topic).changed(client.number);
      client.expectReply(topic, row.pushRef, ref, "ok", EMPTY, true);
      client.expectEnd(topic, row, "phx_close");
    }
    return new PhoenixMessage(joinRef, ref, topic, "phx_leave", EMPTY);
  }

  /** Something of an earlier join: it is none of this one's. */
  private static JsonNode refOf(ModelClient client, @Nullable Row row, Refs refs) {
    if (client.vsn == Vsn.V1 || refs == Refs.NONE) {
      return NullNode.instance;
    }
    return refs == Refs.STALE
        ? TextNode.valueOf("stale")
        : row == null ? NullNode.instance : row.joinRef;
  }

  private static boolean isCurrent(Row row, JsonNode joinRef) {
    return joinRef.isNull() || joinRef.equals(row.joinRef);
  }

  PhoenixMessage send(ModelClient client, String topic, Event asked, Refs refs) {
    Event event = asked == Event.BINARY_ECHO && client.vsn == Vsn.V1 ? Event.ECHO : asked;
    JsonNode ref = nextRef();
    JsonNode payload = NODES.objectNode().put("from", client.number).put("number", lastRef);
    if (event == Event.BINARY_ECHO) {
      payload = ModelClient.binary(payload);
    }
    Row row = client.row(topic);
    JsonNode joinRef = refOf(client, row, refs);
    if (payload.isBinary() && joinRef.isNull()) {
      joinRef =
          TextNode.valueOf(""); // There is no other form of none, and it is none of ours (B-10).
    }
    if (row == null) {
      client.expectReply(topic, NullNode.instance, ref, "error", UNMATCHED, false);
    } else if (isCurrent(row, joinRef)) {
      handle(client, topic, row, event, ref, payload);
    }
    return new PhoenixMessage(joinRef, ref, topic, event.name(), payload);
  }

  private void handle(
      ModelClient client, String topic, Row row, Event event, JsonNode ref, JsonNode payload) {
    Lane own = client.own(topic);
    switch (event) {
      case ECHO, BINARY_ECHO, SLOW_ECHO ->
          client.expectReply(topic, row.pushRef, ref, "ok", payload, true);
      case ERROR -> client.expectReply(topic, row.pushRef, ref, "error", payload, true);
      case SILENT -> {}
      case PUSH -> client.expectPush(own, topic, row, "pushed", payload);
      case BINARY_PUSH -> client.expectPush(own, topic, row, "pushed", ModelClient.binary(payload));
      case BROADCAST -> broadcast(client, topic, ModelChannel.BROADCAST, payload, true);
      case BINARY_BROADCAST ->
          broadcast(
              client, topic, ModelChannel.BINARY_BROADCAST, ModelClient.binary(payload), true);
      case BROADCAST_FROM -> broadcast(client, topic, ModelChannel.BROADCAST, payload, false);
      case INTERCEPTED -> intercepted(client, topic, payload);
      case PUT -> {
        row.kept = payload;
        client.expectReply(topic, row.pushRef, ref, "ok", EMPTY, true);
      }
      case GET -> client.expectReply(topic, row.pushRef, ref, "ok", row.kept, true);
      case STOP -> end(client, topic, row, "phx_close");
      case STOP_WITH_REPLY -> {
        client.expectReply(topic, row.pushRef, ref, "ok", payload, true);
        end(client, topic, row, "phx_close");
      }
      case CRASH, UNKNOWN -> end(client, topic, row, "phx_error");
    }
  }

  private void end(ModelClient client, String topic, Row row, String event) {
    row.ending = true;
    order(topic).changed(client.number);
    client.expectEnd(topic, row, event);
  }

  private void broadcast(
      ModelClient from, String topic, String event, JsonNode payload, boolean toItself) {
    order(topic).broadcast(from.number);
    for (ModelClient member : clients) {
      if (member.row(topic) != null && (toItself || member != from)) {
        member.expectBroadcast(member.lane(topic, sender(from.number)), topic, event, payload);
      }
    }
  }

  private void intercepted(ModelClient from, String topic, JsonNode payload) {
    order(topic).intercept(from.number);
    for (ModelClient member : clients) {
      Row row = member.row(topic);
      if (row != null) {
        member.expectPush(
            member.lane(topic, interceptedOf(from.number)),
            topic,
            row,
            ModelChannel.INTERCEPTED,
            payload);
      }
    }
  }

  /** The connection is over, and the client in no topic any more. */
  void ended(ModelClient client) {
    client.forget();
  }

  /* ---- what clients get */

  /** Takes a message, which has to be the next of its lane, and broadcasts in one order for all. */
  void received(ModelClient client, PhoenixMessage message) {
    String topic = message.topic();
    int from =
        switch (message.event()) {
          case ModelChannel.BROADCAST, ModelChannel.INTERCEPTED ->
              message.payload().path("from").asInt();
          case ModelChannel.BINARY_BROADCAST -> bytes(message)[0];
          default -> client.number;
        };
    boolean intercepted = message.event().equals(ModelChannel.INTERCEPTED);
    Lane lane = client.lane(topic, intercepted ? interceptedOf(from) : sender(from));
    if (!lane.accepts(message)) {
      throw new AssertionError(client + " got " + message + ", which is not what was due");
    }
    Row row = client.row(topic);
    if (row != null && (row.ending || row.leaving) && !client.own(topic).isDue()) {
      client.rows.remove(topic);
    }
    if (message.event().equals(ModelChannel.BROADCAST)) {
      order(topic).heard(client.number, message.payload().path("number").asInt());
    }
  }

  private static byte[] bytes(PhoenixMessage message) {
    try {
      return message.payload().binaryValue();
    } catch (IOException e) {
      throw new AssertionError("expected binary, got " + message, e);
    }
  }

  /** What is still due, for whoever looks into a failure. */
  List<String> due() {
    var due = new ArrayList<String>();
    for (ModelClient client : clients) {
      if (client.isDue()) {
        due.add(client.toString());
      }
    }
    return due;
  }
}
