package dev.roost.application;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.Contract;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.channel.PayloadWriter;
import dev.roost.cluster.ClusterNode;
import dev.roost.cluster.TopicHost;
import dev.roost.routing.RateLimit;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Broadcasts from outside any channel, and ends connections. Safe for any thread and any verticle
 * of the node; never blocks. Follows {@code Phoenix.Endpoint.broadcast/3}: delivery is at most
 * once, and nothing tells whether anybody listens (F-21).
 */
public final class Broadcaster {

  private static final Logger log = LoggerFactory.getLogger(Broadcaster.class);
  private static final int LINES_PER_SECOND = 1;

  private final ClusterNode node;
  private final String application;
  private final PayloadWriter writer;
  private final Duration hostTimeout;
  private final AtomicLong told = new AtomicLong(System.nanoTime());
  private final AtomicLong untold = new AtomicLong();

  /** For the topics of one application, which some node of the cluster serves. */
  public Broadcaster(ClusterNode node, Application application) {
    this(node, application.name(), application.mapper());
  }

  /** The same, on a node that knows the application by name only. */
  public Broadcaster(ClusterNode node, String application, ObjectMapper mapper) {
    this(node, application, mapper, TopicHost.TIMEOUT);
  }

  /** The same, with a time of its own to wait for a host. */
  Broadcaster(ClusterNode node, String application, ObjectMapper mapper, Duration hostTimeout) {
    this.node = node;
    this.application = application;
    this.writer = new PayloadWriter(mapper);
    this.hostTimeout = hostTimeout;
  }

  /**
   * Sends to every member of a topic; should that fail, an error in the log tells, of one a second
   * with the number of the others. What one thread broadcasts on a topic arrives in that order,
   * except while the topic changes its host.
   *
   * @param payload a JSON object (a record, a Map, a bean), a {@link dev.roost.channel.Payload} as
   *     it came, or a {@code byte[]} for binary
   * @throws IllegalArgumentException for any other payload; nothing is sent
   * @throws IllegalStateException if no node serves the application now
   */
  public void broadcast(String topic, String event, @Nullable Object payload) {
    var unused =
        broadcastConfirmed(topic, event, payload)
            .onFailure(cause -> tellFailure(topic, event, cause));
  }

  /** While a topic has no host, every broadcast in it fails. */
  private void tellFailure(String topic, String event, Throwable cause) {
    if (RateLimit.tryTake(told, LINES_PER_SECOND, System.nanoTime())) {
      long others = untold.getAndSet(0);
      log.error(
          "broadcast failed, topic={} event={}{}",
          topic,
          event,
          others == 0 ? "" : " (and " + others + " before it, which are at debug only)",
          cause);
    } else {
      untold.incrementAndGet();
      log.debug("broadcast failed, topic={} event={}", topic, event, cause);
    }
  }

  /**
   * The same for those who need to know: completes when the topic's host has given the message its
   * place in the order. Fails if there was no host for 5 s, or no answer from it for as long; then
   * members may have got it or not.
   */
  public Future<Void> broadcastConfirmed(String topic, String event, @Nullable Object payload) {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(event, "event");
    var raw = writer.requireNames(writer.writeObject(payload), topic, event);
    if (node.snapshot().applications().find(application).isEmpty()) {
      throw new IllegalStateException(
          "no node serves application \""
              + application
              + "\" now, so nobody can be in \""
              + topic
              + "\"; deploy its channel verticles first");
    }
    var request = new HostMessage.BroadcastRequest(topic, event, raw);
    return new TopicHost(node, application, topic)
        .ask(hostTimeout, inbox -> BusEndpoint.request(node.vertx(), inbox, request))
        .recover(
            cause ->
                Future.failedFuture(
                    cause instanceof BusEndpoint.NotHosted
                        ? new IllegalStateException(
                            "topic \"" + topic + "\" had no host for " + hostTimeout)
                        : cause));
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
