package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.cluster.Applications;
import dev.roost.gateway.edge.ClientRequest;
import dev.roost.gateway.transport.Upgrade.Protocols;
import dev.roost.gateway.transport.Upgrade.Selection;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read from an upgrade request, without a server to send it to. */
class UpgradeTest {

  private static final SocketOptions PLAIN = SocketOptions.defaults();
  private static final SocketOptions TOKEN = PLAIN.withAuthToken(true);

  /** Section 4 of the specification. */
  @Nested
  class Subprotocols {

    /** */
    @Test
    void withoutAnyConfiguredTheHeaderIsIgnored() {
      assertEquals(new Selection(true, null), select(PLAIN));
      assertEquals(new Selection(true, null), select(PLAIN, "mqtt, sip"));
      assertEquals(
          new Protocols(List.of("base64url.bearer.phx.dG9r"), null, false),
          read(PLAIN, "base64url.bearer.phx.dG9r"));
    }

    /** */
    @Test
    void withoutTheHeaderAnyoneMayConnect() {
      assertEquals(new Selection(true, null), select(PLAIN.withSubprotocols("sip", "mqtt")));
      assertEquals(new Selection(true, null), select(TOKEN));
    }

    /** ours come first in our order, not in the client's. */
    @ParameterizedTest
    @CsvSource({
      "'mqtt, sip', sip",
      "'sip, mqtt', sip",
      "'mqtt', mqtt",
      "'other,mqtt,another', mqtt",
      "'  mqtt  ', mqtt",
      "'mqtt,mqtt', mqtt",
      "'mqtt,', mqtt",
      "',mqtt', mqtt",
    })
    void theFirstOfOursThatWasAskedForIsSelected(String header, String selected) {
      assertEquals(
          new Selection(true, selected), select(PLAIN.withSubprotocols("sip", "mqtt"), header));
    }

    /** */
    @ParameterizedTest
    @ValueSource(strings = {"amqp", "SIP", "Mqtt", "sip2", "si", "sip mqtt", ""})
    void withoutACommonOneTheConnectionIsRefused(String header) {
      assertEquals(
          new Selection(false, null), select(PLAIN.withSubprotocols("sip", "mqtt"), header));
    }

    /** */
    @Test
    void onlyTheFirstHeaderCounts() {
      SocketOptions options = PLAIN.withSubprotocols("sip", "mqtt");
      assertEquals(new Selection(true, "mqtt"), select(options, "mqtt", "sip"));
      assertEquals(new Selection(false, null), select(options, "amqp", "sip"));
    }

    /** */
    @Test
    void phoenixComesBeforeTheConfiguredOnesWhenTokensAreRead() {
      SocketOptions options = TOKEN.withSubprotocols("sip");
      assertEquals(new Selection(true, "phoenix"), select(options, "sip, phoenix"));
      assertEquals(new Selection(true, "sip"), select(options, "sip"));
    }

    /** A-12, as phoenix.js sends it. */
    @Test
    void theRecordedTokenIsRead() {
      Protocols protocols = read(TOKEN, "phoenix, base64url.bearer.phx.dG9rLmVuLV94");
      assertEquals(new Protocols(List.of("phoenix"), "tok.en-_x", false), protocols);
      assertEquals(new Selection(true, "phoenix"), protocols.select(TOKEN));
    }

    /** */
    @Test
    void theCarrierIsTakenOutOfTheListWhereverItStands() {
      assertEquals(
          new Protocols(List.of("sip", "phoenix"), "tok", false),
          read(TOKEN, "sip, base64url.bearer.phx.dG9r, phoenix"));
    }

    /** */
    @Test
    void ofSeveralCarriersNoneIsRead() {
      String two = "base64url.bearer.phx.dG9r, base64url.bearer.phx.dG9s";
      Protocols withPhoenix = read(TOKEN, "phoenix, " + two);
      assertEquals(3, withPhoenix.requested().size());
      assertEquals(null, withPhoenix.authToken());
      assertFalse(withPhoenix.tokenIsBroken());
      assertEquals(new Selection(true, "phoenix"), withPhoenix.select(TOKEN));
      assertEquals(new Selection(false, null), select(TOKEN, two));
      assertEquals(
          new Selection(false, null),
          select(TOKEN, "base64url.bearer.phx.dG9r,base64url.bearer.phx.dG9r"));
    }

