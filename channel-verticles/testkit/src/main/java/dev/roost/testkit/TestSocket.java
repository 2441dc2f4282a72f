package dev.roost.testkit;

import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import dev.roost.channel.Payload;
import dev.roost.hosting.PartitionTable;
import dev.roost.routing.PresenceAllowance;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client in a test: one connection, on which topics are joined. Made by {@link ChannelKit}; safe
 * for any thread.
 */
public final class TestSocket implements AutoCloseable {

  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  private final ChannelKit kit;
  private final long number;
  private final ClientInfo info;
  private final Map<String, TestChannel> byJoinRef = new LinkedHashMap<>();
  private final Map<String, TestChannel> current = new LinkedHashMap<>();
  private final CountDownLatch disconnected = new CountDownLatch(1);
  private final PresenceAllowance presences = new PresenceAllowance(System.nanoTime());
  private volatile long until;
  private long lastRef;

  TestSocket(ChannelKit kit, long number, ClientInfo info) {
    this.kit = kit;
    this.number = number;
    this.info = info;
  }

  /** The id topic that {@code id} gave it, empty when anonymous. */
  public Optional<String> id() {
    return Optional.ofNullable(info.id());
  }

  /** What connect assigned, as a JSON object. */
  public Payload assigns() {
    return kit.payload(info.assigns());
  }

  /**
   * When its application wants it closed, by {@code ConnectResult.accept().until(..)} or {@code
   * socket.expireAt(..)}; empty if it may stay. The kit closes nothing at that time.
   */
  public Optional<Instant> expiresAt() {
    long millis = until;
    return millis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
  }

  void expiresAt(long millis) {
    until = millis;
  }

  /* ---- joining */

  /** Joins with {@code {}} as payload; see {@link #join(String, Object)}. */
  public TestChannel join(String topic) {
    return join(topic, Map.of());
  }

  /**
   * Joins a topic and waits for the answer. A topic that this socket has joined already is joined
   * anew, as a duplicate join does it (J-40): the handle there was gets closed.
   *
   * @param payload anything that may be sent: a record, a Map, a {@code byte[]}
   * @throws AssertionError if the join is refused or not answered in time
   * @throws IllegalArgumentException if the application has no route for the topic
   */
  public TestChannel join(String topic, @Nullable Object payload) {
    Attempt attempt = attempt(topic, payload);
    if (attempt.refusal() != null) {
      throw new AssertionError(
          "expected to join \"" + topic + "\", but it was refused: " + kit.text(attempt.refusal()));
    }
    return attempt.channel();
  }

  /**
   * Joins a topic and expects to be refused.
   *
   * @return the reason
   * @throws AssertionError if the join is accepted or not answered in time
   */
  public Payload assertJoinRefused(String topic, @Nullable Object payload) {
    Attempt attempt = attempt(topic, payload);
    if (attempt.refusal() == null) {
      throw new AssertionError(
          "expected the join of \"" + topic + "\" to be refused, but it was accepted");
    }
    return attempt.refusal();
  }

  /** Joins a topic and expects to be refused with this reason or one that has more to it. */
  public Payload assertJoinRefused(String topic, @Nullable Object payload, Object reason) {
    Payload refusal = assertJoinRefused(topic, payload);
    if (!kit.matches(reason, refusal)) {
      throw new AssertionError(
          "expected the join of \""
              + topic
              + "\" to be refused with "
              + kit.describe(reason)
              + ", got "
              + kit.text(refusal));
    }
    return refusal;
  }

  private record Attempt(TestChannel channel, @Nullable Payload refusal) {}

