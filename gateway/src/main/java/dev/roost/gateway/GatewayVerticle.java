package dev.roost.gateway;

import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.admission.Places;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A gateway with an HTTP server of its own. Several instances in one process share the port, each
 * on an event loop of its own.
 */
public final class GatewayVerticle extends VerticleBase {

  private final ClusterNode node;
  private final GatewayOptions options;
  private final Consumer<Router> routes;
  private @Nullable HandshakeWatch watch;
  private @Nullable Gateway gateway;
  private @Nullable HttpServer server;
  private @Nullable HttpServer redirects;

  /** A gateway that serves sockets only. */
  public GatewayVerticle(ClusterNode node, GatewayOptions options) {
    this(node, options, router -> {});
  }

  /**
   * A gateway that serves other requests too.
   *
   * @param routes adds routes behind the sockets', on the verticle's context
   */
  public GatewayVerticle(ClusterNode node, GatewayOptions options, Consumer<Router> routes) {
    this.node = node;
    this.options = options;
    this.routes = routes;
  }

  @Override
  public Future<?> start() {
    return Gateway.open(node, options)
        .compose(this::serve)
        .recover(cause -> stop().transform(ended -> Future.failedFuture(cause)));
  }

  private Future<Void> serve(Gateway opened) {
    gateway = opened;
    var handshakes = new HandshakeWatch(options, Places.of(vertx), opened.door());
    watch = handshakes;
    var router = Router.router(vertx);
    routes.accept(router);
    router.route().last().handler(opened::unserved);
    HttpServer created = create(options.httpServerOptions(), handshakes, opened.inFrontOf(router));
    server = created;
    handshakes.start(vertx);
    return created
        .listen()
        .onSuccess(opened::renewCertificate)
        .compose(ignored -> redirects(opened, handshakes));
  }

  /** A server for strangers, whose handshakes are watched. */
  private HttpServer create(
      HttpServerOptions settings, HandshakeWatch handshakes, Handler<HttpServerRequest> handler) {
    return vertx
        .createHttpServer(settings)
        .exceptionHandler(handshakes::failed)
        .connectionHandler(handshakes::connection)
        .invalidRequestHandler(this::refuse)
        .requestHandler(
            request -> {
              if (handshakes.request(request)) {
                handler.handle(request);
              }
            });
  }

  /** What the HTTP decoder gave up on. */
  private void refuse(HttpServerRequest request) {
    Throwable cause = request.decoderResult().cause();
    if (cause instanceof TooLongHttpLineException) {
      options.metrics().limitReached(Limit.MAX_REQUEST_LINE_BYTES);
    } else if (cause instanceof TooLongHttpHeaderException) {
      options.metrics().limitReached(Limit.MAX_HEADER_BYTES);
    }
    HttpServerRequest.DEFAULT_INVALID_REQUEST_HANDLER.handle(request);
    options.metrics().connectionRefused(request.response().getStatusCode());
  }

  private Future<Void> redirects(Gateway opened, HandshakeWatch handshakes) {
    if (options.edge().httpRedirectPort() == null) {
      return Future.succeededFuture();
    }
    HttpServer created =
        create(options.redirectServerOptions(), handshakes, opened::redirectToHttps);
    redirects = created;
    return created
        .listen()
        .<Void>mapEmpty()
        .recover(cause -> Future.failedFuture(new RedirectPortFailure(options, cause)));
  }

  /** The port it listens on, once deployed. */
  public int port() {
    if (server == null) {
      throw new IllegalStateException("the gateway does not listen yet: deploy it first");
    }
    return server.actualPort();
  }

  /** The port that sends to https, once deployed; empty if there is none. */
  public OptionalInt redirectPort() {
    return redirects == null ? OptionalInt.empty() : OptionalInt.of(redirects.actualPort());
  }

  /** The gateway behind the server, once deployed. */
  public Gateway gateway() {
    if (gateway == null) {
      throw new IllegalStateException("the gateway is not open yet: deploy it first");
    }
    return gateway;
  }

  @Override
  public Future<?> stop() {
    if (watch != null) {
      watch.stop();
    }
    return gateway == null ? Future.succeededFuture() : gateway.close();
  }
}
