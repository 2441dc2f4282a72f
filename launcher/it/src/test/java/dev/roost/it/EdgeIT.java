package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectResult;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.edge.EdgeOptions;
import dev.roost.gateway.edge.ForceSsl;
import dev.roost.gateway.edge.TrustedProxies;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.HttpAnswer;
import dev.roost.testkit.client.RawWebSocket;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Behind proxies: their headers, the PROXY protocol, and the way to https (H-30 to H-34). */
class EdgeIT {

  private static final EdgeOptions DEFAULTS = EdgeOptions.defaults();
  private static final TrustedProxies LOCAL = TrustedProxies.of("127.0.0.0/8", "::1");
  private static final String SOCKET = "/probe/websocket?vsn=2.0.0";

  private final BlockingQueue<JsonNode> told = new LinkedBlockingQueue<>();
  private TestServer server;

  private void start(UnaryOperator<GatewayOptions> change) {
    SocketOptions probe =
        SocketOptions.defaults()
            .withCheckOrigin(OriginPolicy.any())
            .withConnectInfo(ConnectInfoKey.PEER_DATA, ConnectInfoKey.URI);
    var application =
        Application.named("probe")
            .socket(
                "/probe",
                (params, info) -> {
                  told.add(info.tree());
                  return ConnectResult.accept();
                },
                probe)
            .socket(
                "/same",
                (params, info) -> ConnectResult.accept(),
                SocketOptions.defaults().withCheckOrigin(OriginPolicy.sameConnection()));
    server =
        TestServer.start(
            change.apply(GatewayOptions.defaults().withHost("127.0.0.1")),
            ChannelOptions.defaults().withVerticles(1),
            application);
  }

