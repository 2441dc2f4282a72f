package dev.roost.gateway.socket;

import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.ClientMessage;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.ProtocolException;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.protocol.Utf8;
import dev.roost.routing.RateLimit;
import dev.roost.routing.SocketLimits;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What comes from one client, until it may be dispatched: decoded, within its limits, in order and
 * no faster than its rates allow. Used on the gateway's context only.
 */
final class Intake {

  private static final Logger log = LoggerFactory.getLogger(ClientSocket.class);

  /**
   * Messages from this size on, 128 KiB, are decoded by a worker, lest all other sockets of the
   * event loop wait for it.
   */
  private static final int LARGE = 128 << 10;

  /**
   * Nanoseconds until the connection is read again, however much it is over its rate: what came in
   * one read may be a thousand pings, which are handed on all the same.
   */
  private static final long LONGEST_WAIT = Duration.ofSeconds(30).toNanos();

  /** Nanoseconds for which it is not read at least, where it was refused too much. */
  private static final long REFUSAL_PAUSE = Duration.ofMillis(100).toNanos();

  private final SocketTable table;
  private final Connection connection;
  private final Serializer serializer;
  private final SocketLimits limits;
  private final Consumer<ClientMessage> next;
  private final RateLimit events;
  private final RateLimit bytes;
  private @Nullable RateLimit pings; // Browsers send none.
  private @Nullable RateLimit refusals; // Nor do most clients have any.
  private int paused;
  private boolean throttled;
  private long throttledUntil;
  private boolean decoding;
  private @Nullable Runnable whenIdle;
  private boolean ended;

  /**
   * @param next takes what has come, one message after the other
   */
  Intake(
      SocketTable table,
      Connection connection,
      Serializer serializer,
      SocketLimits limits,
      Consumer<ClientMessage> next) {
    this.table = table;
    this.connection = connection;
    this.serializer = serializer;
    this.limits = limits;
    this.next = next;
    long now = System.nanoTime();
    this.events = new RateLimit(now);
    this.bytes = new RateLimit(now);
  }

  /** Takes a message; while a large one is decoded the connection is not read. */
  void receive(byte[] body, boolean binary) {
    if (ended) {
      return;
    }
    if (body.length >= LARGE) {
      receiveLarge(body, binary);
      return;
    }
    ClientMessage message;
    try {
      message = decode(body, binary);
    } catch (ProtocolException e) {
      refuse(e);
      return;
    }
    take(message, body.length);
  }

  private void receiveLarge(byte[] body, boolean binary) {
    MessageBudget.Share share = table.budget().share();
    share.hold(body.length);
    decoding = true;
    pause();
    table
        .workers()
        .compute(() -> decode(body, binary))
        .onComplete(
            (message, failure) -> {
              decoding = false;
              share.giveBack();
              try {
                takeLarge(message, failure, body.length);
              } catch (Throwable thrown) {
                fail(thrown);
              } finally {
                // Only now: what has waited behind it may be handed on at once.
                unpause();
                tellIdle();
              }
            });
  }

  private void tellIdle() {
    Runnable action = whenIdle;
    if (action != null) {
      whenIdle = null;
      table.workers().behind(action);
    }
  }

  private void takeLarge(@Nullable ClientMessage message, @Nullable Throwable failure, int length) {
    if (ended) {
      return;
    }
    if (message != null) {
      take(message, length);
    } else if (failure instanceof ProtocolException violation) {
      refuse(violation);
    } else {
      fail(failure);
    }
  }

  private void fail(@Nullable Throwable failure) {
    connection.close(CloseCode.INTERNAL_ERROR);
    table.failures().tell(log, "socket closed: a message could not be decoded", failure);
  }

  /** For any thread. */
  private ClientMessage decode(byte[] body, boolean binary) {
    if (binary) {
      return serializer.decodeBinary(body);
    }
    if (!Utf8.isValid(body)) {
      throw new ProtocolException(CloseCode.INVALID_TEXT, "a text message is UTF-8");
    }
    return serializer.decodeText(body);
  }

