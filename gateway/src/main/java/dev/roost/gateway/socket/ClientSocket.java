package dev.roost.gateway.socket;

import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import dev.roost.gateway.Limit;
import dev.roost.gateway.protocol.ClientMessage;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.protocol.Wire;
import dev.roost.gateway.socket.ChannelRow.State;
import dev.roost.hosting.PartitionTable;
import dev.roost.routing.PresenceAllowance;
import dev.roost.routing.RateLimit;
import dev.roost.routing.SocketLimits;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client: its table of joined topics, and the rules by which its messages are answered here or
 * passed to a host (section 9.2 of the specification). Used on the gateway's context only.
 */
public final class ClientSocket {

  /*
   * A join does not block the connection as it does in Phoenix (J-20, J-21): only messages for the
   * same topic queue up behind it, in the row, and go through the dispatch table when it is answered,
   * as if they came then (J-22). The same queue holds a join that arrives while its topic is being
   * left, which makes the outcome of leave-and-join deterministic (J-44).
   */
  private static final Logger log = LoggerFactory.getLogger(ClientSocket.class);

  private final SocketTable table;
  private final long number;
  private final Connection connection;
  private final Serializer serializer;
  private ClientInfo info;
  private final SocketLimits limits;
  private final Intake intake;
  private final RateLimit joins;
  private final Map<String, ChannelRow> rows = new HashMap<>(2);
  private boolean ended;
  private @Nullable Lease lease;
  private @Nullable PresenceAllowance presences;
  private @Nullable AnsweredLeaves answeredLeaves;

  ClientSocket(
      SocketTable table,
      long number,
      Connection connection,
      Serializer serializer,
      ClientInfo info,
      SocketLimits limits) {
    this.table = table;
    this.number = number;
    this.connection = connection;
    this.serializer = serializer;
    this.info = info;
    this.limits = limits;
    this.intake = new Intake(table, connection, serializer, limits, this::dispatch);
    this.joins = new RateLimit(System.nanoTime());
  }

  /** Number of the connection, never used twice on this gateway. */
  public long number() {
    return number;
  }

  /** Its id topic, empty when anonymous. */
  public Optional<String> id() {
    return Optional.ofNullable(info.id());
  }

  /** How long it may stay; without a lease, as long as it likes. */
  public void lease(Lease given) {
    lease = given;
  }

  /** What its application says of that, in milliseconds since 1970. */
  void limit(long until) {
    Lease held = lease;
    lease = (held == null ? Lease.unlimited() : held).limit(until);
  }

  /** Closes the connection if nothing came for too long, or if it may stay no longer. */
  public void check(long now) {
    if (!ended) {
      checkLease(now);
      connection.checkIdle(now);
    }
  }

  /** Tells the client that its lease ends soon, and closes the connection when it is over. */
  private void checkLease(long now) {
    Lease held = lease;
    if (held == null) {
      return;
    }
    switch (held.stage(now)) {
      case GOOD -> {}
      case ENDING ->
          send(
              serializer.push(null, Wire.PHOENIX, Wire.EXPIRING, held.notice(now)),
              Wire.PHOENIX,
              Wire.EXPIRING);
      case OVER -> {
        lease = null;
        table.expired();
        connection.close(CloseCode.UNAUTHORIZED);
      }
    }
  }

  private void renew(Lease held, ClientMessage message) {
    if (!held.mayRenew(System.nanoTime())) {
      log.debug("new token not looked at: there are too many, socket={}", info.id());
      table.limitReached(Limit.TOKEN_RENEWALS_PER_SECOND);
      intake.refused();
      renewed(message, new Lease.Renewed(Wire.ERROR_STATUS, Wire.TOO_MANY_RENEWALS, null));
      return;
    }
    held.renew(message.payload(), renewed -> renewed(message, renewed));
  }

  private void renewed(ClientMessage message, Lease.Renewed renewed) {
    RawPayload assigns = renewed.assigns();
    if (assigns != null) {
      info = new ClientInfo(info.path(), info.transport(), info.id(), assigns);
    }
    if (!ended && message.ref() != null) {
      reply(
          message.joinRef(), message.ref(), message.topic(), renewed.status(), renewed.response());
    }
  }

  Connection connection() {
    return connection;
  }

  Serializer serializer() {
    return serializer;
  }

