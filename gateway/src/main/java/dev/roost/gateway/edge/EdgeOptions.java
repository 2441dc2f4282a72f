package dev.roost.gateway.edge;

import dev.roost.gateway.tls.TlsOptions;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How clients reach a gateway: with TLS or without, directly or through proxies. Immutable; {@code
 * with..} methods change one.
 *
 * @param tls certificate of the public port; default null: plain TCP
 * @param forceSsl sends plain requests to https; default null: both are served
 * @param trustedProxies whose {@code x-forwarded-} headers count; default nobody's
 * @param proxyProtocol whether each connection begins with a PROXY header, version 1 or 2, which
 *     says where it comes from; one without it is closed. Only for a port that nobody but the proxy
 *     reaches, or with {@code trustedProxies}, which then have to send it; default false
 * @param httpRedirectPort a second, plain port that sends everything to https, 0 for any free one;
 *     default null: none
 */
public record EdgeOptions(
    @Nullable TlsOptions tls,
    @Nullable ForceSsl forceSsl,
    TrustedProxies trustedProxies,
    boolean proxyProtocol,
    @Nullable Integer httpRedirectPort) {

  public EdgeOptions {
    Objects.requireNonNull(trustedProxies, "trustedProxies");
    if (httpRedirectPort != null && (httpRedirectPort < 0 || httpRedirectPort > 65_535)) {
      throw new IllegalArgumentException("httpRedirectPort is 0 to 65535, got " + httpRedirectPort);
    }
  }

  /** Plain TCP, no proxies. */
  public static EdgeOptions defaults() {
    return new EdgeOptions(null, null, TrustedProxies.none(), false, null);
  }

  public EdgeOptions withTls(@Nullable TlsOptions value) {
    return new EdgeOptions(value, forceSsl, trustedProxies, proxyProtocol, httpRedirectPort);
  }

  public EdgeOptions withForceSsl(@Nullable ForceSsl value) {
    return new EdgeOptions(tls, value, trustedProxies, proxyProtocol, httpRedirectPort);
  }

  public EdgeOptions withTrustedProxies(TrustedProxies value) {
    return new EdgeOptions(tls, forceSsl, value, proxyProtocol, httpRedirectPort);
  }

  public EdgeOptions withProxyProtocol(boolean value) {
    return new EdgeOptions(tls, forceSsl, trustedProxies, value, httpRedirectPort);
  }

  public EdgeOptions withHttpRedirectPort(@Nullable Integer value) {
    return new EdgeOptions(tls, forceSsl, trustedProxies, proxyProtocol, value);
  }

  /**
   * Makes an HTTP server listen so.
   *
   * @param timeout for the PROXY header, and for the handshake of TLS
   * @throws dev.roost.gateway.tls.TlsFailure if the files of TLS cannot be read or do not fit
   */
  public HttpServerOptions applyTo(HttpServerOptions server, Duration timeout) {
    applyProxyProtocol(server, timeout);
    return tls == null ? server : tls.applyTo(server, timeout);
  }

  /** The same for the plain server that redirects. */
  public HttpServerOptions applyToRedirects(HttpServerOptions server, Duration timeout) {
    return applyProxyProtocol(server, timeout)
        .setPort(httpRedirectPort == null ? 0 : httpRedirectPort);
  }

  private HttpServerOptions applyProxyProtocol(HttpServerOptions server, Duration timeout) {
    return server
        .setUseProxyProtocol(proxyProtocol)
        .setProxyProtocolTimeout(timeout.toMillis())
        .setProxyProtocolTimeoutUnit(TimeUnit.MILLISECONDS);
  }
}
