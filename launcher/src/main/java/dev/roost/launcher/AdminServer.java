package dev.roost.launcher;

import dev.roost.cluster.ClusterNode;
import dev.roost.launcher.settings.Settings;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * The port for whoever runs the node: {@code GET /health/live}, {@code GET /health/ready}, {@code
 * POST /drain}. It answers before applications are there, and until the node is closed. It asks for
 * no password, so it belongs on an interface that clients do not reach.
 */
final class AdminServer {

  private static final int MAX_HEADER_BYTES = 8_192;
  private static final int IDLE_SECONDS = 60;

  private final ClusterNode cluster;
  private final Readiness readiness;
  private final Runnable drain;

  private AdminServer(ClusterNode cluster, Readiness readiness, Runnable drain) {
    this.cluster = cluster;
    this.readiness = readiness;
    this.drain = drain;
  }

  /**
   * Listens until Vert.x is closed.
   *
   * @param drain begins the end of the process, and does not wait for it
   * @return fails with a {@link StartFailure} if the port cannot be had
   */
  static Future<HttpServer> open(
      ClusterNode cluster,
      Settings settings,
      Settings.Admin admin,
      Readiness readiness,
      Runnable drain) {
    var server = new AdminServer(cluster, readiness, drain);
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
    router.post("/drain").handler(this::drain);
    return router;
  }

  private void ready(RoutingContext routing) {
    Readiness.Answer answer = readiness.answer(cluster.snapshot());
    answer(routing, answer.isReady() ? 200 : 503, answer.status(), answer.reason());
  }

  /** A page of any site may have a browser post here; it cannot hide that it does. */
  private void drain(RoutingContext routing) {
    if (routing.request().getHeader("origin") != null) {
      answer(routing, 403, "refused", "requests of browsers are not answered here");
      return;
    }
    readiness.draining();
    answer(routing, 202, "draining", "the process ends when its sockets and channels have gone");
    drain.run();
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
