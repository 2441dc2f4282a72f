package dev.roost.gateway.socket;

import dev.roost.bus.Ref;
import dev.roost.gateway.protocol.ClientMessage;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One topic that a client has joined, is joining or is leaving, as its gateway sees it. */
final class ChannelRow {

  /**
   * JOINING until the host answers, then JOINED until the client leaves or the host ends it. GONE
   * rows are no longer in any table.
   */
  enum State {
    JOINING,
    JOINED,
    LEAVING,
    GONE
  }

  /** Messages that may queue behind one join before the connection is no longer read. */
  static final int MAX_WAITING = 256;

  private static final long MAX_WAITING_BYTES = 1 << 20;
  private static final String NOBODY = "";

  private final ClientSocket socket;
  private final String topic;
  private final @Nullable Ref joinRef;
  private final String application;
  private long channel;
  private long firstChannel;
  private String host = NOBODY;
  private State state = State.JOINING;
  private @Nullable ClientMessage unanswered;
  private long waitingSince;
  private @Nullable ChannelRow replaced;
  private @Nullable Deque<ClientMessage> waiting;
  private long waitingBytes;
  private boolean full;
  private int seat = -1;
  private EarlyDiffs early = EarlyDiffs.NONE;
  private boolean tracks;

  /**
   * A row whose join has yet to find the topic's host.
   *
   * @param join the client's message; its join ref is the row's, null included (J-15)
   * @param application that serves the topic
   */
  ChannelRow(ClientSocket socket, ClientMessage join, String application) {
    this.socket = socket;
    this.topic = join.topic();
    this.joinRef = join.joinRef();
    this.unanswered = join;
    this.application = application;
  }

  /**
   * The join is on its way.
   *
   * @param number the channel's, unique on this gateway
   * @param inbox of the topic's host
   */
  void sent(long number, String inbox) {
    channel = number;
    firstChannel = firstChannel == 0 ? number : firstChannel;
    host = inbox;
  }

  /** Whether this was the row's number, at a host that was given up before it answered. */
  boolean gaveUp(long number) {
    return number != channel && firstChannel != 0 && number >= firstChannel;
  }

  /** Nobody hosts the topic now; the join waits for somebody who does. */
  void unsent(long now) {
    channel = 0;
    host = NOBODY;
    if (waitingSince == 0) {
      waitingSince = now;
    }
  }

  /**
   * When the join was first without a host: one that is sent to and fro is not to be so for ever.
   */
  long waitingSince() {
    return waitingSince;
  }

  ClientSocket socket() {
    return socket;
  }

  /** Its number on this gateway; 0 while its join waits for a host. */
  long channel() {
    return channel;
  }

  String topic() {
    return topic;
  }

  @Nullable Ref joinRef() {
    return joinRef;
  }

  String application() {
    return application;
  }

  /** Inbox of the topic's host. */
  String host() {
    return host;
  }

  State state() {
    return state;
  }

  void state(State now) {
    state = now;
  }

  /** The join is answered: diffs that come before the client has its list have to wait. */
  void joined(long now) {
    state = State.JOINED;
    early = new EarlyDiffs(now);
  }

  /** Its channel is about to be present, here or elsewhere. */
  void tracks() {
    tracks = true;
  }

  boolean isTracking() {
    return tracks;
  }

  /** Diffs that wait for the client's list; {@link EarlyDiffs#NONE} once it has that. */
  EarlyDiffs early() {
    return early;
  }

  /** The same; from now on none waits. */
  EarlyDiffs takeEarly() {
    EarlyDiffs taken = early;
    early = EarlyDiffs.NONE;
    return taken;
  }

  /** The join message, until it is answered. */
  ClientMessage join() {
    if (unanswered == null) {
      throw new IllegalStateException("the join of " + topic + " is answered already");
    }
    return unanswered;
  }

  /** Ref of the join message, which is forgotten with that. */
  @Nullable Ref takeJoinMessageRef() {
    Ref ref = join().ref();
    unanswered = null;
    return ref;
  }

  /** The client leaves; its message is kept until the host has answered it. */
  void leaving(ClientMessage leave) {
    state = State.LEAVING;
    unanswered = leave;
  }

  /** The host has answered this message: if it is the leave, nobody else has to. */
  void answered(@Nullable Ref ref) {
    if (state == State.LEAVING && unanswered != null && Objects.equals(ref, unanswered.ref())) {
      unanswered = null;
    }
  }

  /** The leave that the host has not answered, and which is forgotten with that. */
  Optional<ClientMessage> takeLeave() {
    Optional<ClientMessage> leave = Optional.ofNullable(unanswered);
    unanswered = null;
    return leave;
  }

  /** The row that this one's join replaced and whose close is still to be written (J-40). */
  @Nullable ChannelRow takeReplaced() {
    ChannelRow row = replaced;
    replaced = null;
    return row;
  }

  void replaces(ChannelRow row) {
    replaced = row;
  }

  /** Whether a message belongs to this join and not to an earlier one. */
  boolean isCurrent(@Nullable Ref messageJoinRef) {
    return messageJoinRef == null || messageJoinRef.equals(joinRef);
  }

  /** Whether messages have to queue up behind the answer to a join or a leave. */
  boolean isWaiting() {
    return state == State.JOINING || waiting != null;
  }

  /**
   * Queues a message until the host has answered.
   *
   * @return true if with it, and not before, too much waits: the connection is not to be read
   */
  boolean await(ClientMessage message) {
    if (waiting == null) {
      waiting = new ArrayDeque<>(4);
    }
    waiting.add(message);
    waitingBytes += message.payload().size();
    boolean becameFull =
        !full && (waiting.size() >= MAX_WAITING || waitingBytes >= MAX_WAITING_BYTES);
    full |= becameFull;
    return becameFull;
  }

  /** Whether too much waited; asked once, by whoever takes it. */
  boolean takeFull() {
    boolean was = full;
    full = false;
    waitingBytes = 0;
    return was;
  }

  /** What waited, in order; empty if nothing did. */
  Deque<ClientMessage> takeWaiting() {
    Deque<ClientMessage> taken = waiting == null ? new ArrayDeque<>(0) : waiting;
    waiting = null;
    return taken;
  }

  /** Its place among the topic's subscribers, -1 for none; kept by {@link Subscriptions}. */
  int seat() {
    return seat;
  }

  void seat(int place) {
    seat = place;
  }
}