  /* ---- from the client */

  /** Runs an action once all that was received is dispatched, which a large message may delay. */
  public void whenIdle(Runnable action) {
    intake.whenIdle(action);
  }

  /** Handles a text message. */
  public void receiveText(byte[] body) {
    intake.receive(body, false);
  }

  /** Handles a binary message. */
  public void receiveBinary(byte[] body) {
    intake.receive(body, true);
  }

  /** Counts a frame behind which the message goes on. */
  public void receiveFragment() {
    intake.receiveFragment();
  }

  /**
   * Counts what a POST has besides its messages.
   *
   * @param messages that it counts as, below 0 if it has counted as one too many
   * @param bytes of no message
   */
  public void receivePost(int messages, int bytes) {
    intake.count(messages, bytes);
  }

  /**
   * Counts a ping that was answered, or a pong.
   *
   * @param length of its data
   * @param perSecond how many may come; over it the connection is not read for a while
   * @return whether it is over it
   */
  public boolean receivePing(int length, int perSecond) {
    return intake.receivePing(length, perSecond);
  }

  private void dispatch(ClientMessage message) {
    String topic = message.topic();
    if (topic.equals(Wire.PHOENIX) && message.event().equals(Wire.HEARTBEAT)) {
      reply(null, message.ref(), topic, Wire.OK_STATUS, RawPayload.EMPTY_OBJECT);
      return;
    }
    Lease held = lease;
    if (held != null && held.isRenewable() && message.event().equals(Wire.ACCESS_TOKEN)) {
      renew(held, message);
      return;
    }
    ChannelRow row = rows.get(topic);
    if (row == null) {
      dispatchUnjoined(message);
    } else if (row.isWaiting()) {
      await(row, message);
    } else {
      dispatchJoined(row, message);
    }
  }

  private void dispatchUnjoined(ClientMessage message) {
    switch (message.event()) {
      case Wire.JOIN -> join(message, null);
      case Wire.LEAVE ->
          reply(
              message.joinRef(),
              message.ref(),
              message.topic(),
              Wire.OK_STATUS,
              RawPayload.EMPTY_OBJECT);
      default -> unmatched(message);
    }
  }

  private void dispatchJoined(ChannelRow row, ClientMessage message) {
    if (message.event().equals(Wire.JOIN)) {
      if (row.state() == State.LEAVING) {
        await(row, message);
      } else {
        join(message, row);
      }
      return;
    }
    if (!row.isCurrent(message.joinRef())) {
      return;
    }
    if (message.event().equals(Wire.LEAVE)) {
      if (row.state() == State.JOINED) {
        row.leaving(message);
        row.takeEarly().cancel(table::cancel);
        table.send(row.host(), new HostMessage.Leave(row.channel(), message.ref()));
      }
      return;
    }
    table.send(
        row.host(),
        new HostMessage.Event(row.channel(), message.ref(), message.event(), message.payload()));
  }

  private void await(ChannelRow row, ClientMessage message) {
    if (row.await(message)) {
      intake.pause();
    }
  }

  private void unmatched(ClientMessage message) {
    reply(null, message.ref(), message.topic(), Wire.ERROR_STATUS, Wire.UNMATCHED_TOPIC);
  }

  /* ---- joining */

  private void join(ClientMessage message, @Nullable ChannelRow old) {
    String topic = message.topic();
    Optional<String> application = table.route(info.path(), topic);
    if (application.isEmpty()) {
      table.unmatchedJoin(topic);
      intake.refused();
      unmatched(message);
      end(old);
      return;
    }
    if (old == null && rows.size() >= limits.maxChannels()) {
      log.debug(
          "join refused: {} channels are the limit, socket={}", limits.maxChannels(), info.id());
      table.limitedJoin(Limit.MAX_CHANNELS);
      refuse(message, Wire.TOO_MANY_CHANNELS);
      return;
    }
    if (!joins.tryTake(limits.joinsPerSecond(), System.nanoTime())) {
      log.debug(
          "join refused: {} joins a second are the limit, socket={}",
          limits.joinsPerSecond(),
          info.id());
      table.limitedJoin(Limit.JOINS_PER_SECOND);
      refuse(message, Wire.TOO_MANY_JOINS);
      end(old);
      return;
    }
    var row = new ChannelRow(this, message, application.get());
    if (old != null) {
      forget(old);
      row.replaces(old);
    }
    rows.put(topic, row);
    submit(row, old);
  }

