package dev.roost.membership;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Whom a bus believes. A peer that is dialled has to show a certificate of the authority for the
 * host that was dialled; one that dials, a certificate of the authority for the bus host of any
 * live node. Safe for any thread.
 */
final class BusCertificates extends X509ExtendedTrustManager {

  private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

  private final X509ExtendedTrustManager authority;
  private final Supplier<Set<String>> liveHosts;

  private BusCertificates(X509ExtendedTrustManager authority, Supplier<Set<String>> liveHosts) {
    this.authority = authority;
    this.liveHosts = liveHosts;
  }

  /**
   * Reads the authority's certificates, and looks through this node's own.
   *
   * @param liveHosts what the buses of live nodes are dialled by
   * @throws JoinFailure if a file cannot be read, or this node's certificate is not for {@code
   *     host}
   */
  static BusCertificates of(BusTls tls, String host, Supplier<Set<String>> liveHosts) {
    List<X509Certificate> own = read(tls.certificate());
    if (!isFor(own.getFirst(), host)) {
      throw new JoinFailure(
          "the bus certificate "
              + (tls.certificate() + " is for " + names(own.getFirst()) + ", and peers dial ")
              + (host + ": have one made with that among its subject alternative names"));
    }
    if (!Files.isReadable(tls.key())) {
      throw new JoinFailure("the bus key " + tls.key() + " cannot be read");
    }
    return new BusCertificates(trust(read(tls.authority())), liveHosts);
  }

  private static List<X509Certificate> read(Path file) {
    try (InputStream pem = Files.newInputStream(file)) {
      var found = new ArrayList<X509Certificate>();
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        found.add((X509Certificate) each);
      }
      if (!found.isEmpty()) {
        return found;
      }
      throw new JoinFailure(file + " holds no certificate: expected one or more in PEM");
    } catch (IOException | CertificateException unreadable) {
      throw new JoinFailure(
          file + " cannot be read as certificates in PEM: " + unreadable, unreadable);
    }
  }

  private static X509ExtendedTrustManager trust(List<X509Certificate> authorities) {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (int i = 0; i < authorities.size(); i++) {
        store.setCertificateEntry("authority-" + i, authorities.get(i));
      }
      var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return Arrays.stream(factory.getTrustManagers())
          .filter(X509ExtendedTrustManager.class::isInstance)
          .map(X509ExtendedTrustManager.class::cast)
          .findFirst()
          .orElseThrow();
    } catch (IOException | GeneralSecurityException impossible) {
      throw new JoinFailure("the JVM cannot check certificates: " + impossible, impossible);
    }
  }

  /** Whether the alternative names have this host; a wildcard stands for one label (RFC 6125). */
  static boolean isFor(X509Certificate certificate, String host) {
    boolean isAddress = ADDRESS.matcher(host).matches();
    return names(certificate, isAddress ? IP_ADDRESS : DNS_NAME).stream()
        .anyMatch(name -> isAddress ? sameAddress(name, host) : sameName(name, host));
  }

  private static boolean sameAddress(String one, String other) {
    try { // Literals: nothing is looked up.
      return InetAddress.getByName(one).equals(InetAddress.getByName(other));
    } catch (UnknownHostException noAddress) {
      return false;
    }
  }

  private static boolean sameName(String pattern, String host) {
    String wanted = host.toLowerCase(Locale.ROOT);
    String name = pattern.toLowerCase(Locale.ROOT);
    int dot = wanted.indexOf('.');
    return name.equals(wanted)
        || (name.startsWith("*.") && dot > 0 && name.substring(1).equals(wanted.substring(dot)));
  }

  private static String names(X509Certificate certificate) {
    var all = new ArrayList<>(names(certificate, DNS_NAME));
    all.addAll(names(certificate, IP_ADDRESS));
    return all.isEmpty() ? "no host at all" : String.join(", ", all);
  }

  private static List<String> names(X509Certificate certificate, int kind) {
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      return alternatives == null
          ? List.of()
          : alternatives.stream()
              .filter(name -> name.get(0).equals(kind))
              .map(name -> String.valueOf(name.get(1)))
              .toList();
    } catch (CertificateParsingException malformed) {
      return List.of();
    }
  }

  private void checkName(X509Certificate[] chain) throws CertificateException {
    Set<String> hosts = liveHosts.get();
    if (hosts.stream().noneMatch(host -> isFor(chain[0], host))) {
      throw new CertificateException(
          "the certificate is for "
              + (names(chain[0]) + ", expected a host of a live node: ")
              + String.join(", ", hosts));
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String algorithm, SSLEngine engine)
      throws CertificateException {
    authority.checkClientTrusted(chain, algorithm, engine);
    checkName(chain);
  }

  /** The engine has the dialled host and checks it: see {@link BusTransport}. */
  @Override
  public void checkServerTrusted(X509Certificate[] chain, String algorithm, SSLEngine engine)
      throws CertificateException {
    String check = engine.getSSLParameters().getEndpointIdentificationAlgorithm();
    if (!"HTTPS".equals(check)) {
      throw new CertificateException(
          "the dialled host is not checked: expected HTTPS, got " + check);
    }
    authority.checkServerTrusted(chain, algorithm, engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String algorithm, Socket socket)
      throws CertificateException {
    throw new CertificateException("a bus has engines, no sockets");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String algorithm, Socket socket)
      throws CertificateException {
    throw new CertificateException("a bus has engines, no sockets");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String algorithm)
      throws CertificateException {
    throw new CertificateException("without an engine the peer's host is not known");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String algorithm)
      throws CertificateException {
    throw new CertificateException("without an engine the peer's host is not known");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return authority.getAcceptedIssuers();
  }

  /** As Vert.x takes it. */
  TrustManager trustManager() {
    return this;
  }
}
