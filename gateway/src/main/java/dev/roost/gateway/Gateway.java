package dev.roost.gateway;

import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.LinkMessage;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.SessionMessage;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.admission.Places;
import dev.roost.gateway.auth.TokenGate;
import dev.roost.gateway.edge.ClientRequest;
import dev.roost.gateway.edge.Edge;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.socket.ClientSocket;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.gateway.tls.CertificateReload;
import dev.roost.gateway.tls.TlsOptions;
import dev.roost.gateway.transport.Connects;
import dev.roost.gateway.transport.Door;
import dev.roost.gateway.transport.LongPollTransport;
import dev.roost.gateway.transport.SocketPaths;
import dev.roost.gateway.transport.WebSocketTransport;
import dev.roost.gateway.workers.Workers;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the sockets of every deployed application on a vertx-web router of yours. It belongs to
 * the context that opens it, which has to be the one that the HTTP server runs on; {@link
 * GatewayVerticle} brings a server of its own, and bounds the connections to it.
 *
 * {@snippet :
 * Gateway.open(node, options)
 *     .compose(
 *         gateway ->
 *             vertx
 *                 .createHttpServer(options.httpServerOptions())
 *                 .requestHandler(gateway.inFrontOf(router))
 *                 .listen());
 * }
 */
public final class Gateway {

  private static final Logger log = LoggerFactory.getLogger(Gateway.class);
  private static final String WRONG_CONTEXT =
      "a gateway serves requests of the context that opened it: open it in the verticle that starts"
          + " the HTTP server, one for each instance";
  private static final long TICK_MS = 1_000;
  private static final long RETRY_MS = 100;
  private static final long CLOSE_POLL_MS = 10;

  private final Vertx vertx;
  private final Context context;
  private final GatewayOptions options;
  private final BusEndpoint endpoint;
  private final Workers workers;
  private final TokenGate gate;
  private final SocketTable table;
  private final Edge edge;
  private final Connects connects;
  private final Places places;
  private final Door door;
  private final WebSocketTransport webSockets;
  private final LongPollTransport longPolls;
  private final SocketPaths paths;
  private final long timer;
  private final Rounds<ClientSocket> rounds;
  private final long retryTimer;
  private final ClusterNode node;
  private final Consumer<ClusterNode.Snapshot> onChange;
  private ClusterNode.Snapshot seen;
  private boolean moved;
  private @Nullable CertificateReload certificates;
  private @Nullable Thread thread;

  private Gateway(ClusterNode node, GatewayOptions options) {
    this.vertx = node.vertx();
    this.context = vertx.getOrCreateContext();
    this.options = options;
    int verticle = node.nextVerticle();
    this.endpoint = new BusEndpoint(vertx, Addresses.gateway(node.name(), verticle), new Mail());
    this.workers = Workers.forMessages(vertx);
    var budget = MessageBudget.of(vertx, options.limits().maxUnfinishedBytes());
    var queued = MessageBudget.ofQueued(vertx, options.limits().maxQueuedTotalBytes());
    this.table =
        new SocketTable(
            node,
            endpoint,
            workers,
            budget,
            options.metrics(),
            options.limits().refusalsPerSecond());
    this.gate =
        new TokenGate(
            context,
            options.auth().jwt(),
            Workers.forSignatures(vertx),
            options.maxPendingConnects());
    this.connects = new Connects(node, endpoint, gate, options);
    this.places = Places.of(vertx);
    this.door = new Door(options, places);
    this.longPolls =
        new LongPollTransport(
            node, verticle, endpoint, door, connects, table, budget, queued, options);
    this.webSockets =
        new WebSocketTransport(door, connects, table, workers, budget, queued, options);
    this.paths = new SocketPaths(node, webSockets, longPolls, options);
    this.edge = new Edge(options.edge(), options.publicHost(), options.metrics());
    this.timer = vertx.setPeriodic(TICK_MS, ignored -> tick());
    this.rounds = new Rounds<>(vertx, TICK_MS, table::all, ClientSocket::check);
    this.retryTimer = vertx.setPeriodic(RETRY_MS, ignored -> retry());
    this.node = node;
    this.onChange = snapshot -> context.runOnContext(ignored -> changed(snapshot));
    this.seen = node.snapshot();
    node.listen(onChange);
  }

