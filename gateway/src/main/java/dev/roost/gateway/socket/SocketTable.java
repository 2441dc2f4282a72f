package dev.roost.gateway.socket;

import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.Contract;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.protocol.Wire;
import dev.roost.gateway.workers.Workers;
import dev.roost.hosting.PartitionTable;
import dev.roost.hosting.Partitions;
import dev.roost.routing.RateLimit;
import dev.roost.routing.SocketLimits;
import io.netty.util.collection.LongObjectHashMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Every client of one gateway verticle, and the way from a host's message to the client it
 * concerns. Used on the gateway's context only.
 */
public final class SocketTable {

  private static final Logger log = LoggerFactory.getLogger(SocketTable.class);

  private final ClusterNode node;
  private final BusEndpoint endpoint;
  private final Workers workers;
  private final MessageBudget budget;
  private final GatewayMetrics metrics;
  private final int refusalsPerSecond;
  private final LongObjectHashMap<ClientSocket> sockets = new LongObjectHashMap<>();
  private final LongObjectHashMap<ChannelRow> rows = new LongObjectHashMap<>();
  private final Map<String, Set<ClientSocket>> byId = new HashMap<>();
  private final Subscriptions subscriptions = new Subscriptions(this::undelivered);
  private final FailureLog failures = new FailureLog(System::nanoTime);
  private final RateLimit undeliveredLines = new RateLimit(System.nanoTime());
  private final ListedTopics listed = new ListedTopics();
  private final UntoldLeaves untoldLeaves = new UntoldLeaves();
  private final List<ChannelRow> waiting = new ArrayList<>();
  private long lastNumber;
  private long deliveries;

  /**
   * @param refusalsPerSecond joins and new tokens that one socket may be refused; over it the
   *     socket is not read for a while
   */
  public SocketTable(
      ClusterNode node,
      BusEndpoint endpoint,
      Workers workers,
      MessageBudget budget,
      GatewayMetrics metrics,
      int refusalsPerSecond) {
    this.refusalsPerSecond = refusalsPerSecond;
    this.workers = workers;
    this.budget = budget;
    this.node = node;
    this.endpoint = endpoint;
    this.metrics = metrics;
  }

  /** Takes in a client whose connection was accepted. */
  public ClientSocket open(
      Connection connection, Serializer serializer, ClientInfo info, SocketLimits limits) {
    long number = ++lastNumber;
    var socket = new ClientSocket(this, number, connection, serializer, info, limits);
    sockets.put(number, socket);
    socket
        .id()
        .ifPresent(id -> byId.computeIfAbsent(id, any -> new LinkedHashSet<>(2)).add(socket));
    return socket;
  }

  /** Hands a host's message to the client that it is for; one for a client gone is dropped. */
  public void receive(GatewayMessage message) {
    switch (message) {
      case GatewayMessage.Broadcast broadcast ->
          deliveries +=
              subscriptions.deliver(
                  broadcast, broadcast.except() == 0 ? null : rows.get(broadcast.except()));
      case GatewayMessage.Reply reply -> {
        ChannelRow row = rows.get(reply.recipient().channel());
        ClientSocket socket = row != null ? null : formerly(reply.recipient());
        if (row != null) {
          row.socket().reply(row, reply);
        } else if (socket != null) {
          socket.lateReply(reply);
        }
      }
      case GatewayMessage.Push push -> {
        ChannelRow row = rows.get(push.recipient().channel());
        ClientSocket socket = row != null ? null : formerly(push.recipient());
        if (row != null) {
          row.socket().push(row, push);
        } else if (socket != null) {
          socket.push(push);
        }
      }
      case GatewayMessage.Joined joined -> {
        ChannelRow row = rows.get(joined.channel());
        if (row != null) {
          row.socket().joined(row, joined);
        }
      }
      case GatewayMessage.Refused(var channel, var response) -> {
        ChannelRow row = rows.get(channel);
        if (row != null) {
          row.socket().refused(row, response);
        }
      }
      case GatewayMessage.NotHosted(var channel) -> {
        ChannelRow row = rows.get(channel);
        if (row != null) {
          row.socket().notHosted(row);
        }
      }
      case GatewayMessage.Closed(var channel) -> {
        ChannelRow row = rows.get(channel);
        if (row != null) {
          row.socket().closed(row);
        }
      }
      case GatewayMessage.Left(var recipient, var ref) -> {
        ChannelRow row = rows.get(recipient.channel());
        var reply =
            new GatewayMessage.Reply(recipient, ref, Wire.OK_STATUS, RawPayload.EMPTY_OBJECT);
        ClientSocket socket = row != null ? null : formerly(recipient);
        if (row != null) {
          row.socket().reply(row, reply);
          row.socket().closed(row);
        } else if (socket != null) {
          socket.lateReply(reply);
        }
      }
      case GatewayMessage.Crashed(var channel) -> {
        ChannelRow row = rows.get(channel);
        if (row != null) {
          row.socket().crashed(row);
        }
      }
      case GatewayMessage.Disconnect(var id) -> disconnect(id);
      case GatewayMessage.Expiry(var number, var until) -> {
        ClientSocket socket = sockets.get(number);
        if (socket != null) {
          socket.limit(until);
        }
      }
      case GatewayMessage.Connected connected -> misdirected(connected);
      case GatewayMessage.ConnectRefused refused -> misdirected(refused);
    }
  }

