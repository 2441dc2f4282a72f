package dev.roost.host;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.application.Application;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.channel.Payload;
import dev.roost.cluster.ClusterNode;
import dev.roost.cluster.TopicHost;
import dev.roost.presence.PresenceException;
import dev.roost.presence.PresenceException.Reason;
import dev.roost.presence.PresenceList;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextInternal;
import java.util.List;
import java.util.Optional;

/**
 * Who is present in the topics of an application, for code outside channels: verticles, HTTP
 * handlers. Safe for any thread and any verticle of the node; never blocks. Follows the functions
 * of {@code Phoenix.Presence} that take a topic.
 */
public final class Presences {

  private final ClusterNode node;
  private final String application;
  private final ObjectMapper mapper;
  private final DeployedHosts deployed;

  /** For an application that some node of the cluster serves; where that is this one, it tracks. */
  public Presences(ClusterNode node, Application application) {
    this(node, application.name(), application.mapper());
  }

  /** The same, where the application is known by name only. */
  public Presences(ClusterNode node, String application, ObjectMapper mapper) {
    this.node = node;
    this.application = application;
    this.mapper = mapper;
    this.deployed = DeployedHosts.of(node);
  }

  /**
   * All who are present in a topic (P-26). Fails with a {@link PresenceException} if no host of the
   * topic answers for 5 s.
   */
  public Future<PresenceList> list(String topic) {
    return ask(new PresenceMessage.Query(topic, Optional.empty()))
        .map(json -> new PresenceList(json, mapper));
  }

  /** The presence of a key, {@code {"metas": [META, ..]}}; empty if nobody is there (P-27). */
  public Future<Optional<ObjectNode>> getByKey(String topic, String key) {
    return ask(new PresenceMessage.Query(topic, Optional.of(key)))
        .map(
            json ->
                new Payload(json, mapper).tree() instanceof ObjectNode presence
                    ? Optional.of(presence)
                    : Optional.empty());
  }

  /**
   * Makes whoever calls present in a topic (P-20), once more with each call: until {@link
   * Tracking#untrack}, or until the verticle that called is undeployed; for a caller outside any
   * verticle, until the application is undeployed from this node.
   *
   * @param meta anything that Jackson writes as a JSON object
   * @return fails with a {@link PresenceException}, for instance if no host of the topic answers
   *     for 5 s
   * @throws IllegalStateException if the application is not deployed on this node
   * @throws IllegalArgumentException for a topic, key or meta that cannot be
   */
  public Future<Tracking> track(String topic, String key, Object meta) {
    List<HostVerticle> hosts = deployed.of(application);
    if (hosts.isEmpty()) {
      throw new IllegalStateException(
          "application \"" + application + "\" is not deployed on this node: track where it is");
    }
    HostVerticle host = hosts.get(Math.floorMod(topic.hashCode(), hosts.size()));
    return Tracking.begin(host, callingVerticle(), topic, key, meta);
  }

  /** The end of the verticle that calls, if one does. */
  private static Optional<CloseFuture> callingVerticle() {
    return Vertx.currentContext() instanceof ContextInternal caller && caller.deploymentID() != null
        ? Optional.of(caller.unwrap().closeFuture())
        : Optional.empty();
  }

  private Future<RawPayload> ask(PresenceMessage.Query query) {
    return ask(node, application, query);
  }

  /** Asks the topic's host, whichever node it is on. */
  static Future<RawPayload> ask(ClusterNode node, String application, PresenceMessage.Query query) {
    return new TopicHost(node, application, query.topic())
        .ask(TopicHost.TIMEOUT, inbox -> BusEndpoint.ask(node.vertx(), inbox, query))
        .recover(
            cause ->
                Future.failedFuture(
                    cause instanceof BusEndpoint.NotHosted
                        ? new PresenceException(
                            Reason.UNAVAILABLE,
                            "\"" + query.topic() + "\" had no host for 5 s: is it deployed?")
                        : couldNotTell(query, cause)));
  }

  private static PresenceException couldNotTell(PresenceMessage.Query query, Throwable cause) {
    var failure =
        new PresenceException(
            Reason.UNAVAILABLE,
            "the host of \""
                + query.topic()
                + "\" could not tell who is present; its log says why");
    failure.initCause(cause);
    return failure;
  }
}
