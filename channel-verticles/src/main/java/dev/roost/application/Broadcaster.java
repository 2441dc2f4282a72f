package dev.roost.application;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.Contract;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.channel.PayloadWriter;
import dev.roost.cluster.ClusterNode;
import dev.roost.cluster.PartitionTable;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Broadcasts from outside any channel, and ends connections. Safe for any thread and any verticle
 * of the node; never blocks. Follows {@code Phoenix.Endpoint.broadcast/3}: delivery is at most
 * once, and nothing tells whether anybody listens (F-21).
 */
public final class Broadcaster {

  private final ClusterNode node;
  private final String application;
  private final PayloadWriter writer;

  /** For the topics of one application, which some node of the cluster serves. */
  public Broadcaster(ClusterNode node, Application application) {
    this(node, application.name(), application.mapper());
  }

  /** The same, on a node that knows the application by name only. */
  public Broadcaster(ClusterNode node, String application, ObjectMapper mapper) {
    this.node = node;
    this.application = application;
    this.writer = new PayloadWriter(mapper);
  }

  /**
   * Sends to every member of a topic. What one thread broadcasts on a topic arrives in that order.
   *
   * @param payload a JSON object (a record, a Map, a bean), a {@link dev.roost.channel.Payload} as
   *     it came, or a {@code byte[]} for binary
   * @throws IllegalArgumentException for any other payload; nothing is sent
   * @throws IllegalStateException if no node serves the application now
   */
  public void broadcast(String topic, String event, @Nullable Object payload) {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(event, "event");
    var raw = writer.requireNames(writer.writeObject(payload), topic, event);
    var message = new HostMessage.BroadcastRequest(topic, event, raw);
    var owner =
        node.snapshot()
            .partitions()
            .owner(application, PartitionTable.partition(topic))
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "no node serves application \""
                            + application
                            + "\" now, so nobody can be in \""
                            + topic
                            + "\"; deploy its channel verticles first"));
    BusEndpoint.post(node.vertx(), owner.inbox(), message);
  }

  /**
   * Closes every connection with this id, on every gateway, with 1001 (D-3, D-4).
   *
   * @throws IllegalArgumentException if the id is longer than any socket's may be
   */
  public void disconnect(String id) {
    Contract.requireText("a socket id", id);
    BusEndpoint.publish(node.vertx(), new GatewayMessage.Disconnect(id));
  }
}