    /** standard Base64 despite the prefix, padded or not; the url-safe one too. */
    @ParameterizedTest
    @ValueSource(strings = {"", "t", "to", "tok", "toke", "\u00fb\u00ef\u00be?>~", "a.b-c_d"})
    void bothAlphabetsAreRead(String token) {
      byte[] bytes = token.getBytes(StandardCharsets.UTF_8);
      for (Base64.Encoder encoder :
          new Base64.Encoder[] {
            Base64.getEncoder(),
            Base64.getEncoder().withoutPadding(),
            Base64.getUrlEncoder(),
            Base64.getUrlEncoder().withoutPadding(),
          }) {
        String carrier = "base64url.bearer.phx." + encoder.encodeToString(bytes);
        assertEquals(token, read(TOKEN, "phoenix, " + carrier).authToken(), carrier);
      }
    }

    /** */
    @ParameterizedTest
    @ValueSource(strings = {"t", "dG9r=", "dG9!", "dG 9r", "====", "dG9r.x", "dG9rL"})
    void aTokenThatIsNoBase64IsBroken(String encoded) {
      Protocols protocols = read(TOKEN, "phoenix, base64url.bearer.phx." + encoded);
      assertTrue(protocols.tokenIsBroken());
      assertEquals(null, protocols.authToken());
    }

    /** */
    @Test
    void aCarrierAloneCountsAsNoProtocolAtAll() {
      Protocols protocols = read(TOKEN, "base64url.bearer.phx.dG9r");
      assertEquals(new Protocols(List.of(), "tok", false), protocols);
      assertEquals(new Selection(true, null), protocols.select(TOKEN));
    }

    /** */
    @Test
    void aTokenMayBeMissing() {
      Protocols protocols = read(TOKEN, "phoenix");
      assertEquals(new Protocols(List.of("phoenix"), null, false), protocols);
      assertEquals(new Selection(true, "phoenix"), protocols.select(TOKEN));
      assertEquals(new Protocols(List.of(), null, false), read(TOKEN));
      assertEquals(new Selection(false, null), select(TOKEN, "sip"));
    }

    /** */
    @Test
    void anEmptyCarrierIsAnEmptyToken() {
      assertEquals(
          new Protocols(List.of("phoenix"), "", false),
          read(TOKEN, "phoenix, base64url.bearer.phx."));
    }

    private Selection select(SocketOptions options, String... headers) {
      return read(options, headers).select(options);
    }

    private Protocols read(SocketOptions options, String... headers) {
      var request = new Request();
      for (String header : headers) {
        request.header("Sec-WebSocket-Protocol", header);
      }
      return Protocols.of(request.made(), options);
    }
  }

  /** H-13. */
  @Nested
  class Headers {

    @Test
    void anUpgradeHasNoDefect() {
      assertEquals(Optional.empty(), Upgrade.defect(upgrade().made()));
    }

    @Test
    void namesAndTokensHaveNoCaseAndTokensAreOneOfSeveral() {
      var request =
          new Request()
              .header("HOST", "chat.example")
              .header("CONNECTION", "keep-alive, Upgrade")
              .header("UPGRADE", "h2c")
              .header("upgrade", "WebSocket")
              .header("SEC-WEBSOCKET-KEY", "k")
              .header("SEC-WEBSOCKET-VERSION", "13");
      assertEquals(Optional.empty(), Upgrade.defect(request.made()));
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "host|'host' header must be present",
          "connection|'connection' header must contain 'upgrade', got []",
          "upgrade|'upgrade' header must contain 'websocket', got []",
          "sec-websocket-key|'sec-websocket-key' header must be present",
          "sec-websocket-version|'sec-websocket-version' header must equal '13', got []",
        },
        quoteCharacter = '"')
    void aMissingHeaderIsNamed(String header, String defect) {
      assertEquals(Optional.of(defect), Upgrade.defect(upgrade().without(header).made()));
    }