  /**
   * Opens a gateway on the current context; completes when hosts can reach it. Fails if the cluster
   * does not take its addresses on the bus; what it has begun then ends with Vert.x. It does not
   * fail for want of an application, which is served from when there is one, nor of keys that a
   * mount's {@code JwtCheck} names: those sockets are answered 503, and the log says why.
   */
  public static Future<Gateway> open(ClusterNode node, GatewayOptions options) {
    var gateway = new Gateway(node, options);
    Promise<Void> bound = Promise.promise();
    gateway.context.runOnContext(
        ignored -> {
          gateway.thread = Thread.currentThread();
          bound.complete();
        });
    return Future.all(
            bound.future(),
            gateway.endpoint.ready(),
            gateway.endpoint.listen(Addresses.ALL_GATEWAYS))
        .map(gateway);
  }

  /**
   * A request handler for the HTTP server that serves the socket paths and leaves every other
   * request to the router: sockets pass by its sessions, body parsers and checks, as they do in
   * Phoenix (H-18). What {@link GatewayOptions#edge} asks for comes before either.
   */
  public Handler<HttpServerRequest> inFrontOf(Router router) {
    return request -> {
      if (!isOnContext()) {
        throw new IllegalStateException(WRONG_CONTEXT);
      }
      Optional<ClientRequest> client = edge.admit(request);
      if (client.isPresent() && !paths.handle(request, client.get())) {
        router.handle(request);
      }
    };
  }

  /** Answers any request with the way to https, for a plain server on a port of its own. */
  public void redirectToHttps(HttpServerRequest request) {
    edge.redirect(request);
  }

  /**
   * Looks after the certificate of a server that was made with {@link
   * GatewayOptions#httpServerOptions} and listens: when its files change, new connections get the
   * new one; those that are open notice nothing. Ends when the gateway is closed. Without TLS
   * nothing is done.
   */
  public void renewCertificate(HttpServer server) {
    TlsOptions tls = options.edge().tls();
    if (tls != null && certificates == null) {
      certificates = CertificateReload.start(vertx, server, tls);
    }
  }

  /**
   * Serves the socket paths as a route of this router, before body handlers: an upgrade has no
   * body. Prefer {@link #inFrontOf}, where no handler of the router sees a request for a socket.
   */
  public void mount(Router router) {
    router
        .route()
        .handler(
            routing -> {
              if (!isOnContext()) {
                routing.fail(new IllegalStateException(WRONG_CONTEXT));
                return;
              }
              Optional<ClientRequest> client = edge.admit(routing.request());
              if (client.isPresent() && !paths.handle(routing.request(), client.get())) {
                routing.next();
              }
            });
  }

  /** The end of a router: what seems to be for a socket, and no application is there yet. */
  void unserved(RoutingContext routing) {
    if (!paths.awaitApplication(routing.request())) {
      routing.next();
    }
  }

  private boolean isOnContext() {
    return Thread.currentThread() == thread;
  }

  /** Clients, topics and ids that this gateway holds now; on its context. */
  public SocketTable sockets() {
    return table;
  }

  /** Who may come in, for the connections of a server of ours. */
  Door door() {
    return door;
  }

  /** Long-poll sessions and requests of this gateway; on its context. */
  public LongPollTransport longPolls() {
    return longPolls;
  }

  /**
   * Refuses new connections with 503, closes all others with 1012, {@link
   * GatewayOptions#drainSockets} at a time, and then its inbox. Those whose turn has not come are
   * served as before. When all are closed, polls that wait here for other gateways' sessions are
   * answered empty, so that their clients poll elsewhere, and POSTs are waited for, also those that
   * are still coming. Completes with the last of all that, or {@link GatewayOptions#closeTimeout}
   * after the last batch. On any thread; on its own context it has begun when this returns. To be
   * called before {@code vertx.close()}, which sends 1012 to all sockets at once.
   */
  public Future<Void> close() {
    if (isOnContext()) {
      return closeHere();
    }
    Promise<Void> closed = Promise.promise();
    context.runOnContext(ignored -> closeHere().onComplete(closed));
    return closed.future();
  }

