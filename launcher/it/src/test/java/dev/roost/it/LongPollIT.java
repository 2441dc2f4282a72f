package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.bus.Addresses;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.conformance.Fixture;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.RawWebSocket;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Section 18 of the specification, with requests spread over two gateways. */
@Timeout(60)
class LongPollIT {

  private static final String V2 = "vsn=2.0.0";

  /** Short, so that nothing here takes long; clients live with any. */
  private static final LongPollOptions OPTIONS =
      LongPollOptions.defaults()
          .withWindow(Duration.ofSeconds(1))
          .withMaxBodyBytes(20_000)
          .withMaxBatchLines(5);

  private static final Counts COUNTS = new Counts();
  private static final GatewayOptions GATEWAY =
      GatewayOptions.defaults().withMaxQueuedBytes(10_000).withMetrics(COUNTS);

  private static final Door DOOR = new Door();

  private static TestServer server;

  /** What must not happen unseen. */
  private static final class Counts implements GatewayMetrics {

    private final AtomicInteger slow = new AtomicInteger();
    private final AtomicInteger dropped = new AtomicInteger();
    private final Map<Limit, AtomicInteger> reached = new ConcurrentHashMap<>();
    private final Map<Integer, AtomicInteger> refused = new ConcurrentHashMap<>();

    @Override
    public void connectionRefused(int status) {
      refused.computeIfAbsent(status, ignored -> new AtomicInteger()).incrementAndGet();
    }

    @Override
    public void slowSocketClosed() {
      slow.incrementAndGet();
    }

    @Override
    public void messageDropped() {
      dropped.incrementAndGet();
    }

    @Override
    public void limitReached(Limit limit) {
      reached.computeIfAbsent(limit, ignored -> new AtomicInteger()).incrementAndGet();
    }
  }

  private static int reached(Limit limit) {
    return COUNTS.reached.getOrDefault(limit, new AtomicInteger()).get();
  }

  private static int refused(int status) {
    return COUNTS.refused.getOrDefault(status, new AtomicInteger()).get();
  }

  private static int near() {
    return server.port(0);
  }

  /** The port of a gateway that holds no session here, since all of them are opened near. */
  private static int far() {
    return server.port(1);
  }

  /** Tells its clients who they are, and refuses as they wish. */
  private static final class Door implements SocketHandler {

