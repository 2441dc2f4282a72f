package dev.roost.gateway.socket;

import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Diffs of presences that came after a join and before the client's first list. phoenix.js queues
 * them as well (JS-31), but never forgets them: if the join ends before a list came, it applies
 * them to a list of a later one, and people are back who are gone. Here they go out behind the
 * list, or end with the join. A client that may get no list does not wait for long.
 */
final class EarlyDiffs {

  /** Nothing waits, nor will. */
  static final EarlyDiffs NONE = new EarlyDiffs(0);

  /** How long after the join a diff waits at most if a list is to be expected. */
  private static final long FOR_A_LIST = TimeUnit.SECONDS.toNanos(20);

  /** The same if not. */
  private static final long IN_CASE_OF_ONE = TimeUnit.SECONDS.toNanos(1);

  private static final long NO_TIMER = -1;

  /** As many wait, and as many bytes of them. */
  static final int MAX_DIFFS = 512;

  private static final int MAX_BYTES = 1 << 20;

  private final long joinedAt;
  private List<Diff> diffs = List.of();
  private int bytes;
  private long timer = NO_TIMER;

  /** One diff; the join ref is null in a broadcast. */
  record Diff(RawPayload payload, @Nullable Ref joinRef) {}

  EarlyDiffs(long joinedAt) {
    this.joinedAt = joinedAt;
  }

  boolean isEmpty() {
    return diffs.isEmpty();
  }

  /** Nanoseconds that diffs may wait from now on; not above 0 if none may. */
  long remaining(boolean isListExpected, long now) {
    return joinedAt + (isListExpected ? FOR_A_LIST : IN_CASE_OF_ONE) - now;
  }

  boolean hasRoom(RawPayload diff) {
    return diffs.size() < MAX_DIFFS && bytes + diff.size() <= MAX_BYTES;
  }

  void add(RawPayload payload, @Nullable Ref joinRef) {
    if (diffs.isEmpty()) {
      diffs = new ArrayList<>(2);
    }
    diffs.add(new Diff(payload, joinRef));
    bytes += payload.size();
  }

  /** In the order they came. */
  List<Diff> all() {
    return diffs;
  }

  /** The timer that ends the waiting. */
  void endsBy(long id) {
    timer = id;
  }

  /** They wait no more. */
  void cancel(LongConsumer timers) {
    if (timer != NO_TIMER) {
      timers.accept(timer);
      timer = NO_TIMER;
    }
  }
}