  private void start(EdgeOptions edge) {
    start(options -> options.withEdge(edge));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private HttpAnswer upgrade(String path, String... headers) {
    try (RawWebSocket socket = server.raw()) {
      return socket.upgrade(path, headers);
    }
  }

  private HttpAnswer request(String... lines) {
    try (RawWebSocket socket = server.raw()) {
      return socket.request(lines);
    }
  }

  private JsonNode info() {
    try {
      JsonNode info = told.poll(20, TimeUnit.SECONDS);
      if (info == null) {
        throw new AssertionError("connect was not called");
      }
      return info;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String uri(JsonNode info) {
    JsonNode uri = info.path("uri");
    return uri.path("scheme").asText()
        + "://"
        + uri.path("host").asText()
        + ":"
        + uri.path("port").asInt();
  }

  /* ---- forwarded headers */

  private static final String[] FORWARDED = {
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: chat.example",
    "X-Forwarded-Port: 8443",
    "X-Forwarded-For: 198.51.100.7"
  };

  @Test
  void whatATrustedProxySaysIsWhatApplicationsSee() {
    start(DEFAULTS.withTrustedProxies(LOCAL));
    assertEquals(101, upgrade(SOCKET, FORWARDED).status());
    JsonNode info = info();
    assertEquals("https://chat.example:8443", uri(info));
    assertEquals("127.0.0.1", info.path("peer_data").path("address").asText()); // C-2
    assertTrue(info.path("peer_data").path("ssl_cert").isNull());
  }

  @Test
  void whatAnybodyElseSaysIsNot() {
    start(DEFAULTS.withTrustedProxies(TrustedProxies.of("192.0.2.0/24")));
    assertEquals(101, upgrade(SOCKET, FORWARDED).status());
    assertEquals("http://127.0.0.1:" + server.port(), uri(info()));
  }

  /** O-12: scheme, host and port by which the browser came. */
  @ParameterizedTest
  @CsvSource({
    "https://chat.example:8443, true",
    "https://chat.example,      false",
    "http://chat.example:8443,  false",
    "https://other.example:8443,false",
  })
  void theOriginIsComparedWithTheClientsOwnAddress(String origin, boolean allowed) {
    start(DEFAULTS.withTrustedProxies(LOCAL));
    String[] headers = java.util.Arrays.copyOf(FORWARDED, FORWARDED.length + 1);
    headers[FORWARDED.length] = "Origin: " + origin;
    assertEquals(allowed ? 101 : 403, upgrade("/same/websocket?vsn=2.0.0", headers).status());
  }

  /* ---- force_ssl */

  /** H-30, H-33: pages, sockets and paths that nobody serves alike. */
  @ParameterizedTest
  @CsvSource({
    "GET,    /plain?a=b%20c,              301",
    "HEAD,   /plain?a=b%20c,              301",
    "POST,   /plain,                      307",
    "GET,    /probe/websocket?vsn=2.0.0,  301",
    "DELETE, /nowhere,                    307",
  })
  void aPlainRequestIsSentToHttps(String method, String path, int status) {
    start(DEFAULTS.withForceSsl(ForceSsl.defaults()));
    HttpAnswer answer =
        request(
            method + " " + path + " HTTP/1.1",
            "Host: chat.example:4000",
            "Content-Length: 0",
            "Connection: Upgrade",
            "Upgrade: websocket");
    assertEquals(status, answer.status());
    assertEquals(Optional.of("https://chat.example" + path), answer.header("location"));
    assertEquals(Optional.empty(), answer.header("strict-transport-security"));
    assertEquals("", answer.body());
    assertTrue(told.isEmpty());
  }

  @Test
  void thePublicHostIsWhereToGo() {
    start(
        options ->
            options
                .withPublicHost("public.example")
                .withEdge(DEFAULTS.withForceSsl(ForceSsl.defaults())));
    assertEquals(
        Optional.of("https://public.example/plain"),
        request("GET /plain HTTP/1.1", "Host: chat.example").header("location"));
    assertEquals(
        Optional.of("https://public.example/plain"),
        request("GET /plain HTTP/1.0").header("location"));
  }

  @Test
  void aRequestThatNamesNoHostCannotBeSentAnywhere() {
    var refused = new CopyOnWriteArrayList<Integer>();
    GatewayMetrics metrics =
        new GatewayMetrics() {
          @Override
          public void connectionRefused(int status) {
            refused.add(status);
          }
        };
    start(
        options ->
            options
                .withMetrics(metrics)
                .withEdge(DEFAULTS.withForceSsl(ForceSsl.defaults()).withHttpRedirectPort(0)));
    assertEquals(400, request("GET /plain HTTP/1.0").status());
    try (RawWebSocket redirects = RawWebSocket.open("localhost", server.redirectPort())) {
      assertEquals(400, redirects.request("GET /plain HTTP/1.0").status());
    }
    assertEquals(List.of(400, 400), refused);
  }

  /** H-31. */
  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1:4000"})
  void excludedHostsAreServedAsTheyAre(String host) {
    start(DEFAULTS.withForceSsl(ForceSsl.defaults()));
    HttpAnswer answer = request("GET /plain HTTP/1.1", "Host: " + host);
    assertEquals(200, answer.status());
    assertEquals(Optional.empty(), answer.header("strict-transport-security"));
    assertEquals(101, upgrade(SOCKET).status()); // Host: 127.0.0.1
  }

  /** H-32, H-34. */
  @Test
  void behindAProxyWithTlsARequestIsServedAndTheBrowserTold() {
    start(DEFAULTS.withForceSsl(ForceSsl.defaults()).withTrustedProxies(LOCAL));
    for (String path : new String[] {"/plain", "/nowhere"}) {
      HttpAnswer answer =
          request("GET " + path + " HTTP/1.1", "Host: chat.example", "X-Forwarded-Proto: https");
      assertEquals(path.equals("/plain") ? 200 : 404, answer.status());
      assertEquals(Optional.of("max-age=31536000"), answer.header("strict-transport-security"));
    }
    HttpAnswer upgraded =
        upgrade(SOCKET, "X-Forwarded-Proto: https", "X-Forwarded-Host: chat.example");
    assertEquals(101, upgraded.status());
    assertEquals(
        301,
        request("GET /plain HTTP/1.1", "Host: chat.example", "X-Forwarded-Proto: http").status());
  }

  @Test
  void nobodyElseCanSayThatHeCameByHttps() {
    start(DEFAULTS.withForceSsl(ForceSsl.defaults()));
    assertEquals(
        301,
        request("GET /plain HTTP/1.1", "Host: chat.example", "X-Forwarded-Proto: https").status());
  }

  @Test
  void withoutTheOptionNothingIsRedirected() {
    start(DEFAULTS);
    HttpAnswer answer = request("GET /plain HTTP/1.1", "Host: chat.example");
    assertEquals(200, answer.status());
    assertEquals(Optional.empty(), answer.header("strict-transport-security"));
  }

  /* ---- the PROXY protocol */

  private static final byte[] VERSION_1 =
      "PROXY TCP4 198.51.100.7 192.0.2.1 56324 443\r\n".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] VERSION_1_IPV6 =
      "PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] VERSION_2 =
      HexFormat.of()
          .parseHex(
              "0d0a0d0a000d0a515549540a" // the signature
                  + "21" // version 2, PROXY
                  + "11" // TCP over IPv4
                  + "000c" // 12 octets follow
                  + "c6336407" // from 198.51.100.7
                  + "c0000201" // to 192.0.2.1
                  + "dc04" // from port 56324
                  + "01bb"); // to port 443

  private static final byte[] VERSION_2_IPV6 =
      HexFormat.of()
          .parseHex(
              "0d0a0d0a000d0a515549540a"
                  + "21"
                  + "21" // TCP over IPv6
                  + "0024" // 36 octets follow
                  + "20010db8000000000000000000000007"
                  + "20010db8000000000000000000000001"
                  + "dc04"
                  + "01bb");

  /** A health check of the proxy itself. */
  private static final byte[] VERSION_2_LOCAL =
      HexFormat.of().parseHex("0d0a0d0a000d0a515549540a" + "20" + "00" + "0000");

  private RawWebSocket introduced(byte[] header) {
    RawWebSocket socket = server.raw();
    socket.write(header);
    return socket;
  }

  private static byte[] header(String name) {
    return switch (name) {
      case "v1" -> VERSION_1;
      case "v1 IPv6" -> VERSION_1_IPV6;
      case "v2" -> VERSION_2;
      default -> VERSION_2_IPV6;
    };
  }

  @ParameterizedTest
  @CsvSource({
    "v1,      198.51.100.7",
    "v1 IPv6, 2001:db8:0:0:0:0:0:7",
    "v2,      198.51.100.7",
    "v2 IPv6, 2001:db8:0:0:0:0:0:7",
  })
  void aProxyHeaderSaysWhereAConnectionComesFrom(String version, String address) {
    start(DEFAULTS.withProxyProtocol(true));
    try (RawWebSocket socket = introduced(header(version))) {
      assertEquals(101, socket.upgrade(SOCKET).status());
      JsonNode peer = info().path("peer_data");
      assertEquals(address, peer.path("address").asText());
      assertEquals(56_324, peer.path("port").asInt());
    }
  }

  @Test
  void aHeaderMayComeInPiecesAndWithTheRequestBehindIt() {
    start(DEFAULTS.withProxyProtocol(true));
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(VERSION_2);
    bytes.writeBytes(
        "GET /plain HTTP/1.1\r\nHost: chat.example\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    try (RawWebSocket socket = server.raw()) {
      assertEquals(200, socket.writeInPieces(bytes.toByteArray(), 5).readAnswer().status());
    }
    try (RawWebSocket socket = server.raw()) {
      assertEquals(200, socket.write(bytes.toByteArray()).readAnswer().status());
    }
  }

  @Test
  void aProxyMayAskForItself() {
    start(DEFAULTS.withProxyProtocol(true));
    try (RawWebSocket socket = introduced(VERSION_2_LOCAL)) {
      assertEquals(101, socket.upgrade(SOCKET).status());
      assertEquals("127.0.0.1", info().path("peer_data").path("address").asText());
    }
  }

  @Test
  void withoutAHeaderAConnectionIsClosed() {
    start(DEFAULTS.withProxyProtocol(true));
    try (RawWebSocket socket = server.raw()) {
      socket.write("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      socket.awaitEnd();
    }
  }

  @Test
  void aConnectionThatSaysNothingIsClosedInTime() {
    start(
        options ->
            options
                .withHandshakeTimeout(java.time.Duration.ofMillis(300))
                .withEdge(DEFAULTS.withProxyProtocol(true)));
    try (RawWebSocket socket = server.raw()) {
      socket.awaitEnd();
    }
  }

  @Test
  void onlyTrustedProxiesMayIntroduceOthers() {
    start(
        DEFAULTS
            .withProxyProtocol(true)
            .withTrustedProxies(TrustedProxies.of("192.0.2.0/24", "198.51.100.7")));
    try (RawWebSocket socket = introduced(VERSION_1)) {
      assertEquals(403, socket.upgrade(SOCKET).status());
      socket.awaitEnd();
      assertTrue(told.isEmpty());
    }
  }

  /** An address that a trusted proxy hands on is no proxy: the headers are the client's own. */
  @Test
  void aClientBehindTheProxyProtocolIsNotBelieved() {
    start(
        DEFAULTS
            .withProxyProtocol(true)
            .withTrustedProxies(LOCAL)
            .withForceSsl(ForceSsl.defaults().withExclude(java.util.Set.of())));
    try (RawWebSocket socket = introduced(VERSION_2)) {
      assertEquals(301, socket.upgrade(SOCKET, FORWARDED).status());
    }
  }

  @Test
  void withoutTheOptionAHeaderIsNoRequest() {
    start(DEFAULTS);
    try (RawWebSocket socket = introduced(VERSION_1)) {
      assertEquals(400, socket.readAnswer().status());
    }
  }
}
