package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Payload;
import dev.roost.gateway.GatewayOptions;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.HttpAnswer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From a request to a WebSocket: sections 1 to 6 of the specification. */
class UpgradeIT {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private static final ConnectInfoKey[] ALL_BUT_THE_SESSION =
      EnumSet.complementOf(EnumSet.of(ConnectInfoKey.SESSION)).toArray(ConnectInfoKey[]::new);

  private static final ConnectResult BUSY =
      ConnectResult.refuse(429, "slow down").header("Retry-After", "5");

  private static TestServer server;
  private static final Probe PROBE = new Probe();

  /** Accepts, and keeps what it was told. */
  private static final class Probe implements SocketHandler {

    record Told(JsonNode params, JsonNode info, Optional<String> token) {}

    final BlockingQueue<Told> told = new LinkedBlockingQueue<>();
    final BlockingQueue<String> asked = new LinkedBlockingQueue<>();

    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      told.add(new Told(params.tree(), info.tree(), info.authToken()));
      return ConnectResult.accept();
    }

    @Override
    public boolean allowsOrigin(String origin) {
      asked.add(origin);
      if (origin.equals("https://broken.example")) {
        throw new IllegalStateException("out of order");
      }
      return origin.equals("null") || origin.equals("https://friend.example");
    }

    Told next() {
      try {
        Told next = told.poll(20, TimeUnit.SECONDS);
        if (next == null) {
          throw new AssertionError("connect was not called");
        }
        return next;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @BeforeAll
  static void start() {
    var any = SocketOptions.defaults().withCheckOrigin(OriginPolicy.any());
    SocketHandler broken =
        (params, info) -> {
          throw new IllegalStateException("out of order");
        };
    var application =
        Application.named("probe")
            .socket("/probe", PROBE, any.withConnectInfo(ALL_BUT_THE_SESSION))
            .socket("/hidden", PROBE, any)
            .socket("/t/:tenant/:_any", PROBE, any.withWebsocketPath("/deep/ws/:room"))
            .socket("/closed", (params, info) -> ConnectResult.refuse(), any)
            .socket("/busy", (params, info) -> BUSY, any)
            .socket("/broken", broken, any)
            .socket("/sub", PROBE, SocketOptions.defaults().withSubprotocols("sip", "mqtt"))
            .socket("/token", PROBE, any.withAuthToken(true).withSubprotocols("sip"))
            .socket("/same", PROBE)
            .socket(
                "/connection",
                PROBE,
                SocketOptions.defaults().withCheckOrigin(OriginPolicy.sameConnection()))
            .socket(
                "/asked",
                PROBE,
                SocketOptions.defaults().withCheckOrigin(OriginPolicy.byHandler()).withLongPoll())
            .socket(
                "/listed",
                PROBE,
                SocketOptions.defaults()
                    .withCheckOrigin(
                        OriginPolicy.listed(
                            "//any.example",
                            "//port.example:888",
                            "https://secure.example",
                            "http://odd.example:81",
                            "//*.wild.example")));
    server = TestServer.start(GatewayOptions.defaults(), ChannelOptions.defaults(), application);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void forget() {
    PROBE.told.clear();
    PROBE.asked.clear();
  }

  private static HttpAnswer upgrade(String path, String... headers) {
    try (var socket = server.raw()) {
      return socket.upgrade(path, headers);
    }
  }

  private static HttpAnswer request(String... lines) {
    try (var socket = server.raw()) {
      return socket.request(lines);
    }
  }

  private static JsonNode json(String text) {
    try {
      return MAPPER.readTree(text.replace('\'', '"'));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  /* ---- paths */

  @ParameterizedTest
  @ValueSource(strings = {"/probe/websocket", "//probe//websocket/", "/t/a/b/deep/ws/1"})
  void aPathMatchesSegmentBySegment(String path) { // E-1, E-3, E-4, E-6
    assertEquals(101, upgrade(path).status());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/probe",
        "/Probe/websocket",
        "/probe/websocket/more",
        "/probe/longpoll",
        "/t/a/deep/ws/1",
        "/nowhere/websocket",
        "/"
      })
  void anotherPathIsNoSocket(String path) { // E-2, E-5, E-6, E-10
    assertEquals(404, upgrade(path).status());
  }

  @Test
  void otherRequestsGoOnToTheRestOfTheApplication() { // E-10
    HttpAnswer answer = request("GET /plain HTTP/1.1", "Host: localhost");
    assertEquals(200, answer.status());
    assertEquals("not a socket", answer.body());
  }

  @Test
  void pathVariablesAreRawAndWinOverTheQuery() { // E-7, E-8, E-9
    upgrade("/t/ac%20me/hidden/deep/ws/1?tenant=evil&room=2&b=3");
    assertEquals(json("{'tenant':'ac%20me','room':'1','b':'3'}"), PROBE.next().params());
  }

  /* ---- params */

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "vsn=2.0.0&user=7            | {'vsn':'2.0.0','user':'7'}", // E-20
        "a=x+y%20z&k&e=              | {'a':'x y z','k':'','e':''}", // E-21
        "a[b]=1&a[c]=2               | {'a':{'b':'1','c':'2'}}", // E-21
        "a%5Bb%5D=1                  | {'a':{'b':'1'}}", // JS-1
        "l[]=1&l[]=2                 | {'l':['1','2']}", // E-21
        "l[0]=x&l[1]=y               | {'l':{'0':'x','1':'y'}}", // E-22
        "k=1&k=2                     | {'k':'2'}", // E-21
        "vsn=2.0.0&                  | {'vsn':'2.0.0'}", // E-23
        "&&a=1&                      | {'a':'1'}", // E-23
        "a=%zz                       | {'a':'%zz'}", // E-24
        "a=%C3%A9%E2%82%AC           | {'a':'é€'}",
      })
  void theQueryIsDecodedAsAForm(String query, String params) {
    upgrade("/probe/websocket?" + query);
    assertEquals(json(params), PROBE.next().params());
  }

  @Test
  void aQueryThatIsNoUtf8IsRefused() { // E-24
    assertEquals(400, upgrade("/probe/websocket?a=%ff").status());
    assertTrue(PROBE.told.isEmpty());
  }

  /* ---- the version */

  @ParameterizedTest
  @ValueSource(
      strings = {"", "?vsn=1.0.0", "?vsn=1.0.7", "?vsn=2.0.0", "?vsn=2.0.9", "?vsn=2.0.0%2Bbuild"})
  void aVersionThatIsSpokenIsAccepted(String query) { // N-1 to N-3
    assertEquals(101, upgrade("/probe/websocket" + query).status());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2.1.0",
        "3.0.0",
        "1.1.0",
        "0.9.0",
        "2.0.0-rc1",
        "2",
        "2.0",
        "abc",
        "",
        "2.0.0.0",
        "v2.0.0"
      })
  void anotherVersionIsRefusedBeforeConnect(String vsn) { // N-3, N-4, N-6, H-10
    HttpAnswer answer = upgrade("/probe/websocket?vsn=" + vsn);
    assertEquals(403, answer.status());
    assertEquals("", answer.body());
    assertTrue(PROBE.told.isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"vsn[]=2.0.0", "vsn[a]=2.0.0"})
  void aVersionThatIsNoStringIsRefused(String query) { // N-5
    assertEquals(403, upgrade("/probe/websocket?" + query).status());
    assertTrue(PROBE.told.isEmpty());
  }

  /* ---- the steps and their order */

  @ParameterizedTest
  @ValueSource(strings = {"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
  void anotherMethodThanGetIsRefused(String method) { // H-3, ER-44
    HttpAnswer answer =
        request(
            method + " /probe/websocket?vsn=2.0.0 HTTP/1.1",
            "Host: localhost",
            "Content-Length: 0",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
    assertEquals(400, answer.status());
    assertEquals("", answer.body());
    assertTrue(PROBE.told.isEmpty());
  }

  @Test
  void anUpgradeIsAnsweredWithExactlyWhatWasNegotiated() { // H-14, W-20, A-1
    HttpAnswer answer =
        upgrade(
            "/probe/websocket?vsn=2.0.0",
            "Sec-WebSocket-Protocol: sip",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits");
    assertEquals(101, answer.status());
    assertEquals(
        "websocket", answer.header("upgrade").orElse("").toLowerCase(java.util.Locale.ROOT));
    assertEquals(
        "upgrade", answer.header("connection").orElse("").toLowerCase(java.util.Locale.ROOT));
    assertEquals(Optional.empty(), answer.header("sec-websocket-protocol"));
    assertEquals(Optional.empty(), answer.header("sec-websocket-extensions"));
  }

  @Test
  void aRefusedConnectionIsForbidden() { // H-11
    HttpAnswer answer = upgrade("/closed/websocket?vsn=2.0.0");
    assertEquals(403, answer.status());
    assertEquals("", answer.body());
  }

  @Test
  void aRefusalMayHaveAStatusHeadersAndABodyOfItsOwn() { // H-16
    HttpAnswer answer = upgrade("/busy/websocket?vsn=2.0.0");
    assertEquals(429, answer.status());
    assertEquals("slow down", answer.body());
    assertEquals(Optional.of("5"), answer.header("retry-after"));
  }

  @Test
  void anExceptionInConnectIsAnInternalError() { // H-11, ER-50; nothing of it reaches the client
    HttpAnswer answer = upgrade("/broken/websocket?vsn=2.0.0");
    assertEquals(500, answer.status());
    assertEquals("", answer.body());
  }

  private static final String[] COMPLETE = {
    "GET /probe/websocket HTTP/1.1",
    "Host: localhost",
    "Connection: keep-alive, Upgrade",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
  };

  @Test
  void headerValuesOfAnUpgradeAreCaseInsensitive() { // H-13
    assertEquals(101, request(COMPLETE).status());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2 | Connection: close        | connection",
        "2 | X-Nothing: 1             | connection",
        "3 | Upgrade: h2c             | upgrade",
        "3 | X-Nothing: 1             | upgrade",
        "4 | Sec-WebSocket-Version: 8 | sec-websocket-version",
        "4 | X-Nothing: 1             | sec-websocket-version",
        "5 | X-Nothing: 1             | sec-websocket-key"
      })
  void aDefectOfTheUpgradeIsNamedAfterConnectRan(int line, String instead, String named) { // H-13
    String[] lines = COMPLETE.clone();
    lines[line] = instead;
    HttpAnswer answer = request(lines);
    assertEquals(400, answer.status());
    assertTrue(answer.body().toLowerCase(java.util.Locale.ROOT).contains(named), answer.body());
    assertTrue(answer.header("content-type").orElse("").startsWith("text/plain"));
    PROBE.next();
  }

  /** It would wait for that, and its place with it. */
  @ParameterizedTest
  @ValueSource(strings = {"Content-Length: 20000", "Transfer-Encoding: chunked"})
  void anUpgradeThatAnnouncesABodyIsRefused(String header) {
    String[] lines = Arrays.copyOf(COMPLETE, COMPLETE.length + 1);
    lines[COMPLETE.length] = header;
    HttpAnswer answer = request(lines);
    assertEquals(400, answer.status());
    assertTrue(answer.body().contains("must not have a body"), answer.body());
    PROBE.next();
  }

  @Test
  void aPlainRequestToASocketThatRefusesIsForbidden() { // H-13: connect comes first
    assertEquals(403, request("GET /closed/websocket HTTP/1.1", "Host: localhost").status());
    assertEquals(400, request("GET /probe/websocket HTTP/1.1", "Host: localhost").status());
  }

  /* ---- the origin */

  @ParameterizedTest
  @CsvSource({
    "same, http://HOST, true", // O-5, ours: the request's own host when none is configured
    "same, https://HOST:9999, true",
    "same, http://other.example, false",
    "same, null, false", // O-11
    "same, '', false",
    "same, file://, false",
    "connection, http://HOST:PORT, true", // O-12
    "connection, https://HOST:PORT, false",
    "connection, http://HOST:1, false",
    "connection, ws://HOST:PORT, false",
    "listed, http://any.example, true", // O-7
    "listed, https://any.example:9, true",
    "listed, http://port.example:888, true",
    "listed, http://port.example, false",
    "listed, https://secure.example, true",
    "listed, https://secure.example:443, true", // O-8
    "listed, http://secure.example, false",
    "listed, https://secure.example:444, false",
    "listed, http://odd.example:81, true",
    "listed, http://odd.example, false",
    "listed, http://wild.example, true", // O-9
    "listed, http://a.wild.example, true",
    "listed, http://a.b.wild.example, true",
    "listed, http://xwild.example, false",
    "listed, http://a.prefix-wild.example, false",
    "listed, http://ANY.example, false", // O-10
    "listed, null, false",
    "probe, http://whatever.example, true", // O-4
    "probe, null, true"
  })
  void theOriginDecides(String mount, String origin, boolean allowed) {
    String value =
        origin.replace("HOST", "127.0.0.1").replace("PORT", String.valueOf(server.port()));
    HttpAnswer answer = upgrade("/" + mount + "/websocket?vsn=2.0.0", "Origin: " + value);
    assertEquals(allowed ? 101 : 403, answer.status());
    assertEquals("", answer.body()); // O-14
    assertEquals(allowed ? 1 : 0, PROBE.told.size()); // H-6
  }

  @ParameterizedTest
  @ValueSource(strings = {"same", "connection", "listed"})
  void aRequestWithoutOriginIsAllowed(String mount) { // O-2
    assertEquals(101, upgrade("/" + mount + "/websocket?vsn=2.0.0").status());
  }

  @Test
  void onlyTheFirstOriginCounts() { // O-3
    String mount = "/listed/websocket?vsn=2.0.0";
    assertEquals(
        101, upgrade(mount, "Origin: http://any.example", "Origin: http://evil.example").status());
    assertEquals(
        403, upgrade(mount, "Origin: http://evil.example", "Origin: http://any.example").status());
  }

  /** O-13: also for origins without a host, and before connect. */
  @ParameterizedTest
  @CsvSource({
    "https://friend.example, 101",
    "null,                   101",
    "https://evil.example,   403",
    "file://,                403",
    "https://broken.example, 500",
  })
  void theSocketHandlerMayDecideOnOrigins(String origin, int status) {
    HttpAnswer answer = upgrade("/asked/websocket?vsn=2.0.0", "Origin: " + origin);
    assertEquals(status, answer.status());
    assertEquals(List.of(origin), List.copyOf(PROBE.asked));
    assertEquals(status == 101 ? 1 : 0, PROBE.told.size());
  }

  @Test
  void aSocketHandlerIsNotAskedWhereThereIsNoOriginOrAnotherPolicy() { // O-2
    assertEquals(101, upgrade("/asked/websocket?vsn=2.0.0").status());
    assertEquals(101, upgrade("/hidden/websocket?vsn=2.0.0", "Origin: null").status());
    assertTrue(PROBE.asked.isEmpty());
    assertEquals(2, PROBE.told.size());
  }

  @Test
  void ofLongPollingTheRequestIsDecidedOnThatOpensASession() { // G-12
    var evil =
        LongPollClient.await(
            new LongPollClient("/asked/longpoll", "vsn=2.0.0")
                .pollAsync(server.port(), "origin", "https://evil.example"));
    assertEquals(200, evil.httpStatus());
    assertEquals(403, evil.status());
    var friend =
        LongPollClient.await(
            new LongPollClient("/asked/longpoll", "vsn=2.0.0")
                .pollAsync(server.port(), "origin", "https://friend.example"));
    assertEquals(410, friend.status());
    assertEquals(
        List.of("https://evil.example", "https://friend.example"), List.copyOf(PROBE.asked));
  }

  private static final String EVIL = "Origin: http://evil.example";

  @Test
  void methodAndQueryAreLookedAtBeforeTheOrigin() { // H-3, H-4, H-6
    assertEquals(
        400,
        request("POST /sub/websocket HTTP/1.1", "Host: localhost", "Content-Length: 0", EVIL)
            .status());
    assertEquals(400, upgrade("/sub/websocket?a=%ff", EVIL).status());
    assertTrue(PROBE.told.isEmpty());
  }

  /** The answer is 403 for each of them, so the log has to tell which it was for. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http://evil.example | other | origin http://evil.example is not allowed",
        "http://127.0.0.1    | other | none of the subprotocols [other] is served",
        "http://127.0.0.1    | sip   | vsn 9 is none of"
      })
  void originSubprotocolAndVersionAreLookedAtInThisOrder(
      String origin, String protocol, String refusal) { // H-6, H-8, H-10
    try (var log = Logs.of("dev.roost.gateway.transport.WebSocketTransport", Level.DEBUG)) {
      HttpAnswer answer =
          upgrade(
              "/sub/websocket?vsn=9", "Origin: " + origin, "Sec-WebSocket-Protocol: " + protocol);
      assertEquals(403, answer.status());
      assertEquals(1, log.count("connection refused"));
      assertEquals(1, log.count(refusal));
    }
    assertTrue(PROBE.told.isEmpty());
  }

  /* ---- subprotocols and the auth token */

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sub   |                               | 101 |",
        "sub   | mqtt, sip                     | 101 | sip", // the server's order
        "sub   | mqtt                          | 101 | mqtt",
        "sub   | other,mqtt                    | 101 | mqtt",
        "sub   | MQTT                          | 403 |",
        "sub   | other                         | 403 |",
        "token |                               | 101 |",
        "token | phoenix                       | 101 | phoenix",
        "token | other                         | 403 |",
        "token | sip, phoenix                  | 101 | phoenix"
      })
  void theServersFirstSubprotocolIsSelected(
      String mount, String asked, int status, String selected) {
    HttpAnswer answer =
        asked == null
            ? upgrade("/" + mount + "/websocket?vsn=2.0.0")
            : upgrade("/" + mount + "/websocket?vsn=2.0.0", "Sec-WebSocket-Protocol: " + asked);
    assertEquals(status, answer.status());
    assertEquals(Optional.ofNullable(selected), answer.header("sec-websocket-protocol"));
    assertEquals(status == 101 ? 1 : 0, PROBE.told.size()); // H-8
  }

  @Test
  void onlyTheFirstSubprotocolHeaderCounts() {
    HttpAnswer answer =
        upgrade(
            "/sub/websocket?vsn=2.0.0",
            "Sec-WebSocket-Protocol: mqtt",
            "Sec-WebSocket-Protocol: sip");
    assertEquals(Optional.of("mqtt"), answer.header("sec-websocket-protocol"));
  }

  @ParameterizedTest
  @CsvSource({
    "dG9rLmVuLV94, tok.en-_x",
    "Pz8/Pj4+, ???>>>", // the standard alphabet
    "Pz8_Pj4-, ???>>>", // and the url-safe one
    "dG9rZQ==, toke", // padding is optional
    "dG9rZQ, toke",
    "'', ''"
  })
  void theTokenIsReadFromTheSubprotocols(String carrier, String token) {
    HttpAnswer answer =
        upgrade(
            "/token/websocket?vsn=2.0.0",
            "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx." + carrier);
    assertEquals(101, answer.status());
    assertEquals(Optional.of("phoenix"), answer.header("sec-websocket-protocol"));
    assertEquals(Optional.of(token), PROBE.next().token());
  }

  @Test
  void aTokenAloneIsNoSubprotocol() {
    HttpAnswer answer =
        upgrade(
            "/token/websocket?vsn=2.0.0",
            "Sec-WebSocket-Protocol: base64url.bearer.phx.dG9rLmVuLV94");
    assertEquals(101, answer.status());
    assertEquals(Optional.empty(), answer.header("sec-websocket-protocol"));
    assertEquals(Optional.of("tok.en-_x"), PROBE.next().token());
  }

  @Test
  void severalTokensAreNone() { // the list stays as it is, and has phoenix in it
    HttpAnswer answer =
        upgrade(
            "/token/websocket?vsn=2.0.0",
            "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.YQ, base64url.bearer.phx.Yg");
    assertEquals(101, answer.status());
    assertEquals(Optional.empty(), PROBE.next().token());
  }

  @Test
  void aTokenThatCannotBeDecodedIsRefused() { // 400 or 403 instead of 500
    HttpAnswer answer =
        upgrade(
            "/token/websocket?vsn=2.0.0",
            "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.%%%");
    assertEquals(403, answer.status());
    assertTrue(PROBE.told.isEmpty());
  }

  @Test
  void withoutTheOptionATokenIsNotRead() {
    upgrade(
        "/hidden/websocket?vsn=2.0.0",
        "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.dG9rLmVuLV94");
    assertEquals(Optional.empty(), PROBE.next().token());
  }

  /* ---- connect info */

  @Test
  void connectInfoHasWhatTheMountListsAndNothingElse() { // C-1
    upgrade("/hidden/websocket?vsn=2.0.0", "X-Secret: 1", "User-Agent: test", "Cookie: a=b");
    assertEquals(json("{}"), PROBE.next().info());
  }

  @Test
  void connectInfoHasEveryKeyThatIsListed() { // C-2 to C-7, C-11
    upgrade(
        "/probe/websocket?vsn=2.0.0&a=%C3%A9",
        "User-Agent: tester/1",
        "X-One: 1",
        "Cookie: secret=1",
        "x-two: 2",
        "X-One: again",
        "TraceParent: 00-abc",
        "tracestate: k=v",
        "Sec-WebSocket-Protocol: sip");
    JsonNode info = PROBE.next().info();

    assertEquals("127.0.0.1", info.path("peer_data").path("address").asText());
    assertTrue(info.path("peer_data").path("port").asInt() > 0);
    assertEquals(json("[['x-one','1'],['x-two','2'],['x-one','again']]"), info.path("x_headers"));
    assertEquals(
        json("[['traceparent','00-abc'],['tracestate','k=v']]"),
        info.path("trace_context_headers"));
    assertEquals(
        List.of("sec-websocket-version", "sec-websocket-key", "sec-websocket-protocol"),
        names(info.path("sec_websocket_headers")));
    assertEquals("tester/1", info.path("user_agent").asText());
    JsonNode uri = info.path("uri");
    assertEquals("http", uri.path("scheme").asText());
    assertEquals("127.0.0.1", uri.path("host").asText());
    assertEquals(server.port(), uri.path("port").asInt());
    assertEquals("/probe/websocket", uri.path("path").asText());
    assertEquals("vsn=2.0.0&a=%C3%A9", uri.path("query").asText());
    assertTrue(!info.toString().contains("secret"), "no cookies");
  }

  private static List<String> names(JsonNode pairs) {
    return pairs.valueStream().map(pair -> pair.path(0).asText()).toList();
  }

  @Test
  void anAbsentUserAgentIsNull() { // C-7
    upgrade("/probe/websocket?vsn=2.0.0");
    assertTrue(PROBE.next().info().path("user_agent").isNull());
  }

  @Test
  void theTokenIsNotAmongTheWebSocketHeaders() { // C-5, A-13
    server.deploy(
        Application.named("both")
            .socket(
                "/both",
                PROBE,
                SocketOptions.defaults()
                    .withAuthToken(true)
                    .withConnectInfo(ConnectInfoKey.SEC_WEBSOCKET_HEADERS)),
        ChannelOptions.defaults().withVerticles(1));
    upgrade(
        "/both/websocket?vsn=2.0.0",
        "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.dG9rLmVuLV94");
    Probe.Told told = PROBE.next();
    assertEquals(Optional.of("tok.en-_x"), told.token());
    assertTrue(!told.info().path("sec_websocket_headers").toString().contains("bearer"));
  }
}
