package dev.roost.host;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.Route;
import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.LinkMessage;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.SessionMessage;
import dev.roost.channel.TerminateReason;
import dev.roost.cluster.ClusterNode;
import dev.roost.hosting.PartitionTable;
import dev.roost.tracking.Tracker;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hosts a share of an application's partitions: takes joins, events and leaves from gateways, and
 * broadcasts from anywhere. User code never runs here but on the virtual threads of the mailboxes.
 */
public final class HostVerticle extends VerticleBase implements BusEndpoint.Receiver {

  private static final Logger log = LoggerFactory.getLogger(HostVerticle.class);
  private static final RawPayload UNMATCHED =
      RawPayload.jsonText("{\"reason\":\"unmatched topic\"}");
  private static final long MAX_WATCH_INTERVAL_MS = 1_000;
  private static final long LINK_INTERVAL_MS = 1_000;

  private final ClusterNode node;
  private final Application application;
  private final GuardedTelemetry telemetry;
  private final ChannelOptions options;
  private @Nullable BusEndpoint endpoint;
  private @Nullable Topics topics;
  private @Nullable HostTracking tracking;
  private @Nullable HostRuntime runtime;
  private @Nullable Connector connector;
  private @Nullable Absences absences;
  private final CarrierProbe probe = new CarrierProbe();
  private ClusterNode.@Nullable Snapshot seen;
  private @Nullable Consumer<ClusterNode.Snapshot> onChange;
  private long watchdog;
  private long linkTimer;

  public HostVerticle(ClusterNode node, Application application, ChannelOptions options) {
    this.node = node;
    this.application = application;
    this.telemetry = new GuardedTelemetry(options.telemetry());
    this.options = options.withTelemetry(telemetry);
  }

  /** Address that gateways reach this host at; known once it is deployed. */
  public String inbox() {
    return endpoint().address();
  }

  @Override
  public Future<?> start() {
    var opened = new BusEndpoint(vertx, Addresses.host(node.name(), node.nextVerticle()), this);
    endpoint = opened;
    var homes = new Topics(vertx, application.name(), opened, tracker -> tracking().end(tracker));
    topics = homes;
    var presences = new HostTracking(node, context, application, options, opened, homes);
    tracking = presences;
    var forHost = new HostRuntime(context, application, options, opened, homes, presences);
    runtime = forHost;
    connector = new Connector(forHost);
    watchdog = vertx.setPeriodic(watchInterval(), ignored -> watch());
    linkTimer =
        vertx.setPeriodic(
            LINK_INTERVAL_MS,
            ignored -> {
              opened.checkLinks(peer -> node.snapshot().isLive(peer));
              presences.check();
              tellIfWereAway();
              tellLeftOut();
            });
    absences = new Absences(opened.address());
    seen = node.snapshot();
    onChange = snapshot -> context.runOnContext(ignored -> changed(snapshot));
    node.listen(onChange);
    return opened.ready();
  }

  @Override
  public Future<?> stop() {
    vertx.cancelTimer(watchdog);
    vertx.cancelTimer(linkTimer);
    node.unlisten(started(onChange));
    var ending = new Departure(options.replaceTimeout());
    topics().all().forEach(this::handOver);
    ending.await(tracking().stop());
    ending.await(connector().idle());
    topics().leaving().forEach(process -> ending.await(process.mailbox()));
    return ending
        .done()
        .compose(ignored -> endWhatRuns())
        .eventually(endpoint()::close)
        .onComplete(ignored -> tellLeftOut());
  }

  /** Nobody is left to look after what has not returned by now, nor to tell of it. */
  private Future<Void> endWhatRuns() {
    Promise<Void> told = Promise.promise();
    context.runOnContext(
        ignored -> {
          var outcomes = new LateOutcomes();
          for (ChannelProcess process : topics().leaving()) {
            if (process.runningSince() != 0) {
              process.endLate("before its host was closed", outcomes);
            }
          }
          connector().endAll(outcomes);
          outcomes.tell().onComplete(told);
        });
    return told.future()
        .timeout(options.replaceTimeout().toMillis(), TimeUnit.MILLISECONDS)
        .otherwiseEmpty();
  }

  private void tellLeftOut() {
    runtime().faults().tellLeftOut();
    tracking().tellLeftOut();
    telemetry.tellLeftOut();
  }