    private final AtomicInteger asked = new AtomicInteger();

    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      asked.incrementAndGet();
      return switch (params.tree().path("do").asText()) {
        case "refuse" -> ConnectResult.refuse(429, "slow down").header("Retry-After", "5");
        case "throw" -> throw new IllegalStateException("asked to");
        default ->
            info.authToken().filter("secret"::equals).isPresent()
                ? ConnectResult.accept()
                : ConnectResult.refuse();
      };
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return Optional.empty();
    }
  }

  @BeforeAll
  static void start() {
    var open = SocketOptions.defaults().withCheckOrigin(OriginPolicy.any()).withLongPoll(OPTIONS);
    var limits = open.limits();
    server =
        TestServer.start(
            GATEWAY,
            ChannelOptions.defaults(),
            new Fixture().application(),
            Application.named("more")
                .socket("/open", SocketHandler.acceptAll(), open)
                .socket(
                    "/limited",
                    SocketHandler.acceptAll(),
                    open.withLimits(limits.withEventsPerSecond(2).withJoinsPerSecond(1))
                        .withLongPoll(OPTIONS.withWindow(Duration.ofSeconds(10))))
                .socket(
                    "/strict", SocketHandler.acceptAll(), SocketOptions.defaults().withLongPoll())
                .socket(
                    "/late",
                    SocketHandler.acceptAll(),
                    open.withLimits(limits.withEventsPerSecond(1))
                        .withLongPoll(
                            OPTIONS.withWindow(Duration.ofSeconds(3)).withMaxBatchLines(20)))
                .socket(
                    "/patient",
                    SocketHandler.acceptAll(),
                    open.withLongPoll(OPTIONS.withWindow(Duration.ofSeconds(5))))
                .socket(
                    "/idle",
                    SocketHandler.acceptAll(),
                    open.withIdleTimeout(Duration.ofSeconds(1))
                        .withLongPoll(OPTIONS.withWindow(Duration.ofSeconds(3))))
                .socket(
                    "/door",
                    DOOR,
                    open.withAuthToken(true).withConnectInfo(ConnectInfoKey.USER_AGENT)));
    server.addGateway(GATEWAY);
    // The fixture's topics, for sockets of the other mounts.
    server.deploy(
        Application.named("rooms")
            .path("/open")
            .path("/limited")
            .path("/patient")
            .route("echo:*", Echo::new),
        ChannelOptions.defaults());
  }

  /** Answers everything, and tells everybody. */
  private static final class Echo implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return JoinResult.ok();
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      if (event.equals("all")) {
        socket.broadcast("told", payload);
      } else if (event.equals("binary")) {
        return Result.reply(Map.of("bytes", payload.binary().length));
      } else if (event.equals("transport")) {
        return Result.reply(Map.of("transport", socket.transport()));
      } else if (event.equals("binary back")) {
        return Result.reply(new byte[] {1});
      }
      return Result.reply(payload);
    }
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static LongPollClient client() {
    return new LongPollClient("/open/longpoll", V2);
  }

  private static LongPollClient session() {
    return client().open(near());
  }

  private static String line(String ref, String topic, String event, Object payload) {
    try {
      return JsonMapper.builder()
          .build()
          .writeValueAsString(new Object[] {"1", ref, topic, event, payload});
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String join(String topic) {
    return line("1", topic, "phx_join", Map.of());
  }

  /** A session that has joined. */
  private static LongPollClient member(String topic) {
    return joined(session(), topic);
  }

  /** The same, and its polls wait for longer than a busy machine takes to see that they do. */
  private static LongPollClient patient(String topic) {
    return joined(new LongPollClient("/patient/longpoll", V2).open(near()), topic);
  }

  private static LongPollClient joined(LongPollClient client, String topic) {
    assertEquals(200, client.post(near(), join(topic)).status());
    assertEquals("ok", client.take(near(), 1).get(0).path(4).path("status").asText());
    return client;
  }

  /* ---- any gateway */

  @Test
  void aSessionIsAnsweredByAnyGateway() {
    LongPollClient client = session();
    assertEquals(200, client.post(far(), join("echo:any")).status());
    JsonNode joined = client.take(far(), 1).get(0);
    assertEquals("[\"1\",\"1\",\"echo:any\",\"phx_reply\"", joined.toString().substring(0, 31));
    assertEquals(200, client.post(near(), line("2", "echo:any", "x", Map.of("n", 2))).status());
    assertEquals(2, client.take(far(), 1).get(0).path(4).path("response").path("n").asInt());
    assertEquals(200, client.post(far(), line("3", "echo:any", "x", Map.of("n", 3))).status());
    assertEquals(3, client.take(near(), 1).get(0).path(4).path("response").path("n").asInt());
  }

  @Test
  void aPollThatWaitsFarIsWoken() {
    LongPollClient client = member("echo:wake");
    var poll = client.pollAsync(far());
    server.broadcaster("rooms").broadcast("echo:wake", "news", Map.of("n", 1));
    var answer = LongPollClient.await(poll);
    assertEquals(200, answer.status());
    assertEquals("news", answer.messages().get(0).path(3).asText());
    assertEquals(client.token(), answer.json().path("token").asText()); // G-32
  }

  @Test
  void aVersionOneClientIsServedToo() {
    var client = new LongPollClient("/open/longpoll", "vsn=1.0.0").open(near());
    String join = "{\"topic\":\"echo:v1\",\"event\":\"phx_join\",\"payload\":{},\"ref\":\"1\"}";
    assertEquals(200, client.post(far(), "application/json", join).status());
    assertEquals("ok", client.take(far(), 1).get(0).path("payload").path("status").asText());
  }

  @Test
  void aSessionKeepsTheVersionThatItWasOpenedWith() { // N-7
    LongPollClient client = session();
    for (String other : List.of("vsn=1.0.0", "vsn=9")) {
      var later = new LongPollClient("/open/longpoll", other);
      later.token(client.token());
      for (int port : new int[] {near(), far()}) {
        assertEquals(200, later.post(port, line("5", "phoenix", "heartbeat", Map.of())).status());
        assertEquals("5", later.take(port, 1).get(0).path(1).asText());
      }
    }
  }

  @Test
  void aChannelIsToldThatItsClientPolls() { // N-13, G-68
    LongPollClient client = member("echo:transport");
    client.post(near(), line("2", "echo:transport", "transport", Map.of()));
    JsonNode reply = client.take(near(), 1).get(0);
    assertEquals("longpoll", reply.path(4).path("response").path("transport").asText());
  }

  /** G-35. */
  @Test
  void aSessionThatIsUnknownIsANewOneForAPollAndGoneForAPost() {
    LongPollClient client = session();
    String known = client.token();
    char last = known.charAt(known.length() - 2);
    client.token(
        known.substring(0, known.length() - 2) + (last == 'A' ? 'B' : 'A') + known.charAt(58));
    for (int port : new int[] {near(), far()}) {
      assertEquals(410, client.post(port, line(null, "phoenix", "heartbeat", Map.of())).status());
      var answer = client.poll(port);
      assertEquals(410, answer.status());
      assertNotEquals(known, answer.json().path("token").asText());
    }
    client.token(known);
    assertEquals(200, client.post(far(), line("1", "phoenix", "heartbeat", Map.of())).status());
  }

  /** G-30. */
  @Test
  void theTokenOfTheHeaderWins() {
    LongPollClient client = session();
    String known = client.token();
    client.post(near(), line("7", "phoenix", "heartbeat", Map.of()));
    client.token("nonsense");
    var answer = LongPollClient.await(client.pollAsync(far(), "X-Phoenix-Longpoll-Token", known));
    assertEquals(200, answer.status());
  }

  /* ---- polls */

  @Test
  void aPollWithoutMessagesEndsWithTheWindow() { // G-42
    LongPollClient client = session();
    for (int port : new int[] {near(), far()}) {
      var answer = client.poll(port);
      assertEquals(204, answer.status());
      assertEquals(0, answer.messages().size());
      assertEquals(client.token(), answer.json().path("token").asText());
    }
  }

  /** It is over long before the window is. */
  @Test
  void theIdleTimeoutOfWebSocketsIsNotASessions() { // G-66
    var client = new LongPollClient("/idle/longpoll", V2).open(near());
    assertEquals(204, client.poll(near()).status());
    assertEquals(200, client.post(near(), line("1", "phoenix", "heartbeat", Map.of())).status());
  }

  @Test
  void ofTwoPollsTheLaterOneGetsTheMessages() { // G-44
    LongPollClient client = patient("echo:two");
    var first = client.pollAsync(near());
    TestServer.await("the poll has arrived", () -> exchanges() == 1);
    var second = client.pollAsync(far());
    TestServer.await("the other one has, too", () -> exchanges() == 2);
    server.broadcaster("rooms").broadcast("echo:two", "news", Map.of());
    assertEquals(200, LongPollClient.await(second).status());
    assertEquals(204, LongPollClient.await(first).status());
  }

  /** What was not handed over stays; nothing is lost with the connection that waited for it. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aPollThatIsBrokenOffLosesNothing(int gateway) {
    LongPollClient client = patient("echo:broken" + gateway);
    var http = server.vertx().createHttpClient(new HttpClientOptions());
    var request =
        TestServer.await(
            http.request(
                HttpMethod.GET,
                server.port(gateway),
                "localhost",
                "/patient/longpoll?vsn=2.0.0&token=" + client.token()));
    TestServer.await(request.writeHead());
    request.end();
    TestServer.await("the poll has arrived", () -> exchanges() == 1);
    TestServer.await(request.connection().close());
    TestServer.await("the poll is forgotten", () -> exchanges() == 0);
    server.broadcaster("rooms").broadcast("echo:broken" + gateway, "news", Map.of());
    assertEquals("news", client.take(near(), 1).get(0).path(3).asText());
  }

  @Test
  void aSessionThatIsNotPolledEndsAndLeavesNothing() { // G-65
    TestServer.await("no session is left", () -> sessions() == 0);
    int before = reached(Limit.IDLE_TIMEOUT);
    LongPollClient client = member("echo:idle");
    assertEquals(1, sessions());
    TestServer.await("the session ended", () -> sessions() == 0);
    assertEquals(before + 1, reached(Limit.IDLE_TIMEOUT));
    assertEquals(0, server.gateways(SocketTable::socketCount));
    assertEquals(0, server.gateways(SocketTable::channelCount));
    assertEquals(410, client.post(far(), line("1", "phoenix", "heartbeat", Map.of())).status());
  }

  @Test
  void whatIsNotPolledIsBounded() {
    LongPollClient client = member("echo:slow");
    int slow = COUNTS.slow.get();
    int before = reached(Limit.MAX_QUEUED_BYTES);
    broadcastNews("echo:slow", 4);
    assertEquals(4, client.poll(near()).messages().size()); // they have waited together
    broadcastNews("echo:slow", 5);
    // By its count: a session that nobody polls ends anyway before long.
    TestServer.await("the session ended", () -> reached(Limit.MAX_QUEUED_BYTES) == before + 1);
    assertEquals(slow + 1, COUNTS.slow.get());
    assertEquals(410, client.post(near(), line("1", "phoenix", "heartbeat", Map.of())).status());
  }

  /** Four of these, the largest not counted, are less than may wait, and five are more. */
  private static void broadcastNews(String topic, int count) {
    int before = deliveries();
    for (int i = 0; i < count; i++) {
      server.broadcaster("rooms").broadcast(topic, "news", Map.of("filler", "x".repeat(3_000)));
    }
    TestServer.await("they are on their way", () -> deliveries() == before + count);
  }

  private static int deliveries() {
    return server.gateways(table -> (int) table.deliveries());
  }

  @Test
  void aDisconnectEndsThePoll() { // G-46 answered at once, D-6
    var client = new LongPollClient("/socket/longpoll", V2 + "&user_id=kicked").open(near());
    var poll = client.pollAsync(far());
    TestServer.await("the poll has arrived", () -> exchanges() == 1);
    server.broadcaster().disconnect("user_socket:kicked");
    assertEquals(410, LongPollClient.await(poll).status());
    assertEquals(410, client.post(far(), line("1", "phoenix", "heartbeat", Map.of())).status());
  }

  /* ---- posts */

  @Test
  void aBatchKeepsItsOrderAndSkipsEmptyLines() { // G-51
    LongPollClient client = session();
    String body =
        String.join(
            "\r\n",
            join("echo:batch"),
            "",
            line("2", "echo:batch", "x", Map.of("n", 2)),
            line("3", "echo:batch", "x", Map.of("n", 3)),
            "\n");
    assertEquals(200, client.post(far(), body).status());
    assertEquals(
        List.of("1", "2", "3"),
        client.take(near(), 3).stream().map(m -> m.path(1).asText()).toList());
  }

  @Test
  void aLineMayBeABinaryMessage() { // G-70
    LongPollClient client = member("echo:bin");
    String topic = "echo:bin";
    var frame = new java.io.ByteArrayOutputStream();
    frame.writeBytes(new byte[] {0, 1, 1, (byte) topic.length(), 6});
    frame.writeBytes(("15" + topic + "binary").getBytes(java.nio.charset.StandardCharsets.UTF_8));
    frame.writeBytes(new byte[] {7, 8, 9});
    String encoded = Base64.getEncoder().encodeToString(frame.toByteArray());
    assertEquals(200, client.post(far(), encoded).status());
    JsonNode reply = client.take(far(), 1).get(0);
    assertEquals(3, reply.path(4).path("response").path("bytes").asInt());
  }

  /** Phoenix answers 500 and loses what was gathered; here only the binary one is left out. */
  @Test
  void aBinaryMessageForTheClientHarmsNoOther() { // G-71
    LongPollClient client = member("echo:back");
    int before = COUNTS.dropped.get();
    client.post(
        near(),
        line("2", "echo:back", "binary back", Map.of())
            + "\n"
            + line("3", "echo:back", "x", Map.of()));
    assertEquals("3", client.take(near(), 1).get(0).path(1).asText());
    assertEquals(before + 1, COUNTS.dropped.get());
  }

  /** Two come through at once and one with each second of the window; the others are dropped. */
  @Test
  void ofABatchThatTakesLongerThanAWindowTheRestIsDropped() { // G-56
    var client = new LongPollClient("/late/longpoll", V2).open(near());
    int late = refused(408);
    String batch =
        IntStream.range(0, 20)
            .mapToObj(i -> line("" + i, "phoenix", "heartbeat", Map.of()))
            .collect(Collectors.joining("\n"));
    assertEquals(408, client.post(far(), batch).status());
    assertEquals(late + 1, refused(408));

    List<String> refs = refs(client.take(near(), 2));
    assertEquals(200, client.post(far(), line("last", "phoenix", "heartbeat", Map.of())).status());
    while (!refs.contains("last")) {
      refs.addAll(refs(client.take(near(), 1)));
    }
    var expected = IntStream.range(0, refs.size() - 1).mapToObj(i -> "" + i);
    assertEquals(Stream.concat(expected, Stream.of("last")).toList(), refs);
    assertTrue(refs.size() < 20, refs.toString());
  }

  private static List<String> refs(List<JsonNode> messages) {
    return messages.stream()
        .map(message -> message.path(1).asText())
        .collect(Collectors.toCollection(ArrayList::new));
  }

  @ParameterizedTest
  @CsvSource({"application/x-ndjson; charset=utf-8", "application/json", "text/plain"})
  void ofAnyOtherTypeABodyIsOneMessage(String type) { // G-53
    LongPollClient client = session();
    assertEquals(
        200, client.post(far(), type, line("9", "phoenix", "heartbeat", Map.of())).status());
    assertEquals("9", client.take(far(), 1).get(0).path(1).asText());
  }

  @Test
  void badPostsAreRefusedAndHarmNobody() {
    LongPollClient client = session();
    String heartbeat = line("9", "phoenix", "heartbeat", Map.of());
    int bad = refused(400);
    int large = refused(413);
    assertEquals(400, client.post(far(), "no Base64!").httpStatus()); // G-57
    assertEquals(413, client.post(far(), lines(6, heartbeat)).status()); // G-52
    assertEquals(400, client.post(far(), heartbeatOf(20_001)).httpStatus()); // G-50
    assertEquals(200, client.post(far(), heartbeat).status());
    assertEquals(List.of(bad + 2, large + 1), List.of(refused(400), refused(413)));
    assertEquals(1, client.take(near(), 1).size());
  }

  private static String lines(int count, String line) {
    return IntStream.range(0, count).mapToObj(i -> line).collect(Collectors.joining("\n"));
  }

  /** One of exactly this many octets. */
  private static String heartbeatOf(int octets) {
    String shortest = line("9", "phoenix", "heartbeat", Map.of("f", ""));
    String filler = "x".repeat(octets - shortest.length());
    return line("9", "phoenix", "heartbeat", Map.of("f", filler));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aPostAtItsLimitsPassesAndOneOverThemIsCounted(int gateway) { // G-50, G-52
    int port = server.port(gateway);
    int bytes = reached(Limit.MAX_POST_BYTES);
    int lines = reached(Limit.MAX_POST_LINES);
    LongPollClient client = session();
    assertEquals(200, client.post(port, heartbeatOf(20_000)).status());
    assertEquals(
        200, client.post(port, lines(5, line("9", "phoenix", "heartbeat", Map.of()))).status());
    assertEquals(6, client.take(near(), 6).size());
    assertEquals(bytes, reached(Limit.MAX_POST_BYTES));
    assertEquals(lines, reached(Limit.MAX_POST_LINES));

    assertEquals(400, client.post(port, heartbeatOf(20_001)).httpStatus());
    assertEquals(bytes + 1, reached(Limit.MAX_POST_BYTES));
    assertEquals(
        413, client.post(port, lines(6, line("9", "phoenix", "heartbeat", Map.of()))).status());
    assertEquals(lines + 1, reached(Limit.MAX_POST_LINES));
  }

  @ParameterizedTest
  @CsvSource({"[1]", "{}", "not JSON", "''"})
  void aMessageThatCannotBeReadEndsTheSession(String body) { // G-56, ER-57
    LongPollClient client = session();
    int gone = refused(410);
    assertEquals(410, client.post(far(), "text/plain", body).status());
    assertEquals(410, client.post(near(), line("1", "phoenix", "heartbeat", Map.of())).status());
    assertEquals(gone + 2, refused(410));
  }

  /** Also a large one, which is decoded while others are served. */
  @Test
  void aLargeMessageIsReadBeforeItsPostIsAnswered() {
    String large = line("1", "phoenix", "heartbeat", Map.of("x", "x".repeat(200_000)));
    var client = new LongPollClient("/socket/longpoll", V2).open(near());
    assertEquals(200, client.post(far(), "text/plain", large).status());
    assertEquals(410, client.post(far(), "text/plain", large + "]").status());
    assertEquals(410, client.post(near(), line("1", "phoenix", "heartbeat", Map.of())).status());
  }

  /* ---- the door */

  @ParameterizedTest
  @CsvSource({"GET", "POST", "OPTIONS"})
  void aForeignOriginIsRefusedWhateverTheMethod(String method) { // G-12
    var client = new LongPollClient("/strict/longpoll", V2);
    var answer = client.request(near(), method, "origin", "https://evil.example");
    assertEquals(200, answer.httpStatus());
    assertEquals("{\"status\":403}", answer.response().body());
    var own = client.request(near(), method, "origin", "http://localhost");
    assertFalse(own.response().body().contains("403"), own.response().body());
  }

  @Test
  void aPreflightAllowsWhatWasAskedFor() { // G-14
    var plain = client().request(near(), "OPTIONS");
    assertEquals("", plain.header("access-control-allow-headers"));
    var answer =
        client().request(near(), "OPTIONS", "access-control-request-headers", "x-one, x-two");
    assertEquals(200, answer.httpStatus());
    assertEquals("", answer.response().body());
    assertEquals("x-one, x-two", answer.header("access-control-allow-headers"));
    assertEquals("get, post, options", answer.header("access-control-allow-methods"));
    assertEquals("3600", answer.header("access-control-max-age"));
    assertEquals("*", answer.header("access-control-allow-origin"));
  }

  @Test
  void otherMethodsAreBadRequests() { // G-15
    for (String method : List.of("PUT", "DELETE", "PATCH", "HEAD")) {
      assertEquals(400, client().request(near(), method).httpStatus(), method);
    }
  }

  @Test
  void theAuthTokenIsReadFromItsHeader() {
    var client = new LongPollClient("/door/longpoll", V2);
    var answer = LongPollClient.await(client.pollAsync(near(), "X-Phoenix-AuthToken", "secret"));
    assertEquals(410, answer.status());
    assertEquals(
        403,
        LongPollClient.await(client.pollAsync(near(), "X-Phoenix-AuthToken", "else")).status());
    assertEquals(403, client.poll(near()).status());
  }

  /** Nor is a subprotocol looked for or answered. */
  @Test
  void aTokenAmongTheSubprotocolsIsNotRead() { // G-11
    String carrier = "sec-websocket-protocol";
    var client = new LongPollClient("/door/longpoll", V2);
    var carried =
        LongPollClient.await(
            client.pollAsync(near(), carrier, "phoenix, base64url.bearer.phx.c2VjcmV0"));
    assertEquals(403, carried.status());
    var other =
        LongPollClient.await(
            client.pollAsync(near(), carrier, "other", "X-Phoenix-AuthToken", "secret"));
    assertEquals(410, other.status());
    assertEquals("", other.header(carrier));
  }

  @Test
  void theSocketHandlerIsAskedOnceForASession() { // N-12
    var client = new LongPollClient("/door/longpoll", V2);
    int before = DOOR.asked.get();
    var opened = LongPollClient.await(client.pollAsync(near(), "X-Phoenix-AuthToken", "secret"));
    client.token(opened.json().path("token").asText());
    for (int port : new int[] {near(), far()}) {
      assertEquals(200, client.post(port, line("1", "phoenix", "heartbeat", Map.of())).status());
      assertEquals(200, client.poll(port).status());
    }
    assertEquals(before + 1, DOOR.asked.get());
  }

  @Test
  void aRefusalHasNoReasonAndAFaultIsHttps() { // G-22, G-60
    var refused = new LongPollClient("/door/longpoll", V2 + "&do=refuse").poll(near());
    assertEquals("{\"status\":403}", refused.response().body());
    assertEquals(200, refused.httpStatus());
    assertEquals("application/json; charset=utf-8", refused.header("content-type"));
    assertEquals("no-store", refused.header("cache-control"));
    assertEquals("", refused.header("retry-after"));
    assertEquals("*", refused.header("access-control-allow-origin"));
    var broken = new LongPollClient("/door/longpoll", V2 + "&do=throw").poll(near());
    assertEquals(500, broken.httpStatus());
    assertEquals("", broken.response().body());
    var version = new LongPollClient("/door/longpoll", "vsn=3.0.0").poll(near());
    assertEquals("{\"status\":403}", version.response().body());
  }

  /* ---- limits of a mount */

  @Test
  void whoSendsTooFastWaitsAndLosesNothing() {
    var client = new LongPollClient("/limited/longpoll", V2).open(near());
    assertEquals(200, client.post(near(), join("echo:fast")).status());
    int sent = 9;
    for (int i = 2; i < 2 + sent; i++) {
      assertEquals(
          200,
          client.post(near(), line("" + i, "echo:fast", "x", Map.of())).status(),
          "message " + i);
    }
    assertEquals(1 + sent, client.take(far(), 1 + sent).size());
  }

  @Test
  void whoJoinsTooOftenIsRefused() {
    var client = new LongPollClient("/limited/longpoll", V2).open(near());
    String body = join("echo:a") + "\n" + join("echo:b") + "\n" + join("echo:c");
    assertEquals(200, client.post(near(), body).status());
    String answers = client.take(near(), 3).toString();
    assertTrue(answers.contains("too many joins"), answers);
  }

  /** As when more waits for that gateway than may: what is on its way there may be lost. */
  @Test
  void aPostThatWasPassedOnIsGoneWhenMessagesToItsSessionsGatewayAreLost() {
    var client = new LongPollClient("/late/longpoll", V2).open(far());
    String body = (line("1", "phoenix", "heartbeat", Map.of()) + "\n").repeat(20);
    var answer = CompletableFuture.supplyAsync(() -> client.post(near(), body));
    TestServer.await("it waits for its rate", () -> exchanges() == 1);
    server.gateway(
        gateway -> {
          for (int i = 0; i < 20; i++) { // One of these is that gateway's.
            gateway.longPolls().lost(Addresses.gateway(server.node().name(), i));
          }
          return true;
        });
    assertEquals("{\"status\":410}", LongPollClient.await(answer).response().body());
  }

  private static int exchanges() {
    return server.everyGateway(gateway -> gateway.longPolls().exchangeCount());
  }

  private static int sessions() {
    return server.everyGateway(gateway -> gateway.longPolls().sessionCount());
  }

  /* ---- bodies */

  private static final String[] HUGE = {
    "Host: localhost", "Content-Type: application/x-ndjson", "Content-Length: 5000000"
  };

  private static int postWithoutBody(int gateway, String token) {
    String line = "POST /socket/longpoll?vsn=2.0.0&token=" + token + " HTTP/1.1";
    try (var socket = RawWebSocket.open("localhost", server.port(gateway))) {
      String answer =
          socket.limit(TestServer.LIMIT).request(line, HUGE[0], HUGE[1], HUGE[2]).body();
      return LongPollClient.tree(answer).path("status").asInt();
    }
  }

  /** Nobody's body is read before it is known whose it is. */
  @Test
  void aPostWithoutASessionIsAnsweredBeforeItsBodyComes() {
    var session = new LongPollClient("/socket/longpoll", V2).open(server.port(0));
    String token = session.token();
    String forged = // with another secret
        token.substring(0, 50) + (token.charAt(50) == 'A' ? 'B' : 'A') + token.substring(51);
    assertEquals(410, postWithoutBody(0, forged)); // at its holder
    assertEquals(410, postWithoutBody(1, forged)); // and elsewhere
    assertEquals(410, postWithoutBody(0, "none"));
  }

  @Test
  void aLargeBodyReachesASessionOfAnotherGateway() {
    var session = new LongPollClient("/strict/longpoll", V2).open(server.port(0));
    String heartbeat =
        "[null,\"1\",\"phoenix\",\"heartbeat\",{\"pad\":\"" + "x".repeat(100_000) + "\"}]";
    for (int gateway : new int[] {0, 1}) {
      assertEquals(200, session.post(server.port(gateway), heartbeat).status());
      assertEquals("phx_reply", session.take(server.port(gateway), 1).get(0).path(3).asText());
    }
  }
}
