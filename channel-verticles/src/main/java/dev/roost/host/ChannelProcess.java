package dev.roost.host;

import dev.roost.application.Route;
import dev.roost.application.Telemetry;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.PayloadWriter;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.StopReason;
import dev.roost.channel.TerminateReason;
import dev.roost.presence.PresenceException;
import dev.roost.tracking.Thrown;
import dev.roost.tracking.Tracker;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * The life of one channel: its mailbox, its callbacks, and what they answer. The verticle's context
 * posts mail; everything else runs on the mailbox's virtual thread.
 */
final class ChannelProcess {

  /*
   * JOINING -> JOINED -> ENDED, or JOINING -> ENDED. The mailbox thread makes the transitions, except
   * that the context may end a process from outside (abandon): from then on nothing that a callback
   * still does leaves this class.
   */
  private enum State {
    JOINING,
    JOINED,
    ENDED
  }

  private static final Logger log = LoggerFactory.getLogger(Channel.class);
  private static final String PRESENCE_STATE = "presence_state";
  private static final RawPayload JOIN_CRASHED =
      RawPayload.jsonText("{\"reason\":\"join crashed\"}");
  private static final RawPayload MAILBOX_FULL =
      RawPayload.jsonText("{\"reason\":\"mailbox full\"}");
  private static final RawPayload UNHANDLED_EVENT =
      RawPayload.jsonText("{\"reason\":\"unhandled event\"}");