  private Attempt attempt(String topic, @Nullable Object payload) {
    kit.requireRoute(topic);
    // One at a time, so that the channel made next is this join's; see Recorder.
    synchronized (kit.joins()) {
      String ref = nextRef();
      var owner =
          kit.node()
              .snapshot()
              .partitions()
              .owner(kit.application().name(), PartitionTable.partition(topic))
              .orElseThrow(() -> new AssertionError("the application is not deployed any more"));
      var channel =
          new TestChannel(this, kit.nextNumber(), topic, owner.inbox(), kit.recorder().expect());
      @Nullable TestChannel replaced;
      synchronized (this) {
        byJoinRef.put(ref, channel);
        replaced = current.put(topic, channel);
        if (replaced != null && !replaced.isAlive()) {
          replaced = null;
        }
      }
      CompletableFuture<GatewayMessage> answer =
          kit.gateway()
              .join(
                  channel,
                  replaced,
                  new HostMessage.Join(
                      replaced == null ? 0 : replaced.number(),
                      owner.epoch(),
                      new Recipient(channel.number(), number, topic, Ref.ofText(ref)),
                      info,
                      kit.writer().write(payload)));
      GatewayMessage answered = kit.await(answer, "an answer to the join of \"" + topic + "\"");
      if (replaced != null) {
        replaced.received(new Received.Closed());
      }
      return switch (answered) {
        case GatewayMessage.Joined joined -> {
          channel.response(kit.payload(joined.response()));
          yield new Attempt(channel, null);
        }
        case GatewayMessage.Refused refused -> refused(channel, kit.payload(refused.response()));
        default ->
            throw new AssertionError(
                "the application went away while \"" + topic + "\" was being joined");
      };
    }
  }

  private synchronized Attempt refused(TestChannel channel, Payload reason) {
    current.remove(channel.topic(), channel);
    channel.ended();
    return new Attempt(channel, reason);
  }

  /* ---- ending */

  /**
   * Loses the connection, as a client that goes away (L-40): every channel of it ends with {@link
   * dev.roost.channel.TerminateReason.Closed}. Waits until their {@code terminate} has returned.
   *
   * @throws AssertionError if that takes longer than 5 s
   */
  @Override
  public void close() {
    close("closed");
  }

  /** The same, with a detail of your own for the reason. */
  public void close(String detail) {
    close(detail, CLOSE_TIMEOUT);
  }

  /** The same, with a time of your own to wait for {@code terminate}. */
  public void close(String detail, Duration timeout) {
    var ending = new ArrayList<TestChannel>();
    synchronized (this) {
      for (TestChannel channel : current.values()) {
        if (channel.isAlive()) {
          ending.add(channel);
        }
      }
    }
    kit.gateway().close(this, detail);
    long deadline = System.nanoTime() + timeout.toNanos();
    for (TestChannel channel : ending) {
      channel.awaitEnd(Duration.ofNanos(deadline - System.nanoTime()));
    }
  }

  /**
   * Waits until the connection is closed by its id ({@link
   * dev.roost.application.Broadcaster#disconnect}): a real client gets close code 1001.
   */
  public void assertDisconnected() {
    try {
      if (!disconnected.await(kit.assertLimit().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError(
            "expected the socket with id " + info.id() + " to be disconnected, but it still is");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a disconnect", e);
    }
  }

  /* ---- for the kit */

  ChannelKit kit() {
    return kit;
  }

  long number() {
    return number;
  }

  /** What its channels track; for the stand-in's context. */
  PresenceAllowance presences() {
    return presences;
  }

  synchronized String nextRef() {
    return String.valueOf(++lastRef);
  }

  /** Every channel that was ever joined, ended ones included. */
  synchronized List<TestChannel> channels() {
    return List.copyOf(byJoinRef.values());
  }

  void pushed(GatewayMessage.Push push) {
    deliver(push.recipient(), new Received.Push(push.event(), kit.payload(push.payload())));
  }

  void replied(GatewayMessage.Reply reply) {
    Ref ref = reply.ref();
    deliver(
        reply.recipient(),
        new Received.Reply(
            ref == null ? null : ref.text(), reply.status(), kit.payload(reply.response())));
  }

  private synchronized void deliver(Recipient recipient, Received message) {
    Ref joinRef = recipient.joinRef();
    TestChannel channel = joinRef == null ? null : byJoinRef.get(joinRef.text());
    if (channel != null) {
      channel.received(message);
    }
  }

  void disconnected() {
    disconnected.countDown();
  }
}
