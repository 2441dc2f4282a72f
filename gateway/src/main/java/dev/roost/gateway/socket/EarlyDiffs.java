package dev.roost.gateway.socket;

import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Diffs of presences that came after a join and before the client's first list. phoenix.js queues
 * them as well (JS-31), but never forgets them: if the join ends before a list came, it applies
 * them to a list of a later one, and people are back who are gone. Here they go out behind the
 * list, or end with the join. A client that gets no list does not wait for long.
 */
final class EarlyDiffs {

  /** Nothing waits, nor will. */
  static final EarlyDiffs NONE = new EarlyDiffs(0);

  /** How long after the join a diff waits at most. */
  private static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** As many wait, and as many bytes of them. */
  static final int MAX_DIFFS = 64;

  private static final int MAX_BYTES = 1 << 20;

  private final long joinedAt;
  private List<Diff> diffs = List.of();
  private int bytes;

  /** One diff; the join ref is null in a broadcast. */
  record Diff(RawPayload payload, @Nullable Ref joinRef) {}

  EarlyDiffs(long joinedAt) {
    this.joinedAt = joinedAt;
  }

  boolean isEmpty() {
    return diffs.isEmpty();
  }

  /** Nanoseconds that diffs may wait from now on; not above 0 if none may. */
  long remaining(long now) {
    return joinedAt + MAX_NANOS - now;
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
}
