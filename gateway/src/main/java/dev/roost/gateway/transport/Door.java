package dev.roost.gateway.transport;

import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.Admission;
import dev.roost.gateway.admission.ConnectionLimits;
import dev.roost.gateway.admission.Places;
import dev.roost.gateway.edge.ClientRequest;
import dev.roost.gateway.edge.TrustedProxies;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether one more socket or session may come in, and the places that connections have. A WebSocket
 * that comes directly keeps the place of its connection; one behind a proxy counts for the client
 * that the proxy names as well. Used on the gateway's context only.
 */
public final class Door {

  private static final Logger log = LoggerFactory.getLogger(Door.class);

  private final GatewayOptions options;
  private final ConnectionLimits limits;
  private final Places places;
  private final RefusalLog refusals = new RefusalLog(System::nanoTime);
  private final Map<HttpConnection, Admission.Place> held = new HashMap<>();
  private Consumer<HttpConnection> whenSocket = ignored -> {};

  public Door(GatewayOptions options, Places places) {
    this.options = options;
    this.limits = options.limits().connections();
    this.places = places;
  }

  /* A connection that has become a WebSocket tells nobody of its end but the WebSocket itself. */

  /** The place of a connection until it ends or becomes a socket. */
  public void hold(HttpConnection connection, Admission.Place place) {
    held.put(connection, place);
  }

  /** The connection has ended, or is somebody else's now. */
  public void release(HttpConnection connection) {
    takeOver(connection).giveBack();
  }

  /** Has somebody told of each connection that has become a socket of this gateway. */
  public void onSocket(Consumer<HttpConnection> listener) {
    whenSocket = listener;
  }

  /** The connection has become a socket. */
  void isSocket(HttpConnection connection) {
    whenSocket.accept(connection);
  }

  /** The place of a connection, for a WebSocket that it becomes: the caller gives it back. */
  Admission.Place takeOver(HttpConnection connection) {
    Admission.Place place = held.remove(connection);
    return place == null ? Admission.Place.NONE : place;
  }

  /** Where it is told why clients are refused who come in no other way. */
  RefusalLog refusals() {
    return refusals;
  }

  /** Whether the client may ask for a socket now; if not, it has its answer. */
  boolean admits(HttpServerRequest request, ClientRequest client) {
    Optional<Admission.Refused> refused = places.handshake(limits, address(client));
    refused.ifPresent(reason -> refuse(request, client, reason));
    return refused.isEmpty();
  }

  /** A place for a WebSocket; empty if there is none, which is answered. */
  Optional<Admission.Place> webSocket(HttpServerRequest request, ClientRequest client) {
    if (!options.edge().trustedProxies().contains(peer(request))) {
      return Optional.of(Admission.Place.NONE);
    }
    return granted(request, client, places.takeBehindProxy(limits, address(client)));
  }

  /** A place for a long-poll session; empty if there is none, which is answered. */
  Optional<Admission.Place> session(HttpServerRequest request, ClientRequest client) {
    return granted(request, client, places.take(limits, address(client)));
  }

  private Optional<Admission.Place> granted(
      HttpServerRequest request, ClientRequest client, Admission admission) {
    return switch (admission) {
      case Admission.Place place -> Optional.of(place);
      case Admission.Refused refused -> {
        refuse(request, client, refused);
        yield Optional.empty();
      }
    };
  }

  private void refuse(HttpServerRequest request, ClientRequest client, Admission.Refused refused) {
    log.debug(
        "connection refused with {}: {} is reached, client={}",
        refused.status(),
        refused.limit().option(),
        client.client());
    options.metrics().limitReached(refused.limit());
    options.metrics().connectionRefused(refused.status());
    answer(request, refused);
  }

  /** Answers a request that there is no room for. */
  public static void answer(HttpServerRequest request, Admission.Refused refused) {
    HttpServerResponse response = request.response();
    if (response.closed() || response.ended()) {
      return;
    }
    response
        .setStatusCode(refused.status())
        .putHeader("retry-after", String.valueOf(refused.retryAfter()));
    if (refused.limit() == Limit.MAX_CONNECTIONS
        || refused.limit() == Limit.MAX_CONNECTIONS_PER_ADDRESS) {
      response.putHeader("connection", "close");
    }
    var unused = response.end();
  }

  private static @Nullable InetAddress address(ClientRequest client) {
    return TrustedProxies.address(client.client());
  }

  private static @Nullable InetAddress peer(HttpServerRequest request) {
    return request.remoteAddress() == null
        ? null
        : TrustedProxies.address(request.remoteAddress().hostAddress());
  }
}
