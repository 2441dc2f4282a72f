package dev.roost.gateway.tls;

import io.vertx.core.http.HttpServerRequest;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** What a client shows of itself in TLS. */
public final class PeerCertificate {

  private PeerCertificate() {}

  /** Its certificate in PEM, which the authority of clients has signed; empty if it shows none. */
  public static Optional<String> of(HttpServerRequest request) {
    SSLSession session = request.isSSL() ? request.sslSession() : null;
    if (session == null) {
      return Optional.empty();
    }
    try {
      Certificate shown = session.getPeerCertificates()[0];
      return Optional.of(new Pem("CERTIFICATE", shown.getEncoded()).toString());
    } catch (SSLPeerUnverifiedException | CertificateEncodingException none) {
      return Optional.empty();
    }
  }
}
