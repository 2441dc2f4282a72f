package dev.roost.gateway.transport;

import dev.roost.bus.BusEndpoint;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.cluster.Applications;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.edge.ClientRequest;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.socket.ClientSocket;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.routing.PathPattern;
import dev.roost.routing.SocketOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From an HTTP request to a client on a WebSocket: the steps of section 2 of the specification, in
 * their order; the first that answers ends the request. Used on the gateway's context only.
 */
public final class WebSocketTransport {

  private static final Logger log = LoggerFactory.getLogger(WebSocketTransport.class);
  private static final String NAME = "websocket";
  private static final String DEFAULT_VSN = "1.0.0";

  private final ClusterNode node;
  private final BusEndpoint endpoint;
  private final SocketTable table;
  private final GatewayOptions options;
  private final FrameWriter writer;
  private final WebSocketConnection.Limits limits;
  private final Map<Long, Pending> pending = new LinkedHashMap<>();
  private final Map<String, PathPattern> served = new HashMap<>();
  private long lastRequest;
  private int turn;
  private boolean draining;

  /** A request that waits for its socket handler. */
  private record Pending(
      HttpServerRequest request,
      Applications.Mount mount,
      Serializer serializer,
      @Nullable String protocol,
      String inbox,
      HostMessage.Connect connect,
      long since) {

    Pending at(String other) {
      return new Pending(request, mount, serializer, protocol, other, connect, since);
    }
  }

  public WebSocketTransport(
      ClusterNode node, BusEndpoint endpoint, SocketTable table, GatewayOptions options) {
    this.node = node;
    this.endpoint = endpoint;
    this.table = table;
    this.options = options;
    this.writer = new FrameWriter(options.maxQueuedBytes());
    this.limits = new WebSocketConnection.Limits(options.maxMessageBytes(), options.closeTimeout());
  }

  /**
   * Takes a request to a path that is or was a socket's; false for any other, which is not touched
   * (E-10).
   *
   * @param client who asks for it
   */
  public boolean handle(HttpServerRequest request, ClientRequest client) {
    String path = request.path();
    Optional<Applications.Matched> matched =
        path == null ? Optional.empty() : node.snapshot().applications().websocket(path);
    if (matched.isPresent()) {
      Applications.Mount mount = matched.get().mount();
      served.putIfAbsent(mount.path(), mount.websocket());
      upgrade(request, client, matched.get());
      return true;
    }
    if (path != null && wasServed(path)) {
      // Its application is away, perhaps for a deploy: clients are to try again.
      refuse(request, 503, "");
      return true;
    }
    return false;
  }

  private boolean wasServed(String path) {
    return served.values().stream().anyMatch(pattern -> pattern.match(path).isPresent());
  }

  private void upgrade(
      HttpServerRequest request, ClientRequest client, Applications.Matched matched) {
    Applications.Mount mount = matched.mount();
    SocketOptions socketOptions = mount.options();
    if (!request.method().equals(HttpMethod.GET)) {
      refuse(request, 400, "");
      return;
    }
    String query = request.query();
    Optional<JsonObject> params = QueryParams.decode(query == null ? "" : query);
    if (params.isEmpty()) {
      refuse(request, 400, "");
      return;
    }
    matched.variables().forEach(params.get()::put);
    if (!Upgrade.originAllowed(request, client, socketOptions, options.publicHost())) {
      log.error(
          "connection refused: origin {} is not allowed at {}; list it in checkOrigin if it should"
              + " be",
          request.getHeader("origin"),
          mount.path());
      refuse(request, 403, "");
      return;
    }
    var protocols = Upgrade.Protocols.of(request, socketOptions);
    if (protocols.tokenIsBroken()) {
      refuse(request, 403, "");
      return;
    }
    Upgrade.Selection selection = protocols.select(socketOptions);
    if (!selection.allowed()) {
      log.error("connection refused: none of the subprotocols asked for is served");
      refuse(request, 403, "");
      return;
    }
    Object vsn = params.get().getValue("vsn", DEFAULT_VSN);
    Optional<Serializer> serializer =
        vsn instanceof String version ? Serializer.negotiate(version) : Optional.empty();
    if (serializer.isEmpty()) {
      log.warn("connection refused: vsn {} is none of 1.0.x, 2.0.x", vsn);
      refuse(request, 403, "");
      return;
    }
    connect(
        request, client, mount, serializer.get(), selection.protocol(), params.get(), protocols);
  }