  /** Tells a channel's host whether the limits of its socket allow it to track or update. */
  public void rule(PresenceMessage.Claim claim) {
    ChannelRow row = rows.get(claim.channel());
    if (row != null) {
      row.tracks();
      send(row.host(), new PresenceMessage.Claimed(claim.claim(), row.socket().rule(claim)));
    }
  }

  /** A presence is no more, and what was granted to it is free. */
  public void release(PresenceMessage.Release freed) {
    ChannelRow row = rows.get(freed.channel());
    if (row != null) {
      row.socket().release(freed);
    }
  }

  /** A host has taken notice of sockets that closed. */
  public void noticed(String host, PresenceMessage.Noticed noticed) {
    untoldLeaves.noticed(host, noticed.channels());
  }

  /** The client of a channel that is gone, for what it has to say all the same (Y-6). */
  private @Nullable ClientSocket formerly(Recipient gone) {
    ClientSocket socket = sockets.get(gone.socket());
    return socket == null || socket.gaveUp(gone) ? null : socket;
  }

  private static void misdirected(GatewayMessage message) {
    throw new IllegalArgumentException(
        "an answer to a connect belongs to the transport that asked, got " + message);
  }

  private void disconnect(String id) {
    for (ClientSocket socket : List.copyOf(byId.getOrDefault(id, Set.of()))) {
      socket.close(CloseCode.GOING_AWAY);
    }
  }

  /**
   * Messages of this host are missing: what hangs on it ends with {@code phx_error}, what is being
   * left as if it had been, and joins that it has not answered ask again.
   */
  public void lost(String host) {
    int closed = 0;
    for (ClientSocket socket : all()) {
      var affected = socket.rows(row -> row.host().equals(host));
      if (!affected.isEmpty()) {
        send(host, affected.stream().map(ChannelRow::channel).toList(), "link lost");
        // It may be dead, which is known a moment later.
        affected.forEach(this::remember);
        affected.forEach(socket::hostGone);
        closed += affected.size();
      }
    }
    if (closed > 0) {
      log.error("messages of host {} were lost: {} channels closed", host, closed);
    }
  }

  /**
   * The nodes of some hosts are no more: their channels end with {@code phx_error}, those that are
   * being left as if they had been, and joins that they have not answered look for another host.
   *
   * @param isGone tells of a host's inbox
   * @param before who hosted what while they were there
   */
  public void hostsGone(Predicate<String> isGone, Partitions before, long now) {
    int closed = 0;
    untoldLeaves.hostsGone(isGone, before, now);
    for (ClientSocket socket : all()) {
      for (ChannelRow row : socket.rows(row -> isGone.test(row.host()))) {
        untoldLeaves.hostGone(row, isGone, before);
        socket.hostGone(row);
        closed++;
      }
    }
    if (closed > 0) {
      log.info("a node is gone: {} channels of this gateway were there", closed);
    }
  }

  /**
   * Ends channels whose topic another host has by now, should theirs not have done so itself: after
   * a split both sides may have had one.
   */
  public void endMisplaced() {
    for (ClientSocket socket : all()) {
      for (ChannelRow row : socket.rows(this::isMisplaced)) {
        gone(row, "moved");
        // It may be without a host only because that is dead, which is known here a moment later.
        remember(row);
        socket.hostGone(row);
      }
    }
  }

  private boolean isMisplaced(ChannelRow row) {
    return owner(row.application(), row.topic())
        .filter(owner -> owner.inbox().equals(row.host()))
        .isEmpty();
  }

  /**
   * Looks again for hosts of the joins that wait for one; those that have waited too long are
   * refused, and those whose application is gone altogether.
   *
   * @param limit nanoseconds that a join may wait
   */
  public void retryJoins(long now, long limit) {
    if (waiting.isEmpty()) {
      return;
    }
    List<ChannelRow> all = List.copyOf(waiting);
    waiting.clear();
    for (ChannelRow row : all) {
      if (row.state() == ChannelRow.State.GONE) {
        continue;
      }
      if (node.snapshot().applications().find(row.application()).isEmpty()) {
        row.socket().unmatched(row);
      } else if (now - row.waitingSince() > limit) {
        metrics.limitReached(Limit.HOST_TIMEOUT);
        row.socket().refused(row, Wire.UNAVAILABLE);
      } else {
        row.socket().submit(row, null);
      }
    }
  }

  /** Tells the hosts that topics have by now who went with the last ones, which are dead. */
  public void tellLeaves() {
    untoldLeaves.tell(node.snapshot(), this::send);
  }

  /** Joins that wait for their topic to have a host. */
  public int waitingJoins() {
    return waiting.size();
  }

  /** Every client there is now. */
  public List<ClientSocket> all() {
    return new ArrayList<>(sockets.values());
  }

