package dev.roost.gateway.transport;

import dev.roost.bus.Contract;
import dev.roost.bus.RawPayload;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.Admission;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.protocol.MessageArray;
import dev.roost.gateway.socket.ClientSocket;
import dev.roost.gateway.socket.Connection;
import dev.roost.gateway.socket.SharedFrame;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.RateLimit;
import io.vertx.core.Context;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client that polls: keeps what is for it until it asks, and hands on what it posts. Used on
 * the context of the gateway that holds it only; its requests may come through any other.
 */
final class LongPollSession implements Connection {

  /*
   * A message is handed to one poll and then forgotten (G-43), so a poll whose client has gone must
   * not lose any in silence: what was not handed over stays for the next poll, and if something was,
   * the session ends. Its next request is answered 410, on which the client joins again.
   */

  static final int OK = 200;
  static final int NO_MESSAGES = 204;
  static final int TIMEOUT = 408;
  static final int GONE = 410;

  /** Polls at a time of one session; there is one, unless its client lost some on the way. */
  private static final int MAX_POLLS = 8;

  /** Nanoseconds that a poll over its rate waits at most, unless the window is longer. */
  private static final long LONGEST_WAIT = Duration.ofSeconds(1).toNanos();

  private static final int MAX_ANSWER_BYTES = Contract.MAX_PAYLOAD_BYTES / 2;

  private static final Logger log = LoggerFactory.getLogger(LongPollSession.class);

  /** What the session needs of whoever holds it. */
  interface Holder {

    /** Answers a request that came through this gateway. */
    void answer(Asker to, int status, RawPayload messages);

    /** The session has ended. */
    void ended(LongPollSession session);
  }

  /** A request, named by the gateway verticle that it came through and its number there. */
  record Asker(String gateway, long request) {}

  private final Context context;
  private final Holder holder;
  private final LongPollToken token;
  private final LongPollOptions options;
  private final int pollsPerSecond;
  private final int maxQueuedBytes;
  private final GatewayMetrics metrics;
  private final Admission.Place place;
  private final Deque<Frame> queued = new ArrayDeque<>(2);
  private final Map<Asker, Long> polls = new LinkedHashMap<>(2);
  private final RateLimit rate = new RateLimit(System.nanoTime());
  private @Nullable ClientSocket client;
  private long queuedBytes;

  private @Nullable Asker current;
  private long currentDue;
  private final Set<Asker> undelivered = new LinkedHashSet<>(2);
  private boolean waking;
  private long lastPoll = System.nanoTime();
  private @Nullable Posted posted;
  private @Nullable Asker knocked;
  private @Nullable RawPayload unread;
  private Iterator<PublishedBody.Message> rest = Collections.emptyIterator();
  private boolean paused;
  private boolean ended;

  /** A POST that is still to be answered. */
  private record Posted(Asker asker, boolean batch, long timer, MessageBudget.Share share) {}

  LongPollSession(
      Context context,
      Holder holder,
      LongPollToken token,
      LongPollOptions options,
      int pollsPerSecond,
      int maxQueuedBytes,
      GatewayMetrics metrics,
      Admission.Place place) {
    this.context = context;
    this.holder = holder;
    this.token = token;
    this.options = options;
    this.pollsPerSecond = pollsPerSecond;
    this.maxQueuedBytes = maxQueuedBytes;
    this.metrics = metrics;
    this.place = place;
  }

  void open(ClientSocket opened) {
    client = opened;
  }

  LongPollToken token() {
    return token;
  }

  Admission.Place place() {
    return place;
  }

  /* ---- polls */

  /** The client waits for messages (G-40 to G-44), and over its rate for its turn. */
  void poll(Asker asker) {
    long now = System.nanoTime();
    lastPoll = now;
    long window = options.window().toNanos();
    long wait = Math.min(rate.take(1, pollsPerSecond, now), Math.max(window, LONGEST_WAIT));
    if (wait > 0) {
      metrics.limitReached(Limit.POLLS_PER_SECOND);
    }
    if (polls.size() == MAX_POLLS) {
      if (wait > 0) { // Or one poll more would each time bring another its answer.
        holder.answer(asker, GONE, MessageArray.NONE);
        end("too many polls");
        return;
      }
      answer(polls.keySet().iterator().next(), NO_MESSAGES, MessageArray.NONE);
    }
    polls.put(asker, after(Math.max(window, wait), () -> timeOver(asker)));
    current = asker;
    currentDue = now + wait;
    if (!queued.isEmpty() && !waking) {
      handOver();
    }
  }