  private void refuse(ProtocolException violation) {
    log.debug("socket closed with {}: {}", violation.closeCode(), violation.getMessage());
    if (violation.isTooDeep()) {
      table.limitReached(Limit.MAX_JSON_DEPTH);
    }
    connection.close(violation.closeCode());
  }

  private void take(ClientMessage message, int length) {
    boolean topicTooLong = isTooLong(message.topic(), limits.maxTopicBytes());
    if (topicTooLong || isTooLong(message.event(), limits.maxEventBytes())) {
      table.limitReached(topicTooLong ? Limit.MAX_TOPIC_BYTES : Limit.MAX_EVENT_BYTES);
      log.debug(
          "socket closed: a topic has at most {} bytes and an event {}",
          limits.maxTopicBytes(),
          limits.maxEventBytes());
      connection.close(CloseCode.INTERNAL_ERROR);
      return;
    }
    count(1, length);
    next.accept(message);
  }

  private static boolean isTooLong(String name, int maxBytes) {
    return name.length() > maxBytes / 3 && name.getBytes(StandardCharsets.UTF_8).length > maxBytes;
  }

  /**
   * Counts a ping, which has a rate of its own: nobody needs to send as many as messages.
   *
   * @return whether it is over it
   */
  boolean receivePing(int length, int perSecond) {
    long now = System.nanoTime();
    RateLimit rate = pings;
    if (rate == null) {
      rate = new RateLimit(now);
      pings = rate;
    }
    long wait = rate.take(1, perSecond, now);
    throttle(Limit.PINGS_PER_SECOND, wait, now);
    throttleBytes(length, now);
    return wait > 0;
  }

  /**
   * Counts a join or a new token that the gateway itself refuses, which has a rate of its own: it
   * costs the client nothing, and all others of the event loop wait for its answer. A client may be
   * refused all its channels at once, whose application is gone for a while.
   */
  void refused() {
    long now = System.nanoTime();
    RateLimit rate = refusals;
    if (rate == null) {
      rate = new RateLimit(now);
      refusals = rate;
    }
    int perSecond = Math.max(table.refusalsPerSecond(), limits.maxChannels());
    long wait = rate.take(1, perSecond, now);
    // Ten at a time take a quarter of the processor time that they take one by one.
    throttle(Limit.REFUSALS_PER_SECOND, wait == 0 ? 0 : Math.max(wait, REFUSAL_PAUSE), now);
  }

  /** Counts a frame behind which its message goes on: as much work as a message. */
  void receiveFragment() {
    count(1, 0);
  }

  /** Counts messages, or what is as much work. */
  void count(int messages, int length) {
    long now = System.nanoTime();
    throttle(Limit.EVENTS_PER_SECOND, events.take(messages, limits.eventsPerSecond(), now), now);
    throttleBytes(length, now);
  }

  private void throttleBytes(int length, long now) {
    throttle(Limit.BYTES_PER_SECOND, bytes.take(length, limits.bytesPerSecond(), now), now);
  }

  /** Over one of its rates the connection is not read until it is within all of them again. */
  private void throttle(Limit limit, long wait, long now) {
    if (wait == 0) {
      return;
    }
    long until = now + Math.min(wait, LONGEST_WAIT);
    if (!throttled) {
      throttled = true;
      throttledUntil = until;
      table.limitReached(limit);
      pause();
      table.later(until - now, this::unthrottle);
    } else if (until - throttledUntil > 0) {
      throttledUntil = until;
    }
  }

  /** What had come before the connection stopped may have added to what it is over its rate. */
  private void unthrottle() {
    long wait = throttledUntil - System.nanoTime();
    if (wait > 0 && !ended) {
      table.after(wait, this::unthrottle);
      return;
    }
    throttled = false;
    unpause();
  }

  /** Nothing is read from the client until as many calls of {@link #unpause}. */
  void pause() {
    paused++;
    connection.pause();
  }

  void unpause() {
    if (--paused == 0 && !ended) {
      connection.resume();
    }
  }

  /** Runs an action once no message is being decoded: now, or behind what has waited for that. */
  void whenIdle(Runnable action) {
    if (decoding) {
      whenIdle = action;
    } else {
      action.run();
    }
  }

  /** The connection is over: nothing is taken any more. */
  void end() {
    ended = true;
  }
}
