package dev.roost.gateway.socket;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Threads for what would keep an event loop busy for too long. All gateways of a process share
 * them, and there are half as many as processors, which come behind all others: however much there
 * is to do, the event loops have room.
 */
public final class Workers {

  private static final int THREADS = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

  private final Vertx vertx;
  private final WorkerExecutor executor;

  private Workers(Vertx vertx, WorkerExecutor executor) {
    this.vertx = vertx;
    this.executor = executor;
  }

  public static Workers of(Vertx vertx) {
    return new Workers(vertx, vertx.createSharedWorkerExecutor("roost-large-messages", THREADS));
  }

  /** Does some work; the result comes on the caller's context. */
  public <T> Future<@Nullable T> compute(Callable<T> work) {
    return executor.executeBlocking(
        () -> {
          Niceness.lower();
          return work.call();
        },
        false);
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