    @Test
    void aWrongHeaderIsQuoted() {
      assertEquals(
          Optional.of("'connection' header must contain 'upgrade', got [keep-alive]"),
          Upgrade.defect(
              upgrade().without("connection").header("connection", "keep-alive").made()));
      assertEquals(
          Optional.of("'sec-websocket-version' header must equal '13', got [8]"),
          Upgrade.defect(
              upgrade()
                  .without("sec-websocket-version")
                  .header("sec-websocket-version", "8")
                  .made()));
    }

    @Test
    void onlyHttpOneOneCanBeUpgraded() {
      assertEquals(
          Optional.of("HTTP version must be 1.1, got http/1.0"),
          Upgrade.defect(upgrade().with("version", HttpVersion.HTTP_1_0).made()));
      assertTrue(Upgrade.defect(upgrade().with("version", HttpVersion.HTTP_2).made()).isPresent());
    }

    private Request upgrade() {
      return new Request()
          .header("host", "chat.example")
          .header("connection", "upgrade")
          .header("upgrade", "websocket")
          .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
          .header("sec-websocket-version", "13");
    }
  }

  /** Section 3 of the specification, as far as it is about the request. */
  @Nested
  class Origins {

    /** O-2, O-3. */
    @Test
    void theFirstOriginCounts() {
      SocketOptions options = PLAIN.withCheckOrigin(OriginPolicy.listed("https://a.example"));
      assertTrue(allowed(options, new Request()));
      assertTrue(
          allowed(
              options,
              new Request()
                  .header("origin", "https://a.example")
                  .header("origin", "https://b.example")));
      assertFalse(
          allowed(
              options,
              new Request()
                  .header("origin", "https://b.example")
                  .header("origin", "https://a.example")));
    }

    /** O-12: scheme, host and port are those by which the client came. */
    @ParameterizedTest
    @CsvSource({
      "http://chat.example,       http,  80,   true",
      "http://chat.example:4000,  http,  4000, true",
      "https://chat.example,      https, 443,  true",
      "https://chat.example,      http,  80,   false",
      "https://chat.example:4000, https, 443,  false",
    })
    void theConnectionIsTheClients(String origin, String scheme, int port, boolean allowed) {
      SocketOptions options = PLAIN.withCheckOrigin(OriginPolicy.sameConnection());
      var client = new ClientRequest(scheme, "chat.example", port, null);
      assertEquals(allowed, allowed(options, new Request().header("origin", origin), client));
    }

    @Test
    void withoutAHostNoOriginIsTheSame() {
      assertFalse(allowed(PLAIN, new Request().header("origin", "http://chat.example")));
    }

    private boolean allowed(SocketOptions options, Request request) {
      return allowed(options, request, new ClientRequest("http", null, 80, null));
    }

    private boolean allowed(SocketOptions options, Request request, ClientRequest client) {
      var mount = new Applications.Mount("/socket", Map.of(), options, "chat");
      return Upgrade.originAllowed(request.made(), client, mount, null);
    }
  }

  /** Section 5 of the specification. */
  @Nested
  class ConnectInfo {

    /** C-1. */
    @Test
    void nothingIsExposedThatIsNotListed() {
      assertEquals("{}", info(PLAIN, browser()));
    }

    /** C-2. */
    @Test
    void peerDataIsTheTcpPeer() {
      assertEquals(
          "{\"peer_data\":{\"address\":\"192.0.2.1\",\"port\":50312,\"ssl_cert\":null}}",
          info(PLAIN.withConnectInfo(ConnectInfoKey.PEER_DATA), browser()));
    }

    /** C-3, C-11. */
    @Test
    void traceContextIsTwoHeaders() {
      assertEquals(
          "{\"trace_context_headers\":[[\"traceparent\",\"00-1-2-01\"],[\"tracestate\",\"a=b\"]]}",
          info(PLAIN.withConnectInfo(ConnectInfoKey.TRACE_CONTEXT_HEADERS), browser()));
    }

    /** C-4: in the order of the request, repeats kept; no cookie among them. */
    @Test
    void xHeadersAreThoseThatStartWithX() {
      assertEquals(
          "{\"x_headers\":[[\"x-b\",\"1\"],[\"x-a\",\"2\"],[\"x-b\",\"3\"]]}",
          info(PLAIN.withConnectInfo(ConnectInfoKey.X_HEADERS), browser()));
    }

    /** C-5. */
    @Test
    void webSocketHeadersAreTheOriginalListWithoutAToken() {
      assertEquals(
          "{\"sec_websocket_headers\":[[\"sec-websocket-version\",\"13\"],"
              + "[\"sec-websocket-protocol\",\"phoenix, base64url.bearer.phx.dG9r\"]]}",
          info(PLAIN.withConnectInfo(ConnectInfoKey.SEC_WEBSOCKET_HEADERS), browser()));
      assertEquals(
          "{\"sec_websocket_headers\":[[\"sec-websocket-version\",\"13\"],"
              + "[\"sec-websocket-protocol\",\"phoenix\"]],\"auth_token\":\"tok\"}",
          info(TOKEN.withConnectInfo(ConnectInfoKey.SEC_WEBSOCKET_HEADERS), browser()));
    }

    /** C-6. */
    @Test
    void theUriIsTheOneThatTheClientCameBy() {
      assertEquals(
          "{\"uri\":{\"scheme\":\"https\",\"host\":\"chat.example\",\"port\":443,"
              + "\"path\":\"/socket/websocket\",\"query\":\"vsn=2.0.0\"}}",
          info(PLAIN.withConnectInfo(ConnectInfoKey.URI), browser()));
    }

    /** C-7. */
    @Test
    void theUserAgentMayBeNull() {
      SocketOptions options = PLAIN.withConnectInfo(ConnectInfoKey.USER_AGENT);
      assertEquals("{\"user_agent\":\"Browser/1\"}", info(options, browser()));
      assertEquals("{\"user_agent\":null}", info(options, browser().without("user-agent")));
    }

    /** C-8, A-18. */
    @Test
    void theAuthTokenIsThereWhenItIsOn() {
      assertEquals("{\"auth_token\":\"tok\"}", info(TOKEN, browser()));
      assertEquals(
          "{\"auth_token\":null}", info(TOKEN, browser().without("sec-websocket-protocol")));
    }

    private String info(SocketOptions options, Request request) {
      HttpServerRequest made = request.made();
      var client = new ClientRequest("https", "chat.example", 443, "198.51.100.7");
      return Upgrade.connectInfo(
              made, client, new JsonObject(), options, Protocols.of(made, options), null)
          .encode();
    }

    private Request browser() {
      return new Request()
          .with("remoteAddress", SocketAddress.inetSocketAddress(50_312, "192.0.2.1"))
          .with("path", "/socket/websocket")
          .with("query", "vsn=2.0.0")
          .header("Host", "chat.example:4000")
          .header("User-Agent", "Browser/1")
          .header("Cookie", "secret")
          .header("X-B", "1")
          .header("traceparent", "00-1-2-01")
          .header("x-a", "2")
          .header("X-b", "3")
          .header("TraceState", "a=b")
          .header("Sec-WebSocket-Version", "13")
          .header("Sec-WebSocket-Protocol", "phoenix, base64url.bearer.phx.dG9r");
    }
  }

  /** As much of a request as is read here; asking it for more fails the test. */
  private static final class Request {

    private final List<Map.Entry<String, String>> headers = new ArrayList<>();
    private final Map<String, Object> answers = new HashMap<>();

    Request() {
      answers.put("version", HttpVersion.HTTP_1_1);
      answers.put("isSSL", false);
    }

    Request header(String name, String value) {
      headers.add(Map.entry(name, value));
      return this;
    }

    Request without(String name) {
      headers.removeIf(header -> header.getKey().equalsIgnoreCase(name));
      return this;
    }

    Request with(String method, Object answer) {
      answers.put(method, answer);
      return this;
    }

    HttpServerRequest made() {
      MultiMap all = MultiMap.caseInsensitiveMultiMap();
      headers.forEach(header -> all.add(header.getKey(), header.getValue()));
      return (HttpServerRequest)
          Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {HttpServerRequest.class},
              (proxy, method, arguments) ->
                  switch (method.getName()) {
                    case "headers" -> all;
                    case "getHeader" -> all.get(arguments[0].toString());
                    default -> {
                      if (!answers.containsKey(method.getName())) {
                        throw new AssertionError("nobody said what " + method + " is");
                      }
                      yield answers.get(method.getName());
                    }
                  });
    }
  }
}
