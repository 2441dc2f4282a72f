package dev.roost.launcher;

import dev.roost.bus.BusEndpoint;
import dev.roost.bus.Contract;
import dev.roost.bus.GatewayMessage;
import dev.roost.cluster.ClusterNode;
import dev.roost.launcher.settings.Settings;
import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;

/**
 * The port for whoever runs the node: {@code GET /health/live}, {@code GET /health/ready}, {@code
 * GET /metrics}, {@code POST /drain}, {@code POST /disconnect?id=ID}. It answers before
 * applications are there, and until the node is closed. Health is open to all who reach it; for the
 * rest one shows the token, or, if there is none, is on this machine.
 */
final class AdminServer {

  private static final int MAX_HEADER_BYTES = 8_192;
  private static final int IDLE_SECONDS = 60;

  private final ClusterNode cluster;
  private final Settings.Admin admin;
  private final Optional<AdminToken> token;
  private final Readiness readiness;
  private final Counters counters;

  /**
   * Of its own: Hazelcast may keep all threads of the usual one waiting, which is when one looks.
   */
  private final WorkerExecutor pages;

  private final Runnable drain;

  private AdminServer(
      ClusterNode cluster,
      Settings.Admin admin,
      Optional<AdminToken> token,
      Readiness readiness,
      Counters counters,
      Runnable drain) {
    this.cluster = cluster;
    this.admin = admin;
    this.token = token;
    this.readiness = readiness;
    this.counters = counters;
    this.pages = cluster.vertx().createSharedWorkerExecutor("roost-metrics", 1);
    this.drain = drain;
  }

  /**
   * Listens until Vert.x is closed.
   *
   * @param token what has to be shown for all but health
   * @param counters what the node counts with
   * @param drain begins the end of the process, and does not wait for it
   * @return fails with a {@link StartFailure} if the port cannot be had
   */
  static Future<HttpServer> open(
      ClusterNode cluster,
      Settings settings,
      Settings.Admin admin,
      Optional<AdminToken> token,
      Readiness readiness,
      Counters counters,
      Runnable drain) {
    var server = new AdminServer(cluster, admin, token, readiness, counters, drain);
    var options =
        new HttpServerOptions()
            .setHost(admin.host())
            .setPort(admin.port())
            .setMaxHeaderSize(MAX_HEADER_BYTES)
            .setIdleTimeout(IDLE_SECONDS)
            .setHttp2ClearTextEnabled(false);
    return cluster
        .vertx()
        .createHttpServer(options)
        .requestHandler(server.router())
        .listen()
        .recover(
            cause ->
                Future.failedFuture(
                    StartFailure.isNetworkFault(cause)
                        ? StartFailure.notListening(cause, settings, admin)
                        : cause));
  }

  private Router router() {
    var router = Router.router(cluster.vertx());
    router.get("/health/live").handler(routing -> answer(routing, 200, "live", ""));
    router.get("/health/ready").handler(this::ready);
    router.get("/metrics").handler(this::admit).handler(this::metrics);
    router.post("/drain").handler(this::admit).handler(this::drain);
    router.post("/disconnect").handler(this::admit).handler(this::disconnect);
    return router;
  }

  private void ready(RoutingContext routing) {
    Readiness.Answer answer = readiness.answer(cluster.snapshot());
    answer(routing, answer.isReady() ? 200 : 503, answer.status(), answer.reason());
  }

  /** The page is made elsewhere: sockets of this event loop would wait for it. */
  private void metrics(RoutingContext routing) {
    pages
        .executeBlocking(counters::page)
        .onSuccess(
            page -> {
              var unused =
                  routing
                      .response()
                      .putHeader("content-type", Counters.CONTENT_TYPE)
                      .putHeader("cache-control", "no-store")
                      .end(page);
            })
        .onFailure(routing::fail);
  }

  /** Lets those go on who may do more than ask how the node is. */
  private void admit(RoutingContext routing) {
    HttpServerRequest request = routing.request();
    // A page of any site may have a browser post here; it cannot hide that it does.
    if (request.getHeader("origin") != null) {
      answer(routing, 403, "refused", "requests of browsers are not answered here");
    } else if (token.isPresent()) {
      if (token.get().isShownBy(request.getHeader("authorization"))) {
        routing.next();
      } else {
        routing.response().putHeader("www-authenticate", "Bearer");
        answer(routing, 401, "unauthorized", "show the admin token: Authorization: Bearer TOKEN");
      }
    } else if (admin.isLoopback()) {
      routing.next();
    } else {
      answer(
          routing,
          403,
          "refused",
          "the admin port is reached from other machines and has no token: set admin-token-file or "
              + Settings.ADMIN_TOKEN_VARIABLE
              + ", or listen on 127.0.0.1");
    }
  }

  private void drain(RoutingContext routing) {
    readiness.draining();
    answer(routing, 202, "draining", "the process ends when its sockets and channels have gone");
    drain.run();
  }

  /** Every socket of this id, whichever gateway has it (D-3). */
  private void disconnect(RoutingContext routing) {
    String id = routing.request().getParam("id");
    if (id == null || id.isEmpty() || id.length() > Contract.MAX_TEXT_CHARACTERS) {
      answer(
          routing,
          400,
          "refused",
          "expected the id of sockets, as in POST /disconnect?id=users:42, got "
              + (id == null || id.isEmpty() ? "none" : id.length() + " characters"));
      return;
    }
    BusEndpoint.publish(cluster.vertx(), new GatewayMessage.Disconnect(id));
    answer(routing, 202, "disconnecting", "sockets of this id are closed with 1001");
  }

  private void answer(RoutingContext routing, int status, String word, String reason) {
    var body = new JsonObject().put("status", word).put("node", cluster.name());
    if (!reason.isEmpty()) {
      body.put("reason", reason);
    }
    var unused =
        routing
            .response()
            .setStatusCode(status)
            .putHeader("content-type", "application/json")
            .putHeader("cache-control", "no-store")
            .end(body.encode());
  }
}