  /**
   * Sends a join to its topic's host; while there is none it waits in the table.
   *
   * @param old the row that it replaces, null if there is none or its host knows already
   */
  void submit(ChannelRow row, @Nullable ChannelRow old) {
    var owner = table.owner(row.application(), row.topic());
    String host = owner.map(PartitionTable.Owner::inbox).orElse("");
    long replaces = old != null && old.host().equals(host) ? old.channel() : 0;
    if (old != null && replaces == 0) {
      table.gone(old, "replaced");
    }
    if (owner.isEmpty()) {
      table.await(row);
      return;
    }
    row.sent(table.nextChannel(), host);
    table.add(row);
    ClientMessage join = row.join();
    Ref joinRef = join.joinRef() != null ? join.joinRef() : join.ref();
    table.send(
        host,
        new HostMessage.Join(
            replaces,
            owner.get().epoch(),
            new Recipient(row.channel(), number, row.topic(), joinRef),
            info,
            join.payload()));
  }

  /** Whoever was asked does not host the topic, or is no more: the join waits for who does. */
  void notHosted(ChannelRow row) {
    table.remove(row);
    table.await(row);
  }

  private void refuse(ClientMessage message, RawPayload reason) {
    intake.refused();
    reply(message.joinRef(), message.ref(), message.topic(), Wire.ERROR_STATUS, reason);
  }

  /** The join is answered ok: what the channel sends from now on follows the reply (J-12). */
  void joined(ChannelRow row, GatewayMessage.Joined joined) {
    Ref ref = row.takeJoinMessageRef();
    Optional<Frame> answer = joinAnswer(row, ref, Wire.OK_STATUS, joined.response());
    if (answer.isPresent()) {
      row.joined(System.nanoTime());
      table.subscribe(row, joined.epoch());
      connection.send(answer.get());
    } else { // To its client it never was, and would not be at the next try (ER-19).
      table.gone(row, "no form for the answer to its join");
      forget(row);
      rows.remove(row.topic());
      joinCrashed(row, ref);
    }
    goOn(row);
  }

  void refused(ChannelRow row, RawPayload response) {
    if (row.state() != State.JOINING) { // Its host may have been at the answer as it gave it up.
      crashed(row);
      return;
    }
    forget(row);
    rows.remove(row.topic());
    Ref ref = row.takeJoinMessageRef();
    joinAnswer(row, ref, Wire.ERROR_STATUS, response)
        .ifPresentOrElse(connection::send, () -> joinCrashed(row, ref));
    goOn(row);
  }

  /** The topic's application is gone while its join waited: like a join without a route (J-2). */
  void unmatched(ChannelRow row) {
    if (row.state() != State.JOINING) {
      crashed(row);
      return;
    }
    forget(row);
    rows.remove(row.topic());
    table.unmatchedJoin(row.topic());
    intake.refused();
    reply(null, row.takeJoinMessageRef(), row.topic(), Wire.ERROR_STATUS, Wire.UNMATCHED_TOPIC);
    goOn(row);
  }

  /**
   * Empty if its client cannot get it so: its serializer, or its connection, has no form for it.
   */
  private Optional<Frame> joinAnswer(
      ChannelRow row, @Nullable Ref ref, String status, RawPayload response) {
    return serializer
        .reply(row.joinRef(), ref, row.topic(), status, response)
        .filter(frame -> !frame.binary() || connection.takesBinary());
  }

  private void joinCrashed(ChannelRow row, @Nullable Ref ref) {
    table.undelivered(serializer, row.topic(), Wire.REPLY, 1);
    reply(row.joinRef(), ref, row.topic(), Wire.ERROR_STATUS, Wire.JOIN_CRASHED);
  }

  private void goOn(ChannelRow row) {
    ChannelRow replaced = row.takeReplaced();
    if (replaced != null) {
      sendEnd(replaced, Wire.CLOSE, RawPayload.EMPTY_OBJECT);
    }
    replay(row);
  }

