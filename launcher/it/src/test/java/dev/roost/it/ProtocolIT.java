package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.roost.application.Application;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.SocketRef;
import dev.roost.channel.TerminateReason;
import dev.roost.conformance.Fixture;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.PhoenixMessage;
import dev.roost.testkit.client.Vsn;
import dev.roost.testkit.client.WebSocketFrame;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a client sees, over both versions of the protocol; sections 9 to 16 of the specification.
 */
@ParameterizedClass
@EnumSource(Vsn.class)
class ProtocolIT {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final AtomicInteger TOPICS = new AtomicInteger();
  private static final BlockingQueue<SocketRef> REFS = new LinkedBlockingQueue<>();

  private static TestServer server;

  private final Vsn vsn;
  private final String topic = "test:" + TOPICS.incrementAndGet();
  private final String room = "room:" + TOPICS.incrementAndGet();
  private PhoenixClient ada;

  ProtocolIT(Vsn vsn) {
    this.vsn = vsn;
  }

  /** What the fixture's channels do not do. */
  private static final class OddChannel implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return JoinResult.ok(payload);
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      return switch (event) {
        case "later" -> {
          REFS.add(socket.ref());
          yield Result.noReply();
        }
        case "push_then_reply" -> {
          socket.push("first", Map.of("n", 1));
          socket.broadcast("second", Map.of("n", 2));
          socket.push("third", Map.of("n", 3));
          yield Result.reply(Map.of("n", 4));
        }
        case "odd_status" -> Result.reply("later_maybe", payload);
        case "stop" -> Result.reply(Map.of("bye", 1)).thenStop();
        default -> Result.unhandled();
      };
    }

    @Override
    public void terminate(TerminateReason reason, Socket socket) {
      socket.push("from_terminate", Map.of());
    }
  }

  @BeforeAll
  static void start() {
    var options = SocketOptions.defaults().withCheckOrigin(OriginPolicy.any());
    server =
        TestServer.start(
            new Fixture().application(),
            Application.named("odd")
                .socket("/odd", SocketHandler.acceptAll(), options)
                .route("odd:*", OddChannel::new),
            Application.named("small")
                .socket("/small", SocketHandler.acceptAll(), options.withMaxChannels(3))
                .route("small:*", OddChannel::new));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void connect() {
    ada = client("/socket");
  }

  @AfterEach
  void close() {
    ada.close();
  }

  private PhoenixClient client(String mount) {
    return PhoenixClient.connect(server.options().withVsn(vsn).withPath(mount + "/websocket"));
  }

  private PhoenixClient client(String mount, String user) {
    return PhoenixClient.connect(
        server.options().withVsn(vsn).withPath(mount + "/websocket").withParam("user_id", user));
  }

  /* ---- what is expected: shapes of section 7; version 1 has no join_ref in any of them (S-4) */

  private void expectReply(
      PhoenixClient client, String topic, Object ref, String status, String response) {
    expect(
        client,
        client.joinRef(topic),
        MAPPER.valueToTree(ref),
        topic,
        "phx_reply",
        "{\"status\":\"" + status + "\",\"response\":" + response + "}");
  }

  private void expectUnmatched(PhoenixClient client, String topic, Object ref) {
    expect(
        client,
        NullNode.instance,
        MAPPER.valueToTree(ref),
        topic,
        "phx_reply",
        "{\"status\":\"error\",\"response\":{\"reason\":\"unmatched topic\"}}");
  }

  private void expectPush(PhoenixClient client, String topic, String event, String payload) {
    expect(client, client.joinRef(topic), NullNode.instance, topic, event, payload);
  }

  private void expectBroadcast(PhoenixClient client, String topic, String event, String payload) {
    expect(client, NullNode.instance, NullNode.instance, topic, event, payload);
  }

  /** The ref position repeats the join_ref (S-13). */
  private void expectClose(PhoenixClient client, String topic, JsonNode joinRef) {
    expect(client, joinRef, joinRef, topic, "phx_close", "{}");
  }

  private void expectError(PhoenixClient client, String topic, JsonNode joinRef) {
    expect(client, joinRef, joinRef, topic, "phx_error", "{\"reason\":\"channel_crash\"}");
  }

  private void expect(
      PhoenixClient client,
      JsonNode joinRef,
      JsonNode ref,
      String topic,
      String event,
      String json) {
    JsonNode visible = vsn == Vsn.V1 ? NullNode.instance : joinRef;
    assertEquals(
        new PhoenixMessage(visible, ref, topic, event, json(json)).toString(),
        client.next().toString());
  }

  private static JsonNode json(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  private static JsonNode text(String ref) {
    return JsonNodeFactory.instance.textNode(ref);
  }

  private static void joinOk(PhoenixClient client, String topic) {
    assertEquals("ok", client.join(topic).status());
  }

  /* ---- joining */

  @Test
  void aJoinIsAnsweredWithItsResponse() { // J-10
    String ref = ada.sendJoin(topic, Map.of("nick", "ada"));
    expectReply(ada, topic, ref, "ok", "{\"joined\":\"" + topic + "\"}");
  }

  @Test
  void aJoinWithoutResponseIsAnsweredWithAnEmptyObject() { // J-9
    String ref = ada.sendJoin(room, Map.of());
    expectReply(ada, room, ref, "ok", "{}");
  }

  @Test
  void aRefusedJoinTellsTheReasonAndLeavesNothing() { // J-11
    String ref = ada.sendJoin(topic, Map.of("fail", true));
    expectReply(ada, topic, ref, "error", "{\"reason\":\"nope\"}");

    String event = ada.push(topic, "echo", Map.of());
    expectUnmatched(ada, topic, event);

    joinOk(ada, topic);
  }

  @Test
  void aCrashedJoinIsAnsweredAndNoErrorFollows() { // J-16
    String ref = ada.sendJoin(topic, Map.of("raise", true));
    expectReply(ada, topic, ref, "error", "{\"reason\":\"join crashed\"}");

    assertEquals("ok", ada.heartbeat().status());
    assertEquals(List.of(), ada.pending());
  }

  @Test
  void aJoinOfATopicWithoutRouteIsUnmatched() { // J-2: join_ref is null, whatever was sent
    String ref = ada.sendJoin("nowhere", Map.of());
    expectUnmatched(ada, "nowhere", ref);
  }

  @Test
  void theTopicPhoenixIsAnOrdinaryOneWithoutRoute() { // R-20, ER-15, ER-38
    String join = ada.sendJoin("phoenix", Map.of());
    expectUnmatched(ada, "phoenix", join);
    String event = ada.push("phoenix", "something", Map.of());
    expectUnmatched(ada, "phoenix", event);
  }

  @Test
  void theJoinReplyPrecedesWhatTheChannelSends() { // J-12
    String ref = ada.sendJoin(topic, Map.of("after_join", true));
    expectReply(ada, topic, ref, "ok", "{\"joined\":\"" + topic + "\"}");
    expectPush(ada, topic, "after_join", "{\"topic\":\"" + topic + "\"}");
  }

  @Test
  void theJoinPayloadMayBeAnything() { // J-18
    try (var odd = client("/odd")) {
      for (String payload : List.of("null", "\"text\"", "[1,2]", "7", "true")) {
        String odds = "odd:" + TOPICS.incrementAndGet();
        String ref = odd.sendJoin(odds, json(payload));
        expectReply(odd, odds, ref, "ok", payload);
      }
    }
  }

  @Test
  void messagesRightBehindAJoinReachTheChannel() { // J-22
    String join = ada.sendJoin(topic, Map.of());
    String first = ada.push(topic, "echo", Map.of("n", 1));
    String second = ada.push(topic, "echo", Map.of("n", 2));

    expectReply(ada, topic, join, "ok", "{\"joined\":\"" + topic + "\"}");
    expectReply(ada, topic, first, "ok", "{\"n\":1}");
    expectReply(ada, topic, second, "ok", "{\"n\":2}");
  }

  @Test
  void messagesRightBehindARefusedJoinAreUnmatched() { // J-22
    String join = ada.sendJoin(topic, Map.of("fail", true));
    String event = ada.push(topic, "echo", Map.of());

    expectReply(ada, topic, join, "error", "{\"reason\":\"nope\"}");
    expectUnmatched(ada, topic, event);
  }

  @Test
  void aLeaveRightBehindItsJoinIsProcessedAfterIt() { // J-21
    String join = ada.sendJoin(topic, Map.of());
    String leave = ada.leave(topic);

    expectReply(ada, topic, join, "ok", "{\"joined\":\"" + topic + "\"}");
    expectReply(ada, topic, leave, "ok", "{}");
    expectClose(ada, topic, ada.joinRef(topic));
  }

  @Test
  void aLeaveAndAJoinBackToBackAreProcessedInOrder() { // J-44, the first outcome
    joinOk(ada, topic);
    JsonNode old = ada.joinRef(topic);
    String leave = ada.leave(topic);
    String join = ada.sendJoin(topic, Map.of());

    expect(ada, old, text(leave), topic, "phx_reply", "{\"status\":\"ok\",\"response\":{}}");
    expectClose(ada, topic, old);
    expectReply(ada, topic, join, "ok", "{\"joined\":\"" + topic + "\"}");
  }

  @Test
  void aTopicIsIndependentOnEachConnection() { // J-45
    joinOk(ada, topic);
    try (var bob = client("/socket")) {
      joinOk(bob, topic);
      assertEquals("ok", ada.call(topic, "assign", Map.of("mine", "ada")).status());
      assertEquals(json("{\"value\":null}"), bob.call(topic, "get", Map.of()).response());

      ada.leave(topic);
      ada.awaitEvent("phx_close");
      assertEquals("ok", bob.call(topic, "echo", Map.of()).status());
    }
  }

  /* ---- duplicate joins */

  @Test
  void aDuplicateJoinIsAnsweredBeforeTheOldChannelIsClosed() { // J-40
    joinOk(ada, topic);
    JsonNode old = ada.joinRef(topic);
    assertEquals("ok", ada.call(topic, "assign", Map.of("n", 1)).status());

    String ref = ada.sendJoin(topic, Map.of());

    expectReply(ada, topic, ref, "ok", "{\"joined\":\"" + topic + "\"}");
    expectClose(ada, topic, old);
    assertEquals(json("{\"value\":null}"), ada.call(topic, "get", Map.of()).response());
  }

  @Test
  void aRefusedDuplicateJoinEndsTheOldChannelAllTheSame() { // J-42
    joinOk(ada, topic);
    JsonNode old = ada.joinRef(topic);

    String ref = ada.sendJoin(topic, Map.of("fail", true));

    expectReply(ada, topic, ref, "error", "{\"reason\":\"nope\"}");
    expectClose(ada, topic, old);
    String event = ada.push(topic, "echo", Map.of());
    expectUnmatched(ada, topic, event);
  }

  @Test
  void aCrashedDuplicateJoinEndsTheOldChannelAllTheSame() { // J-42
    joinOk(ada, topic);
    JsonNode old = ada.joinRef(topic);

    String ref = ada.sendJoin(topic, Map.of("raise", true));

    expectReply(ada, topic, ref, "error", "{\"reason\":\"join crashed\"}");
    expectClose(ada, topic, old);
  }

  @Test
  void aReplacedChannelGetsNoBroadcastsAnyMore() { // J-40
    joinOk(ada, room);
    JsonNode old = ada.joinRef(room);
    String ref = ada.sendJoin(room, Map.of());
    expectReply(ada, room, ref, "ok", "{}");
    expectClose(ada, room, old);

    ada.push(room, "shout", Map.of("n", 1));

    expectBroadcast(ada, room, "shout", "{\"n\":1}");
    assertEquals("ok", ada.heartbeat().status());
    assertEquals(List.of(), ada.pending());
  }

  /* ---- join_ref */

  @Test
  void aMessageWithAnotherJoinRefIsDroppedSilently() {
    ada.send("1", "1", topic, "phx_join", Map.of());
    ada.next();

    ada.send("0", "2", topic, "echo", Map.of());
    ada.send(1, "3", topic, "echo", Map.of()); // "1" is not 1
    ada.send("1", "4", topic, "echo", Map.of());

    expect(ada, text("1"), text("4"), topic, "phx_reply", reply("ok", "{}"));
  }

  @Test
  void aLeaveWithAnotherJoinRefIsDroppedSilently() {
    ada.send("1", "1", topic, "phx_join", Map.of());
    ada.next();

    ada.send("0", "2", topic, "phx_leave", Map.of());
    ada.send("1", "3", topic, "echo", Map.of());

    expect(ada, text("1"), text("3"), topic, "phx_reply", reply("ok", "{}"));
  }

  @Test
  void aMessageWithoutJoinRefIsAccepted() {
    ada.send("1", "1", topic, "phx_join", Map.of());
    ada.next();

    ada.send(null, "2", topic, "echo", Map.of("n", 1));
    expect(ada, text("1"), text("2"), topic, "phx_reply", reply("ok", "{\"n\":1}"));

    ada.send(null, "3", topic, "phx_leave", Map.of());
    expect(ada, text("1"), text("3"), topic, "phx_reply", reply("ok", "{}"));
    expectClose(ada, topic, text("1"));
  }

  @Test
  void aJoinWithoutJoinRefLendsItsRefToWhatTheChannelSends() { // J-30
    ada.send(null, "1", topic, "phx_join", Map.of());
    expect(ada, NullNode.instance, text("1"), topic, "phx_reply", joined());

    ada.send("1", "2", topic, "echo", Map.of()); // dropped: "1" is not null
    ada.send(null, "3", topic, "echo", Map.of());
    expect(ada, text("1"), text("3"), topic, "phx_reply", reply("ok", "{}"));
    ada.send(null, "4", topic, "push", Map.of("n", 1));
    expect(ada, text("1"), NullNode.instance, topic, "pushed", "{\"n\":1}");

    ada.send(null, "5", topic, "phx_leave", Map.of());
    expect(ada, text("1"), text("5"), topic, "phx_reply", reply("ok", "{}"));
    expectClose(ada, topic, NullNode.instance);
  }

  @Test
  void aJoinMayHaveNoRefAtAll() { // J-31
    ada.send(null, null, topic, "phx_join", Map.of());
    expect(ada, NullNode.instance, NullNode.instance, topic, "phx_reply", joined());
  }

  @Test
  void joinRefAndRefOfAJoinMayDiffer() { // J-32
    ada.send("7", "8", topic, "phx_join", Map.of());
    expect(ada, text("7"), text("8"), topic, "phx_reply", joined());
    ada.send("7", "9", topic, "crash", Map.of());
    expectError(ada, topic, text("7"));
  }

  @Test
  void refsAreEchoedWithTheirTypeAndValue() { // S-14
    ada.send(1, 2, topic, "phx_join", Map.of());
    expect(ada, json("1"), json("2"), topic, "phx_reply", joined());
    for (String ref : List.of("3", "-4.5", "true", "{\"a\":[1,\"é\"]}", "\"\"", "\"\\\"\\\\\"")) {
      ada.send(1, json(ref), topic, "echo", Map.of());
      expect(ada, json("1"), json(ref), topic, "phx_reply", reply("ok", "{}"));
    }
  }

  private static String reply(String status, String response) {
    return "{\"status\":\"" + status + "\",\"response\":" + response + "}";
  }

  private String joined() {
    return reply("ok", "{\"joined\":\"" + topic + "\"}");
  }

  /* ---- heartbeats */

  @Test
  void aHeartbeatIsAnsweredWithoutJoinRef() { // R-10, ER-36
    ada.send("9", "10", "phoenix", "heartbeat", Map.of());
    expect(ada, NullNode.instance, text("10"), "phoenix", "phx_reply", reply("ok", "{}"));
  }

  @Test
  void aHeartbeatWithoutRefOrWithAnyPayloadIsAnswered() { // ER-37, OC-5
    ada.send(null, null, "phoenix", "heartbeat", null);
    expect(ada, NullNode.instance, NullNode.instance, "phoenix", "phx_reply", reply("ok", "{}"));
  }

  /* ---- events and replies */

  @Test
  void anEventIsAnsweredToItsRef() { // M-6, Y-1
    joinOk(ada, topic);
    String echo = ada.push(topic, "echo", Map.of("txt", "hi"));
    expectReply(ada, topic, echo, "ok", "{\"txt\":\"hi\"}");
    String error = ada.push(topic, "error_reply", Map.of("reason", "taken"));
    expectReply(ada, topic, error, "error", "{\"reason\":\"taken\"}");
    String bare = ada.push(topic, "bare_reply", Map.of());
    expectReply(ada, topic, bare, "ok", "{}");
  }

  @Test
  void anEventWithoutRefIsAnsweredWithoutRef() { // M-13
    joinOk(ada, topic);
    ada.send(ada.joinRef(topic), null, topic, "echo", Map.of("n", 1));
    expectReply(ada, topic, null, "ok", "{\"n\":1}");
  }

  @Test
  void aReplyMayBeAnyJson() { // S-16
    joinOk(ada, topic);
    for (String payload :
        List.of(
            "null", "\"text\"", "[1,[2]]", "12345678901234567890123", "false", "\"é\\u0000😀\"")) {
      String ref = ada.push(topic, "echo", json(payload));
      expectReply(ada, topic, ref, "ok", payload);
    }
  }

  @Test
  void aReplyMayHaveAStatusOfItsOwn() { // S-17
    try (var odd = client("/odd")) {
      joinOk(odd, "odd:1");
      String ref = odd.push("odd:1", "odd_status", Map.of());
      expectReply(odd, "odd:1", ref, "later_maybe", "{}");
    }
  }

  @Test
  void noReplyIsNoReply() { // M-3
    joinOk(ada, topic);
    ada.push(topic, "noreply", Map.of());
    String next = ada.push(topic, "echo", Map.of());
    expectReply(ada, topic, next, "ok", "{}");
  }

  @Test
  void whatACallbackSendsComesInTheOrderOfItsCalls() { // R0-3, M-11, F-13
    try (var odd = client("/odd")) {
      joinOk(odd, "odd:2");
      String ref = odd.push("odd:2", "push_then_reply", Map.of());
      expectPush(odd, "odd:2", "first", "{\"n\":1}");
      expectBroadcast(odd, "odd:2", "second", "{\"n\":2}");
      expectPush(odd, "odd:2", "third", "{\"n\":3}");
      expectReply(odd, "odd:2", ref, "ok", "{\"n\":4}");
    }
  }

  @Test
  void aLateReplyArrivesAfterTheChannelIsClosed() throws InterruptedException { // Y-5, Y-6, TR-7
    try (var odd = client("/odd")) {
      joinOk(odd, "odd:3");
      String later = odd.push("odd:3", "later", Map.of());
      SocketRef ref = REFS.poll(20, TimeUnit.SECONDS);
      String leave = odd.leave("odd:3");
      expectReply(odd, "odd:3", leave, "ok", "{}");
      expectClose(odd, "odd:3", odd.joinRef("odd:3"));
      expectPush(odd, "odd:3", "from_terminate", "{}"); // L-32

      ref.reply(Map.of("late", true));
      ref.reply("again", Map.of());

      expectReply(odd, "odd:3", later, "ok", "{\"late\":true}");
      expectReply(odd, "odd:3", later, "again", "{}");
    }
  }

  @Test
  void aReplyToAConnectionThatIsGoneIsDropped() throws InterruptedException { // Y-6
    var odd = client("/odd");
    joinOk(odd, "odd:4");
    odd.push("odd:4", "later", Map.of());
    SocketRef ref = REFS.poll(20, TimeUnit.SECONDS);
    odd.reset();

    ref.reply(Map.of());

    assertEquals("ok", ada.heartbeat().status());
  }

  @Test
  void aLargeMessageGoesBothWays() { // a length of 16 bits, and one of 64
    joinOk(ada, topic);
    for (int size : new int[] {125, 126, 60_000, 70_000, 1_000_000}) {
      var payload = Map.of("text", "x".repeat(size));
      assertEquals(MAPPER.valueToTree(payload), ada.call(topic, "echo", payload).response());
    }
  }

  @Test
  void namesMayHaveAnyCharacters() { // S-18
    String odd = "test:é\"\\/ \u0001 😀 \u2028";
    String ref = ada.sendJoin(odd, Map.of());
    expectReply(ada, odd, ref, "ok", MAPPER.valueToTree(Map.of("joined", odd)).toString());
  }

  @Test
  void aTopicMayBeLongerThanABinaryFrameCanName() { // B-7
    String longer = "test:" + "x".repeat(300);
    joinOk(ada, longer);
    assertEquals("ok", ada.call(longer, "echo", Map.of()).status());
  }

  @Test
  void stateOfAChannelIsItsOwn() { // M-17
    String other = topic + "b";
    joinOk(ada, topic);
    joinOk(ada, other);
    ada.call(topic, "assign", Map.of("n", 1));
    assertEquals(json("{\"value\":{\"n\":1}}"), ada.call(topic, "get", Map.of()).response());
    assertEquals(json("{\"value\":null}"), ada.call(other, "get", Map.of()).response());
  }

  /* ---- events that mean nothing */

  @Test
  void anEventOnATopicThatIsNotJoinedIsUnmatched() { // R-18, ER-9
    ada.send("1", "2", topic, "echo", Map.of());
    expectUnmatched(ada, topic, "2");
    ada.send(null, null, topic, "phx_reply", Map.of());
    expectUnmatched(ada, topic, null);
  }

  @Test
  void anUnknownEventCrashesTheChannel() { // M-10, ER-23: and it gets no reply
    joinOk(ada, topic);
    ada.push(topic, "no_such_event", Map.of());
    expectError(ada, topic, ada.joinRef(topic));
  }

  @Test
  void eventsOfTheProtocolFromAClientAreOrdinaryOnes() { // R-21, ER-35
    for (String event : List.of("phx_reply", "phx_close", "phx_error", "phx_unknown")) {
      joinOk(ada, topic);
      ada.push(topic, event, Map.of());
      expectError(ada, topic, ada.joinRef(topic)); // the fixture does not handle them
    }
  }

  /* ---- leaving and stopping */

  @Test
  void aLeaveIsAnsweredThenClosed() { // L-1
    joinOk(ada, topic);
    String ref = ada.leave(topic);
    expectReply(ada, topic, ref, "ok", "{}");
    expectClose(ada, topic, ada.joinRef(topic));
    String event = ada.push(topic, "echo", Map.of());
    expectUnmatched(ada, topic, event);
  }

  @Test
  void aLeaveOfATopicThatIsNotJoinedIsAnsweredOnly() { // R-17, L-3
    ada.send("1", "2", topic, "phx_leave", Map.of());
    expect(ada, text("1"), text("2"), topic, "phx_reply", reply("ok", "{}"));
    assertEquals("ok", ada.heartbeat().status());
    assertEquals(List.of(), ada.pending());
  }

  @Test
  void aSecondLeaveBringsNoSecondClose() { // L-4
    joinOk(ada, topic);
    JsonNode joinRef = ada.joinRef(topic);
    ada.leave(topic);
    ada.leave(topic);
    ada.awaitEvent("phx_close");
    assertEquals("ok", ada.heartbeat().status());
    assertFalse(ada.pending().stream().anyMatch(message -> message.event().equals("phx_close")));
    assertTrue(ada.pending().stream().filter(PhoenixMessage::isReply).count() <= 2, "L-4, R-17");
    assertEquals(joinRef, ada.joinRef(topic));
  }

  @Test
  void aChannelThatStopsIsClosed() { // L-10
    joinOk(ada, topic);
    ada.push(topic, "stop", Map.of());
    expectClose(ada, topic, ada.joinRef(topic));

    joinOk(ada, topic);
    ada.push(topic, "stop_shutdown", Map.of());
    expectClose(ada, topic, ada.joinRef(topic));

    joinOk(ada, topic);
    String ref = ada.push(topic, "stop_reply", Map.of("n", 1));
    expectReply(ada, topic, ref, "ok", "{\"n\":1}");
    expectClose(ada, topic, ada.joinRef(topic));
  }

  @Test
  void whatTerminatePushesComesAfterTheClose() { // L-32, TR-4
    try (var odd = client("/odd")) {
      joinOk(odd, "odd:5");
      String ref = odd.push("odd:5", "stop", Map.of());
      expectReply(odd, "odd:5", ref, "ok", "{\"bye\":1}");
      expectClose(odd, "odd:5", odd.joinRef("odd:5"));
      expectPush(odd, "odd:5", "from_terminate", "{}");
    }
  }

  @Test
  void whatTerminatePushesAfterACrashComesBeforeTheError() { // L-32
    try (var odd = client("/odd")) {
      joinOk(odd, "odd:6");
      odd.push("odd:6", "no_such_event", Map.of());
      expectPush(odd, "odd:6", "from_terminate", "{}");
      expectError(odd, "odd:6", odd.joinRef("odd:6"));
    }
  }

  /* ---- crashing */

  @Test
  void aCrashEndsOneTopicOfOneClient() { // L-20, L-22, L-23, L-24
    String other = topic + "b";
    joinOk(ada, topic);
    joinOk(ada, other);
    try (var bob = client("/socket")) {
      joinOk(bob, topic);

      ada.push(topic, "crash", Map.of());

      expectError(ada, topic, ada.joinRef(topic));
      String event = ada.push(topic, "echo", Map.of());
      expectUnmatched(ada, topic, event);
      assertEquals("ok", ada.call(other, "echo", Map.of()).status());
      assertEquals("ok", bob.call(topic, "echo", Map.of()).status());
      joinOk(ada, topic);
      assertEquals("ok", ada.call(topic, "echo", Map.of()).status());
    }
  }

  @Test
  void aPushOrBroadcastOfSomethingElseThanAnObjectCrashesItsSender() { // S-15, ER-28, ER-29
    for (String event : List.of("push", "broadcast", "broadcast_from")) {
      for (String payload : List.of("[1]", "\"text\"", "null", "1")) {
        joinOk(ada, topic);
        ada.push(topic, event, json(payload));
        expectError(ada, topic, ada.joinRef(topic));
      }
    }
  }

  /* ---- broadcasts */

  @Test
  void aBroadcastReachesEveryMemberItsSenderIncluded() { // F-3, F-9
    joinOk(ada, room);
    try (var bob = client("/socket")) {
      joinOk(bob, room);
      ada.push(room, "shout", Map.of("n", 1));
      expectBroadcast(ada, room, "shout", "{\"n\":1}");
      expectBroadcast(bob, room, "shout", "{\"n\":1}");
    }
  }

  @Test
  void broadcastFromLeavesOutTheChannelNotTheUser() { // F-4
    try (var first = client("/socket", "ada");
        var second = client("/socket", "ada")) {
      joinOk(first, room);
      joinOk(second, room);
      first.push(room, "shout_from", Map.of("n", 1));
      expectBroadcast(second, room, "shout", "{\"n\":1}");
      first.push(room, "shout", Map.of("n", 2));
      expectBroadcast(first, room, "shout", "{\"n\":2}"); // and not n = 1 before
    }
  }

  @Test
  void anInterceptedBroadcastIsPushedByEachMembersChannel() { // F-10, F-15, TR-5
    joinOk(ada, topic);
    try (var bob = client("/socket")) {
      bob.nextRef(); // so that the two have different join_refs
      joinOk(bob, topic);
      ada.push(topic, "intercept_me", Map.of("n", 1));
      expectPush(ada, topic, "intercepted", "{\"n\":1,\"for\":\"" + topic + "\"}");
      expectPush(bob, topic, "intercepted", "{\"n\":1,\"for\":\"" + topic + "\"}");
    }
  }

  @Test
  void aBroadcastFromOutsideReachesEveryMember() { // F-6
    joinOk(ada, room);
    server.broadcaster().broadcast(room, "news", Map.of("n", 1));
    expectBroadcast(ada, room, "news", "{\"n\":1}");
  }

  @Test
  void aBroadcastFromOutsideIsInterceptedToo() { // F-10
    joinOk(ada, topic);
    server.broadcaster().broadcast(topic, "intercepted", Map.of("n", 1));
    expectPush(ada, topic, "intercepted", "{\"n\":1,\"for\":\"" + topic + "\"}");
  }

  @Test
  void namesOfBroadcastsAreNotRestricted() { // F-19
    joinOk(ada, room);
    for (String event : List.of("phx_close", "phx_error", "disconnect", "phx_drain")) {
      server.broadcaster().broadcast(room, event, Map.of("n", 1));
      expectBroadcast(ada, room, event, "{\"n\":1}");
    }
    ada.push(room, "ping", Map.of());
    assertEquals("ok", ada.next().status());
  }

  @Test
  void aMemberThatLeftGetsNoBroadcasts() {
    joinOk(ada, room);
    ada.leave(room);
    ada.awaitEvent("phx_close");
    try (var bob = client("/socket")) {
      joinOk(bob, room);
      bob.push(room, "shout", Map.of());
      bob.awaitEvent("shout");
    }
    assertEquals("ok", ada.heartbeat().status());
    assertFalse(ada.pending().stream().anyMatch(message -> message.event().equals("shout")));
  }

  @Test
  void membersOfBothVersionsGetTheSameBroadcast() { // F-12, TR-5
    joinOk(ada, room);
    Vsn otherVsn = vsn == Vsn.V1 ? Vsn.V2 : Vsn.V1;
    try (var bob = PhoenixClient.connect(server.options().withVsn(otherVsn))) {
      joinOk(bob, room);
      ada.push(room, "shout", Map.of("a", "1"));
      expectBroadcast(ada, room, "shout", "{\"a\":\"1\"}");
      assertEquals(json("{\"a\":\"1\"}"), bob.awaitEvent("shout").payload());
    }
  }

  /* ---- the limit of channels */

  @Test
  void aJoinOverTheLimitIsRefused() { // J-4, J-6, TR-9
    try (var small = client("/small")) {
      for (int i = 1; i <= 3; i++) {
        joinOk(small, "small:" + i);
      }
      String over = small.sendJoin("small:4", Map.of());
      expectReply(small, "small:4", over, "error", "{\"reason\":\"too many channels joined\"}");
      String nowhere = small.sendJoin("nowhere", Map.of());
      expectUnmatched(small, "nowhere", nowhere);
      // J-40: a duplicate frees its slot first.
      JsonNode old = small.joinRef("small:3");
      String again = small.sendJoin("small:3", Map.of());
      expectReply(small, "small:3", again, "ok", "{}");
      expectClose(small, "small:3", old);

      String leave = small.leave("small:3");
      expectReply(small, "small:3", leave, "ok", "{}");
      expectClose(small, "small:3", small.joinRef("small:3"));
      expectPush(small, "small:3", "from_terminate", "{}");
      joinOk(small, "small:4");
    }
  }

  /* ---- identity */

  @Test
  void disconnectClosesEverySocketOfTheId() { // D-2, D-3, D-4
    String user = "user" + TOPICS.incrementAndGet();
    try (var first = client("/socket", user);
        var second = client("/socket", user);
        var other = client("/socket", user + "b")) {
      joinOk(first, room);

      server.broadcaster().disconnect("user_socket:" + user);

      assertEquals(1001, first.awaitClose());
      assertEquals(1001, second.awaitClose());
      assertEquals(List.of(), first.pending()); // no phx_close before it
      assertEquals("ok", other.heartbeat().status());
      assertEquals("ok", ada.heartbeat().status());
    }
  }

  @Test
  void anIdAndATopicOfTheSameNameHaveNothingToDoWithEachOther() { // U-10; ours
    String name = "room:" + TOPICS.incrementAndGet();
    joinOk(ada, name);
    server.broadcaster().disconnect(name);
    assertEquals("ok", ada.call(name, "ping", Map.of()).status());
  }

  /* ---- malformed messages */

  @Test
  void aMessageThatCannotBeDecodedClosesTheConnection() { // W-30, ER-1, ER-2, ER-4
    List<String> malformed =
        vsn == Vsn.V2
            ? List.of(
                "",
                "{",
                "{}",
                "null",
                "[]",
                "[\"1\",\"1\",\"t\",\"e\"]",
                "[\"1\",\"1\",\"t\",\"e\",{}]x",
                "[\"1\",\"1\",\"t\",\"e\",{},]",
                "[\"1\",\"1\",\"t\",\"e\",{\"a\":01}]",
                "[\"1\",\"1\",\"t\",\"e\",\"\u0001\"]",
                "[\"1\",\"1\",\"t\",\"e\",\"\\ud800\"]",
                "[\"1\",\"1\",\"t\",\"e\",1e999]",
                "\ufeff[\"1\",\"1\",\"t\",\"e\",{}]")
            : List.of(
                "",
                "[]",
                "[\"1\",\"1\",\"t\",\"e\",{}]",
                "{}",
                "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{}}",
                "{\"topic\":\"t\",\"event\":\"e\",\"ref\":\"1\"}",
                "{\"topic\":\"t\",\"payload\":{},\"ref\":\"1\"}",
                "{\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}");
    for (String message : malformed) {
      try (var client = client("/socket")) {
        client.sendText(message);
        assertEquals(1011, client.awaitClose(), message);
        assertEquals(List.of(), client.pending());
      }
    }
  }

  @Test
  void whatIsMoreThanNeededIsIgnored() { // S-3, S-11, S-19, ER-3
    ada.sendText(
        vsn == Vsn.V2
            ? " [null,\"1\",\"phoenix\",\"heartbeat\",{},\"more\",{\"and\":1}] \n"
            : "{\"ref\":\"1\",\"more\":[1],\"payload\":{},\"topic\":\"phoenix\",\"event\":\"heartbeat\"}");
    expect(ada, NullNode.instance, text("1"), "phoenix", "phx_reply", reply("ok", "{}"));
  }

  @Test
  void version1TakesTextInABinaryFrame() { // S-7, ER-5; version 2 does not
    ada.write(
        WebSocketFrame.binary(
            "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},\"ref\":\"1\"}"
                .getBytes(StandardCharsets.UTF_8)));
    if (vsn == Vsn.V1) {
      expect(ada, NullNode.instance, text("1"), "phoenix", "phx_reply", reply("ok", "{}"));
    } else {
      assertEquals(1011, ada.awaitClose());
    }
  }

  /* ---- many at once */

  @Test
  void repliesComeInTheOrderOfTheirEvents() { // R0-2, R0-3
    joinOk(ada, topic);
    var refs = new String[500];
    for (int i = 0; i < refs.length; i++) {
      refs[i] = ada.push(topic, "echo", Map.of("n", i));
    }
    for (int i = 0; i < refs.length; i++) {
      expectReply(ada, topic, refs[i], "ok", "{\"n\":" + i + "}");
    }
  }

  @Test
  void aFullLifeLooksAsInTheTranscript() { // TR-1
    joinOk(ada, room);
    String ping = ada.push(room, "ping", Map.of("txt", "hi"));
    expectReply(ada, room, ping, "ok", "{\"txt\":\"hi\"}");
    ada.push(room, "shout", Map.of("txt", "hi"));
    expectBroadcast(ada, room, "shout", "{\"txt\":\"hi\"}");
    String leave = ada.leave(room);
    expectReply(ada, room, leave, "ok", "{}");
    expectClose(ada, room, ada.joinRef(room));
    String event = ada.push(room, "ping", Map.of("txt", "?"));
    expectUnmatched(ada, room, event);
  }
}
