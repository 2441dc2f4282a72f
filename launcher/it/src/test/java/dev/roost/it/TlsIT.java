package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectResult;
import dev.roost.conformance.Fixture;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.Places;
import dev.roost.gateway.edge.EdgeOptions;
import dev.roost.gateway.edge.ForceSsl;
import dev.roost.gateway.tls.TlsFailure;
import dev.roost.gateway.tls.TlsOptions;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.HttpAnswer;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.RawWebSocket;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.SelfSignedCertificate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS on the public port: its certificate is renewed while sockets are open. */
@SuppressWarnings("removal") // its successor in Netty's test tools would be a dependency more
class TlsIT {

  /** The client looks at what it gets afterwards. */
  private static final TrustManager ANYBODY =
      new X509TrustManager() {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String algorithm) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String algorithm) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
          return new X509Certificate[0];
        }
      };

  private final SelfSignedCertificate first = SelfSignedCertificate.create("first.example");
  private final SelfSignedCertificate second = SelfSignedCertificate.create("second.example");
  private final BlockingQueue<JsonNode> told = new LinkedBlockingQueue<>();

  private final Queue<String> failures = new ConcurrentLinkedQueue<>();

  @TempDir Path folder;

  private Path certificate;
  private Path key;
  private TestServer server;

  @BeforeEach
  void write() throws IOException {
    certificate = Files.copy(Path.of(first.certificatePath()), folder.resolve("cert.pem"));
    key = Files.copy(Path.of(first.privateKeyPath()), folder.resolve("key.pem"));
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
    first.delete();
    second.delete();
  }

  private TlsOptions tls() {
    return TlsOptions.of(certificate, key).withReloadInterval(Duration.ofMillis(50));
  }

  private void start(EdgeOptions edge) {
    var probe =
        Application.named("probe")
            .socket(
                "/probe",
                (params, info) -> {
                  told.add(info.tree());
                  return ConnectResult.accept();
                },
                SocketOptions.defaults()
                    .withConnectInfo(ConnectInfoKey.PEER_DATA, ConnectInfoKey.URI));
    server =
        TestServer.start(
            GatewayOptions.defaults()
                .withHost("127.0.0.1")
                .withEdge(edge)
                .withHandshakeTimeout(Duration.ofSeconds(3))
                .withMetrics(
                    new GatewayMetrics() {
                      @Override
                      public void handshakeFailed() {
                        failures.add("handshake failed");
                      }

                      @Override
                      public void limitReached(Limit limit) {
                        failures.add(limit.option());
                      }
                    }),
            ChannelOptions.defaults().withVerticles(1),
            new Fixture().application(),
            probe);
  }

  private static SSLSocketFactory factory(KeyManager... own) throws Exception {
    var context = SSLContext.getInstance("TLS");
    context.init(own, new TrustManager[] {ANYBODY}, new SecureRandom());
    return context.getSocketFactory();
  }

  private SSLSocket connect(SSLSocketFactory factory) throws IOException {
    return (SSLSocket) factory.createSocket("localhost", server.port());
  }

  private PhoenixClient client() throws Exception {
    return PhoenixClient.connect(server.options().withTls(factory()));
  }

  /** Whose certificate a new connection gets; none of an earlier session is resumed. */
  private String subject() {
    try (SSLSocket socket = connect(factory())) {
      socket.startHandshake();
      X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      return shown.getSubjectX500Principal().getName();
    } catch (Exception e) {
      throw new AssertionError("no handshake", e);
    }
  }

  private void replace(Path file, String from) throws IOException {
    Path next = Files.copy(Path.of(from), folder.resolve("next"));
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void socketsAreServedOverTls() throws Exception {
    start(EdgeOptions.defaults().withTls(tls()));
    try (PhoenixClient ada = client();
        PhoenixClient bob = client()) {
      assertEquals("ok", ada.join("test:tls").status());
      assertEquals("ok", bob.join("test:tls").status());
      server.broadcaster().broadcast("test:tls", "news", Map.of("n", 1));
      assertEquals(1, ada.awaitEvent("news").payload().path("n").asInt());
      assertEquals(1, bob.awaitEvent("news").payload().path("n").asInt());
      var large = Map.of("text", "x".repeat(200_000));
      assertEquals("ok", ada.call("test:tls", "echo", large).status());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void twoVersionsAreSpoken(String version) throws Exception {
    start(EdgeOptions.defaults().withTls(tls()));
    try (SSLSocket socket = connect(factory())) {
      socket.setEnabledProtocols(new String[] {version});
      socket.startHandshake();
      assertEquals(version, socket.getSession().getProtocol());
      assertTrue(socket.getSession().getCipherSuite().matches("TLS_.*(GCM|POLY1305)_SHA\\d+"));
    }
  }

  @Test
  void weakSuitesAreRefused() throws Exception {
    start(EdgeOptions.defaults().withTls(tls()));
    try (SSLSocket socket = connect(factory())) {
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      socket.setEnabledCipherSuites(
          new String[] {
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
          });
      assertThrows(SSLException.class, socket::startHandshake);
    }
  }

  @Test
  void aNewPairIsUsedAndOpenSocketsNoticeNothing() throws Exception {
    start(EdgeOptions.defaults().withTls(tls()));
    assertEquals("CN=first.example", subject());
    try (PhoenixClient open = client()) {
      assertEquals("ok", open.join("test:before").status());

      replace(certificate, second.certificatePath());
      replace(key, second.privateKeyPath());
      TestServer.await("the new one is shown", () -> subject().equals("CN=second.example"));

      assertEquals("ok", open.call("test:before", "echo", Map.of("n", 1)).status());
      try (PhoenixClient next = client()) {
        assertEquals("ok", next.join("test:before").status());
        server.broadcaster().broadcast("test:before", "news", Map.of("n", 2));
        assertEquals(2, open.awaitEvent("news").payload().path("n").asInt());
        assertEquals(2, next.awaitEvent("news").payload().path("n").asInt());
      }

      // And back, which is a change too.
      replace(certificate, first.certificatePath());
      replace(key, first.privateKeyPath());
      TestServer.await("the first is back", () -> subject().equals("CN=first.example"));
      assertEquals("ok", open.call("test:before", "echo", Map.of("n", 3)).status());
    }
  }

  /** Whoever renews writes one file after the other, and may fail in between. */
  @Test
  void aPairThatDoesNotFitIsNotUsed() throws Exception {
    start(EdgeOptions.defaults().withTls(tls()));
    Logs logs = Logs.of("dev.roost.gateway.tls.CertificateReload");
    try (PhoenixClient open = client()) {
      assertEquals("ok", open.join("test:before").status());

      replace(certificate, second.certificatePath());
      logs.await("expected that of the first certificate in " + certificate);
      assertEquals("CN=first.example", subject());

      String whole = Files.readString(Path.of(second.certificatePath()));
      Files.writeString(certificate, whole.substring(0, whole.length() / 2));
      logs.await("got a block without an end");
      assertEquals("CN=first.example", subject());

      Files.delete(certificate);
      logs.await("expected a PEM file, got none");
      assertEquals("CN=first.example", subject());
      assertEquals("ok", open.call("test:before", "echo", Map.of("n", 1)).status());

      replace(key, second.privateKeyPath());
      Files.writeString(certificate, whole);
      TestServer.await("the whole pair is shown", () -> subject().equals("CN=second.example"));
      logs.await("TLS certificate renewed: ");
    } finally {
      logs.close();
    }
    // Each once, however often it was looked at.
    assertEquals(1, logs.count("got a block without an end"));
    assertEquals(1, logs.count("TLS certificate renewed: "));
  }

  @Test
  void withoutAFileNothingStarts() throws Exception {
    Files.delete(key);
    var failure =
        assertThrows(TlsFailure.class, () -> start(EdgeOptions.defaults().withTls(tls())));
    assertEquals("TLS key " + key + ": expected a PEM file, got none", failure.getMessage());
  }

  /* ---- handshakes that come to nothing */

  private void expectFailures(String... expected) {
    TestServer.await("all are counted", () -> failures.size() >= expected.length);
    assertEquals(List.of(expected), List.copyOf(failures));
  }

  @Test
  void whatIsNoHandshakeIsCounted() {
    start(EdgeOptions.defaults().withTls(tls()));
    try (RawWebSocket plain = RawWebSocket.open("127.0.0.1", server.port())) {
      plain.write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      plain.awaitEnd();
    }
    expectFailures("handshake failed");
  }

  @Test
  void whoDoesNotBeginAHandshakeIsCountedAsLate() {
    start(EdgeOptions.defaults().withTls(tls()));
    try (RawWebSocket silent = RawWebSocket.open("127.0.0.1", server.port())) {
      silent.awaitEnd();
    }
    expectFailures("handshake-timeout");
  }

  @Test
  void whatBreaksLaterIsNoHandshake() throws Exception {
    start(EdgeOptions.defaults().withTls(tls()));
    SSLSocket socket = connect(factory());
    socket.startHandshake();
    Places places = Places.of(server.vertx());
    TestServer.await("it is there", () -> places.taken() == 1);
    socket.setSoLinger(true, 0);
    socket.close();
    TestServer.await("it is gone", () -> places.taken() == 0);
    expectFailures();
  }

  /* ---- certificates of clients */

  @Test
  void aClientsCertificateIsInItsPeerData() throws Exception {
    start(EdgeOptions.defaults().withTls(tls().withClientCa(Path.of(second.certificatePath()))));
    KeyCertOptions own = second.keyCertOptions();
    KeyManager[] managers = own.getKeyManagerFactory(server.vertx()).getKeyManagers();
    try (RawWebSocket socket = RawWebSocket.over(connect(factory(managers)))) {
      assertEquals(101, socket.upgrade("/probe/websocket?vsn=2.0.0").status());
      JsonNode info = told.poll(20, TimeUnit.SECONDS);
      assertEquals(
          Files.readString(Path.of(second.certificatePath())).replaceAll("\\s", ""),
          info.path("peer_data").path("ssl_cert").asText().replaceAll("\\s", ""));
      assertEquals("https", info.path("uri").path("scheme").asText());
    }
    try (RawWebSocket socket = RawWebSocket.over(connect(factory()))) {
      assertEquals(101, socket.upgrade("/probe/websocket?vsn=2.0.0").status());
      assertTrue(told.poll(20, TimeUnit.SECONDS).path("peer_data").path("ssl_cert").isNull());
    }
  }

  @Test
  void aClientsCertificateOfAnotherAuthorityIsRefused() throws Exception {
    start(EdgeOptions.defaults().withTls(tls().withClientCa(Path.of(second.certificatePath()))));
    KeyManager[] managers =
        first.keyCertOptions().getKeyManagerFactory(server.vertx()).getKeyManagers();
    KeyManager stubborn = new Stubborn((javax.net.ssl.X509ExtendedKeyManager) managers[0]);
    assertThrows(
        SSLException.class,
        () -> {
          try (SSLSocket socket = connect(factory(stubborn))) {
            socket.startHandshake();
            socket.getInputStream().read(); // TLS 1.3 tells it with the first answer.
          }
        });
  }

  /** Shows its certificate whatever authority the server asks for. */
  private static final class Stubborn extends javax.net.ssl.X509ExtendedKeyManager {

    private final javax.net.ssl.X509ExtendedKeyManager own;
    private final String alias;

    Stubborn(javax.net.ssl.X509ExtendedKeyManager own) {
      this.own = own;
      this.alias = own.getServerAliases("RSA", null)[0];
    }

    @Override
    public String[] getClientAliases(String type, java.security.Principal[] issuers) {
      return new String[] {alias};
    }

    @Override
    public String chooseClientAlias(
        String[] types, java.security.Principal[] issuers, java.net.Socket socket) {
      return alias;
    }

    @Override
    public String[] getServerAliases(String type, java.security.Principal[] issuers) {
      return own.getServerAliases(type, issuers);
    }

    @Override
    public String chooseServerAlias(
        String type, java.security.Principal[] issuers, java.net.Socket socket) {
      return alias;
    }

    @Override
    public X509Certificate[] getCertificateChain(String which) {
      return own.getCertificateChain(which);
    }

    @Override
    public java.security.PrivateKey getPrivateKey(String which) {
      return own.getPrivateKey(which);
    }
  }

  /* ---- the way to https */

  @Test
  void browsersAreToldToComeByHttpsAndAPlainPortSendsThemThere() throws Exception {
    start(
        EdgeOptions.defaults()
            .withTls(tls())
            .withForceSsl(ForceSsl.defaults())
            .withHttpRedirectPort(0));
    try (RawWebSocket socket = RawWebSocket.over(connect(factory()))) {
      HttpAnswer answer = socket.request("GET /plain HTTP/1.1", "Host: chat.example");
      assertEquals(200, answer.status());
      assertEquals(Optional.of("max-age=31536000"), answer.header("strict-transport-security"));
    }
    try (RawWebSocket socket = RawWebSocket.over(connect(factory()))) {
      assertEquals(
          Optional.empty(),
          socket
              .request("GET /plain HTTP/1.1", "Host: localhost")
              .header("strict-transport-security"));
    }
    try (RawWebSocket plain = RawWebSocket.open("localhost", server.redirectPort())) {
      HttpAnswer answer = plain.request("GET /plain?a=b HTTP/1.1", "Host: chat.example:80");
      assertEquals(301, answer.status());
      assertEquals(Optional.of("https://chat.example/plain?a=b"), answer.header("location"));
      // Nothing is served there, whatever its name.
      answer = plain.request("POST /plain HTTP/1.1", "Host: localhost", "Content-Length: 0");
      assertEquals(307, answer.status());
      assertEquals(Optional.of("https://localhost/plain"), answer.header("location"));
    }
  }
}
