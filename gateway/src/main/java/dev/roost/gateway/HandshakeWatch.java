package dev.roost.gateway;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Closes TCP connections that neither become a socket nor ask for anything within the handshake
 * timeout. Used on the gateway's context only.
 */
final class HandshakeWatch {

  private static final long TICK_MS = 500;

  private final Duration timeout;
  private final Map<HttpConnection, Long> lastRequest = new HashMap<>();
  private long timer;

  HandshakeWatch(Duration timeout) {
    this.timeout = timeout;
  }

  void start(Vertx vertx) {
    timer = vertx.setPeriodic(Math.min(TICK_MS, timeout.toMillis()), ignored -> check());
  }

  void stop(Vertx vertx) {
    vertx.cancelTimer(timer);
  }

  void connection(HttpConnection connection) {
    lastRequest.put(connection, System.nanoTime());
    connection.closeHandler(ignored -> lastRequest.remove(connection));
  }

  /** An upgrade is no longer watched here: the pending connect has a deadline of its own. */
  void request(RoutingContext context) {
    HttpConnection connection = context.request().connection();
    if (context.request().headers().contains("upgrade")) {
      lastRequest.remove(connection);
    } else {
      lastRequest.replace(connection, System.nanoTime());
    }
    context.next();
  }

  private void check() {
    long now = System.nanoTime();
    for (var entry : Map.copyOf(lastRequest).entrySet()) {
      if (now - entry.getValue() > timeout.toNanos()) {
        lastRequest.remove(entry.getKey());
        entry.getKey().close();
      }
    }
  }
}
