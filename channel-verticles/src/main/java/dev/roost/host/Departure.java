package dev.roost.host;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Waits for the last callbacks of a host that is being undeployed, for a bounded time. */
final class Departure {

  private final Duration limit;
  private final List<Future<Void>> endings = new ArrayList<>();

  Departure(Duration limit) {
    this.limit = limit;
  }

  void await(Mailbox mailbox) {
    Promise<Void> idle = Promise.promise();
    mailbox.whenIdle(idle::complete);
    endings.add(idle.future());
  }

  void await(Future<Void> ending) {
    endings.add(ending);
  }

  /** Completes when all are idle, or when the time is up. */
  Future<Void> done() {
    return Future.all(endings)
        .<Void>mapEmpty()
        .timeout(limit.toMillis(), TimeUnit.MILLISECONDS)
        .otherwiseEmpty();
  }
}
