package dev.roost.gateway.admission;

import io.vertx.core.Vertx;
import io.vertx.core.shareddata.Shareable;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes the large messages of all clients may take in this process: those from clients
 * until they are decoded, or those to clients until they are written. What the gateways of one
 * Vert.x take is counted together. Safe for any thread.
 */
public final class MessageBudget {

  /*
   * A message asks when it takes another chunk, of 64 KiB once it is large, and never before it has
   * FREE_BYTES: of small messages nothing is counted. What is there already, whole and about to be decoded, is
   * counted without asking, so that who comes later is refused rather than who is nearly done.
   */
  private static final String NAME = "dev.roost.gateway.messages";

  private static final String QUEUED = "dev.roost.gateway.queued";

  /** What each message has besides: 8 KiB, less than a socket takes itself. */
  public static final int FREE_BYTES = 8 << 10;

  private final Taken taken;
  private final long most;

  /** What is taken in all. */
  private static final class Taken implements Shareable {
    private final AtomicLong bytes = new AtomicLong();
  }

  private MessageBudget(Taken taken, long most) {
    this.taken = taken;
    this.most = most;
  }

  /** A budget of its own. */
  public static MessageBudget of(long most) {
    return new MessageBudget(new Taken(), most);
  }

  /**
   * That of this Vert.x for messages from clients.
   *
   * @param most bytes that may be taken for one more chunk to be had
   */
  public static MessageBudget of(Vertx vertx, long most) {
    return of(vertx, NAME, most);
  }

  /** The same for messages to clients. */
  public static MessageBudget ofQueued(Vertx vertx, long most) {
    return of(vertx, QUEUED, most);
  }

  private static MessageBudget of(Vertx vertx, String name, long most) {
    Taken shared =
        vertx
            .sharedData()
            .<String, Taken>getLocalMap(name)
            .computeIfAbsent(name, ignored -> new Taken());
    return new MessageBudget(shared, most);
  }

  /** Bytes that are taken now; 0 if every large message is over. */
  public long taken() {
    return taken.bytes.get();
  }

  /** For one message, or for one after the other. */
  public Share share() {
    return new Share();
  }

  private boolean tryTake(long bytes) {
    long before = taken.bytes.get();
    while (before + bytes <= most) {
      if (taken.bytes.compareAndSet(before, before + bytes)) {
        return true;
      }
      before = taken.bytes.get();
    }
    return false;
  }

  /**
   * What one message takes: a number that is set, so that giving back twice does no harm. Used by
   * one thread at a time.
   */
  public final class Share {

    private long counted;

    private Share() {}

    /** Sets it to as many bytes if there is room for what is more; else nothing changes. */
    public boolean tryHold(long bytes) {
      long wanted = beyondFree(bytes);
      if (wanted > counted && !tryTake(wanted - counted)) {
        return false;
      }
      if (wanted < counted) {
        taken.bytes.addAndGet(wanted - counted);
      }
      counted = wanted;
      return true;
    }

    /** Sets it to as many bytes, room or not: they are there already. */
    public void hold(long bytes) {
      long wanted = beyondFree(bytes);
      if (wanted != counted) {
        taken.bytes.addAndGet(wanted - counted);
        counted = wanted;
      }
    }

    /** Holds nothing any more. */
    public void giveBack() {
      hold(0);
    }

    private static long beyondFree(long bytes) {
      return Math.max(0, bytes - FREE_BYTES);
    }
  }
}