  /** The old channel of a duplicate join that went nowhere is gone all the same (J-42). */
  private void end(@Nullable ChannelRow old) {
    if (old != null) {
      forget(old);
      rows.remove(old.topic());
      table.gone(old, "replaced");
      sendEnd(old, Wire.CLOSE, RawPayload.EMPTY_OBJECT);
    }
  }

  /* ---- ending */

  void closed(ChannelRow row) {
    finish(row, Wire.CLOSE, RawPayload.EMPTY_OBJECT);
  }

  void crashed(ChannelRow row) {
    switch (row.state()) {
      // The host lost the join itself: to the client it never began.
      case JOINING -> refused(row, Wire.UNAVAILABLE);
      case JOINED, GONE -> finish(row, Wire.ERROR, Wire.CHANNEL_CRASH);
      case LEAVING -> left(row);
    }
  }

  /**
   * What was to be left is gone. An error would have phoenix.js join again, and give the channel up
   * for good when the answer to its leave is overdue: it would stay joined here without a client.
   */
  private void left(ChannelRow row) {
    row.takeLeave()
        .ifPresent(
            leave -> {
              remember(row.channel(), leave.ref());
              reply(
                  row.joinRef(), leave.ref(), row.topic(), Wire.OK_STATUS, RawPayload.EMPTY_OBJECT);
            });
    closed(row);
  }

  private void remember(long channel, @Nullable Ref leave) {
    AnsweredLeaves answered = answeredLeaves;
    if (answered == null) {
      answered = new AnsweredLeaves();
      answeredLeaves = answered;
    }
    answered.add(channel, leave);
  }

  private void finish(ChannelRow row, String event, RawPayload payload) {
    forget(row);
    rows.remove(row.topic());
    sendEnd(row, event, payload);
    replay(row);
  }

  private void sendEnd(ChannelRow row, String event, RawPayload payload) {
    connection.send(serializer.ended(row.joinRef(), row.topic(), event, payload));
  }

  private void forget(ChannelRow row) {
    row.state(State.GONE);
    table.remove(row);
  }

  /** What queued behind a join or a leave goes through the dispatch table as if it came now. */
  private void replay(ChannelRow row) {
    Deque<ClientMessage> waiting = row.takeWaiting();
    boolean full = row.takeFull();
    try {
      while (!waiting.isEmpty() && !ended) {
        dispatch(waiting.poll());
      }
    } finally {
      if (full) {
        intake.unpause(); // Only now: what has been read behind it is handed on at once.
      }
    }
  }

  /** The connection is over: every host is told, and nothing of it stays. */
  public void ended(String detail) {
    if (ended) {
      return;
    }
    ended = true;
    intake.end();
    var byHost = new HashMap<String, List<Long>>(2);
    for (ChannelRow row : rows.values()) {
      if (row.channel() != 0) {
        byHost.computeIfAbsent(row.host(), host -> new ArrayList<>(2)).add(row.channel());
        table.remember(row);
      }
      forget(row);
    }
    rows.clear();
    presences = null;
    byHost.forEach((host, channels) -> table.send(host, channels, detail));
    table.remove(this);
  }

  /** Closes the connection; {@link #ended} follows from the transport. */
  public void close(int code) {
    connection.close(code);
  }

  /** Its rows that are with a host and of which this holds. */
  List<ChannelRow> rows(Predicate<ChannelRow> condition) {
    var found = new ArrayList<ChannelRow>();
    for (ChannelRow row : rows.values()) {
      if (row.channel() != 0 && condition.test(row)) {
        found.add(row);
      }
    }
    return found;
  }

  /** The node of the row's host is no more. */
  void hostGone(ChannelRow row) {
    if (row.state() == State.JOINING) {
      notHosted(row);
    } else {
      crashed(row);
    }
  }

  /* ---- presences of its channels, which hosts track */

  PresenceMessage.Ruling rule(PresenceMessage.Claim claim) {
    long now = System.nanoTime();
    PresenceAllowance allowance = presences;
    if (allowance == null) {
      allowance = new PresenceAllowance(now);
      presences = allowance;
    }
    return allowance.rule(claim, now);
  }

  void release(PresenceMessage.Release freed) {
    PresenceAllowance allowance = presences;
    if (allowance != null) {
      allowance.release(freed);
    }
  }

  /** What a channel tracks, if its application wants to hear of its end in any case. */
  List<PresenceMessage.Name> tracked(long channel) {
    PresenceAllowance allowance = presences;
    return allowance == null ? List.of() : allowance.names(channel);
  }

