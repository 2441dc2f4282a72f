package dev.roost.gateway.socket;

import dev.roost.bus.Ref;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The last leaves of a socket that its gateway has answered for a host that seemed gone. One that
 * was only slow answers too, which the client is not to see.
 */
final class AnsweredLeaves {

  private static final int MOST = 16;

  private final Deque<Leave> last = new ArrayDeque<>(2);

  private record Leave(long channel, @Nullable Ref ref) {}

  void add(long channel, @Nullable Ref ref) {
    if (last.size() == MOST) {
      last.remove();
    }
    last.add(new Leave(channel, ref));
  }

  /** Whether this answers one of them, which is forgotten with that. */
  boolean remove(long channel, @Nullable Ref ref) {
    return last.remove(new Leave(channel, ref));
  }
}