  private Future<Void> closeHere() {
    connects.drain();
    var drain = new Drain(DrainPace.of(options), table.all(), System.nanoTime());
    drain.advance(System.nanoTime());
    Promise<Void> closed = Promise.promise();
    vertx.setPeriodic(
        CLOSE_POLL_MS,
        poll -> {
          long now = System.nanoTime();
          drain.advance(now);
          boolean late = drain.isLate(now);
          if (table.socketCount() == 0 || late) {
            longPolls.sendPollsElsewhere();
          }
          if ((table.socketCount() == 0 && longPolls.unansweredCount() == 0) || late) {
            vertx.cancelTimer(poll);
            if (late) {
              log.warn(
                  "{} sockets and {} requests were not over within {}: they are cut off",
                  table.socketCount(),
                  longPolls.unansweredCount(),
                  options.closeTimeout());
              table.abortAll();
            }
            closed.complete();
          }
        });
    return closed
        .future()
        .eventually(
            () -> {
              vertx.cancelTimer(timer);
              rounds.stop();
              vertx.cancelTimer(retryTimer);
              if (certificates != null) {
                certificates.stop();
              }
              node.unlisten(onChange);
              webSockets.close();
              gate.close();
              return Future.join(endpoint.close(), workers.close()).mapEmpty();
            });
  }

  private void tick() {
    long now = System.nanoTime();
    table.failures().tellLeftOut();
    connects.checkDeadlines(now);
    longPolls.checkDeadlines(now);
    places.forgetThoseThatLeft();
    endpoint.checkLinks(peer -> node.snapshot().isLive(peer));
    // Hosts end the channels of a partition that they hand over; a second later this makes sure.
    if (moved) {
      moved = false;
      table.endMisplaced();
    }
  }

  /** What waited for topics to have a host. */
  private void retry() {
    table.tellLeaves();
    table.retryJoins(System.nanoTime(), options.hostTimeout().toNanos());
  }

  /** Somebody came or went, or hosts something else than before. */
  private void changed(ClusterNode.Snapshot now) {
    if (!now.nodes().containsAll(seen.nodes())) {
      Predicate<String> isGone = inbox -> !now.isLive(inbox);
      endpoint.forget(isGone);
      table.hostsGone(isGone, seen.partitions(), System.nanoTime());
      connects.askAgain(isGone);
      longPolls.gatewaysGone(isGone);
    }
    paths.changed(now);
    moved |= !now.partitions().equals(seen.partitions());
    seen = now;
    retry();
  }

  /** The sockets that were open when the end began, and how many of them were told so far. */
  private final class Drain {

    private final DrainPace pace;
    private final List<ClientSocket> sockets;
    private final long start;
    private int told;
    private long lastBatch;

    Drain(DrainPace pace, List<ClientSocket> sockets, long start) {
      this.pace = pace;
      this.sockets = sockets;
      this.start = start;
      this.lastBatch = start;
    }

    void advance(long now) {
      long due = Math.min(pace.due(Duration.ofNanos(now - start)), sockets.size());
      if (told == due) {
        return;
      }
      while (told < due) {
        sockets.get(told++).close(CloseCode.SERVICE_RESTART);
      }
      lastBatch = now;
      log.info("draining: {} of {} sockets are sent elsewhere", told, sockets.size());
    }

    boolean isLate(long now) {
      return told == sockets.size() && now - lastBatch > options.closeTimeout().toNanos();
    }
  }

  /** The inbox's mail: answers to connects for the transport, all else for the sockets. */
  private final class Mail implements BusEndpoint.Receiver {

    @Override
    public void receive(String from, BusMessage message) {
      switch (message) {
        case GatewayMessage.Connected connected -> connects.connected(connected);
        case GatewayMessage.ConnectRefused refused -> connects.refused(refused);
        case GatewayMessage forSocket -> table.receive(forSocket);
        case SessionMessage ofSession -> longPolls.receive(from, ofSession);
        case HostMessage misdirected -> misdirected(from, misdirected);
        case PresenceMessage.Claim claim -> table.rule(claim);
        case PresenceMessage.Release freed -> table.release(freed);
        case PresenceMessage.Noticed noticed -> table.noticed(from, noticed);
        case PresenceMessage misdirected -> misdirected(from, misdirected);
        case LinkMessage misdirected -> misdirected(from, misdirected);
      }
    }

    private static void misdirected(String from, BusMessage message) {
      log.warn("a gateway got a {} from {}", message.getClass().getSimpleName(), from);
    }

    @Override
    public void lost(String peer) {
      table.lost(peer);
      connects.askAgain(peer::equals);
      longPolls.lost(peer);
    }
  }
}
