package dev.roost.host;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;

/**
 * Outcomes of callbacks that were ended before they returned, to be told of together. Used on the
 * host's context only.
 */
final class LateOutcomes {

  /*
   * On a thread of the system's: who listens may take its time, so the context is not the place, and
   * callbacks may be late because they keep all the threads that carry virtual ones.
   */
  private static final Thread.Builder.OfPlatform THREADS =
      Thread.ofPlatform().daemon().name("roost-late");

  private final List<Runnable> tellings = new ArrayList<>();

  void add(Runnable telling) {
    tellings.add(telling);
  }

  /** Tells of them; completes when that is done. */
  Future<Void> tell() {
    if (tellings.isEmpty()) {
      return Future.succeededFuture();
    }
    Promise<Void> told = Promise.promise();
    List<Runnable> all = List.copyOf(tellings);
    tellings.clear();
    THREADS.start(
        () -> {
          try {
            all.forEach(Runnable::run);
          } finally {
            told.complete();
          }
        });
    return told.future();
  }
}
