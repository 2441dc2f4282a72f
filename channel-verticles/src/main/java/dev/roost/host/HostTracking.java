package dev.roost.host;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.Telemetry;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.cluster.ClusterNode;
import dev.roost.hosting.PartitionTable;
import dev.roost.tracking.HostedPresences;
import dev.roost.tracking.Tracker;
import dev.roost.tracking.Trackers;
import dev.roost.tracking.TrackingContext;
import dev.roost.tracking.TrackingSettings;
import io.vertx.core.Closeable;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.internal.CloseFuture;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Presences at one host verticle: those of its topics, and those that are tracked from here. Used
 * on the verticle's context only.
 */
final class HostTracking {

  private static final Logger log = LoggerFactory.getLogger(HostTracking.class);

  private final ClusterNode node;
  private final Context context;
  private final String application;
  private final HostedPresences hosted;
  private final Trackers trackers;

  /** Trackers that are no channels, and what takes them from the verticles whose end is theirs. */
  private final Map<Tracker, Runnable> others = new HashMap<>();

  private final FaultLog faults = new FaultLog(log, "presences failed", System::nanoTime);

  HostTracking(
      ClusterNode node,
      Context context,
      Application application,
      ChannelOptions options,
      BusEndpoint endpoint,
      Topics topics) {
    this.node = node;
    this.context = context;
    this.application = application.name();
    var host =
        new Host(
            node,
            context,
            application.name(),
            topic -> application.route(topic).map(found -> found.pattern().pattern()).orElse(""),
            options.telemetry(),
            endpoint,
            topics,
            faults);
    var settings =
        new TrackingSettings(
            options.presence(),
            application.presence(),
            options.callbackTimeout(),
            application.mapper());
    this.hosted = new HostedPresences(host, settings);
    this.trackers = new Trackers(host, hosted, settings);
  }

  HostedPresences hosted() {
    return hosted;
  }

  Trackers trackers() {
    return trackers;
  }

  /** A tracker that is no channel; it ends with a verticle, if it is of one. */
  Tracker open(Optional<CloseFuture> verticle) {
    Tracker tracker = trackers.open();
    Closeable hook =
        done -> {
          context.runOnContext(ignored -> end(tracker));
          done.succeed();
        };
    others.put(tracker, () -> verticle.ifPresent(closing -> closing.remove(hook)));
    if (!verticle.map(closing -> closing.add(hook)).orElse(true)) {
      end(tracker); // It was undeployed meanwhile.
    }
    return tracker;
  }

  void end(Tracker tracker) {
    @Nullable Runnable release = others.remove(tracker);
    if (release != null) {
      release.run();
    }
    trackers.end(tracker);
  }

  /** A channel ends with its gateway, which has died. */
  void died(Tracker tracker) {
    trackers.died(tracker);
  }

  /** A gateway has said that these channels are over, and may forget what they tracked. */
  void noticed(String gateway, List<Long> channels) {
    hosted.noticed(gateway, channels);
  }

  void receive(String from, PresenceMessage message) {
    switch (message) {
      case PresenceMessage.Answer answer -> trackers.receive(from, answer);
      case PresenceMessage.SyncRequest request -> trackers.receive(from, request);
      case PresenceMessage.Claimed claimed -> trackers.receive(from, claimed);
      case PresenceMessage.Query misdirected -> misdirected(from, misdirected);
      case PresenceMessage.Claim misdirected -> misdirected(from, misdirected);
      case PresenceMessage.Release misdirected -> misdirected(from, misdirected);
      case PresenceMessage.Noticed misdirected -> misdirected(from, misdirected);
      case PresenceMessage.Put put -> hosted.receive(from, put);
      case PresenceMessage.Untrack untrack -> hosted.receive(from, untrack);
      case PresenceMessage.SyncBegin begin -> hosted.receive(from, begin);
      case PresenceMessage.SyncEnd end -> hosted.receive(from, end);
      case PresenceMessage.WentWithHost gone -> hosted.receive(from, gone);
    }
  }

  private static void misdirected(String from, PresenceMessage message) {
    log.warn("a host got a {} from {}", message.getClass().getSimpleName(), from);
  }

  Future<RawPayload> query(PresenceMessage.Query query) {
    return hosted.query(query);
  }

  /** The same of whoever hosts the topic. */
  Future<RawPayload> ask(PresenceMessage.Query query) {
    return Presences.ask(node, application, query);
  }

  void lost(String peer) {
    hosted.lost(peer);
    trackers.lost(peer);
  }

  void changed(boolean nodesLeft, boolean tenuresChanged) {
    if (nodesLeft) {
      hosted.nodesLeft();
    }
    if (tenuresChanged) {
      hosted.tenuresChanged();
    }
    if (nodesLeft || tenuresChanged) {
      trackers.changed();
    }
  }

  /** Ends what waits in vain; each second. */
  void check() {
    trackers.checkClaims();
  }

  /** Says how many lines were left out since the last time, if any were. */
  void tellLeftOut() {
    faults.tellLeftOut();
  }

  /** Completes when the application has been told that all have left, however long that takes. */
  Future<Void> stop() {
    List.copyOf(others.keySet()).forEach(this::end);
    return hosted.end();
  }

  /** The verticle, as those who track and host see it. */
  private record Host(
      ClusterNode node,
      Context context,
      String application,
      UnaryOperator<String> route,
      Telemetry telemetry,
      BusEndpoint endpoint,
      Topics topics,
      FaultLog faults)
      implements TrackingContext {

    @Override
    public String inbox() {
      return endpoint.address();
    }

    @Override
    public Optional<PartitionTable.Owner> owner(String topic) {
      return node.snapshot().partitions().owner(application, PartitionTable.partition(topic));
    }

    @Override
    public boolean isLive(String inbox) {
      return node.snapshot().isLive(inbox);
    }

    @Override
    public void send(String inbox, PresenceMessage message) {
      endpoint.send(inbox, message);
    }

    @Override
    public void broadcast(String topic, String event, RawPayload payload) {
      topics.broadcast(topic, event, payload, "", 0);
    }

    @Override
    public int members(String topic) {
      return topics.members(topic);
    }

    @Override
    public void tracked(String topic, String key) {
      if (telemetry.isEnabled()) {
        telemetry.record(new Telemetry.Event.PresenceTracked(application, topic, key));
      }
    }

    @Override
    public void left(String topic, String key, Telemetry.Cause cause) {
      if (telemetry.isEnabled()) {
        telemetry.record(new Telemetry.Event.PresenceLeft(application, topic, key, cause));
      }
    }

    @Override
    public void told(String topic, int joins, int leaves, int bytes) {
      if (telemetry.isEnabled()) {
        telemetry.record(
            new Telemetry.Event.PresenceDiffSent(application, topic, joins, leaves, bytes));
      }
    }

    @Override
    public void reached(String topic, Telemetry.Bound bound) {
      // Told whether or not other events are, as all bounds.
      telemetry.record(new Telemetry.Event.BoundReached(application, route.apply(topic), bound));
    }

    @Override
    public Level level(Level loud) {
      return faults.level(loud);
    }

    @Override
    public void after(long millis, Runnable action) {
      node.vertx().setTimer(Math.max(1, millis), ignored -> action.run());
    }

    @Override
    public void execute(Runnable action) {
      context.runOnContext(ignored -> action.run());
    }

    @Override
    public long nanoTime() {
      return System.nanoTime();
    }
  }
}
