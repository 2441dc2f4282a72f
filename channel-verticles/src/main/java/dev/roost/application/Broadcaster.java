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
 * of the node. Follows {@code Phoenix.Endpoint.broadcast/3}: delivery is at most once, and nothing
 * tells whether anybody listens (F-21).
 *
 * <p>Who broadcasts faster than the topics' hosts pass on is held back: of all broadcasts of a node
 * 64 MiB may be without their host's answer, each counted as its payload and 256 bytes. Hosts do
 * not answer while 65,536 messages are on their way to gateways of their own process, which goes
 * for channels too. Over it a virtual thread waits for room, and on any other thread, none of which
 * ever blocks here, a broadcast fails and nothing is sent: await {@link #broadcastConfirmed} there,
 * every so often. What waits to be written to a gateway in another process is bounded by 64 MiB for
 * each of its verticles; over it the members there are told that something is lost, with {@code
 * phx_error}.
 */
public final class Broadcaster {

  private static final Logger log = LoggerFactory.getLogger(Broadcaster.class);
  private static final int LINES_PER_SECOND = 1;

  private final ClusterNode node;
  private final String application;
  private final PayloadWriter writer;
  private final Duration hostTimeout;
  private final Unanswered unanswered;
  private final AtomicLong told = new AtomicLong(System.nanoTime());
  private final AtomicLong untold = new AtomicLong();

  /** For the topics of one application, which some node of the cluster serves. */
  public Broadcaster(ClusterNode node, Application application) {
    this(node, application.name(), application.mapper());
  }

  /** The same, on a node that knows the application by name only. */
  public Broadcaster(ClusterNode node, String application, ObjectMapper mapper) {
    this(node, application, mapper, TopicHost.TIMEOUT, Unanswered.of(node.vertx()));
  }

  /** The same, with a time of its own to wait for a host, and room. */
  Broadcaster(
      ClusterNode node,
      String application,
      ObjectMapper mapper,
      Duration hostTimeout,
      Unanswered unanswered) {
    this.node = node;
    this.application = application;
    this.writer = new PayloadWriter(mapper);
    this.hostTimeout = hostTimeout;
    this.unanswered = unanswered;
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
   * place in the order, and passes on what it has. Fails if there was no host for 5 s, or no answer
   * from it for as long; then members may have got it or not. Also if there is no room for it, see
   * above; then nobody has.
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
    if (!unanswered.take(raw.size())) {
      return Future.failedFuture(
          new IllegalStateException(
              "so many broadcasts wait for their topics' hosts that there is no room for another:"
                  + " go on when what broadcastConfirmed returns is complete"));
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
                        : cause))
        .onComplete(answered -> unanswered.giveBack(raw.size()));
  }

  /**
   * Closes every connection with this id, on every gateway, with 1001 (D-3, D-4). Nothing tells
   * whether a gateway has heard of it: one that cannot be reached now is not told later.
   *
   * @throws IllegalArgumentException if the id is longer than any socket's may be
   */
  public void disconnect(String id) {
    Contract.requireText("a socket id", id);
    BusEndpoint.publish(node.vertx(), new GatewayMessage.Disconnect(id));
  }
}
