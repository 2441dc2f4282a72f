package dev.roost.gateway.transport;

import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.cluster.Applications;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.admission.Admission;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.edge.ClientRequest;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.socket.ClientSocket;
import dev.roost.gateway.socket.Lease;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.gateway.workers.Workers;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.Transport;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From an HTTP request to a client on a WebSocket: the steps of section 2 of the specification, in
 * their order; the first that answers ends the request. Used on the gateway's context only.
 */
public final class WebSocketTransport {

  private static final Logger log = LoggerFactory.getLogger(WebSocketTransport.class);

  private final Workers workers;
  private final Door door;
  private final Connects connects;
  private final SocketTable table;
  private final GatewayOptions options;
  private final List<Serializer> serializers;
  private final Compression compression = new Compression();
  private final FrameWriter writer;
  private final WebSocketConnection.Limits limits;

  public WebSocketTransport(
      Door door,
      Connects connects,
      SocketTable table,
      Workers workers,
      MessageBudget budget,
      MessageBudget queued,
      GatewayOptions options) {
    this.workers = workers;
    this.door = door;
    this.connects = connects;
    this.table = table;
    this.options = options;
    this.serializers = Serializer.reading(options.limits().maxJsonDepth());
    this.writer =
        new FrameWriter(
            options.maxQueuedBytes(),
            queued,
            compression,
            loop -> options.ioUring() ? SendRing.of(loop) : Optional.empty());
    this.limits =
        new WebSocketConnection.Limits(
            options.maxMessageBytes(),
            options.limits().maxFragments(),
            options.limits().pingsPerSecond(),
            options.writeTimeout(),
            budget);
  }

  /** To be called when its sockets are over, or cut off. */
  public void close() {
    writer.close();
  }

  /**
   * Takes a request to the WebSocket path of a mount.
   *
   * @param client who asks for it
   */
  public void handle(
      HttpServerRequest request, ClientRequest client, Applications.Matched matched) {
    Applications.Mount mount = matched.mount();
    SocketOptions socketOptions = mount.options();
    if (!request.method().equals(HttpMethod.GET)) {
      refuse(request, 400, "");
      return;
    }
    if (!door.admits(request, client)) {
      return;
    }
    String query = request.query();
    Optional<JsonObject> params = QueryParams.decode(query == null ? "" : query);
    if (params.isEmpty()) {
      refuse(request, 400, "");
      return;
    }
    matched.variables().forEach(params.get()::put);
    if (!Upgrade.originAllowed(request, client, mount, options.publicHost())) {
      door.refusals().originNotAllowed(request.getHeader("origin"), mount);
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
      door.refusals().noSubprotocolServed(protocols.requested(), mount);
      refuse(request, 403, "");
      return;
    }
    Optional<Serializer> serializer = Upgrade.serializer(params.get(), serializers);
    if (serializer.isEmpty()) {
      door.refusals().versionUnknown(params.get().getValue("vsn"));
      refuse(request, 403, "");
      return;
    }
    Optional<Admission.Place> place = door.webSocket(request, client);
    if (place.isEmpty()) {
      return;
    }
    request.pause();
    connects.ask(
        new Connects.Client(
            mount,
            Transport.WEBSOCKET,
            params.get(),
            Upgrade.connectInfo(
                request, client, params.get(), socketOptions, protocols, options.auth().session()),
            Upgrade.originToAsk(request, socketOptions),
            Upgrade.token(request, params.get(), socketOptions, protocols)),
        new Asked(request, mount, serializer.get(), selection.protocol(), place.get()));
  }

  /** A request that waits for its socket handler. */
  private final class Asked implements Connects.Decision {

    private final HttpServerRequest request;
    private final Applications.Mount mount;
    private final Serializer serializer;
    private final @Nullable String protocol;
    private final Admission.Place place;

    Asked(
        HttpServerRequest request,
        Applications.Mount mount,
        Serializer serializer,
        @Nullable String protocol,
        Admission.Place place) {
      this.request = request;
      this.mount = mount;
      this.serializer = serializer;
      this.protocol = protocol;
      this.place = place;
    }

    /** Only now are the upgrade headers looked at (H-13). */
    @Override
    public void accepted(GatewayMessage.Connected answer, @Nullable Lease lease) {
      Optional<String> defect = Upgrade.defect(request);
      if (defect.isPresent()) {
        place.giveBack();
        refuse(request, 400, defect.get());
        return;
      }
      if (protocol != null) {
        request.response().putHeader("sec-websocket-protocol", protocol);
      }
      ClientInfo info = Connects.client(mount, Transport.WEBSOCKET, answer);
      boolean compressed = compression.agree(request);
      Runnable end = giveBack(door.takeOver(request.connection()), place);
      upgrade()
          .onComplete(
              webSocket -> {
                try {
                  open(webSocket, this, compressed, info, lease, end);
                } catch (Throwable failure) {
                  end.run();
                  NettyChannel.abort(request.connection());
                  throw failure;
                }
              },
              failure -> {
                log.debug("upgrade failed: {}", failure.toString());
                end.run();
                refuse(request, 400, "");
                request.connection().close(); // It has no place any more.
              });
    }

    private Future<ServerWebSocket> upgrade() {
      try {
        return request.toWebSocket();
      } catch (IllegalStateException read) { // A handler before this one has read the request.
        return Future.failedFuture(read);
      }
    }

    /** Knows nothing but the places: the request is not to live as long as its socket. */
    private static Runnable giveBack(Admission.Place connection, Admission.Place client) {
      return () -> {
        connection.giveBack();
        client.giveBack();
      };
    }

    @Override
    public void refused(int status, Map<String, String> headers, String body) {
      place.giveBack();
      refuse(request, status, headers, body);
    }
  }

  private void open(
      ServerWebSocket webSocket,
      Asked asked,
      boolean compressed,
      ClientInfo info,
      @Nullable Lease lease,
      Runnable end) {
    SocketOptions socketOptions = asked.mount.options();
    door.isSocket(asked.request.connection());
    var connection =
        new WebSocketConnection(
            workers,
            WebSocketChannel.of(
                webSocket,
                asked.request.connection(),
                new FrameReader(options.maxFrameBytes(), compressed, limits.budget()),
                options.closeTimeout()),
            writer,
            compressed ? compression : null,
            limits,
            socketOptions.idleTimeout(),
            table.failures(),
            options.metrics());
    ClientSocket client =
        table.open(connection, asked.serializer, info, options.limits().of(socketOptions.limits()));
    if (lease != null) {
      client.lease(lease);
    }
    connection.open(client, end);
    if (connects.isDraining()) {
      connection.close(CloseCode.SERVICE_RESTART);
    }
    options.metrics().socketOpened();
  }

  private void refuse(HttpServerRequest request, int status, String body) {
    refuse(request, status, Map.of(), body);
  }

  private void refuse(
      HttpServerRequest request, int status, Map<String, String> headers, String body) {
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
    headers.forEach(response::putHeader);
    var unused = response.end(body);
  }
}
