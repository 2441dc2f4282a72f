package dev.roost.gateway.transport;

import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringIoOps;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends to many sockets as one system call, by an io_uring of its own. Everything else of those
 * sockets is the transport's of their event loop, which waits in epoll. Used on that loop only.
 */
final class SendRing {

  /** Sends that one call takes. */
  static final int SIZE = 256;

  /** The {@link #result} of a send that the kernel has not told of. */
  static final int UNKNOWN = Integer.MIN_VALUE;

  private static final Logger log = LoggerFactory.getLogger(SendRing.class);

  /*
   * The kernel's numbers. A send that does not wait is over before the call returns: what a socket
   * does not take is an error, and no work that goes on behind.
   */
  private static final byte SEND = 26;
  private static final int DONT_WAIT = 0x40;
  private static final int NO_SIGNAL = 0x4000;

  private static final int NO_DESCRIPTOR = -1;

  /** The kernel may be short of memory for a moment. */
  private static final int TRIES = 100;

  private final IoHandler ring;
  private final IoRegistration registration;
  private final int[] results = new int[SIZE];
  private int count;
  private @Nullable Throwable failure;
  private boolean givenUp;

  /**
   * Takes over a ring of {@link #SIZE} entries that is ready to run.
   *
   * @throws Exception if it takes no handle
   */
  SendRing(IoHandler ring) throws Exception {
    this.ring = ring;
    this.registration = ring.register(new Results());
  }

  /** One for an event loop; empty where the kernel has no io_uring, or not for this process. */
  static Optional<SendRing> of(EventLoop loop) {
    if (!IoUring.isAvailable()) {
      log.debug("broadcasts are sent socket by socket", IoUring.unavailabilityCause());
      return Optional.empty();
    }
    SendRing made = null;
    try {
      var config = new IoUringIoHandlerConfig().setRingSize(SIZE).setCqSize(2 * SIZE);
      IoHandler ring = IoUringIoHandler.newFactory(config).newHandler(loop);
      made = new SendRing(ring);
      ring.initialize();
      made.add(NO_DESCRIPTOR, 0, 0);
      if (made.run()) {
        return Optional.of(made);
      }
      log.warn("io_uring does not work: broadcasts are sent socket by socket", made.failure);
    } catch (Throwable none) {
      log.warn("no io_uring: broadcasts are sent socket by socket", none);
    }
    if (made != null) {
      made.close();
    }
    return Optional.empty();
  }

  boolean isFull() {
    return count == SIZE;
  }

  /**
   * Adds a send to the next {@link #run}, of which there may be {@link #SIZE}. Its bytes stay where
   * they are, and its socket stays open, until then.
   */
  void add(int descriptor, long address, int length) {
    if (givenUp || isFull()) {
      throw new IllegalStateException("this ring takes no more sends");
    }
    results[count] = UNKNOWN;
    registration.submit(
        new IoUringIoOps(
            SEND,
            (byte) 0,
            (short) 0,
            descriptor,
            0L,
            address,
            length,
            DONT_WAIT | NO_SIGNAL,
            (long) count,
            (short) 0,
            (short) 0,
            0,
            0L));
    count++;
  }

  /**
   * Does what was added, and nothing else ever if it fails: what the kernel has not told of it may
   * still do at the next call.
   *
   * @return false if it has not told of all
   */
  boolean run() {
    int added = count;
    count = 0;
    failure = null;
    for (int tries = 0; tries < TRIES; tries++) {
      try {
        ring.run(Now.INSTANCE);
      } catch (Throwable failed) { // Memory may have run out once the sends were done.
        failure = failed;
      }
      if (isTold(added)) {
        return true;
      }
    }
    givenUp = true;
    return false;
  }

  /** What went wrong during the last {@link #run}; null if nothing did, or nothing is known. */
  @Nullable Throwable failure() {
    return failure;
  }

  private boolean isTold(int added) {
    for (int i = 0; i < added; i++) {
      if (results[i] == UNKNOWN) {
        return false;
      }
    }
    return true;
  }

  /**
   * What became of a send of the last {@link #run}.
   *
   * @param index 0 for the first that was added
   * @return bytes that the socket took, an error below 0, or {@link #UNKNOWN}
   */
  int result(int index) {
    return results[index];
  }

  /** Gives its memory back, unless {@link #run} has failed. */
  void close() {
    if (givenUp) {
      return;
    }
    try {
      ring.prepareToDestroy();
      ring.destroy();
    } catch (RuntimeException failed) {
      log.warn("an io_uring could not be closed", failed);
    }
  }

  private final class Results implements IoUringIoHandle {

    @Override
    public void handle(IoRegistration of, IoEvent event) {
      if (event instanceof IoUringIoEvent told) {
        results[(int) told.userData()] = told.res();
      }
    }

    @Override
    public void close() {
      registration.cancel();
    }
  }

  /** Nothing is waited for. */
  private enum Now implements IoHandlerContext {
    INSTANCE;

    @Override
    public boolean canBlock() {
      return false;
    }

    @Override
    public long delayNanos(long now) {
      return 0;
    }

    @Override
    public long deadlineNanos() {
      return 0;
    }
  }
}