  /** Where it is told what went wrong here with what clients sent, by transports too. */
  public FailureLog failures() {
    return failures;
  }

  /** Drops every connection that is left. */
  public void abortAll() {
    all().forEach(socket -> socket.connection().abort());
  }

  /** Open connections. */
  public int socketCount() {
    return sockets.size();
  }

  /** Joined topics of all connections, joining and leaving ones included. */
  public int channelCount() {
    return rows.size();
  }

  /** Topics with a member here. */
  public int topicCount() {
    return subscriptions.topics();
  }

  /** Distinct ids of open connections. */
  public int idCount() {
    return byId.size();
  }

  /** Broadcast frames written to sockets so far. */
  public long deliveries() {
    return deliveries;
  }

  /* ---- for ClientSocket */

  void send(String host, BusMessage message) {
    endpoint.send(host, message);
  }

  /** A join that has no host now. */
  void await(ChannelRow row) {
    row.unsent(System.nanoTime());
    waiting.add(row);
  }

  /** What a row tracks as it ends; its host is told of that, and may not live to take notice. */
  void remember(ChannelRow row) {
    untoldLeaves.ended(row, node.snapshot().partitions(), System.nanoTime());
  }

  /** Tells a row's host, if it has one, that its channel is gone. */
  void gone(ChannelRow row, String detail) {
    if (row.channel() != 0) {
      send(row.host(), new HostMessage.SocketGone(List.of(row.channel()), detail));
    }
  }

  /** Tells a host that these channels are gone, in as many messages as their number needs. */
  void send(String host, List<Long> channels, String detail) {
    for (int from = 0; from < channels.size(); from += Contract.MAX_CHANNELS_PER_MESSAGE) {
      int to = Math.min(from + Contract.MAX_CHANNELS_PER_MESSAGE, channels.size());
      endpoint.send(host, new HostMessage.SocketGone(channels.subList(from, to), detail));
    }
  }

  Optional<String> route(String path, String topic) {
    return node.snapshot().applications().route(path, topic);
  }

  /** The topic's host; empty while it has none on a live node. */
  Optional<PartitionTable.Owner> owner(String application, String topic) {
    ClusterNode.Snapshot now = node.snapshot();
    return now.partitions()
        .owner(application, PartitionTable.partition(topic))
        .filter(owner -> now.isLive(owner.inbox()));
  }

  /** Calls back when a socket that was over its rate may be read again. */
  void later(long nanos, Runnable resume) {
    metrics.socketThrottled();
    after(nanos, resume);
  }

  /** For what would keep the event loop busy for too long. */
  Workers workers() {
    return workers;
  }

  /** In which topics clients get lists of presences. */
  ListedTopics listed() {
    return listed;
  }

  /** What the large messages of all clients may take. */
  MessageBudget budget() {
    return budget;
  }

  /** Calls back on the gateway's context. */
  long after(long nanos, Runnable callback) {
    long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
    return node.vertx().setTimer(Math.max(1, millis), ignored -> callback.run());
  }

  /** Does not call back. */
  void cancel(long timer) {
    node.vertx().cancelTimer(timer);
  }

  void expired() {
    metrics.socketExpired();
  }

  void limitedJoin(Limit limit) {
    metrics.joinRefused();
    metrics.limitReached(limit);
  }

  int refusalsPerSecond() {
    return refusalsPerSecond;
  }

  void limitReached(Limit limit) {
    metrics.limitReached(limit);
  }

  /**
   * Clients do not get a message, since their serializer has no form for it (S-8, B-7). Any client
   * can cause these lines: one a second may stand where it is seen.
   */
  void undelivered(Serializer serializer, String topic, String event, int clients) {
    if (clients == 0) {
      return;
    }
    for (int i = 0; i < clients; i++) {
      metrics.messageDropped();
    }
    boolean due = undeliveredLines.tryTake(1, System.nanoTime());
    log.atLevel(due ? Level.WARN : Level.DEBUG)
        .log(
            "message not delivered: {} has no form for it, topic={} event={} clients={}",
            serializer,
            topic,
            event,
            clients);
  }

  void unmatchedJoin(String topic) {
    log.debug("join refused: no route serves topic {}", topic);
  }

  long nextChannel() {
    return ++lastNumber;
  }

  void add(ChannelRow row) {
    rows.put(row.channel(), row);
  }

  void subscribe(ChannelRow row, long epoch) {
    subscriptions.add(row, epoch);
  }

  void remove(ChannelRow row) {
    rows.remove(row.channel());
    row.takeEarly().cancel(this::cancel);
    row.socket().releaseAll(row.channel());
    subscriptions.remove(row);
  }

  void remove(ClientSocket socket) {
    sockets.remove(socket.number());
    socket.id().ifPresent(id -> removeId(id, socket));
  }

  private void removeId(String id, ClientSocket socket) {
    @Nullable Set<ClientSocket> withId = byId.get(id);
    if (withId != null && withId.remove(socket) && withId.isEmpty()) {
      byId.remove(id);
    }
  }
}