  private void connect(
      HttpServerRequest request,
      ClientRequest client,
      Applications.Mount mount,
      Serializer serializer,
      @Nullable String protocol,
      JsonObject params,
      Upgrade.Protocols protocols) {
    Optional<String> inbox = anyInbox(mount);
    if (inbox.isEmpty() || draining || pending.size() >= options.maxPendingConnects()) {
      refuse(request, 503, "");
      return;
    }
    request.pause();
    long number = ++lastRequest;
    JsonObject info = Upgrade.connectInfo(request, client, mount.options(), protocols);
    var connect =
        new HostMessage.Connect(
            number,
            mount.application(),
            mount.path(),
            NAME,
            params.getString("vsn", DEFAULT_VSN),
            payload(params),
            payload(info));
    pending.put(
        number,
        new Pending(request, mount, serializer, protocol, inbox.get(), connect, System.nanoTime()));
    endpoint.send(inbox.get(), connect);
  }

  /** A host of the application that decides on the mount's connections, each in its turn. */
  private Optional<String> anyInbox(Applications.Mount mount) {
    turn = (turn + 1) & Integer.MAX_VALUE;
    return node.snapshot().anyHost(mount.application(), turn);
  }

  /**
   * Connects that wait for hosts which may never have got them, or can never answer, are put to a
   * host that lives; whichever answer comes first counts.
   *
   * @param isLost tells of a host's inbox
   */
  public void askAgain(Predicate<String> isLost) {
    for (var waiting : List.copyOf(pending.entrySet())) {
      Pending waited = waiting.getValue();
      if (isLost.test(waited.inbox())) {
        Optional<String> other = anyInbox(waited.mount());
        if (other.isPresent()) {
          pending.put(waiting.getKey(), waited.at(other.get()));
          endpoint.send(other.get(), waited.connect());
        } else {
          pending.remove(waiting.getKey());
          refuse(waited.request(), 503, "");
        }
      }
    }
  }

  private static RawPayload payload(JsonObject object) {
    return object.isEmpty()
        ? RawPayload.EMPTY_OBJECT
        : RawPayload.json(object.toBuffer().getBytes());
  }

  /** The socket handler accepted: only now are the upgrade headers looked at (H-13). */
  public void connected(GatewayMessage.Connected answer) {
    Pending waited = pending.remove(answer.request());
    if (waited == null) {
      return;
    }
    HttpServerRequest request = waited.request();
    Optional<String> defect = Upgrade.defect(request);
    if (defect.isPresent()) {
      refuse(request, 400, defect.get());
      return;
    }
    if (waited.protocol() != null) {
      request.response().putHeader("sec-websocket-protocol", waited.protocol());
    }
    var info = new ClientInfo(waited.mount().path(), NAME, answer.id(), shared(answer.assigns()));
    request
        .toWebSocket()
        .onComplete(
            webSocket -> open(webSocket, waited, info),
            failure -> {
              log.debug("upgrade failed: {}", failure.toString());
              refuse(request, 400, "");
            });
  }

  private static RawPayload shared(RawPayload assigns) {
    return assigns.equals(RawPayload.EMPTY_OBJECT) ? RawPayload.EMPTY_OBJECT : assigns;
  }

  private void open(ServerWebSocket webSocket, Pending waited, ClientInfo info) {
    SocketOptions socketOptions = waited.mount().options();
    var connection =
        new WebSocketConnection(
            webSocket, writer, limits, socketOptions.idleTimeout(), options.metrics());
    ClientSocket client =
        table.open(connection, waited.serializer(), info, socketOptions.maxChannels());
    connection.open(client);
    if (draining) {
      connection.close(CloseCode.SERVICE_RESTART);
    }
    options.metrics().socketOpened();
  }

  /** The socket handler refused, or failed. */
  public void refused(GatewayMessage.ConnectRefused answer) {
    Pending waited = pending.remove(answer.request());
    if (waited != null) {
      refuse(waited.request(), answer.status(), answer.body());
    }
  }

  /** Gives up on socket handlers that have taken too long. */
  public void checkPending(long now) {
    Iterator<Pending> oldestFirst = pending.values().iterator();
    while (oldestFirst.hasNext()) {
      Pending waited = oldestFirst.next();
      if (now - waited.since() < options.connectTimeout().toNanos()) {
        return;
      }
      oldestFirst.remove();
      log.error(
          "connection refused: the socket handler of {} did not answer within {}",
          waited.mount().path(),
          options.connectTimeout());
      refuse(waited.request(), 503, "");
    }
  }

  /** From now on every connection is refused with 503, those that wait included. */
  public void drain() {
    draining = true;
    pending.values().forEach(waited -> refuse(waited.request(), 503, ""));
    pending.clear();
  }

  /** Connects that wait for their socket handler. */
  public int pendingCount() {
    return pending.size();
  }

  private void refuse(HttpServerRequest request, int status, String body) {
    options.metrics().connectionRefused(status);
    HttpServerResponse response = request.response();
    if (response.closed() || response.ended()) {
      return;
    }
    request.resume();
    response.setStatusCode(status);
    if (!body.isEmpty()) {
      response.putHeader("content-type", "text/plain; charset=utf-8");
    }
    response.end(body);
  }
}