  @Override
  public void receive(String from, BusMessage message) {
    switch (message) {
      case HostMessage.Event event -> {
        ChannelProcess process = topics().find(from, event.channel());
        if (process != null) {
          process.event(event);
        }
      }
      case HostMessage.Join join -> join(from, join);
      case HostMessage.Leave(var channel, var ref) -> {
        ChannelProcess process = topics().find(from, channel);
        if (process != null) {
          process.postEnd(new Mail.Leave(ref));
        }
      }
      case HostMessage.SocketGone gone -> socketGone(from, gone);
      case HostMessage.BroadcastRequest misdirected -> misdirected(from, misdirected);
      case PresenceMessage ofPresence -> tracking().receive(from, ofPresence);
      case HostMessage.Connect connect -> connector().connect(from, connect);
      case GatewayMessage misdirected -> misdirected(from, misdirected);
      case SessionMessage misdirected -> misdirected(from, misdirected);
      case LinkMessage misdirected -> misdirected(from, misdirected);
    }
  }

  private static void misdirected(String from, BusMessage message) {
    log.warn("a host got a {} from {}", message.getClass().getSimpleName(), from);
  }

  @Override
  public boolean broadcast(HostMessage.BroadcastRequest request) {
    boolean hosted = owner(request.topic()).isPresent();
    if (hosted) {
      topics().broadcast(request.topic(), request.event(), request.payload(), "", 0);
    }
    return hosted;
  }

  @Override
  public Future<RawPayload> query(PresenceMessage.Query query) {
    return tracking().query(query);
  }

  /**
   * Messages of this gateway are missing, perhaps leaves: its channels start anew. Or of a host:
   * what either tracks at the other is told again.
   */
  @Override
  public void lost(String gateway) {
    tracking().lost(gateway);
    var affected = topics().ofGateway(gateway);
    if (!affected.isEmpty()) {
      log.error("messages of gateway {} were lost: {} channels closed", gateway, affected.size());
    }
    for (ChannelProcess process : affected) {
      runtime().end(process, new GatewayMessage.Crashed(process.number()));
      process.postEnd(new Mail.End(new TerminateReason.Closed("link lost")));
    }
  }

  private void join(String gateway, HostMessage.Join join) {
    String topic = join.recipient().topic();
    // A later tenure than is known here is not to begin under the number of this one; and of a
    // gateway that is not known to live, nobody would tell when it dies, or was away before.
    Optional<PartitionTable.Owner> owner =
        owner(topic).filter(mine -> mine.epoch() >= join.epoch());
    boolean isKnown = topics().knows(gateway) || started(seen).isLive(gateway);
    if (owner.isEmpty() || !isKnown) {
      endpoint().send(gateway, new GatewayMessage.NotHosted(join.channel()));
      return;
    }
    Optional<Route> route = application.route(topic);
    if (route.isEmpty()) {
      endpoint().send(gateway, new GatewayMessage.Refused(join.channel(), UNMATCHED));
      return;
    }
    tellIfWasAway(gateway, PartitionTable.partition(topic));
    var process =
        new ChannelProcess(
            runtime(),
            gateway,
            join.channel(),
            owner.get().epoch(),
            join.recipient(),
            join.client(),
            route.get());
    ChannelProcess old = join.replaces() == 0 ? null : topics().find(gateway, join.replaces());
    topics().add(process);
    if (old == null) {
      process.post(new Mail.Join(join.payload()));
    } else {
      replace(old, () -> process.post(new Mail.Join(join.payload())));
    }
  }

  /**
   * If this gateway was taken for dead and is back, its clients may have talked on this topic on
   * the other side of a split: members here lack that, and are told before they hear more of them.
   */
  private void tellIfWasAway(String gateway, int partition) {
    if (Addresses.node(gateway)
        .filter(name -> started(absences).isFirst(name, partition))
        .isPresent()) {
      handOver(process -> PartitionTable.partition(process.recipient().topic()) == partition);
    }
  }

  /** Nobody of those gateways joined here: code on their side may have broadcast all the same. */
  private void tellIfWereAway() {
    BitSet overdue = started(absences).overdue(System.nanoTime());
    if (!overdue.isEmpty()) {
      handOver(process -> overdue.get(PartitionTable.partition(process.recipient().topic())));
    }
  }

  private void handOver(Predicate<ChannelProcess> which) {
    topics().all().stream().filter(which).forEach(this::handOver);
  }

  /** The new channel waits for the callback that the old one is in, but not for ever (J-40). */
  private void replace(ChannelProcess old, Runnable join) {
    log.debug("duplicate join, topic={}", old.recipient().topic());
    topics().remove(old);
    old.abandon();
    var started = new AtomicBoolean();
    Runnable once =
        () -> {
          if (started.compareAndSet(false, true)) {
            join.run();
          }
        };
    long timer =
        vertx.setTimer(
            options.replaceTimeout().toMillis(),
            ignored -> {
              old.running().interrupt();
              once.run();
            });
    old.mailbox()
        .whenIdle(
            () -> {
              vertx.cancelTimer(timer);
              once.run();
            });
  }