  private long after(long nanos, Runnable action) {
    long millis = Math.ceilDiv(nanos, 1_000_000L);
    return context.owner().setTimer(millis, ignored -> action.run());
  }

  private void timeOver(Asker asker) {
    if (asker.equals(current)) {
      handOver();
    }
    answer(asker, NO_MESSAGES, MessageArray.NONE);
  }

  /** The client does not wait for this answer any more; it may be on its way already. */
  void abandon(Asker asker) {
    Long timer = polls.remove(asker);
    if (timer != null) {
      context.owner().cancelTimer(timer);
      if (asker.equals(current)) {
        current = null;
      }
    } else if (undelivered.contains(asker)) {
      end("connection lost");
    }
  }

  /** The client has what this poll was answered with. */
  void delivered(Asker asker) {
    undelivered.remove(asker);
  }

  /**
   * Messages from or to this gateway are missing, or it is no more: what it had not delivered may
   * be lost, and whoever polled through it may wait there no longer.
   */
  void cutOff(Predicate<String> isCutOff) {
    if (undelivered.stream().anyMatch(asker -> isCutOff.test(asker.gateway()))) {
      end("connection lost");
      return;
    }
    polls.keySet().stream()
        .filter(asker -> isCutOff.test(asker.gateway()))
        .toList()
        .forEach(this::abandon);
  }

  private void answer(Asker asker, int status, RawPayload messages) {
    Long timer = polls.remove(asker);
    if (timer == null) {
      return;
    }
    context.owner().cancelTimer(timer);
    if (asker.equals(current)) {
      current = null;
    }
    lastPoll = System.nanoTime();
    holder.answer(asker, status, messages);
  }

  private void handOver() {
    waking = false;
    Asker asker = current;
    if (asker == null || queued.isEmpty()) {
      return;
    }
    long wait = currentDue - System.nanoTime();
    if (wait > 0) {
      waking = true;
      var unused = after(wait, this::handOver);
      return;
    }
    var frames = new ArrayList<Frame>(queued.size());
    int size = 0;
    while (!queued.isEmpty()) {
      size += MessageArray.size(queued.peek());
      if (!frames.isEmpty() && size > MAX_ANSWER_BYTES) {
        break;
      }
      Frame frame = queued.poll();
      queuedBytes -= frame.body().length;
      frames.add(frame);
    }
    if (size > Contract.MAX_PAYLOAD_BYTES && frames.size() == 1) {
      tooSlow();
      return;
    }
    undelivered.add(asker);
    answer(asker, OK, MessageArray.of(frames));
  }

  /* ---- posts */

  /**
   * The client posted messages (G-50 to G-58).
   *
   * <p>Nothing, and then a body by the same asker, is one POST: whether there is such a session was
   * asked before the body was read, which has counted as a message.
   *
   * @param share what they take, given back when all are handed on
   */
  void publish(Asker asker, boolean batch, RawPayload body, MessageBudget.Share share) {
    if (asker.equals(knocked)) {
      knocked = null;
      count(-1, 0);
    }
    if (posted != null) {
      // Clients post one after the other; a second one would overtake what waits.
      count(1, body.size());
      share.giveBack();
      holder.answer(asker, TIMEOUT, MessageArray.NONE);
      return;
    }
    long timer = after(options.window().toNanos(), () -> finish(TIMEOUT));
    posted = new Posted(asker, batch, timer, share);
    unread = body;
    handOn();
  }

  private void count(int messages, int bytes) {
    ClientSocket sender = client;
    if (sender != null) {
      sender.receivePost(messages, bytes);
    }
  }

