package dev.roost.bus;

import java.lang.ref.WeakReference;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Large payloads that go over a link again and again: a list of presences, for each of many who
 * join at once. One that is sent a second time is kept by both ends, and from then on named by its
 * number. Each end has one of these; they agree because they hear of the same in the same order.
 */
final class KeptPayloads {

  private static final int MIN_BYTES = 16 << 10;
  private static final int MAX_BYTES = Contract.MAX_PAYLOAD_BYTES;
  private static final int MAX_KEPT = 4;

  private final @Nullable RawPayload[] kept = new @Nullable RawPayload[MAX_KEPT];
  private final long[] numbers = new long[MAX_KEPT];
  private final boolean[] used = new boolean[MAX_KEPT];
  private final @Nullable WeakReference<RawPayload>[] seen = references();
  private int nextSeen;
  private long last;

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static @Nullable WeakReference<RawPayload>[] references() {
    return new WeakReference[MAX_KEPT];
  }

  /**
   * A payload that is named by its number.
   *
   * @param isNew whether the other end has to be told of it first
   */
  record Kept(long number, boolean isNew) {}

  /** How to send this very instance; null if as it is. */
  @Nullable Kept find(RawPayload payload) {
    if (payload.size() < MIN_BYTES || payload.size() > MAX_BYTES) {
      return null;
    }
    for (int i = 0; i < MAX_KEPT; i++) {
      if (isSame(kept[i], payload)) {
        used[i] = true;
        return new Kept(numbers[i], false);
      }
    }
    for (WeakReference<RawPayload> reference : seen) {
      if (reference != null && isSame(reference.get(), payload)) {
        keep(last + 1, payload);
        return new Kept(last, true);
      }
    }
    seen[nextSeen] = new WeakReference<>(payload);
    nextSeen = (nextSeen + 1) % MAX_KEPT;
    return null;
  }

  // To compare megabytes would cost as much as to send them.
  @SuppressWarnings("ReferenceEquality")
  private static boolean isSame(@Nullable RawPayload one, RawPayload other) {
    return one == other;
  }

  /** Keeps a payload, and forgets the oldest. */
  void keep(long number, RawPayload payload) {
    last = number;
    int i = (int) (number % MAX_KEPT);
    kept[i] = payload;
    numbers[i] = number;
    used[i] = true;
  }

  /** The payload of this number; null if it was never kept here. */
  @Nullable RawPayload get(long number) {
    int i = (int) (number % MAX_KEPT);
    used[i] = true;
    return numbers[i] == number ? kept[i] : null;
  }

  /** At each check of the link: forgets what was not used since the one before. */
  void check() {
    for (int i = 0; i < MAX_KEPT; i++) {
      if (!used[i]) {
        kept[i] = null;
      }
      used[i] = false;
    }
  }

  /** Messages are missing: the two may not agree any more. */
  void clear() {
    Arrays.fill(kept, null);
  }
}
