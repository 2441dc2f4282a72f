package dev.roost.gateway;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Closes TCP connections that neither become a socket nor ask for anything within the handshake
 * timeout. Used on the gateway's context only.
 */
final class HandshakeWatch {

  private static final long TICK_MS = 500;
  private static final int SWITCHING_PROTOCOLS = 101;

  private final Duration timeout;
  private final Map<HttpConnection, Watched> connections = new HashMap<>();
  private long timer;

  /** What a connection did last. */
  private static final class Watched {

    private long since = System.nanoTime();
    private @Nullable HttpServerRequest request;

    boolean isSocket() {
      return request != null
          && request.response().ended()
          && request.response().getStatusCode() == SWITCHING_PROTOCOLS;
    }

    /** Whether it is our turn: a pending connect has a deadline of its own, a page its author. */
    boolean isAnswering() {
      return request != null
          && !request.response().ended()
          && (request.isEnded() || request.headers().contains("upgrade"));
    }
  }

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
    connections.put(connection, new Watched());
    connection.closeHandler(ignored -> connections.remove(connection));
  }

  void request(HttpServerRequest request) {
    Watched watched = connections.get(request.connection());
    if (watched != null) {
      watched.since = System.nanoTime();
      watched.request = request;
    }
  }

  private void check() {
    long now = System.nanoTime();
    for (var entry : Map.copyOf(connections).entrySet()) {
      Watched watched = entry.getValue();
      if (watched.isSocket()) {
        connections.remove(entry.getKey());
      } else if (watched.isAnswering()) {
        watched.since = now;
      } else if (now - watched.since > timeout.toNanos()) {
        connections.remove(entry.getKey());
        entry.getKey().close();
      }
    }
  }
}
