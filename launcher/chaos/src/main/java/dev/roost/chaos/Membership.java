package dev.roost.chaos;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One topic of a client: its state as in phoenix.js, and its log. Under the client's lock. */
final class Membership {

  enum State {
    ERRORED,
    JOINING,
    JOINED
  }

  private final Member member;
  private final List<Entry> log = new ArrayList<>();
  private final Map<Integer, Integer> latest = new HashMap<>();
  private final Map<Integer, Long> freshest = new HashMap<>();
  private State state = State.ERRORED;
  private @Nullable String joinRef;
  private boolean isAbandoned;
  private int failures;
  private int pushed;
  private long due;

  Membership(Member member, long due) {
    this.member = member;
    this.due = due;
  }

  Member member() {
    return member;
  }

  State state() {
    return state;
  }

  @Nullable String joinRef() {
    return joinRef;
  }

  boolean isCurrent(String ref) {
    return ref.equals(joinRef);
  }

  /** When it has to act next: join again, give a join up, or push. */
  long due() {
    return due;
  }

  void due(long at) {
    due = at;
  }

  void joining(String ref, long deadline) {
    state = State.JOINING;
    joinRef = ref;
    due = deadline;
  }

  void joined(long nextPush) {
    log.add(new Entry.Joined(System.nanoTime()));
    state = State.JOINED;
    isAbandoned = false;
    failures = 0;
    due = nextPush;
  }

  /** The join was not answered and is left: what a late answer brings until then does not count. */
  void abandoned(Timing timing) {
    isAbandoned = true;
    failed(timing);
  }

  /** The join was refused: once more later. */
  void failed(Timing timing) {
    errored(System.nanoTime() + timing.backOffNanos(++failures));
  }

  /** The stay is over, or the join will not be answered. */
  void signalled(Entry.Kind kind, Timing timing) {
    isAbandoned = false;
    if (state == State.JOINED) {
      log.add(new Entry.Signal(System.nanoTime(), kind));
      failures = 0;
    }
    failed(timing);
  }

  private void errored(long rejoin) {
    state = State.ERRORED;
    joinRef = null;
    freshest.clear();
    due = rejoin;
  }

  /** The number of the next message, which is as good as sent. */
  int push(long nextPush) {
    due = nextPush;
    log.add(new Entry.Pushed(System.nanoTime(), ++pushed));
    return pushed;
  }

  void refused(int number) {
    log.add(new Entry.Refused(System.nanoTime(), number));
  }

  void received(int publisher, int number, long pushedAt) {
    if (isAbandoned && state != State.JOINED) {
      return;
    }
    log.add(new Entry.Received(System.nanoTime(), publisher, number));
    freshest.merge(publisher, pushedAt, Math::max);
    latest.put(publisher, number);
  }

  void unexpected(String what) {
    log.add(new Entry.Unexpected(System.nanoTime(), what));
  }

  /** Whether it is joined and has received, in this stay, a message pushed after this time. */
  boolean isServedSince(long at) {
    return state == State.JOINED && freshest.values().stream().anyMatch(pushedAt -> pushedAt > at);
  }

  /** Whether it is joined and has received, in this stay, what this one pushed after this time. */
  boolean isServedSince(long at, int publisher) {
    return state == State.JOINED && freshest.getOrDefault(publisher, Long.MIN_VALUE) > at;
  }

  /** Number of its last message, 0 if there was none. */
  int pushed() {
    return pushed;
  }

  /**
   * Whether it is joined, and the last message that it received of this publisher has this number.
   */
  boolean isUpTo(int publisher, int number) {
    return state == State.JOINED && latest.getOrDefault(publisher, 0) == number;
  }

  /** The log so far, as it is now. */
  List<Entry> log() {
    return List.copyOf(log);
  }
}