  /** Somebody came or went, or hosts something else than before. */
  private void changed(ClusterNode.Snapshot now) {
    ClusterNode.Snapshot before = started(seen);
    seen = now;
    boolean nodesLeft = !now.nodes().containsAll(before.nodes());
    if (nodesLeft) {
      endpoint().forget(inbox -> !now.isLive(inbox));
      for (ChannelProcess process : topics().all()) {
        if (!now.isLive(process.gateway())) {
          process.postEnd(new Mail.End(new TerminateReason.Closed("gateway gone")));
          Tracker tracker = process.tracker();
          if (tracker != null) {
            // Before it is removed, which would end what it tracks without saying why.
            tracking().died(tracker);
          }
          topics().remove(process);
        }
      }
    }
    // Not that of `now`: who has joined meanwhile did so by what is known now.
    PartitionTable table = node.snapshot().partitions().table(application.name());
    PartitionTable old = before.partitions().table(application.name());
    started(absences).tableChanged(table, System.nanoTime());
    started(absences).nodesChanged(before.nodes(), now.nodes(), System.nanoTime());
    BitSet changed = old.changed(inbox(), table);
    if (!changed.isEmpty()) {
      handOver(process -> !isMine(table, process));
    }
    tracking().changed(nodesLeft, !table.equals(old));
  }

  /**
   * Whether a channel belongs to the tenure that this host has now. A later one of its own is
   * another: a different host had the topic in between, or on the other side of a split, and what
   * that one broadcast never came here.
   */
  private boolean isMine(PartitionTable table, ChannelProcess process) {
    return table
        .owner(PartitionTable.partition(process.recipient().topic()))
        .filter(owner -> owner.inbox().equals(inbox()) && owner.epoch() == process.epoch())
        .isPresent();
  }

  /** The channel's tenure is over: a member joins again, who is not one yet at once. */
  private void handOver(ChannelProcess process) {
    runtime()
        .end(
            process,
            process.member()
                ? new GatewayMessage.Crashed(process.number())
                : new GatewayMessage.NotHosted(process.number()));
    process.postEnd(new Mail.End(new TerminateReason.Draining()));
  }

  /** This host's tenure of the topic's partition; empty if another hosts it. */
  private Optional<PartitionTable.Owner> owner(String topic) {
    return node.snapshot()
        .partitions()
        .owner(application.name(), PartitionTable.partition(topic))
        .filter(owner -> owner.inbox().equals(endpoint().address()));
  }

  private void socketGone(String gateway, HostMessage.SocketGone gone) {
    for (long channel : gone.channels()) {
      ChannelProcess process = topics().find(gateway, channel);
      if (process != null) {
        process.postEnd(new Mail.End(new TerminateReason.Closed(gone.detail())));
        topics().remove(process);
      }
    }
    tracking().noticed(gateway, gone.channels());
  }

  private void watch() {
    long now = System.nanoTime();
    connector().checkDeadlines(now);
    var round = new Watchdog(options, now);
    topics().forEachRunning(round::check);
    if (probe.waits(now) >= options.callbackTimeout().toNanos()) {
      topics().all().forEach(round::checkStarved);
    }
    round.finish();
  }

  /** Often enough for the times, and no more: it passes over every channel. */
  private long watchInterval() {
    long often =
        Math.min(
            options.callbackTimeout().toMillis() / 8, options.callbackWarning().toMillis() / 4);
    return Math.clamp(often, 1, MAX_WATCH_INTERVAL_MS);
  }

  /** Where its counts may be read; known once it is deployed. */
  public Context context() {
    return context;
  }

  /** Live topics; on the verticle's context. */
  public int topicCount() {
    return topics().topics();
  }

  /** Channels, joining or joined; on the verticle's context. */
  public int channelCount() {
    return topics().channels();
  }

  private Topics topics() {
    return started(topics);
  }

  private BusEndpoint endpoint() {
    return started(endpoint);
  }

  /** Presences in topics of this host; on the verticle's context. */
  public int presenceCount() {
    return tracking().hosted().presences();
  }

  private HostTracking tracking() {
    return started(tracking);
  }

  HostRuntime runtime() {
    return started(runtime);
  }

  private Connector connector() {
    return started(connector);
  }

  private static <T> T started(@Nullable T part) {
    if (part == null) {
      throw new IllegalStateException("the host verticle is not deployed yet: deploy it first");
    }
    return part;
  }
}
