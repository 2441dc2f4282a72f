package dev.roost.gateway.edge;

import dev.roost.gateway.GatewayMetrics;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What each request meets first. For any thread. */
public final class Edge {

  private static final int BAD_REQUEST = 400;
  private static final int FORBIDDEN = 403;

  private final EdgeOptions options;
  private final @Nullable String publicHost;
  private final GatewayMetrics metrics;

  /**
   * The edge of a gateway.
   *
   * @param publicHost host that clients use; null for the one that each request names
   * @param metrics told of those who are refused
   */
  public Edge(EdgeOptions options, @Nullable String publicHost, GatewayMetrics metrics) {
    this.options = options;
    this.publicHost = publicHost;
    this.metrics = metrics;
  }

  /**
   * Who asks; empty if the request was answered here: sent to https, or refused because it came
   * with a PROXY header from somebody who is not trusted with one.
   */
  public Optional<ClientRequest> admit(HttpServerRequest request) {
    if (!mayIntroduce(request)) {
      refuse(request);
      return Optional.empty();
    }
    var client = ClientRequest.of(request, options.trustedProxies());
    ForceSsl force = options.forceSsl();
    if (force == null || force.exempts(client.host())) {
      return Optional.of(client);
    }
    if (client.scheme().equals("https")) {
      force
          .hsts()
          .header()
          .ifPresent(header -> request.response().putHeader("strict-transport-security", header));
      return Optional.of(client);
    }
    redirect(request, client);
    return Optional.empty();
  }

  /** Sends any request to https, for a server that does nothing else. */
  public void redirect(HttpServerRequest request) {
    if (mayIntroduce(request)) {
      redirect(request, ClientRequest.of(request, options.trustedProxies()));
    } else {
      refuse(request);
    }
  }

  private void redirect(HttpServerRequest request, ClientRequest client) {
    HttpServerResponse response = request.response();
    Redirect.of(request.method().name(), client.host(), publicHost, request.path(), request.query())
        .ifPresentOrElse(
            redirect ->
                response
                    .setStatusCode(redirect.status())
                    .putHeader("location", redirect.location()),
            () -> {
              metrics.connectionRefused(BAD_REQUEST);
              response.setStatusCode(BAD_REQUEST);
            });
    var unused = response.end();
  }

  /**
   * Whether who is connected may say that it is somebody else. The PROXY header stands before
   * anything that the client sends, and with it the address that the rest goes by is the client's.
   */
  private boolean mayIntroduce(HttpServerRequest request) {
    if (!options.proxyProtocol() || options.trustedProxies().isEmpty()) {
      return true;
    }
    String real = request.connection().remoteAddress(true).hostAddress();
    return options.trustedProxies().contains(TrustedProxies.address(real));
  }

  private void refuse(HttpServerRequest request) {
    metrics.connectionRefused(FORBIDDEN);
    var unused =
        request
            .response()
            .setStatusCode(FORBIDDEN)
            .putHeader("connection", "close")
            .end()
            .eventually(() -> request.connection().close());
  }
}
