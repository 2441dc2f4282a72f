package dev.roost.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.chaos.Membership.State;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A client that behaves as phoenix.js: connects to one gateway after the other until it is in,
 * joins its topics, joins again what is refused, times out or ends with {@code phx_error}, and goes
 * back to the start when the socket is closed. Meanwhile each of its members pushes {@code shout},
 * which everybody on the topic receives, itself included. Safe for any thread.
 */
final class Client {

  /*
   * Two virtual threads: one reads, one does what is due. What a member does and sees is logged
   * under the lock, and messages are written under it, so each log is in the order of the wire.
   * The lock is no monitor, which would hold the carrier of a thread that waits.
   */
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final int number;
  private final List<InetSocketAddress> gateways;
  private final Timing timing;
  private final SplittableRandom random;
  private final Map<String, Membership> memberships = new HashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private @Nullable RawWebSocket socket;
  private long nextHeartbeat;
  private boolean heartbeatPending;
  private long refs;
  private int gateway;
  private boolean isMoving;
  private boolean pushing;
  private boolean stopped;

  /**
   * A client that does nothing yet.
   *
   * @param gateways where they are; the first one tried depends on the number
   */
  Client(
      int number, List<String> topics, List<InetSocketAddress> gateways, Timing timing, long seed) {
    this.number = number;
    this.gateways = gateways;
    this.timing = timing;
    this.random = new SplittableRandom(seed);
    for (String topic : topics) {
      memberships.put(topic, new Membership(new Member(topic, number), System.nanoTime()));
    }
  }

  void start() {
    Thread.ofVirtual().name("client-" + number + "-reads").start(this::connectAndRead);
    Thread.ofVirtual().name("client-" + number + "-acts").start(this::act);
  }

