package dev.roost.gateway;

import dev.roost.gateway.admission.Admission;
import dev.roost.gateway.admission.Places;
import dev.roost.gateway.edge.TrustedProxies;
import dev.roost.gateway.transport.Door;
import dev.roost.gateway.transport.NettyChannel;
import dev.roost.gateway.transport.Stall;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees each TCP connection come and go: gives it a place as long as there is one, and closes it if
 * it neither becomes a socket nor asks for anything within the handshake timeout. Used on the
 * gateway's context only.
 */
final class HandshakeWatch {

  private static final Logger log = LoggerFactory.getLogger(HandshakeWatch.class);
  private static final long TICK_MS = 500;
  private static final int SWITCHING_PROTOCOLS = 101;

  /** Connections without a place that may wait for their answer; more are closed without one. */
  private static final int MAX_REFUSED = 1_024;

  private final Duration timeout;
  private final GatewayOptions options;
  private final Places places;
  private final Door door;
  private final Map<HttpConnection, Watched> connections = new HashMap<>();
  private @Nullable Rounds<HttpConnection> rounds;
  private int refused;

  /** What a connection did last. */
  private static final class Watched {

    private final Admission admission;
    private long since = System.nanoTime();
    private @Nullable HttpServerRequest request;
    private @Nullable Stall stall;
    private boolean closing;

    Watched(Admission admission) {
      this.admission = admission;
    }

    boolean isSocket() {
      return request != null
          && request.response().ended()
          && request.response().getStatusCode() == SWITCHING_PROTOCOLS;
    }

    /** Whether it is our turn: a pending connect has a deadline of its own, a page its author. */
    boolean isAnswering() {
      return request != null
          && !request.response().ended()
          && (request.isEnded() || isUpgrade(request));
    }

    /** Only such a request has nothing behind its head. */
    private static boolean isUpgrade(HttpServerRequest request) {
      return request.method().equals(HttpMethod.GET) && request.headers().contains("upgrade");
    }

    /** Whether it has not said all of what it wants, rather than having nothing more to ask. */
    boolean isHalf() {
      return request == null || !request.isEnded();
    }
  }

  HandshakeWatch(GatewayOptions options, Places places, Door door) {
    this.door = door;
    this.options = options;
    this.timeout = options.handshakeTimeout();
    this.places = places;
    // At once, not at the next look: what belongs to a request would live on with the young socket.
    door.onSocket(connections::remove);
  }

  void start(Vertx vertx) {
    long period = Math.min(TICK_MS, timeout.toMillis());
    rounds = new Rounds<>(vertx, period, () -> List.copyOf(connections.keySet()), this::check);
  }

  void stop() {
    if (rounds != null) {
      rounds.stop();
    }
  }

  /** A connection has ended before HTTP. */
  void failed(Throwable cause) {
    log.trace("handshake failed", cause);
    if (cause instanceof SslHandshakeTimeoutException) {
      options.metrics().limitReached(Limit.HANDSHAKE_TIMEOUT);
    } else {
      options.metrics().handshakeFailed();
    }
  }

  void connection(HttpConnection connection) {
    NettyChannel.takeTurns(connection);
    // Or Vert.x calls the server's handler, which is for what comes before.
    connection.exceptionHandler(cause -> log.trace("connection failed", cause));
    Admission admission = places.take(options.limits().connections(), client(connection));
    switch (admission) {
      case Admission.Place place -> {
        door.hold(connection, place);
        connection.closeHandler(
            ignored -> {
              door.release(connection);
              connections.remove(connection);
            });
      }
      case Admission.Refused(var status, var limit) -> {
        options.metrics().limitReached(limit);
        if (refused == MAX_REFUSED) {
          connection.close();
          return;
        }
        refused++;
        connection.closeHandler(
            ignored -> {
              refused--;
              connections.remove(connection);
            });
      }
    }
    connections.put(connection, new Watched(admission));
  }

  /** Whom it counts for; null for a proxy, whose clients count each for itself. */
  private @Nullable InetAddress client(HttpConnection connection) {
    TrustedProxies proxies = options.edge().trustedProxies();
    InetAddress peer = address(connection.remoteAddress());
    if (!options.edge().proxyProtocol() || proxies.isEmpty()) {
      return proxies.contains(peer) ? null : peer;
    }
    // Only a trusted proxy may say who it speaks for; anybody else is refused, and counts himself.
    InetAddress real = address(connection.remoteAddress(true));
    return !proxies.contains(real) ? real : proxies.contains(peer) ? null : peer;
  }

  private static @Nullable InetAddress address(@Nullable SocketAddress address) {
    return address == null ? null : TrustedProxies.address(address.hostAddress());
  }

  /** Takes note of a request; false if its connection has no place, and it its answer. */
  boolean request(HttpServerRequest request) {
    Watched watched = connections.get(request.connection());
    if (watched == null) {
      return true;
    }
    watched.request = request;
    if (!watched.closing) {
      watched.since = System.nanoTime();
    }
    if (watched.admission instanceof Admission.Refused none) {
      options.metrics().connectionRefused(none.status());
      Door.answer(request, none);
      return false;
    }
    return true;
  }

  private void check(HttpConnection connection, long now) {
    Watched watched = connections.get(connection);
    if (watched == null) {
      return; // It is over since the round began.
    }
    if (watched.isSocket()) {
      connections.remove(connection);
      door.release(connection); // Of a page: what is ours has taken it over.
    } else if (watched.closing) {
      checkClosing(connection, watched, now);
    } else if (watched.isAnswering()) {
      watched.since = now;
    } else if (now - watched.since > timeout.toNanos()) {
      if (!watched.isHalf() && isReading(connection, watched, now)) {
        return;
      }
      if (watched.isHalf()) {
        options.metrics().limitReached(Limit.HANDSHAKE_TIMEOUT);
      }
      watched.closing = true;
      watched.since = now;
      connection.close();
    }
  }

  /** An answer is on its way, however slowly: it asks for nothing more as long as it has that. */
  private boolean isReading(HttpConnection connection, Watched watched, long now) {
    watched.stall = Stall.look(watched.stall, connection, now);
    return watched.stall != null && !watched.stall.isLongerThan(options.writeTimeout());
  }

  /** Vert.x closes behind what waits to be written, which its client may never read. */
  private void checkClosing(HttpConnection connection, Watched watched, long now) {
    if (now - watched.since <= options.closeTimeout().toNanos()) {
      return;
    }
    if (Stall.look(null, connection, now) != null) {
      options.metrics().limitReached(Limit.WRITE_TIMEOUT);
    }
    NettyChannel.abort(connection);
    // Of a connection that has become something else meanwhile nobody tells the end.
    connections.remove(connection);
    door.release(connection);
  }
}
