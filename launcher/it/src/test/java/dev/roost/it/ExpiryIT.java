package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.TerminateReason;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.auth.AuthOptions;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.TokenSource;
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.PhoenixMessage;
import dev.roost.testkit.client.Vsn;
import dev.roost.token.jwt.JwtKeys;
import dev.roost.token.jwt.JwtSettings;
import dev.roost.token.jwt.JwtVerifier;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections whose token expires, or that their application lets stay until a time. */
class ExpiryIT {

  private static final Duration HOUR = Duration.ofHours(1);

  // The verifier's clock stands still, so that a token is good for as long however slow a test is.
  private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);

  private final BlockingQueue<String> ended = new LinkedBlockingQueue<>();
  private final AtomicInteger expired = new AtomicInteger();
  private final Collection<Limit> reached = new ConcurrentLinkedQueue<>();
  private GatewayOptions gateway;
  private TestServer server;

  private static String token(String subject, Duration life) {
    return Jwts.hs256(
        Jwts.SECRET,
        "{\"sub\":\""
            + subject
            + "\",\"role\":\""
            + life.toSeconds()
            + "\",\"exp\":"
            + NOW.plus(life).getEpochSecond()
            + "}");
  }

  // Enough for what a test does meanwhile.
  private static final String SHORT = token("ada", Duration.ofSeconds(5));
  private static final String LONG = token("ada", HOUR);

  /** Tells its assigns, and lets its client stay for as many seconds as it asks for. */
  private final class Probe implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return JoinResult.ok(Map.of("role", socket.assigns().get("role", String.class).orElse("")));
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      int seconds = payload.tree().path("seconds").asInt();
      socket.expireAt(seconds == 0 ? null : Instant.now().plusSeconds(seconds));
      return Result.ok();
    }

    @Override
    public void terminate(TerminateReason reason, Socket socket) {
      ended.add(reason.toString());
    }
  }

  @BeforeEach
  void start() {
    SocketOptions options =
        SocketOptions.defaults()
            .withCheckOrigin(OriginPolicy.any())
            .withLongPoll(LongPollOptions.defaults().withWindow(Duration.ofSeconds(15)));
    SocketHandler forSeconds =
        (params, info) ->
            ConnectResult.accept()
                .until(Instant.now().plusSeconds(params.tree().path("life").asInt()));
    JwtCheck check = JwtCheck.of(TokenSource.param("jwt"));
    var application =
        Application.named("limited")
            .socket(
                "/socket",
                SocketHandler.acceptAll(),
                options.withJwt(check.withId("user:{sub}").withAssigns("role")))
            .socket("/own", forSeconds, options)
            .socket("/both", forSeconds, options.withJwt(check.withAskHandler(true)))
            .route("room:*", Probe::new);
    var settings =
        JwtSettings.of(JwtKeys.secrets(Jwts.SECRET))
            .withClockSkew(Duration.ZERO)
            .withClock(() -> NOW);
    var metrics =
        new GatewayMetrics() {
          @Override
          public void socketExpired() {
            expired.incrementAndGet();
          }

          @Override
          public void limitReached(Limit limit) {
            reached.add(limit);
          }
        };
    gateway =
        GatewayOptions.defaults()
            .withMetrics(metrics)
            .withAuth(AuthOptions.none().withJwt(new JwtVerifier(settings)));
    GatewayLimits unlimited =
        GatewayLimits.defaults().withTokenRenewalsPerSecond(Integer.MAX_VALUE);
    server =
        TestServer.start(gateway.withLimits(unlimited), ChannelOptions.defaults(), application);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private PhoenixClient connect(String path, String param, String value) {
    return connect(path, param, value, Vsn.V2);
  }

  private PhoenixClient connect(String path, String param, String value, Vsn vsn) {
    return PhoenixClient.connect(
        server.options().withPath(path + "/websocket").withVsn(vsn).withParam(param, value));
  }

  private static PhoenixMessage renew(PhoenixClient client, String topic, String token) {
    return client.awaitReply(
        send(client, topic, LongPollClient.tree("{\"access_token\":\"" + token + "\"}")));
  }

  private static String send(PhoenixClient client, String topic, JsonNode payload) {
    String ref = client.nextRef();
    client.sendText("[null,\"" + ref + "\",\"" + topic + "\",\"access_token\"," + payload + "]");
    return ref;
  }

  /* ---- tokens of the gateway */

  @ParameterizedTest
  @EnumSource(Vsn.class)
  void aClientWhoseTokenExpiresIsToldAndThenClosedWith3000(Vsn vsn) throws Exception {
    try (var client = connect("/socket", "jwt", token("ada", Duration.ofSeconds(40)), vsn)) {
      PhoenixMessage notice = client.awaitEvent("token_expiring");
      assertEquals("phoenix", notice.topic());
      int left = notice.payload().path("expires_in").asInt();
      assertTrue(left > 0 && left <= 40, notice.toString());
    }
    try (var client = connect("/socket", "jwt", SHORT, vsn)) {
      client.join("room:1");
      assertEquals(3000, client.awaitClose());
      assertEquals("Closed[detail=expired]", ended.take());
      assertEquals(1, expired.get());
    }
  }

  /** G-67 and JS-51: the client takes it for a session that is gone, and connects anew. */
  @Test
  void aLongPollSessionWhoseTokenExpiresIsGone() throws Exception {
    var client =
        new LongPollClient("/socket/longpoll", "vsn=2.0.0&jwt=" + SHORT).open(server.port());
    client.post(server.port(), "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]");
    LongPollClient.Answer answer = client.poll(server.port());
    while (answer.status() == 200) {
      answer = client.poll(server.port());
    }
    assertEquals(410, answer.status());
    assertEquals("Closed[detail=expired]", ended.take());
    assertEquals(
        410, client.post(server.port(), "[null,\"2\",\"phoenix\",\"heartbeat\",{}]").status());
  }

  /** PR-33: on the topic of a channel as supabase's clients do, or on phoenix's own. */
  @ParameterizedTest
  @ValueSource(strings = {"phoenix", "room:1", "room:not-joined"})
  void aNewTokenLetsTheClientStayAndIsWhatChannelsStartWith(String topic) {
    try (var client = connect("/socket", "jwt", SHORT);
        var witness = connect("/socket", "jwt", SHORT)) {
      assertEquals("5", client.join("room:1").response().path("role").asText());
      PhoenixMessage renewed = renew(client, topic, LONG);
      assertEquals("ok", renewed.status());
      int left = renewed.response().path("expires_in").asInt();
      assertTrue(left > 3_000 && left <= 3_600, renewed.toString());
      assertEquals(3000, witness.awaitClose());
      assertEquals("ok", client.heartbeat().status());
      assertEquals("3600", client.join("room:2").response().path("role").asText());
      assertEquals(1, expired.get());
    }
  }

  @Test
  void aLongPollSessionTakesNewTokensToo() {
    var client =
        new LongPollClient("/socket/longpoll", "vsn=2.0.0&jwt=" + SHORT).open(server.port());
    String message =
        "[null,\"9\",\"phoenix\",\"access_token\",{\"access_token\":\"" + LONG + "\"}]";
    assertEquals(200, client.post(server.port(), message).status());
    try (var witness = connect("/socket", "jwt", SHORT)) {
      JsonNode answer = client.take(server.port(), 1).getFirst();
      while (!answer.path(3).asText().equals("phx_reply")) {
        answer = client.take(server.port(), 1).getFirst();
      }
      assertEquals("ok", answer.path(4).path("status").asText());
      assertEquals(3000, witness.awaitClose());
    }
    assertEquals(
        200, client.post(server.port(), "[null,\"2\",\"phoenix\",\"heartbeat\",{}]").status());
  }

  @Test
  void aTokenThatIsNotGoodOrOfAnotherClientChangesNothing() {
    try (var client = connect("/socket", "jwt", LONG)) {
      String forged = Jwts.hs256("x".repeat(32), Jwts.claims("ada", Duration.ofHours(1)));
      String expiredToken = token("ada", Duration.ofSeconds(-5));
      for (String bad : new String[] {"", "x", forged, expiredToken, token("bob", HOUR)}) {
        PhoenixMessage refused = renew(client, "phoenix", bad);
        assertEquals("error", refused.status());
        assertEquals("invalid token", refused.response().path("reason").asText());
      }
      for (String payload : new String[] {"{}", "[]", "{\"access_token\":7}", "null"}) {
        String ref = send(client, "phoenix", LongPollClient.tree(payload));
        assertEquals("error", client.awaitReply(ref).status());
      }
      assertEquals("ok", client.heartbeat().status());
    }
    try (var client = connect("/socket", "jwt", SHORT)) {
      assertEquals("error", renew(client, "phoenix", token("bob", HOUR)).status());
      assertEquals(3000, client.awaitClose());
    }
  }

  /** Each costs the work of a signature. */
  @Test
  void ofManyNewTokensAtOnceMostAreNotLookedAt() {
    server.addGateway(gateway);
    var options = ClientOptions.port(server.port(1)).withLimit(TestServer.LIMIT);
    try (var client = PhoenixClient.connect(options.withParam("jwt", SHORT));
        var witness = connect("/socket", "jwt", SHORT)) {
      JsonNode payload = LongPollClient.tree("{\"access_token\":\"" + LONG + "\"}");
      List<PhoenixMessage> answers =
          Stream.generate(() -> send(client, "phoenix", payload)).limit(10).toList().stream()
              .map(client::awaitReply)
              .toList();
      assertEquals("ok", answers.getFirst().status());
      assertEquals("error", answers.getLast().status());
      assertEquals("too many renewals", answers.getLast().response().path("reason").asText());
      assertTrue(reached.contains(Limit.TOKEN_RENEWALS_PER_SECOND), reached.toString());
      assertEquals(3000, witness.awaitClose());
      assertEquals("ok", client.heartbeat().status());
    }
  }

  /* ---- what applications say */

  @Test
  void anApplicationMayLetAClientStayUntilATime() {
    try (var client = connect("/own", "life", "2")) {
      assertEquals(3000, client.awaitClose());
    }
    try (var client = connect("/own", "life", "3600")) {
      assertEquals("ok", client.join("room:1").status());
      assertEquals("ok", client.call("room:1", "stay", Map.of("seconds", 1)).status());
      assertEquals(3000, client.awaitClose());
    }
    assertEquals(2, expired.get());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3600})
  void anApplicationMayGiveAClientMoreTime(int seconds) {
    try (var client = connect("/own", "life", "3600")) {
      client.join("room:1");
      String first = client.push("room:1", "stay", Map.of("seconds", 3));
      String second = client.push("room:1", "stay", Map.of("seconds", seconds));
      assertEquals("ok", client.awaitReply(first).status());
      assertEquals("ok", client.awaitReply(second).status());
      try (var witness = connect("/own", "life", "4")) {
        assertEquals(3000, witness.awaitClose());
      }
      assertEquals("ok", client.heartbeat().status());
    }
  }

  /** The gateway has nothing to verify it with: it is the channel's event. */
  @Test
  void withoutATokenOfTheGatewaysTheEventIsTheChannels() {
    try (var client = connect("/own", "life", "3600")) {
      client.join("room:1");
      assertEquals("ok", client.call("room:1", "access_token", Map.of("seconds", 1)).status());
      assertEquals(3000, client.awaitClose());
    }
  }

  @Test
  void ofTokenAndApplicationTheEarlierCounts() {
    var options = server.options().withPath("/both/websocket");
    try (var byToken =
            PhoenixClient.connect(options.withParam("jwt", SHORT).withParam("life", "3600"));
        var byApplication =
            PhoenixClient.connect(options.withParam("jwt", LONG).withParam("life", "2"))) {
      assertEquals(3000, byToken.awaitClose());
      assertEquals(3000, byApplication.awaitClose());
    }
    assertEquals(2, expired.get());
  }
}