  /** A POST without a message to count, or with none that is taken, counts as one itself. */
  private void read(RawPayload body, boolean batch, Asker asker) {
    switch (PublishedBody.read(body.bytes(), batch, options.maxBatchLines())) {
      case PublishedBody.Refused(var status) -> {
        if (status == PublishedBody.TOO_LARGE) {
          metrics.limitReached(Limit.MAX_POST_LINES);
        }
        count(1, body.size());
        finish(status);
      }
      case PublishedBody.Messages(var messages) -> {
        rest = messages.iterator();
        int counted = messages.stream().mapToInt(message -> message.body().length).sum();
        count(messages.isEmpty() ? 1 : 0, body.size() - counted);
        knocked = body.size() == 0 ? asker : null;
      }
    }
  }

  private void handOn() {
    Posted now = posted;
    ClientSocket receiver = client;
    if (now == null || receiver == null) {
      return;
    }
    RawPayload body = unread;
    if (body != null && !paused) {
      unread = null;
      read(body, now.batch(), now.asker());
    }
    while (rest.hasNext() && !paused && !ended) {
      PublishedBody.Message message = rest.next();
      if (message.binary()) {
        receiver.receiveBinary(message.body());
      } else {
        receiver.receiveText(message.body());
      }
    }
    if (!ended && unread == null && !rest.hasNext()) {
      // The last one may be large, and wrong.
      receiver.whenIdle(
          () -> {
            if (posted != null && posted.timer() == now.timer() && !ended) {
              finish(OK);
            }
          });
    }
  }

  private void finish(int status) {
    Posted done = posted;
    if (done != null) {
      posted = null;
      unread = null;
      rest = Collections.emptyIterator();
      done.share().giveBack();
      context.owner().cancelTimer(done.timer());
      holder.answer(done.asker(), status, MessageArray.NONE);
    }
  }

  @Override
  public void pause() {
    paused = true;
  }

  @Override
  public void resume() {
    paused = false;
    context.runOnContext(ignored -> handOn());
  }

  /* ---- to the client */

  @Override
  public boolean takesBinary() {
    return false;
  }

  @Override
  public void send(Frame frame) {
    if (ended) {
      return;
    }
    if (frame.binary()) {
      // The client would take it for JSON (G-71).
      metrics.messageDropped();
      log.debug("message not delivered: long polling has no form for a binary one");
      return;
    }
    queued.add(frame);
    queuedBytes += frame.body().length;
    if (queuedBytes > maxQueuedBytes && queuedBytes - largest() > maxQueuedBytes) {
      tooSlow();
    } else if (current != null && !waking) {
      // At the end of the turn, so that what comes together is answered together.
      waking = true;
      context.runOnContext(ignored -> handOver());
    }
  }

  @Override
  public void send(SharedFrame frame) {
    send(frame.frame());
  }

  private int largest() {
    return queued.stream().mapToInt(frame -> frame.body().length).max().orElse(0);
  }

  private void tooSlow() {
    metrics.slowSocketClosed();
    metrics.limitReached(Limit.MAX_QUEUED_BYTES);
    log.debug("session ended: too many bytes waited for it");
    end("too slow");
  }

  /* ---- the end */

  @Override
  public void close(int code) {
    if (!ended) {
      metrics.closedByServer(code);
    }
    end(
        switch (code) {
          case CloseCode.GOING_AWAY -> "disconnected";
          case CloseCode.SERVICE_RESTART -> "draining";
          case CloseCode.UNAUTHORIZED -> "expired";
          default -> "protocol error";
        });
  }

  @Override
  public void abort() {
    end("closed");
  }

  @Override
  public void checkIdle(long now) {
    if (!ended && polls.isEmpty() && now - lastPoll > options.window().toNanos() * 3 / 2) {
      metrics.limitReached(Limit.IDLE_TIMEOUT);
      end("inactive");
    }
  }

  private void end(String detail) {
    if (ended) {
      return;
    }
    ended = true;
    queued.clear();
    List.copyOf(polls.keySet()).forEach(asker -> answer(asker, GONE, MessageArray.NONE));
    finish(GONE);
    holder.ended(this);
    ClientSocket over = client;
    if (over != null) {
      // Later: whoever sends to it may be going through a topic's members.
      context.runOnContext(ignored -> over.ended(detail));
    }
  }
}