  void stop() {
    lock.lock();
    try {
      stopped = true;
      if (socket != null) {
        socket.close();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Begins or ends to push at its own pace. */
  void pushing(boolean wanted) {
    lock.lock();
    try {
      pushing = wanted;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Closes its socket if it is not on the gateway that it tries first, and goes there. */
  void goHome() {
    lock.lock();
    try {
      if (socket != null && gateway != home()) {
        isMoving = true;
        socket.close();
      }
    } finally {
      lock.unlock();
    }
  }

  private int home() {
    return number % gateways.size();
  }

  /** One message on each topic, now. */
  void pushEach() {
    lock.lock();
    try {
      memberships.values().stream()
          .filter(membership -> membership.state() == State.JOINED)
          .forEach(this::push);
    } finally {
      lock.unlock();
    }
  }

  /** Whether this holds for all its topics. */
  boolean all(Predicate<Membership> condition) {
    lock.lock();
    try {
      return memberships.values().stream().allMatch(condition);
    } finally {
      lock.unlock();
    }
  }

  /** How many messages each of its members has pushed. */
  Map<Member, Integer> pushed() {
    lock.lock();
    try {
      return memberships.values().stream()
          .collect(Collectors.toMap(Membership::member, Membership::pushed));
    } finally {
      lock.unlock();
    }
  }

  /** The logs of its members so far. */
  Map<Member, List<Entry>> logs() {
    lock.lock();
    try {
      var logs = new HashMap<Member, List<Entry>>();
      memberships.values().forEach(m -> logs.put(m.member(), m.log()));
      return logs;
    } finally {
      lock.unlock();
    }
  }

  /* ---- reading */

  private void connectAndRead() {
    int failures = 0;
    int next = home();
    while (!isStopped()) {
      if (failures > 0 && !pause(timing.backOffNanos(failures))) {
        return;
      }
      RawWebSocket connected = connect(gateways.get(next));
      if (connected == null) {
        failures++;
        next = (next + 1) % gateways.size();
        continue;
      }
      failures = 1;
      try (connected) {
        if (opened(connected, next)) {
          readAll(connected);
        }
      } catch (UncheckedIOException | AssertionError e) {
        // A connection that breaks is what this is about; closed() says so to the members.
      }
      next = closed() ? home() : (next + 1) % gateways.size();
    }
  }

  private @Nullable RawWebSocket connect(InetSocketAddress where) {
    RawWebSocket connecting = null;
    try {
      connecting =
          RawWebSocket.open(where.getHostString(), where.getPort()).limit(timing.connectTimeout());
      if (connecting.upgrade("/socket/websocket?vsn=2.0.0").isUpgraded()) {
        return connecting.limit(Duration.ofDays(1));
      }
    } catch (UncheckedIOException | AssertionError e) {
      // Refused, reset or silent: all the same here.
    }
    if (connecting != null) {
      connecting.close();
    }
    return null;
  }

  private void readAll(RawWebSocket connected) {
    for (var frame = connected.readOrEnd(); frame != null; frame = connected.readOrEnd()) {
      switch (frame.opcode()) {
        case WebSocketFrame.TEXT -> received(frame.payload());
        case WebSocketFrame.PING ->
            write(connected, WebSocketFrame.of(WebSocketFrame.PONG, frame.payload()));
        case WebSocketFrame.CLOSE -> {
          write(connected, WebSocketFrame.of(WebSocketFrame.CLOSE, frame.payload()));
          return;
        }
        default -> throw new AssertionError("a server may not send this " + frame);
      }
    }
  }

  private boolean opened(RawWebSocket connected, int where) {
    lock.lock();
    try {
      if (stopped) {
        return false;
      }
      socket = connected;
      gateway = where;
      heartbeatPending = false;
      nextHeartbeat = System.nanoTime() + timing.heartbeat().toNanos();
      long now = System.nanoTime();
      memberships.values().forEach(membership -> membership.due(now));
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Tells the members; true if it was this client's own doing. */
  private boolean closed() {
    lock.lock();
    try {
      boolean moving = isMoving;
      var kind = moving ? Entry.Kind.MOVED : Entry.Kind.SOCKET_CLOSED;
      isMoving = false;
      socket = null;
      if (!stopped) {
        memberships.values().forEach(membership -> membership.signalled(kind, timing));
      }
      return moving;
    } finally {
      lock.unlock();
    }
  }

  private void received(byte[] text) {
    JsonNode message;
    try {
      message = MAPPER.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    lock.lock();
    try {
      Membership membership = memberships.get(message.path(2).asText());
      if (membership != null && !stopped) {
        received(membership, message);
        changed.signalAll();
      } else if (message.path(2).asText().equals("phoenix")) {
        heartbeatPending = false;
      }
    } finally {
      lock.unlock();
    }
  }

  private void received(Membership membership, JsonNode message) {
    String joinRef = message.path(0).asText("");
    JsonNode payload = message.path(4);
    switch (message.path(3).asText()) {
      case "shout" -> shout(membership, payload);
      case "phx_reply" -> replied(membership, message.path(1).asText(), payload);
      case "phx_error" -> {
        if (membership.isCurrent(joinRef)) {
          membership.signalled(Entry.Kind.PHX_ERROR, timing);
        }
      }
      case "phx_close" -> {
        // phoenix.js takes it as an end for good.
        if (membership.isCurrent(joinRef)) {
          membership.unexpected("phx_close that was not asked for");
        }
      }
      default -> membership.unexpected("an event of no known name: " + message);
    }
  }

  private static void shout(Membership membership, JsonNode payload) {
    if (payload.path("topic").asText().equals(membership.member().topic())) {
      membership.received(
          payload.path("publisher").asInt(),
          payload.path("n").asInt(),
          payload.path("at").asLong());
    } else {
      membership.unexpected("a message of another topic: " + payload);
    }
  }

  private void replied(Membership membership, String ref, JsonNode payload) {
    boolean ok = payload.path("status").asText().equals("ok");
    if (ref.startsWith("push-")) {
      if (!ok) {
        membership.refused(Integer.parseInt(ref.substring("push-".length())));
      }
    } else if (membership.state() == State.JOINING && membership.isCurrent(ref)) {
      if (ok) {
        membership.joined(System.nanoTime() + nextPush());
      } else {
        membership.failed(timing);
      }
    }
  }

  /* ---- acting */

  private void act() {
    lock.lock();
    try {
      while (!stopped) {
        long next = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        if (socket != null) {
          next = Math.min(next, actNow(socket));
        }
        var unused = changed.awaitNanos(next - System.nanoTime());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /** Does what is due; when the next is. */
  private long actNow(RawWebSocket connected) {
    long now = System.nanoTime();
    if (now >= nextHeartbeat) {
      if (heartbeatPending) {
        connected.close();
        socket = null;
        return now + timing.heartbeat().toNanos();
      }
      heartbeatPending = true;
      nextHeartbeat = now + timing.heartbeat().toNanos();
      send("null", "beat-" + ++refs, "phoenix", "heartbeat", "{}");
    }
    long next = nextHeartbeat;
    for (Membership membership : memberships.values()) {
      if (membership.due() <= now) {
        act(membership, now);
      }
      next = Math.min(next, membership.due());
    }
    return next;
  }

  private void act(Membership membership, long now) {
    String topic = membership.member().topic();
    switch (membership.state()) {
      case ERRORED -> {
        String ref = "join-" + ++refs;
        membership.joining(ref, now + timing.joinTimeout().toNanos());
        send('"' + ref + '"', ref, topic, "phx_join", "{}");
      }
      case JOINING -> {
        send('"' + membership.joinRef() + '"', "leave-" + ++refs, topic, "phx_leave", "{}");
        membership.abandoned(timing);
      }
      case JOINED -> {
        if (pushing) {
          push(membership);
        } else {
          membership.due(now + nextPush());
        }
      }
    }
  }

  private void push(Membership membership) {
    String joinRef = '"' + membership.joinRef() + '"';
    String topic = membership.member().topic();
    int n = membership.push(System.nanoTime() + nextPush());
    send(
        joinRef,
        "push-" + n,
        topic,
        "shout",
        "{\"publisher\":%d,\"topic\":\"%s\",\"n\":%d,\"at\":%d}"
            .formatted(number, topic, n, System.nanoTime()));
  }

  /** Between half and one and a half of the mean, so that clients do not push in step. */
  private long nextPush() {
    long mean = timing.pushInterval().toNanos();
    return mean / 2 + random.nextLong(mean);
  }

  private void send(String joinRef, String ref, String topic, String event, String payload) {
    if (socket != null) {
      write(
          socket,
          WebSocketFrame.text(
              "[%s,\"%s\",\"%s\",\"%s\",%s]".formatted(joinRef, ref, topic, event, payload)));
    }
  }

  private void write(RawWebSocket connected, WebSocketFrame frame) {
    lock.lock();
    try {
      connected.write(frame);
    } catch (UncheckedIOException e) {
      // The reader finds the end of the connection too, and tells the members.
    } finally {
      lock.unlock();
    }
  }

  private boolean isStopped() {
    lock.lock();
    try {
      return stopped;
    } finally {
      lock.unlock();
    }
  }

  /** False if it was stopped meanwhile. */
  private boolean pause(long nanos) {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    return !isStopped();
  }
}
