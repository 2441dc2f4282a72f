package dev.roost.host;

import io.vertx.core.Vertx;
import io.vertx.core.shareddata.Shareable;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes of clients' events may wait for all channels of this process. What the channel
 * verticles of one Vert.x hold is counted together. Safe for any thread.
 */
final class MailboxBudget {

  /*
   * Each mailbox has FREE_BYTES besides, so that channels that keep up touch nothing that others
   * touch, and go on when others have taken all there is.
   */
  static final int FREE_BYTES = 64 << 10;

  private static final String NAME = "dev.roost.channels.mailboxes";

  private final Taken taken;
  private final long most;

  /** What is taken in all. */
  private static final class Taken implements Shareable {
    private final AtomicLong bytes = new AtomicLong();
  }

  private MailboxBudget(Taken taken, long most) {
    this.taken = taken;
    this.most = most;
  }

  /** A budget of its own. */
  static MailboxBudget of(long most) {
    return new MailboxBudget(new Taken(), most);
  }

  /** That of this Vert.x. */
  static MailboxBudget of(Vertx vertx, long most) {
    Taken shared =
        vertx
            .sharedData()
            .<String, Taken>getLocalMap(NAME)
            .computeIfAbsent(NAME, ignored -> new Taken());
    return new MailboxBudget(shared, most);
  }

  /** Bytes that are taken now; 0 if no mailbox holds more than is free. */
  long taken() {
    return taken.bytes.get();
  }

  /** Whether a mailbox may go on to hold as many bytes. */
  boolean hasRoom(long bytes) {
    return bytes <= FREE_BYTES || taken.bytes.get() < most;
  }

  /** A mailbox holds another number of bytes now. */
  void changed(long before, long after) {
    long difference = Math.max(FREE_BYTES, after) - Math.max(FREE_BYTES, before);
    if (difference != 0) {
      taken.bytes.addAndGet(difference);
    }
  }
}
