package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.auth.AuthOptions;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.TokenSource;
import dev.roost.testkit.client.HttpAnswer;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.token.jwt.JwtKeys;
import dev.roost.token.jwt.JwtSettings;
import dev.roost.token.jwt.JwtVerifier;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** JSON Web Tokens that gateways verify themselves. */
class JwtIT {

  private static final TokenSource[] EVERYWHERE = {
    TokenSource.param("jwt"), TokenSource.authToken(), TokenSource.authorization()
  };
  private static final String FORGED =
      Jwts.hs256("x".repeat(32), Jwts.claims("ada", Duration.ofHours(1)));
  private static final int STORM = 400;

  private final Handler handler = new Handler();
  private final AtomicReference<String> keySet = new AtomicReference<>("{}");
  private TestServer server;
  private HttpServer provider;
  private JwtVerifier bySet;

  /** Counts how often it is asked, and keeps the claims that it was told last. */
  private static final class Handler implements SocketHandler {

    final AtomicInteger asked = new AtomicInteger();
    final AtomicReference<String> claims = new AtomicReference<>("");

    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      asked.incrementAndGet();
      claims.set(info.claims().map(tree -> tree.path("sub").asText()).orElse("none"));
      return params.tree().has("banned")
          ? ConnectResult.refuse(429, "slow down")
          : ConnectResult.accept().assign("handler", true);
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return Optional.of("by-handler");
    }
  }

  private static final Channel TELLS_ASSIGNS =
      (topic, payload, socket) ->
          JoinResult.ok(
              Map.of(
                  "id", socket.id().orElse(""),
                  "sub", socket.assigns().get("sub", String.class).orElse(""),
                  "tenant", socket.assigns().get("tenant", Integer.class).orElse(0),
                  "handler", socket.assigns().get("handler", Boolean.class).orElse(false)));

  @BeforeEach
  void start() throws IOException {
    SocketOptions options =
        SocketOptions.defaults()
            .withCheckOrigin(OriginPolicy.any())
            .withLongPoll()
            .withAuthToken(true);
    JwtCheck check = JwtCheck.of(EVERYWHERE).withId("user:{sub}").withAssigns("sub", "tenant");
    var application =
        Application.named("guarded")
            .socket("/socket", handler, options.withJwt(check))
            .socket(
                "/asked", handler, options.withJwt(JwtCheck.of(EVERYWHERE).withAskHandler(true)))
            .socket("/set", handler, options.withJwt(check.withKeys("set")))
            .socket("/down", handler, options.withJwt(check.withKeys("down")))
            .socket("/unknown", handler, options.withJwt(check.withKeys("unknown")))
            .route("room:*", () -> TELLS_ASSIGNS);
    provider = HttpServer.create(new InetSocketAddress("localhost", 0), 0);
    provider.createContext("/keys", this::answerKeys);
    provider.start();
    bySet = new JwtVerifier(JwtSettings.of(set(provider.getAddress().getPort())));
    // Nobody listens on port 1.
    var auth =
        AuthOptions.none()
            .withJwt(new JwtVerifier(JwtSettings.of(JwtKeys.secrets(Jwts.SECRET))))
            .withJwt("set", bySet)
            .withJwt("down", new JwtVerifier(JwtSettings.of(set(1))));
    server =
        TestServer.start(
            GatewayOptions.defaults().withAuth(auth), ChannelOptions.defaults(), application);
  }

  private void answerKeys(HttpExchange exchange) throws IOException {
    byte[] keys = keySet.get().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, keys.length);
    exchange.getResponseBody().write(keys);
    exchange.close();
  }

  private static JwtKeys.Jwks set(int port) {
    return JwtKeys.jwks(URI.create("http://localhost:" + port + "/keys"))
        .withRetryAfter(Duration.ofMillis(1));
  }

  @AfterEach
  void stop() {
    bySet.close();
    provider.stop(0);
    server.close();
  }

  private HttpAnswer upgrade(String target, String... headers) {
    try (var socket = server.raw()) {
      return socket.upgrade(target, headers);
    }
  }

  private HttpAnswer upgradeWith(String path, String token) {
    return upgrade(path + "/websocket?vsn=2.0.0&jwt=" + token);
  }

  private PhoenixClient connect(String path, String token) {
    return PhoenixClient.connect(
        server.options().withPath(path + "/websocket").withParam("jwt", token));
  }

  private LongPollClient.Answer poll(String path, String token) {
    return new LongPollClient(path + "/longpoll", "vsn=2.0.0&jwt=" + token).poll(server.port());
  }

  /* ---- where tokens are */

  @Test
  void aTokenIsTakenFromTheQueryTheSubprotocolAndTheHeader() {
    String token = Jwts.of("ada");
    String path = "/socket/websocket?vsn=2.0.0";
    String carrier =
        Base64.getEncoder()
            .withoutPadding()
            .encodeToString(token.getBytes(StandardCharsets.US_ASCII));
    assertEquals(101, upgrade(path + "&jwt=" + token).status());
    assertEquals(101, upgrade(path, "Authorization: Bearer " + token).status());
    assertEquals(101, upgrade(path, "authorization: bearer " + token).status());
    HttpAnswer bySubprotocol =
        upgrade(path, "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx." + carrier);
    assertEquals(101, bySubprotocol.status());
    assertEquals(Optional.of("phoenix"), bySubprotocol.header("sec-websocket-protocol"));
    assertEquals(403, upgrade(path, "Authorization: Basic " + token).status());
    assertEquals(403, upgrade(path, "X-Phoenix-AuthToken: " + token).status());
    assertEquals(403, upgrade(path + "&jwt[]=" + token).status());
    // The first that is there counts, good or not.
    assertEquals(403, upgrade(path + "&jwt=x", "Authorization: Bearer " + token).status());
  }

  @ParameterizedTest
  @ValueSource(strings = {"x-phoenix-authtoken", "authorization"})
  void longPollingHasItsTokenInAHeaderToo(String header) {
    String value = (header.equals("authorization") ? "Bearer " : "") + Jwts.of("ada");
    var client = new LongPollClient("/socket/longpoll", "vsn=2.0.0");
    assertEquals(
        410, LongPollClient.await(client.pollAsync(server.port(), header, value)).status());
    assertEquals(410, poll("/socket", Jwts.of("ada")).status());
    assertEquals(0, handler.asked.get());
  }

  /* ---- what becomes of clients */

  @Test
  void idAndAssignsAreClaims() {
    try (var client = connect("/socket", Jwts.of("ada"))) {
      assertEquals(
          LongPollClient.tree(
              "{\"status\":\"ok\",\"response\":{\"id\":\"user:ada\",\"sub\":\"ada\",\"tenant\":7,"
                  + "\"handler\":false}}"),
          client.join("room:1").payload());
      server.broadcaster().disconnect("user:ada");
      assertEquals(1001, client.awaitClose());
    }
    assertEquals(0, handler.asked.get());
  }

  static Stream<String> badTokens() {
    return Stream.of(
        "",
        "nonsense",
        Jwts.of("ada") + "A",
        FORGED,
        Jwts.hs256(Jwts.SECRET, Jwts.claims("ada", Duration.ofMinutes(-2))),
        Jwts.hs256(Jwts.SECRET, "{\"sub\":\"ada\"}"),
        // Without the claim that the id needs, or with another kind of it.
        Jwts.hs256(Jwts.SECRET, "{\"exp\":4102444800}"),
        Jwts.hs256(Jwts.SECRET, "{\"sub\":[\"ada\"],\"exp\":4102444800}"),
        Jwts.Key.named("own").token("ada"));
  }

  @ParameterizedTest
  @MethodSource("badTokens")
  void whoHasNoGoodTokenIsRefusedWithoutAWord(String token) {
    HttpAnswer refused = upgradeWith("/socket", token);
    assertEquals(403, refused.status());
    assertEquals("", refused.body());
    var polled = poll("/socket", token);
    assertEquals(200, polled.httpStatus());
    assertEquals("{\"status\":403}", polled.response().body());
    assertEquals(0, handler.asked.get());
  }

  @Test
  void theHandlerIsAskedAboutGoodTokensOnlyIfTheMountSaysSo() {
    assertEquals(403, upgradeWith("/asked", FORGED).status());
    assertEquals(403, upgrade("/asked/websocket?vsn=2.0.0").status());
    assertEquals(0, handler.asked.get());

    try (var client = connect("/asked", Jwts.of("ada"))) {
      assertEquals("ada", handler.claims.get());
      assertEquals(
          LongPollClient.tree(
              "{\"status\":\"ok\",\"response\":{\"id\":\"by-handler\",\"sub\":\"\",\"tenant\":0,"
                  + "\"handler\":true}}"),
          client.join("room:1").payload());
    }
    assertEquals(
        429, upgrade("/asked/websocket?vsn=2.0.0&banned=1&jwt=" + Jwts.of("ada")).status());
    assertEquals(2, handler.asked.get());
  }

  @Test
  void aStormOfReconnectsNeverReachesTheApplication() {
    var clients = new ArrayList<CompletableFuture<HttpAnswer>>();
    for (int i = 0; i < STORM; i++) {
      String token = i % 2 == 0 ? Jwts.of("user-" + i) : FORGED;
      var answer = new CompletableFuture<HttpAnswer>();
      clients.add(answer);
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  answer.complete(upgradeWith("/socket", token));
                } catch (Throwable failed) {
                  answer.completeExceptionally(failed);
                }
              });
    }
    List<HttpAnswer> answers = clients.stream().map(LongPollClient::await).toList();
    assertEquals(STORM / 2, answers.stream().filter(HttpAnswer::isUpgraded).count());
    assertEquals(STORM / 2, answers.stream().filter(answer -> answer.status() == 403).count());
    assertEquals(0, handler.asked.get());
  }

  /* ---- keys */

  @Test
  void withoutKeysNobodyCanTellAndClientsTryAgain() {
    try (Logs logs = Logs.of("dev.roost.gateway.auth.TokenGate")) {
      for (int i = 0; i < 2; i++) {
        assertEquals(503, upgradeWith("/down", Jwts.Key.named("a").token("ada")).status());
        assertEquals(503, poll("/down", Jwts.Key.named("a").token("ada")).httpStatus());
      }
      assertEquals(1, logs.count("tokens of keys \"down\" cannot be verified"));
    }
    assertEquals(0, handler.asked.get());
  }

  @Test
  void aGatewayWithoutTheKeysThatAMountNamesSaysSo() {
    try (Logs logs = Logs.of("dev.roost.gateway.transport.SocketPaths")) {
      assertEquals(500, upgradeWith("/unknown", Jwts.of("ada")).status());
      assertTrue(logs.count("keys \"unknown\", which this gateway does not have") == 1);
    }
  }

  private static String renewed(PhoenixClient client, String token) {
    String ref = client.nextRef();
    client.sendText(
        "[null,\"" + ref + "\",\"phoenix\",\"access_token\",{\"access_token\":\"" + token + "\"}]");
    return client.awaitReply(ref).status();
  }

  @Test
  void keysChangeWhileClientsAreConnected() {
    var old = Jwts.Key.named("old");
    var fresh = Jwts.Key.named("new");
    keySet.set(old.set());
    try (var client = connect("/set", old.token("ada"))) {
      assertEquals(403, upgradeWith("/set", "nonsense").status());
      keySet.set(fresh.set());
      try (var other = connect("/set", fresh.token("bob"))) {
        assertEquals("user:bob", other.join("room:1").response().path("id").asText());
      }
      assertTrue(!upgradeWith("/set", old.token("ada")).isUpgraded());
      assertEquals("error", renewed(client, old.token("ada")));
      assertEquals("ok", renewed(client, fresh.token("ada")));
      assertEquals("user:ada", client.join("room:1").response().path("id").asText());
    }
  }
}
