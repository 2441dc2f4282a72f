package dev.roost.gateway.tls;

import io.vertx.core.http.HttpServerOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * TLS of the public port, versions 1.3 and 1.2, from PEM files. They may be renewed while the
 * gateway runs: sockets that are open go on as they are, new connections see the new certificate.
 *
 * @param certificate the server's certificate, followed by those between it and its authority
 * @param key its private key, RSA or EC, PKCS #8 or the older forms, without a password
 * @param clientCa certificates of whoever signs those of clients: a client may show one then, and
 *     the socket handler finds it in {@code peer_data}; default null: none is asked for
 * @param reloadInterval how often the files are looked at for a change; default 5 s
 */
public record TlsOptions(
    Path certificate, Path key, @Nullable Path clientCa, Duration reloadInterval) {

  public TlsOptions {
    Objects.requireNonNull(certificate, "certificate");
    Objects.requireNonNull(key, "key");
    if (reloadInterval.toMillis() < 1) {
      throw new IllegalArgumentException("reloadInterval is 1 ms or more, got " + reloadInterval);
    }
  }

  /** A certificate and its key. */
  public static TlsOptions of(Path certificate, Path key) {
    return new TlsOptions(certificate, key, null, Duration.ofSeconds(5));
  }

  public TlsOptions withClientCa(@Nullable Path value) {
    return new TlsOptions(certificate, key, value, reloadInterval);
  }

  public TlsOptions withReloadInterval(Duration value) {
    return new TlsOptions(certificate, key, clientCa, value);
  }

  /**
   * Makes an HTTP server use them; reads the files.
   *
   * @param handshakeTimeout from the TCP connection to the end of TLS's handshake
   * @throws TlsFailure if a file cannot be read, or the key is not the certificate's
   */
  public HttpServerOptions applyTo(HttpServerOptions server, Duration handshakeTimeout) {
    ServerCertificate.read(this).applyTo(server);
    return server
        .setSslHandshakeTimeout(handshakeTimeout.toMillis())
        .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
  }
}