  /** A channel is over, and all that it tracked. */
  void releaseAll(long channel) {
    PresenceAllowance allowance = presences;
    if (allowance != null) {
      allowance.end(channel);
    }
  }

  /* ---- to the client */

  /** A push of a channel that is here. */
  void push(ChannelRow row, GatewayMessage.Push push) {
    switch (push.event()) {
      case Wire.PRESENCE_DIFF -> {
        if (!holdsBack(row, push.payload(), push.recipient().joinRef())) {
          push(push);
        }
      }
      case Wire.PRESENCE_STATE -> {
        push(push);
        table.listed().add(row.topic());
        release(row);
      }
      default -> push(push);
    }
  }

  void push(GatewayMessage.Push push) {
    Recipient to = push.recipient();
    send(
        serializer.push(to.joinRef(), to.topic(), push.event(), push.payload()),
        to.topic(),
        push.event());
  }

  /**
   * Whether a channel's join was sent to another host: its own was given up, and lives all the
   * same. The client would take what both say for one channel's.
   */
  boolean gaveUp(Recipient channel) {
    ChannelRow row = rows.get(channel.topic());
    return row != null && row.gaveUp(channel.channel());
  }

  /**
   * Keeps a diff of presences back while the client has no list to apply it to, and for good once
   * it leaves: phoenix.js would take it for its next join's.
   *
   * @param joinRef null for a broadcast
   * @return false if it is to be sent at once
   */
  boolean holdsBack(ChannelRow row, RawPayload diff, @Nullable Ref joinRef) {
    if (row.state() == State.LEAVING) {
      return true;
    }
    EarlyDiffs early = row.early();
    if (early == EarlyDiffs.NONE) {
      return false;
    }
    if (remaining(row) <= 0 || !early.hasRoom(diff)) {
      release(row);
      return false;
    }
    if (early.isEmpty()) {
      awaitList(row, early);
    }
    early.add(diff, joinRef);
    return true;
  }

  /** A channel that tracks shows who is there next, where channels do that at all. */
  private long remaining(ChannelRow row) {
    boolean isListExpected = row.isTracking() && table.listed().contains(row.topic());
    return row.early().remaining(isListExpected, System.nanoTime());
  }

  private void awaitList(ChannelRow row, EarlyDiffs early) {
    early.endsBy(
        table.after(
            remaining(row),
            () -> {
              if (row.early() != early) {
                return;
              }
              if (remaining(row) > 0) {
                awaitList(row, early);
              } else {
                release(row);
              }
            }));
  }

  private void release(ChannelRow row) {
    String topic = row.topic();
    EarlyDiffs early = row.takeEarly();
    early.cancel(table::cancel);
    for (EarlyDiffs.Diff diff : early.all()) {
      send(
          diff.joinRef() == null
              ? serializer.broadcast(topic, Wire.PRESENCE_DIFF, diff.payload())
              : serializer.push(diff.joinRef(), topic, Wire.PRESENCE_DIFF, diff.payload()),
          topic,
          Wire.PRESENCE_DIFF);
    }
  }

  /** A reply of a channel that is here. */
  void reply(ChannelRow row, GatewayMessage.Reply reply) {
    row.answered(reply.ref());
    reply(reply);
  }

  /** A reply of a channel that is gone; one to its leave may have been given here already. */
  void lateReply(GatewayMessage.Reply reply) {
    AnsweredLeaves answered = answeredLeaves;
    if (answered == null || !answered.remove(reply.recipient().channel(), reply.ref())) {
      reply(reply);
    }
  }

  private void reply(GatewayMessage.Reply reply) {
    Recipient to = reply.recipient();
    reply(to.joinRef(), reply.ref(), to.topic(), reply.status(), reply.response());
  }

  private void reply(
      @Nullable Ref joinRef, @Nullable Ref ref, String topic, String status, RawPayload response) {
    send(serializer.reply(joinRef, ref, topic, status, response), topic, Wire.REPLY);
  }

  private void send(Optional<Frame> frame, String topic, String event) {
    if (frame.isPresent()) {
      connection.send(frame.get());
    } else {
      table.undelivered(serializer, topic, event, 1);
    }
  }
}
