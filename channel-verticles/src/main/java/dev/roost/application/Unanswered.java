package dev.roost.application;

import io.vertx.core.Vertx;
import io.vertx.core.shareddata.Shareable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Broadcasts that their hosts have not answered for yet, of all broadcasters of one Vert.x. Safe
 * for any thread.
 */
final class Unanswered implements Shareable {

  /** What their payloads may take, each counted with 256 bytes besides. */
  static final long MOST_BYTES = 64L << 20;

  private static final int BYTES_EACH = 256;
  private static final long POLL_NANOS = 200_000;
  private static final String NAME = "dev.roost.broadcasts.unanswered";

  private final long most;
  private final AtomicLong bytes = new AtomicLong();

  Unanswered(long most) {
    this.most = most;
  }

  static Unanswered of(Vertx vertx) {
    return vertx
        .sharedData()
        .<String, Unanswered>getLocalMap(NAME)
        .computeIfAbsent(NAME, ignored -> new Unanswered(MOST_BYTES));
  }

  /**
   * Takes room for one more. A virtual thread waits for it, others do not.
   *
   * @return false if there is none
   */
  boolean take(int payloadBytes) {
    while (bytes.get() >= most) {
      Thread caller = Thread.currentThread();
      if (!caller.isVirtual() || caller.isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
    bytes.addAndGet(BYTES_EACH + payloadBytes);
    return true;
  }

  void giveBack(int payloadBytes) {
    bytes.addAndGet(-BYTES_EACH - payloadBytes);
  }
}
