package dev.roost.gateway.workers;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Threads for what would keep an event loop busy for too long. All gateways of a process share
 * them, and they come behind all others: however much there is to do, the event loops have room.
 */
public final class Workers {

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private final Vertx vertx;
  private final WorkerExecutor executor;

  private Workers(Vertx vertx, WorkerExecutor executor) {
    this.vertx = vertx;
    this.executor = executor;
  }

  /** For large messages, half as many as processors: one message may be a second of work. */
  public static Workers forMessages(Vertx vertx) {
    return of(vertx, "roost-large-messages", Math.max(1, PROCESSORS / 2));
  }

  /** For signatures, as many as processors. Nothing that they do waits for anything. */
  public static Workers forSignatures(Vertx vertx) {
    return of(vertx, "roost-signatures", PROCESSORS);
  }

  private static Workers of(Vertx vertx, String name, int threads) {
    return new Workers(vertx, vertx.createSharedWorkerExecutor(name, threads));
  }

  /** Does some work; the result comes on the caller's context. Fails when they are closed. */
  @SuppressWarnings("ThreadPriorityCheck") // Nothing relies on it: others wait a little longer.
  public <T> Future<@Nullable T> compute(Callable<T> work) {
    try {
      return executor.executeBlocking(
          () -> {
            Niceness.lower();
            // Else it would keep its processor until the kernel's next tick, however much there is.
            Thread.yield();
            return work.call();
          },
          false);
    } catch (RejectedExecutionException closed) {
      return Future.failedFuture(closed);
    }
  }

  /** Does something on the caller's context, behind what that has to do already. */
  public void behind(Runnable action) {
    vertx.runOnContext(ignored -> action.run());
  }

  /** The gateway needs them no more. */
  public Future<Void> close() {
    return executor.close();
  }
}