  /** Whether a class of channels has a terminate of its own. */
  private static final ClassValue<Boolean> TERMINATES =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          try {
            return !type.getMethod("terminate", TerminateReason.class, Socket.class)
                .getDeclaringClass()
                .equals(Channel.class);
          } catch (NoSuchMethodException e) {
            throw new AssertionError("every channel has it", e);
          }
        }
      };

  private static final AtomicIntegerFieldUpdater<ChannelProcess> DELAYED =
      AtomicIntegerFieldUpdater.newUpdater(ChannelProcess.class, "delayed");

  private final HostRuntime runtime;
  private final String gateway;
  private final long number;
  private final long epoch;
  private final Recipient recipient;
  private final ClientInfo client;
  private final Route route;
  private final Mailbox mailbox;
  private final ChannelSocket socket = new ChannelSocket(this);
  private final RunningCallback running = new RunningCallback();
  private @Nullable Channel channel;
  private boolean member;
  private Set<Long> timers = Set.of();
  private volatile int delayed; // Messages of sendAfter that are not due yet.
  private @Nullable Tracker tracker;
  private volatile State state = State.JOINING;
  private volatile boolean abandoned;
  private volatile boolean late; // A callback was ended before it returned.
  private volatile boolean forgotten;

  ChannelProcess(
      HostRuntime runtime,
      String gateway,
      long number,
      long epoch,
      Recipient recipient,
      ClientInfo client,
      Route route) {
    this.runtime = runtime;
    this.gateway = gateway;
    this.number = number;
    this.epoch = epoch;
    this.recipient = recipient;
    this.client = client;
    this.route = route;
    this.mailbox =
        new Mailbox(
            runtime.options().mailboxMessages(),
            runtime.options().mailboxBytes(),
            runtime.mailboxes(),
            this::handle);
  }

  HostRuntime runtime() {
    return runtime;
  }

  /** Inbox of the gateway that holds the client. */
  String gateway() {
    return gateway;
  }

  /** The channel's number on its gateway. */
  long number() {
    return number;
  }

  /** The tenure of the partition that it was joined in. */
  long epoch() {
    return epoch;
  }

  /** Whether it counts as a member of its topic; on the verticle's context only. */
  boolean member() {
    return member;
  }

  void member(boolean now) {
    member = now;
  }

  /** What tracks its presences, null if nothing has yet; on the verticle's context only. */
  @Nullable Tracker tracker() {
    return tracker;
  }

  void tracker(Tracker opened) {
    tracker = opened;
  }

  Recipient recipient() {
    return recipient;
  }

  ClientInfo client() {
    return client;
  }

  Route route() {
    return route;
  }

  Mailbox mailbox() {
    return mailbox;
  }

  boolean isJoined() {
    return state != State.JOINING;
  }

  // A join that returns just as it is abandoned may still set the state.
  private boolean hasEnded() {
    return state == State.ENDED || abandoned;
  }

  /** Whether no callback runs or will run. */
  boolean isOver() {
    return hasEnded() && !running.mayRun();
  }

  /* ---- posting; any thread */

  void post(Mail mail) {
    mailbox.add(mail);
  }

  /**
   * Posts what ends the channel. Where no code of the application has to run for it, it is handled
   * here and now: a thread for nothing would cost 10 µs.
   */
  void postEnd(Mail mail) {
    forgotten |= mail instanceof Mail.End;
    if (state != State.JOINED || terminates() || !mailbox.handleHere(mail)) {
      mailbox.add(mail);
    }
  }

  void event(HostMessage.Event message) {
    if (!mailbox.offer(new Mail.In(message))) {
      reached(mailboxBound());
      send(new GatewayMessage.Reply(recipient, message.ref(), "error", MAILBOX_FULL));
    }
  }

  void info(Object message) {
    if (!mailbox.offer(new Mail.Message(message))) {
      overflow("a message of the application");
    }
  }

  /** The same, after a delay, unless the channel is over by then. */
  void infoAfter(long delayMillis, Object message) {
    if (hasEnded()) {
      return;
    }
    int most = runtime.options().mailboxMessages();
    if (DELAYED.getAndIncrement(this) >= most) {
      DELAYED.decrementAndGet(this);
      reached(Telemetry.Bound.MAILBOX_MESSAGES);
      throw new IllegalStateException(
          most
              + " messages of sendAfter wait for this channel already, and it may have no more:"
              + " send fewer, or raise mailboxMessages");
    }
    runtime.after(
        delayMillis,
        this,
        () -> {
          DELAYED.decrementAndGet(this);
          info(message);
        });
  }

  /** The timers of sendAfter that have not fired yet; on the verticle's context only. */
  Set<Long> timers() {
    return timers;
  }

  void timers(Set<Long> pending) {
    timers = pending;
  }

  void out(String event, RawPayload payload) {
    if (!mailbox.offer(new Mail.Out(event, payload))) {
      overflow("intercepted broadcast " + event);
    }
  }

  void reached(Telemetry.Bound bound) {
    runtime.reached(route.pattern().pattern(), bound);
  }

  private Telemetry.Bound mailboxBound() {
    if (mailbox.isFullOfBytes()) {
      return Telemetry.Bound.MAILBOX_BYTES;
    }
    return mailbox.isShortOfBudget()
        ? Telemetry.Bound.MAILBOX_TOTAL_BYTES
        : Telemetry.Bound.MAILBOX_MESSAGES;
  }

  private void overflow(String lost) {
    if (hasEnded()) { // Perhaps just so, and the callback that sends more still runs.
      return;
    }
    reached(mailboxBound());
    fault(Level.ERROR)
        .log(
            "channel crashed: {} did not fit into the mailbox of {} messages, topic={} socket={};"
                + " handle messages faster or raise mailboxMessages",
            lost,
            runtime.options().mailboxMessages(),
            recipient.topic(),
            client.id());
    abandon(new GatewayMessage.Crashed(number));
  }

  /** Sends to the client's gateway unless the channel is over. */
  void send(GatewayMessage message) {
    if (!hasEnded()) {
      runtime.send(gateway, message);
    }
  }

  void broadcast(String event, RawPayload payload, boolean exceptSelf) {
    if (!hasEnded()) {
      runtime.broadcast(recipient.topic(), event, payload, gateway, exceptSelf ? number : 0);
    }
  }

  /* ---- ending from outside */

  /** The channel is over at once: no callback follows, and what a running one sends is dropped. */
  void abandon() {
    abandoned = true;
    state = State.ENDED;
    mailbox.close();
  }

  private void abandon(GatewayMessage farewell) {
    try {
      runtime.execute(() -> runtime.end(this, farewell));
    } finally {
      abandon();
    }
  }

  /** The callback that runs, if one does. */
  RunningCallback running() {
    return running;
  }

  /** When it began, as of {@link System#nanoTime}; 0 if none runs, or it was ended already. */
  long runningSince() {
    return late ? 0 : running.since();
  }

  /** What runs: {@code handleIn("shout")} of the route {@code room:*}. */
  String describeRunning() {
    return running.describe() + " of route " + route.pattern();
  }

  /**
   * Interrupts a callback that has run too long, and ends the channel, whether or not somebody
   * still waits for it. On the host's context.
   *
   * @param limit that it has exceeded: {@code within PT30S}
   * @param outcomes takes what telemetry is to be told
   */
  void endLate(String limit, LateOutcomes outcomes) {
    fault(Level.ERROR)
        .log(
            "channel ended: {} did not return {}, topic={} socket={}; its thread is interrupted",
            describeRunning(),
            limit,
            recipient.topic(),
            client.id());
    late = true;
    abandonLate();
    RunningCallback.Unfinished unfinished = running.takeUnfinished();
    running.interrupt();
    if (unfinished != null) {
      long now = System.nanoTime();
      outcomes.add(() -> recordCrash(unfinished, now));
    }
  }

  private void recordCrash(RunningCallback.Unfinished callback, long ended) {
    if (callback.isJoin()) {
      recordJoin(Telemetry.Outcome.CRASHED, callback.began(), ended);
    } else {
      recordIn(callback.event(), Telemetry.Outcome.CRASHED, callback.began(), ended);
    }
  }

  /** Whether it has mail that no thread has taken up. */
  boolean isStarved() {
    return !abandoned && !running.mayRun() && mailbox.isWaiting();
  }

  /** Ends the channel, of which no callback began in time. Called by the watchdog. */
  void abandonLate() {
    reached(Telemetry.Bound.CALLBACK_TIMEOUT);
    abandon(
        state == State.JOINING
            ? new GatewayMessage.Refused(number, JOIN_CRASHED)
            : new GatewayMessage.Crashed(number));
  }

  /* ---- the mailbox thread */

  private void handle(Mail mail) {
    // Before the look at the state: from here on isOver says that a callback runs or may run.
    running.takeUp();
    try {
      if (state == State.ENDED && !(mail instanceof Mail.End)) {
        return;
      }
      switch (mail) {
        case Mail.Join(var payload) -> present(join(payload));
        case Mail.In(var message) -> in(message);
        case Mail.Out(var event, var payload) -> outcome("handleOut", callOut(event, payload));
        case Mail.Message(var message) -> outcome("handleInfo", callInfo(message));
        case Mail.Leave(var ref) -> leave(ref);
        case Mail.Stop(var reason) -> stop(reason);
        case Mail.End(var reason) -> end(reason);
        case Mail.Idle(var action) -> action.run();
      }
    } catch (Throwable cause) {
      // Whatever a callback throws, errors included, ends this channel and nothing else.
      crash(cause);
    } finally {
      running.layDown();
    }
  }

  /**
   * @return keys and metas under which the channel is to be present from now on
   */
  private Map<String, RawPayload> join(RawPayload payload) {
    long started = running.beginTold("join", "join");
    long ended = 0;
    try {
      Channel made = route.newChannel();
      channel = made;
      JoinResult result =
          made.join(
              recipient.topic(), new Payload(payload, runtime.application().mapper()), socket);
      ended = System.nanoTime();
      switch (result) {
        case JoinResult.Ok(var response, var present) -> {
          RawPayload raw = written("ok", response);
          Map<String, RawPayload> metas = runtime.metas().all(present);
          running.end();
          if (!abandoned) {
            // In this order: what another thread sends once it may follows the answer (J-12).
            runtime.execute(() -> runtime.joined(this, raw));
            state = State.JOINED;
          }
          joined(Telemetry.Outcome.OK, started, ended, payload);
          return metas;
        }
        case JoinResult.Refused(var reason) -> {
          RawPayload raw = written("error", reason);
          if (!abandoned) {
            runtime.execute(() -> runtime.end(this, new GatewayMessage.Refused(number, raw)));
          }
          joined(Telemetry.Outcome.REFUSED, started, ended, payload);
          terminate(new TerminateReason.Refused());
          state = State.ENDED;
          mailbox.close();
        }
        case null -> throw new IllegalStateException(nullAnswer("join", "JoinResult.ok()"));
      }
    } catch (Throwable cause) {
      try {
        joined(Telemetry.Outcome.CRASHED, started, ended == 0 ? System.nanoTime() : ended, payload);
      } finally {
        joinCrashed(cause);
      }
    }
    return Map.of();
  }

  private void joinCrashed(Throwable cause) {
    if (isTooLate(cause)) {
      tellTooLate("join", cause);
    } else if (!abandoned) {
      try {
        tell(cause, "join crashed, topic={} socket={}", recipient.topic(), client.id());
      } finally {
        abandon(new GatewayMessage.Refused(number, JOIN_CRASHED));
      }
    }
  }

  /** Tracked before the list is pushed, so that the client is in it (P-20). */
  private void present(Map<String, RawPayload> metas) {
    if (!metas.isEmpty()) {
      var presence = new ChannelPresence(this, recipient.topic());
      for (var meta : metas.entrySet()) {
        running.begin("present", "present");
        presence.trackRaw(meta.getKey(), meta.getValue());
      }
      running.begin("present", "present");
      socket.push(PRESENCE_STATE, presence.list());
      running.end();
    }
  }

  private void joined(Telemetry.Outcome outcome, long started, long ended, RawPayload payload) {
    if (log.isDebugEnabled()) {
      log.debug(
          "{} {} in {}, socket={}, payload={}",
          outcome == Telemetry.Outcome.OK ? "JOINED" : "REFUSED JOIN",
          recipient.topic(),
          HostRuntime.took(started),
          client.id(),
          runtime.shown(payload));
    }
    if (running.takeOutcome(started)) {
      recordJoin(outcome, started, ended);
    }
  }

  private void recordJoin(Telemetry.Outcome outcome, long started, long ended) {
    if (runtime.telemetry().isEnabled()) {
      runtime.record(
          new Telemetry.Event.ChannelJoined(
              runtime.application().name(),
              recipient.topic(),
              outcome,
              Duration.ofNanos(ended - started)));
    }
  }

  private void in(HostMessage.Event message) {
    long started = running.beginTold("handleIn", message.event());
    long ended = 0;
    var outcome = Telemetry.Outcome.CRASHED;
    Result result;
    try {
      result = callIn(message);
      ended = System.nanoTime();
      // Getters and serializers of the application write it, which may take as long as it itself.
      RawPayload response =
          result instanceof Result.Reply reply
              ? written(reply.status(), reply.response())
              : RawPayload.EMPTY_OBJECT;
      running.end();
      answer(message, result, response);
      outcome = Telemetry.Outcome.OK;
    } finally {
      running.end();
      if (running.takeOutcome(started)) {
        recordIn(message.event(), outcome, started, ended == 0 ? System.nanoTime() : ended);
      }
    }
    if (log.isTraceEnabled()) {
      log.trace(
          "HANDLED {} INCOMING ON {} in {}, socket={}, payload={}",
          message.event(),
          recipient.topic(),
          HostRuntime.took(started),
          client.id(),
          runtime.shown(message.payload()));
    }
    stopIfAsked(result);
  }

  private Result callIn(HostMessage.Event message) {
    socket.handling(message.ref());
    try {
      Result result =
          channel()
              .handleIn(
                  message.event(),
                  new Payload(message.payload(), runtime.application().mapper()),
                  socket);
      if (result == null) {
        throw new IllegalStateException(nullAnswer("handleIn", "Result.noReply()"));
      }
      return result;
    } finally {
      socket.handling(null);
    }
  }

  private void answer(HostMessage.Event message, Result result, RawPayload response) {
    switch (result) {
      case Result.Reply reply ->
          send(new GatewayMessage.Reply(recipient, message.ref(), reply.status(), response));
      case Outcome.NoReply() -> {}
      case Outcome.Stop stops -> {}
      case Outcome.Unhandled() -> unhandled(message);
    }
  }

  /** Behind all that handleIn's outcome leads to: terminate is no part of it, and may hang. */
  private void stopIfAsked(Result result) {
    switch (result) {
      case Result.Reply reply -> reply.stop().ifPresent(this::stop);
      case Outcome.Stop(var reason) -> stop(reason);
      case Outcome.NoReply() -> {}
      case Outcome.Unhandled() -> {}
    }
  }

  private void recordIn(String event, Telemetry.Outcome outcome, long started, long ended) {
    if (runtime.telemetry().isEnabled()) {
      runtime.record(
          new Telemetry.Event.ChannelHandledIn(
              runtime.application().name(),
              recipient.topic(),
              event,
              outcome,
              Duration.ofNanos(ended - started)));
    }
  }

  /**
   * What a reply carries, if it fits together with its names into a binary message. The refs are
   * the client's: one that is too long costs it the message, at its gateway (B-7).
   */
  private RawPayload written(String status, @Nullable Object response) {
    PayloadWriter writer = runtime.writer();
    return writer.requireNames(writer.write(response), recipient.topic(), status);
  }

  private void unhandled(HostMessage.Event message) {
    switch (route.unhandledEvents()) {
      case CRASH ->
          throw new IllegalStateException(
              "the channel does not handle this event: add it to handleIn, or give the route"
                  + " another policy for unhandled events");
      case LOG ->
          fault(Level.WARN)
              .log(
                  "event dropped: the channel does not handle it, topic={} event={} socket={}",
                  recipient.topic(),
                  message.event(),
                  client.id());
      case REPLY_ERROR ->
          send(new GatewayMessage.Reply(recipient, message.ref(), "error", UNHANDLED_EVENT));
    }
  }

  private Outcome callOut(String event, RawPayload payload) {
    running.begin("handleOut", event);
    Outcome outcome =
        channel().handleOut(event, new Payload(payload, runtime.application().mapper()), socket);
    if (outcome instanceof Outcome.Unhandled) {
      throw new IllegalStateException(
          "the route intercepts \"" + event + "\" but the channel has no handleOut for it");
    }
    return outcome;
  }

  private Outcome callInfo(Object message) {
    running.begin("handleInfo", "handleInfo");
    Outcome outcome = channel().handleInfo(message, socket);
    if (outcome instanceof Outcome.Unhandled) {
      fault(Level.WARN)
          .log(
              "message dropped: the channel has no handleInfo for a {}, topic={} socket={}",
              message.getClass().getName(),
              recipient.topic(),
              client.id());
    }
    return outcome;
  }

  private void outcome(String callback, @Nullable Outcome outcome) {
    running.end();
    switch (outcome) {
      case Outcome.NoReply() -> {}
      case Outcome.Unhandled() -> {}
      case Outcome.Stop(var reason) -> stop(reason);
      case null -> throw new IllegalStateException(nullAnswer(callback, "Result.noReply()"));
    }
  }

  private void leave(@Nullable Ref ref) {
    close(new GatewayMessage.Left(recipient, ref), new TerminateReason.Left());
  }

  private void stop(StopReason reason) {
    switch (reason) {
      case StopReason.Normal normal -> stopped(normal);
      case StopReason.Shutdown shutdown -> stopped(shutdown);
      case StopReason.Failure(var detail) -> {
        fault(Level.ERROR)
            .log("channel stopped: {}, topic={} socket={}", detail, recipient.topic(), client.id());
        fail(new TerminateReason.Stopped(reason));
      }
    }
  }

  private void stopped(StopReason reason) {
    close(new GatewayMessage.Closed(number), new TerminateReason.Stopped(reason));
  }

  /** {@code phx_close} first, then terminate, whose pushes follow it (L-32). */
  private void close(GatewayMessage farewell, TerminateReason reason) {
    endWith(farewell);
    terminate(reason);
    finish();
  }

  /** Terminate first, then {@code phx_error}. */
  private void fail(TerminateReason reason) {
    terminate(reason);
    try {
      endWith(new GatewayMessage.Crashed(number));
    } finally {
      finish();
    }
  }

  private void crash(Throwable cause) {
    if (abandoned) {
      return;
    }
    if (isTooLate(cause)) {
      tellTooLate("callback", cause);
      return;
    }
    try {
      tell(
          cause,
          "channel crashed, topic={} event={} socket={}",
          recipient.topic(),
          running.event(),
          client.id());
    } finally {
      fail(new TerminateReason.Crashed(cause));
    }
  }

  /**
   * Whether a callback could not go on only because its client went meanwhile. Nothing is wrong
   * then, and the end that is in the mailbox already is the one that terminate is told of.
   */
  private boolean isTooLate(Throwable cause) {
    return forgotten && cause instanceof PresenceException;
  }

  /** The rest of the world has forgotten the channel already. */
  private void end(TerminateReason reason) {
    if (state == State.JOINED) {
      terminate(reason);
    }
    finish();
  }

  private void endWith(GatewayMessage farewell) {
    if (!abandoned) {
      runtime.execute(() -> runtime.end(this, farewell));
    }
  }

  private void finish() {
    state = State.ENDED;
    mailbox.close();
  }

  private void terminate(TerminateReason reason) {
    if (channel == null || abandoned) {
      return;
    }
    running.begin("terminate", "terminate");
    try {
      channel.terminate(reason, socket);
    } catch (Throwable cause) {
      tell(cause, "terminate failed, topic={} socket={}", recipient.topic(), client.id());
    } finally {
      running.end();
    }
  }

  /** A line about what went wrong here, which the client may have caused. */
  private LoggingEventBuilder fault(Level level) {
    return log.atLevel(runtime.faults().level(level));
  }

  /** The same with what a callback threw; nothing leaves this. */
  private void tell(Throwable cause, String line, @Nullable Object... arguments) {
    new Thrown(cause).log(log, runtime.faults().level(Level.ERROR), line, arguments);
  }

  private void tellTooLate(String what, Throwable cause) {
    new Thrown(cause)
        .log(
            log,
            Level.DEBUG,
            "{} came too late, topic={} socket={}",
            what,
            recipient.topic(),
            client.id());
  }

  private boolean terminates() {
    return TERMINATES.get(channel().getClass());
  }

  private Channel channel() {
    if (channel == null) {
      throw new IllegalStateException("no callback before join");
    }
    return channel;
  }

  private static String nullAnswer(String callback, String instead) {
    return callback + " returned null; return one of its results, for instance " + instead;
  }
}
