package dev.roost.gateway.socket;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import dev.roost.gateway.LogLines;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.socket.Stage.Client;
import dev.roost.gateway.socket.Stage.Host;
import dev.roost.routing.SocketLimits;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sections 9, 10 and 13 of the specification, between scripted clients and a scripted host. */
class ClientSocketTest {

  private static final RawPayload EMPTY = RawPayload.EMPTY_OBJECT;

  private final Host host = new Host();
  private Stage stage;
  private Client client;

  @BeforeEach
  void openAClient() throws Exception {
    stage = Stage.set(List.of(host), "lounge:*", "lobby");
    client = stage.client();
  }

  @AfterEach
  void close() throws Exception {
    stage.close();
  }

  @Nested
  class Heartbeats {

    /** R-10, ER-36: whatever join_ref was sent. */
    @ParameterizedTest
    @CsvSource(
        delimiter = ' ',
        value = {"null \"5\"", "\"3\" \"5\"", "null 5", "7 {\"a\":1}", "null null", "\"\" \"\""})
    void areAnsweredWithTheirRefAndNoJoinRef(String joinRef, String ref) throws Exception {
      client.sends("[%s,%s,\"phoenix\",\"heartbeat\",{}]".formatted(joinRef, ref));
      assertEquals(
          "[null,%s,\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]".formatted(ref),
          client.next());
      host.assertNothing();
    }

    /** R-10, ER-37. */
    @Test
    void areAnsweredInVersionOneToo() throws Exception {
      Client v1 = stage.client("1.0.0", null, 100);
      v1.sends("{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":null,\"ref\":null}");
      assertEquals(
          "{\"topic\":\"phoenix\",\"event\":\"phx_reply\","
              + "\"payload\":{\"status\":\"ok\",\"response\":{}},\"ref\":null}",
          v1.next());
    }

    /** B-11: in text, for {@code {}} is JSON. */
    @Test
    void areHonouredInBinaryAndAnsweredInText() throws Exception {
      client.sendsBinary("00 00 01 07 09 35 70 68 6f 65 6e 69 78 68 65 61 72 74 62 65 61 74");
      assertEquals(
          "[null,\"5\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          client.next());
    }

    /** R-20, ER-15, ER-38. */
    @Test
    void areAllThatThePhoenixTopicKnowsWithoutARoute() throws Exception {
      client.sends(
          "[null,\"1\",\"phoenix\",\"say\",{}]", "[\"2\",\"2\",\"phoenix\",\"phx_join\",{}]");
      assertUnmatched("\"1\"", "phoenix");
      assertUnmatched("\"2\"", "phoenix");
      client.sends("[\"3\",\"3\",\"phoenix\",\"phx_leave\",{}]");
      assertOk("\"3\"", "\"3\"", "phoenix");
    }

    /** */
    @Test
    void stayReservedWhenThePhoenixTopicIsJoined() throws Exception {
      stage.close();
      stage = Stage.set(List.of(host), "*");
      client = stage.client();
      client.joins("phoenix", "1", host);
      client.sends("[\"1\",\"2\",\"phoenix\",\"heartbeat\",{}]");
      assertEquals(
          "[null,\"2\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          client.next());
      client.sends("[\"1\",\"3\",\"phoenix\",\"say\",{}]");
      assertEquals("say", host.next(HostMessage.Event.class).event());
    }

    /** another topic's heartbeat is an event. */
    @Test
    void belongToThePhoenixTopicOnly() throws Exception {
      client.sends("[null,\"1\",\"lounge:7\",\"heartbeat\",{}]");
      assertUnmatched("\"1\"", "lounge:7");
    }
  }

  @Nested
  class Dispatching {

    /** R-18, ER-9: the join_ref is null whatever was sent. */
    @ParameterizedTest
    @ValueSource(strings = {"say", "phx_reply", "phx_close", "phx_error", "phx_other", ""})
    void anEventOnATopicThatIsNotJoinedIsUnmatched(String event) throws Exception {
      client.sends("[\"1\",\"2\",\"lounge:7\",\"%s\",{}]".formatted(event));
      assertUnmatched("\"2\"", "lounge:7");
      host.assertNothing();
    }

    /** R-17, L-3, ER-12: answered with both refs, and that is all. */
    @Test
    void leavingATopicThatIsNotJoinedIsFine() throws Exception {
      client.sends("[\"1\",\"2\",\"lounge:7\",\"phx_leave\",{}]");
      assertOk("\"1\"", "\"2\"", "lounge:7");
      client.sends("[null,3,\"nowhere\",\"phx_leave\",{}]");
      assertOk("null", "3", "nowhere");
      client.assertNothing();
      host.assertNothing();
    }

    /** */
    @Test
    void anEventOfThisJoinReachesTheHost() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "3", host);
      client.sends("[\"3\",\"4\",\"lounge:7\",\"say\",{\"txt\":\"hi\"}]");
      assertEquals(
          new HostMessage.Event(
              join.channel(), ref("\"4\""), "say", RawPayload.jsonText("{\"txt\":\"hi\"}")),
          host.next(HostMessage.Event.class));
      client.assertNothing();
    }

    /** ER-11, M-13. */
    @Test
    void anEventWithoutRefsReachesTheHost() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "3", host);
      client.sends("[null,null,\"lounge:7\",\"say\",{}]");
      assertEquals(
          new HostMessage.Event(join.channel(), null, "say", EMPTY),
          host.next(HostMessage.Event.class));
    }

    /** ER-10: by value and type, silently. */
    @ParameterizedTest
    @ValueSource(strings = {"\"2\"", "3", "\"03\"", "\"\"", "true", "{}", "[\"3\"]"})
    void anEventOfAnotherJoinIsDropped(String joinRef) throws Exception {
      client.joins("lounge:7", "3", host);
      client.sends("[%s,\"4\",\"lounge:7\",\"say\",{}]".formatted(joinRef));
      client.assertNothing();
      host.assertNothing();
    }

    /** */
    @Test
    void aNumberIsAsGoodAJoinRef() throws Exception {
      client.sends("[1,1,\"lounge:7\",\"phx_join\",{}]");
      host.accepts(client);
      client.sends("[\"1\",2,\"lounge:7\",\"stale\",{}]", "[1,3,\"lounge:7\",\"say\",{}]");
      assertEquals("say", host.next(HostMessage.Event.class).event());
      host.assertNothing();
    }

    /** R-21, ER-35. */
    @ParameterizedTest
    @ValueSource(strings = {"phx_reply", "phx_close", "phx_error", "phx_other", "heartbeat", ""})
    void reservedEventsOfTheServerAreOrdinaryOnesOfAClient(String event) throws Exception {
      client.joins("lounge:7", "3", host);
      client.sends("[\"3\",\"4\",\"lounge:7\",\"%s\",{}]".formatted(event));
      assertEquals(event, host.next(HostMessage.Event.class).event());
    }

    /** B-9, B-10, ER-8: a binary frame has to bring its join_ref. */
    @Test
    void aBinaryEventWithoutItsJoinRefIsDropped() throws Exception {
      client.joins("lobby", "3", host);
      client.sendsBinary("00 00 01 05 04 35 6c 6f 62 62 79 62 6c 6f 62 de ad");
      client.sendsBinary("00 01 01 05 04 33 35 6c 6f 62 62 79 62 6c 6f 62 de ad");
      HostMessage.Event event = host.next(HostMessage.Event.class);
      assertEquals(ref("\"5\""), event.ref());
      assertEquals(RawPayload.binary(new byte[] {(byte) 0xde, (byte) 0xad}), event.payload());
      host.assertNothing();
      client.assertNothing();
    }

    /** R-25, W-30, ER-1, ER-2. */
    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "[null,null,\"t\",\"e\"]", "[null,null,5,\"e\",{}]", "x"})
    void aMessageThatCannotBeReadClosesTheConnection(String message) throws Exception {
      client.sends(message);
      assertEquals("close 1011", client.next());
    }

    /** W-30, ER-7. */
    @Test
    void aBinaryMessageThatCannotBeReadClosesTheConnection() throws Exception {
      client.sendsBinary("01 00 00 00 00");
      assertEquals("close 1011", client.next());
    }
  }

  @Nested
  class Joining {

    /** R-11, J-7: what the host is told. */
    @Test
    void asksTheTopicsHost() throws Exception {
      client.sends("[\"3\",\"4\",\"lounge:7\",\"phx_join\",{\"nick\":\"ada\"}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      assertEquals(
          new HostMessage.Join(
              0,
              1,
              new Recipient(join.channel(), client.number(), "lounge:7", ref("\"3\"")),
              new ClientInfo("/socket", "websocket", null, RawPayload.jsonText("{\"role\":\"x\"}")),
              RawPayload.jsonText("{\"nick\":\"ada\"}")),
          join);
      client.assertNothing();
    }

    /** J-9, J-10: whatever the response; both refs are echoed (J-32). */
    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"topic\":\"tea\"}", "\"text\"", "null", "[1]"})
    void isAnsweredOkWithTheHostsResponse(String response) throws Exception {
      client.sends("[\"3\",\"4\",\"lounge:7\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.says(
          new GatewayMessage.Joined(join.channel(), join.epoch(), RawPayload.jsonText(response)));
      assertEquals(
          "[\"3\",\"4\",\"lounge:7\",\"phx_reply\",{\"status\":\"ok\",\"response\":"
              + response
              + "}]",
          client.next());
      client.assertNothing();
    }

    /** ER-19, S-8: whatever the host thinks, to a client that cannot be told it never was. */
    @Test
    void isCrashedWhereItsAnswerHasNoForm() throws Exception {
      Client v1 = stage.client("1.0.0", null, 100);
      v1.sends("{\"topic\":\"lobby\",\"event\":\"phx_join\",\"payload\":{},\"ref\":\"1\"}");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.says(new GatewayMessage.Joined(join.channel(), 1, RawPayload.binary(new byte[] {1})));
      assertEquals(
          "{\"topic\":\"lobby\",\"event\":\"phx_reply\",\"payload\":{\"status\":\"error\",\"response\":{\"reason\":\"join"
              + " crashed\"}},\"ref\":\"1\"}",
          v1.next());
      assertEquals(List.of(join.channel()), host.next(HostMessage.SocketGone.class).channels());
      v1.sends("{\"topic\":\"lobby\",\"event\":\"phx_join\",\"payload\":{},\"ref\":\"2\"}");
      join = host.next(HostMessage.Join.class);
      host.says(new GatewayMessage.Refused(join.channel(), RawPayload.binary(new byte[] {1})));
      assertEquals(
          "{\"topic\":\"lobby\",\"event\":\"phx_reply\",\"payload\":{\"status\":\"error\",\"response\":{\"reason\":\"join"
              + " crashed\"}},\"ref\":\"2\"}",
          v1.next());
      host.assertNothing();
      assertEquals("2 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
      assertEquals(List.of("message dropped", "message dropped"), stage.counted());
    }

    /** ER-19, B-7. */
    @Test
    void isCrashedWhereItsRefsDoNotFitIntoABinaryAnswer() throws Exception {
      String ref = "\"" + "9".repeat(256) + "\"";
      client.sends("[\"3\"," + ref + ",\"lobby\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.says(new GatewayMessage.Joined(join.channel(), 1, RawPayload.binary(new byte[] {1})));
      assertEquals(
          "[\"3\","
              + ref
              + ",\"lobby\",\"phx_reply\",{\"status\":\"error\",\"response\":"
              + "{\"reason\":\"join crashed\"}}]",
          client.next());
      assertEquals(List.of(join.channel()), host.next(HostMessage.SocketGone.class).channels());
    }

    /** G-71: long polling has no form for it. */
    @Test
    void isCrashedWhereItsConnectionTakesNoBinaryAnswer() throws Exception {
      client.takesTextOnly();
      client.sends("[\"3\",\"4\",\"lobby\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.says(new GatewayMessage.Joined(join.channel(), 1, RawPayload.binary(new byte[] {1})));
      assertEquals(
          "[\"3\",\"4\",\"lobby\",\"phx_reply\",{\"status\":\"error\",\"response\":"
              + "{\"reason\":\"join crashed\"}}]",
          client.next());
      assertEquals(List.of(join.channel()), host.next(HostMessage.SocketGone.class).channels());
    }

    /** A host that gives a join up may have answered it just before. */
    @Test
    void thatIsRefusedBehindItsAnswerHasCrashed() throws Exception {
      HostMessage.Join join = client.joins("lobby", "3", host);
      host.says(new GatewayMessage.Refused(join.channel(), EMPTY));
      assertEquals(
          "[\"3\",\"3\",\"lobby\",\"phx_error\",{\"reason\":\"channel_crash\"}]", client.next());
      assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    }

    /** S-8, F-12: others get it; those who do not are counted, one by one. */
    @Test
    void leavesOutWhomABroadcastHasNoFormFor() throws Exception {
      client.joins("lobby", "3", host);
      String join = "{\"topic\":\"lobby\",\"event\":\"phx_join\",\"payload\":{},\"ref\":\"1\"}";
      Client v1 = stage.client("1.0.0", null, 100);
      v1.sends(join);
      HostMessage.Join publisher = host.accepts(v1);
      Client other = stage.client("1.0.0", null, 100);
      other.sends(join);
      host.accepts(other);
      RawPayload binary = RawPayload.binary(new byte[] {1});
      host.says(new GatewayMessage.Broadcast("chat", "lobby", 1, 1, 0, "e", binary));
      assertEquals("02 05 01 6c 6f 62 62 79 65 01", client.next());
      assertEquals(List.of("message dropped", "message dropped"), stage.counted());
      host.says(
          new GatewayMessage.Broadcast("chat", "lobby", 1, 2, publisher.channel(), "e", binary));
      client.next();
      assertEquals(3, stage.counted().size());
      host.says(
          new GatewayMessage.Push(
              new Recipient(publisher.channel(), v1.number(), "lobby", null), "e", binary));
      client.assertNothingFrom(host);
      assertEquals(4, stage.counted().size());
    }

    /** J-10, B-4. */
    @Test
    void mayBeAnsweredInBinary() throws Exception {
      client.sends("[\"3\",\"4\",\"lobby\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.says(
          new GatewayMessage.Joined(
              join.channel(), join.epoch(), RawPayload.binary(new byte[] {1, 2})));
      assertEquals("01 01 01 05 02 33 34 6c 6f 62 62 79 6f 6b 01 02", client.next());
    }

    /** J-11, J-16, L-23: the channel never existed. */
    @Test
    void isRefusedWithTheHostsReason() throws Exception {
      client.sends("[\"3\",\"4\",\"lounge:7\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.says(
          new GatewayMessage.Refused(
              join.channel(), RawPayload.jsonText("{\"reason\":\"join crashed\"}")));
      assertEquals(
          "[\"3\",\"4\",\"lounge:7\",\"phx_reply\","
              + "{\"status\":\"error\",\"response\":{\"reason\":\"join crashed\"}}]",
          client.next());
      client.sends("[\"3\",\"5\",\"lounge:7\",\"say\",{}]");
      assertUnmatched("\"5\"", "lounge:7");
      assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
      host.assertNothing();
    }

    /** J-1, J-2, ER-14: the only answer to a join without its join_ref. */
    @Test
    void aTopicWithoutARouteIsUnmatched() throws Exception {
      client.sends("[\"9\",\"9\",\"nowhere\",\"phx_join\",{}]");
      assertUnmatched("\"9\"", "nowhere");
      host.assertNothing();
    }

    /** J-4, TR-9, ER-20. */
    @Test
    void isRefusedOverTheLimit() throws Exception {
      client = stage.client("2.0.0", null, 2);
      client.joins("lounge:1", "1", host);
      client.sends(
          "[\"2\",\"2\",\"lounge:2\",\"phx_join\",{}]",
          "[\"3\",\"4\",\"lounge:3\",\"phx_join\",{}]");
      assertTooMany("\"3\"", "\"4\"", "lounge:3");
      assertEquals(List.of("join refused", "max-channels"), stage.counted());
      host.accepts(client);
      client.sends("[null,5,\"lounge:3\",\"phx_join\",{}]");
      assertTooMany("null", "5", "lounge:3");
      host.assertNothing();
      assertEquals("2 sockets, 2 channels, 2 topics, 0 ids", stage.counts());
    }

    /** J-5. */
    @Test
    void aTopicThatIsBeingLeftStillCountsAgainstTheLimit() throws Exception {
      client = stage.client("2.0.0", null, 1);
      HostMessage.Join join = client.joins("lounge:1", "1", host);
      client.sends(
          "[\"1\",\"2\",\"lounge:1\",\"phx_leave\",{}]",
          "[\"3\",\"3\",\"lounge:2\",\"phx_join\",{}]");
      assertTooMany("\"3\"", "\"3\"", "lounge:2");
      host.next(HostMessage.Leave.class);
      host.says(new GatewayMessage.Closed(join.channel()));
      client.next();
      client.joins("lounge:2", "4", host);
    }

    /** J-6. */
    @Test
    void theRouteComesBeforeTheLimit() throws Exception {
      client = stage.client("2.0.0", null, 1);
      client.joins("lounge:1", "1", host);
      client.sends("[\"2\",\"2\",\"nowhere\",\"phx_join\",{}]");
      assertUnmatched("\"2\"", "nowhere");
    }

    /** J-18, B-11. */
    @Test
    void passesAnyPayloadOn() throws Exception {
      client.sends("[\"3\",\"3\",\"lounge:7\",\"phx_join\",null]");
      assertEquals(RawPayload.jsonText("null"), host.accepts(client).payload());
      client.sendsBinary("00 01 01 05 08 33 33 6c 6f 62 62 79 70 68 78 5f 6a 6f 69 6e 01 02");
      assertEquals(RawPayload.binary(new byte[] {1, 2}), host.accepts(client).payload());
    }

    /** J-12: what the channel sends follows the answer, and no broadcast comes before it. */
    @Test
    void isAnsweredBeforeAnythingElseOfTheChannel() throws Exception {
      client.sends("[\"3\",\"3\",\"lounge:7\",\"phx_join\",{\"nick\":\"ada\"}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.says(broadcast("lounge:7", 1, 0, "early"));
      host.says(new GatewayMessage.Joined(join.channel(), 1, EMPTY));
      host.says(broadcast("lounge:7", 2, 0, "entered"));
      host.says(new GatewayMessage.Push(join.recipient(), "history", EMPTY));
      assertOk("\"3\"", "\"3\"", "lounge:7");
      assertEquals("[null,null,\"lounge:7\",\"entered\",{}]", client.next());
      assertEquals("[\"3\",null,\"lounge:7\",\"history\",{}]", client.next());
    }

    /** J-20, J-21 (the safe deviation): the rest of the connection goes on. */
    @Test
    void doesNotHoldUpTheConnection() throws Exception {
      client.joins("lobby", "1", host);
      client.sends("[\"3\",\"3\",\"lounge:7\",\"phx_join\",{}]");
      host.next(HostMessage.Join.class);
      client.assertNothing(); // which is a heartbeat, answered
      client.sends("[\"1\",\"4\",\"lobby\",\"say\",{}]");
      assertEquals("say", host.next(HostMessage.Event.class).event());
      client.sends("[\"5\",\"5\",\"lounge:8\",\"phx_join\",{}]");
      host.next(HostMessage.Join.class);
      client.sends("[null,\"6\",\"elsewhere\",\"say\",{}]");
      assertUnmatched("\"6\"", "elsewhere");
    }

    /** J-21, J-22: what follows a join waits for its answer, in order. */
    @Test
    void messagesForTheTopicQueueUpBehindTheJoin() throws Exception {
      client.sends(
          "[\"3\",\"3\",\"lounge:7\",\"phx_join\",{}]",
          "[\"3\",\"4\",\"lounge:7\",\"one\",{}]",
          "[\"2\",\"5\",\"lounge:7\",\"stale\",{}]",
          "[null,\"6\",\"lounge:7\",\"two\",{}]",
          "[\"3\",\"7\",\"lounge:7\",\"three\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.assertNothing();
      host.says(new GatewayMessage.Joined(join.channel(), 1, EMPTY));
      for (String event : List.of("one", "two", "three")) {
        assertEquals(event, host.next(HostMessage.Event.class).event());
      }
      assertOk("\"3\"", "\"3\"", "lounge:7");
      client.assertNothing();
      host.assertNothing();
    }

    /** J-22: if the join is refused, they are for a topic that is not joined. */
    @Test
    void messagesBehindARefusedJoinAreUnmatched() throws Exception {
      client.sends(
          "[\"3\",\"3\",\"lounge:7\",\"phx_join\",{}]",
          "[\"3\",\"4\",\"lounge:7\",\"one\",{}]",
          "[\"3\",\"5\",\"lounge:7\",\"phx_leave\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.says(new GatewayMessage.Refused(join.channel(), EMPTY));
      assertEquals(
          "[\"3\",\"3\",\"lounge:7\",\"phx_reply\",{\"status\":\"error\",\"response\":{}}]",
          client.next());
      assertUnmatched("\"4\"", "lounge:7");
      assertOk("\"3\"", "\"5\"", "lounge:7");
      host.assertNothing();
    }

    /** J-21: a client that gave up leaves with its join_ref, and is served in order. */
    @Test
    void aLeaveBehindTheJoinIsServedWhenTheJoinIsAnswered() throws Exception {
      client.sends(
          "[\"3\",\"3\",\"lounge:7\",\"phx_join\",{}]",
          "[\"3\",\"4\",\"lounge:7\",\"phx_leave\",{}]",
          "[\"5\",\"5\",\"lounge:7\",\"phx_join\",{}]",
          "[\"5\",\"6\",\"lounge:7\",\"say\",{}]");
      HostMessage.Join first = host.next(HostMessage.Join.class);
      host.says(new GatewayMessage.Joined(first.channel(), 1, EMPTY));
      HostMessage.Leave leave = host.next(HostMessage.Leave.class);
      assertEquals(first.channel(), leave.channel());
      host.says(new GatewayMessage.Reply(first.recipient(), leave.ref(), "ok", EMPTY));
      host.says(new GatewayMessage.Closed(first.channel()));
      HostMessage.Join second = host.next(HostMessage.Join.class);
      assertEquals(0, second.replaces());
      host.says(new GatewayMessage.Joined(second.channel(), 1, EMPTY));
      assertEquals("say", host.next(HostMessage.Event.class).event());
      assertOk("\"3\"", "\"3\"", "lounge:7");
      assertOk("\"3\"", "\"4\"", "lounge:7");
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      assertOk("\"5\"", "\"5\"", "lounge:7");
      client.assertNothing();
    }

    /** J-7, J-15, J-30, as recorded. */
    @Test
    void withoutAJoinRefTheChannelSpeaksWithTheRefOfTheJoin() throws Exception {
      client.sends("[null,\"1\",\"lounge:7\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      assertEquals(ref("\"1\""), join.recipient().joinRef());
      host.says(new GatewayMessage.Joined(join.channel(), 1, EMPTY));
      assertOk("null", "\"1\"", "lounge:7");

      client.sends("[\"1\",\"2\",\"lounge:7\",\"say\",{}]");
      host.assertNothing();

      client.sends("[null,\"3\",\"lounge:7\",\"say\",{}]");
      HostMessage.Event event = host.next(HostMessage.Event.class);
      host.says(new GatewayMessage.Reply(join.recipient(), event.ref(), "ok", EMPTY));
      assertOk("\"1\"", "\"3\"", "lounge:7");

      client.sends("[null,\"4\",\"lounge:7\",\"phx_leave\",{}]");
      HostMessage.Leave leave = host.next(HostMessage.Leave.class);
      host.says(new GatewayMessage.Left(join.recipient(), leave.ref()));
      assertOk("\"1\"", "\"4\"", "lounge:7");
      assertEquals("[null,null,\"lounge:7\",\"phx_close\",{}]", client.next());
    }

    /** J-31. */
    @Test
    void needsNoRefAtAll() throws Exception {
      client.sends("[null,null,\"lounge:7\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      assertNull(join.recipient().joinRef());
      host.says(new GatewayMessage.Joined(join.channel(), 1, EMPTY));
      assertOk("null", "null", "lounge:7");
    }

    /** No host for the route's partition at the moment: the client tries again. */
    @Test
    void isRefusedAtOnceWhenTheHostLostIt() throws Exception {
      client.sends("[\"3\",\"4\",\"lounge:7\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      host.says(new GatewayMessage.Crashed(join.channel()));
      assertEquals(
          "[\"3\",\"4\",\"lounge:7\",\"phx_reply\","
              + "{\"status\":\"error\",\"response\":{\"reason\":\"unavailable\"}}]",
          client.next());
      assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    }
  }

  @Nested
  class DuplicateJoins {

    /** R-12, J-40, ER-21: the new answer first, then the old close. */
    @Test
    void replaceTheChannelAndCloseTheOldOneBehindTheAnswer() throws Exception {
      HostMessage.Join old = client.joins("lounge:7", "3", host);
      client.sends("[\"8\",\"8\",\"lounge:7\",\"phx_join\",{}]");
      HostMessage.Join fresh = host.next(HostMessage.Join.class);
      assertEquals(old.channel(), fresh.replaces());
      assertNotEquals(old.channel(), fresh.channel());
      client.assertNothing();
      host.says(new GatewayMessage.Joined(fresh.channel(), 1, EMPTY));
      assertOk("\"8\"", "\"8\"", "lounge:7");
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      client.assertNothing();
      assertEquals("1 sockets, 1 channels, 1 topics, 0 ids", stage.counts());
      client.sends(
          "[\"3\",\"9\",\"lounge:7\",\"stale\",{}]", "[\"8\",\"10\",\"lounge:7\",\"say\",{}]");
      assertEquals(fresh.channel(), host.next(HostMessage.Event.class).channel());
      host.assertNothing();
    }

    /** J-40, S-13, in version 1. */
    @Test
    void closeWithoutARefInVersionOne() throws Exception {
      Client v1 = stage.client("1.0.0", null, 100);
      String join = "{\"topic\":\"lobby\",\"event\":\"phx_join\",\"payload\":{},\"ref\":\"%s\"}";
      v1.sends(join.formatted("1"));
      host.accepts(v1);
      v1.sends(join.formatted("2"));
      host.accepts(v1);
      assertEquals(
          "{\"topic\":\"lobby\",\"event\":\"phx_close\",\"payload\":{},\"ref\":null}", v1.next());
    }

    /** J-40: the old slot is free first. */
    @Test
    void areNeverOverTheLimit() throws Exception {
      client = stage.client("2.0.0", null, 1);
      client.joins("lounge:7", "1", host);
      client.joins("lounge:7", "2", host);
      assertEquals("[\"1\",\"1\",\"lounge:7\",\"phx_close\",{}]", client.next());
    }

    /** J-42. */
    @Test
    void endTheOldChannelAlsoWhenTheyAreRefused() throws Exception {
      client.joins("lounge:7", "3", host);
      client.sends("[\"8\",\"8\",\"lounge:7\",\"phx_join\",{}]");
      HostMessage.Join fresh = host.next(HostMessage.Join.class);
      host.says(new GatewayMessage.Refused(fresh.channel(), EMPTY));
      assertEquals(
          "[\"8\",\"8\",\"lounge:7\",\"phx_reply\",{\"status\":\"error\",\"response\":{}}]",
          client.next());
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      client.sends("[\"3\",\"9\",\"lounge:7\",\"say\",{}]");
      assertUnmatched("\"9\"", "lounge:7");
      assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    }

    /** J-42, when there is no route any more: the host is told. */
    @Test
    void endTheOldChannelAlsoWhenTheyAreUnmatched() throws Exception {
      HostMessage.Join old = client.joins("lounge:7", "3", host);
      stage.withdraw();
      client.sends("[\"8\",\"8\",\"lounge:7\",\"phx_join\",{}]");
      assertUnmatched("\"8\"", "lounge:7");
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      assertEquals(List.of(old.channel()), host.next(HostMessage.SocketGone.class).channels());
      assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    }

    /** J-41: what the old channel still says of its end is not repeated. */
    @Test
    void theOldChannelsOwnEndIsNotWrittenTwice() throws Exception {
      HostMessage.Join old = client.joins("lounge:7", "3", host);
      client.joins("lounge:7", "8", host);
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      host.says(new GatewayMessage.Closed(old.channel()));
      host.says(new GatewayMessage.Crashed(old.channel()));
      client.assertNothingFrom(host);
    }

    /** J-40 once more for a join that is still on its way. */
    @Test
    void waitForTheJoinBeforeThem() throws Exception {
      client.sends(
          "[\"3\",\"3\",\"lounge:7\",\"phx_join\",{}]",
          "[\"8\",\"8\",\"lounge:7\",\"phx_join\",{}]",
          "[\"9\",\"9\",\"lounge:7\",\"phx_join\",{}]");
      for (int i = 0; i < 3; i++) {
        HostMessage.Join join = host.next(HostMessage.Join.class);
        host.assertNothing();
        host.says(new GatewayMessage.Joined(join.channel(), 1, EMPTY));
      }
      assertOk("\"3\"", "\"3\"", "lounge:7");
      assertOk("\"8\"", "\"8\"", "lounge:7");
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      assertOk("\"9\"", "\"9\"", "lounge:7");
      assertEquals("[\"8\",\"8\",\"lounge:7\",\"phx_close\",{}]", client.next());
      client.assertNothing();
    }

    /** J-44: the deterministic one of the two legal outcomes. */
    @Test
    void behindALeaveWaitForItsEnd() throws Exception {
      HostMessage.Join old = client.joins("lounge:7", "3", host);
      client.sends(
          "[\"3\",\"4\",\"lounge:7\",\"phx_leave\",{}]",
          "[\"8\",\"8\",\"lounge:7\",\"phx_join\",{}]",
          "[\"8\",\"9\",\"lounge:7\",\"say\",{}]");
      HostMessage.Leave leave = host.next(HostMessage.Leave.class);
      host.assertNothing();
      host.says(new GatewayMessage.Reply(old.recipient(), leave.ref(), "ok", EMPTY));
      host.says(new GatewayMessage.Closed(old.channel()));
      HostMessage.Join fresh = host.next(HostMessage.Join.class);
      assertEquals(0, fresh.replaces());
      host.says(new GatewayMessage.Joined(fresh.channel(), 1, EMPTY));
      assertEquals("say", host.next(HostMessage.Event.class).event());
      assertOk("\"3\"", "\"4\"", "lounge:7");
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      assertOk("\"8\"", "\"8\"", "lounge:7");
      client.assertNothing();
    }

    /** J-45. */
    @Test
    void ofAnotherConnectionAreIndependent() throws Exception {
      Client other = stage.client();
      HostMessage.Join one = client.joins("lounge:7", "3", host);
      HostMessage.Join two = other.joins("lounge:7", "3", host);
      assertEquals(0, two.replaces());
      assertNotEquals(one.channel(), two.channel());
      assertEquals("2 sockets, 2 channels, 1 topics, 0 ids", stage.counts());
      client.assertNothing();
    }
  }

  @Nested
  class Ending {

    /** R-13, L-1. */
    @Test
    void aLeaveIsAnsweredThenClosed() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "3", host);
      client.sends("[\"3\",\"6\",\"lounge:7\",\"phx_leave\",{}]");
      assertEquals(
          new HostMessage.Leave(join.channel(), ref("\"6\"")), host.next(HostMessage.Leave.class));
      host.says(new GatewayMessage.Reply(join.recipient(), ref("\"6\""), "ok", EMPTY));
      host.says(new GatewayMessage.Closed(join.channel()));
      assertOk("\"3\"", "\"6\"", "lounge:7");
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      client.sends("[\"3\",\"7\",\"lounge:7\",\"say\",{}]");
      assertUnmatched("\"7\"", "lounge:7");
      assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    }

    /** R-13 with a null join_ref. */
    @Test
    void aLeaveNeedsNoJoinRef() throws Exception {
      client.joins("lounge:7", "3", host);
      client.sends("[null,\"6\",\"lounge:7\",\"phx_leave\",{}]");
      host.next(HostMessage.Leave.class);
    }

    /** R-14, ER-13. */
    @Test
    void aLeaveOfAnotherJoinIsDropped() throws Exception {
      client.joins("lounge:7", "3", host);
      client.sends("[\"2\",\"6\",\"lounge:7\",\"phx_leave\",{}]");
      client.assertNothing();
      host.assertNothing();
      client.sends("[\"3\",\"7\",\"lounge:7\",\"say\",{}]");
      host.next(HostMessage.Event.class);
    }

    /** R-22, L-4. */
    @Test
    void whileLeavingEventsAreForwardedAndAnotherLeaveIsNot() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "3", host);
      client.sends(
          "[\"3\",\"6\",\"lounge:7\",\"phx_leave\",{}]",
          "[\"3\",\"7\",\"lounge:7\",\"say\",{}]",
          "[\"3\",\"8\",\"lounge:7\",\"phx_leave\",{}]",
          "[\"2\",\"9\",\"lounge:7\",\"stale\",{}]");
      host.next(HostMessage.Leave.class);
      assertEquals("say", host.next(HostMessage.Event.class).event());
      host.assertNothing();
      client.assertNothing();
      host.says(new GatewayMessage.Closed(join.channel()));
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      client.assertNothing();
    }

    /** Until the host has heard of it, as in Phoenix: it may be its own. */
    @Test
    void whoLeavesGetsBroadcastsUntilItHasLeft() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "3", host);
      client.sends("[\"3\",\"6\",\"lounge:7\",\"phx_leave\",{}]");
      host.next(HostMessage.Leave.class);
      host.says(broadcast("lounge:7", 1, 0, "said"));
      host.says(new GatewayMessage.Closed(join.channel()));
      assertEquals("[null,null,\"lounge:7\",\"said\",{}]", client.next());
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
    }

    /** L-10. */
    @Test
    void theHostMayCloseTheChannel() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "3", host);
      host.says(new GatewayMessage.Closed(join.channel()));
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
    }

    /** L-20, L-22, L-23, TR-2. */
    @Test
    void aCrashIsAnErrorOfThatChannelOnly() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "3", host);
      client.joins("lobby", "4", host);
      host.says(new GatewayMessage.Crashed(join.channel()));
      assertEquals(
          "[\"3\",\"3\",\"lounge:7\",\"phx_error\",{\"reason\":\"channel_crash\"}]", client.next());
      client.sends("[\"3\",\"5\",\"lounge:7\",\"say\",{}]");
      assertUnmatched("\"5\"", "lounge:7");
      client.sends("[\"4\",\"6\",\"lobby\",\"say\",{}]");
      host.next(HostMessage.Event.class);
      client.joins("lounge:7", "9", host);
    }

    /** A crash while leaving ends what was to be left; phoenix.js would join again on an error. */
    @Test
    void aCrashWhileLeavingIsTheEndOfTheLeaveAndTheNextJoinGoesOn() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "3", host);
      client.sends(
          "[\"3\",\"6\",\"lounge:7\",\"phx_leave\",{}]",
          "[\"8\",\"8\",\"lounge:7\",\"phx_join\",{}]");
      host.next(HostMessage.Leave.class);
      host.says(new GatewayMessage.Crashed(join.channel()));
      assertOk("\"3\"", "\"6\"", "lounge:7");
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      host.accepts(client);
    }

    /** Y-6, ER-34, L-32: late replies and pushes still find their client. */
    @Test
    void aReplyMayComeAfterTheEnd() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "3", host);
      host.says(new GatewayMessage.Closed(join.channel()));
      host.says(new GatewayMessage.Reply(join.recipient(), ref("\"5\""), "late", EMPTY));
      host.says(new GatewayMessage.Push(join.recipient(), "from_terminate", EMPTY));
      assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
      assertEquals(
          "[\"3\",\"5\",\"lounge:7\",\"phx_reply\",{\"status\":\"late\",\"response\":{}}]",
          client.next());
      assertEquals("[\"3\",null,\"lounge:7\",\"from_terminate\",{}]", client.next());
    }

    /** L-40: no frames, every host told once, nothing left. */
    @Test
    void theEndOfTheConnectionIsTheEndOfEverything() throws Exception {
      client = stage.client("2.0.0", "users:42", 100);
      HostMessage.Join joined = client.joins("lounge:1", "1", host);
      HostMessage.Join leaving = client.joins("lounge:2", "2", host);
      client.sends(
          "[\"2\",\"3\",\"lounge:2\",\"phx_leave\",{}]",
          "[\"4\",\"4\",\"lounge:3\",\"phx_join\",{}]",
          "[\"4\",\"5\",\"lounge:3\",\"waiting\",{}]");
      host.next(HostMessage.Leave.class);
      HostMessage.Join joining = host.next(HostMessage.Join.class);
      assertEquals("2 sockets, 3 channels, 2 topics, 1 ids", stage.counts());

      client.ends("closed");

      HostMessage.SocketGone gone = host.next(HostMessage.SocketGone.class);
      assertEquals("closed", gone.detail());
      assertEquals(
          List.of(joined.channel(), leaving.channel(), joining.channel()),
          gone.channels().stream().sorted().toList());
      assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());

      // Whatever the host still has to say is said to nobody.
      host.says(new GatewayMessage.Joined(joining.channel(), 1, EMPTY));
      host.says(new GatewayMessage.Closed(leaving.channel()));
      host.says(new GatewayMessage.Crashed(joined.channel()));
      host.says(new GatewayMessage.Push(joined.recipient(), "late", EMPTY));
      host.says(new GatewayMessage.Reply(joined.recipient(), null, "late", EMPTY));
      host.says(broadcast("lounge:1", 1, 0, "said"));
      Client other = stage.client();
      other.assertNothingFrom(host);
      assertEquals(0, client.shared().size());
      client.ends("closed again");
      host.assertNothing();
      assertEquals("2 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    }

    @Test
    void aConnectionWithoutChannelsEndsWithoutAWord() throws Exception {
      client.ends("closed");
      host.assertNothing();
      assertEquals("0 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    }
  }

  @Nested
  class Waiting {

    /** The bound of the queue behind a join: reading stops there, and goes on after the answer. */
    @Test
    void atItsBoundPausesTheConnectionUntilTheAnswer() throws Exception {
      client.sends("[\"1\",\"1\",\"lounge:7\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      client.sends(events("lounge:7", ChannelRow.MAX_WAITING - 1));
      client.assertNothing();
      client.sends("[\"1\",null,\"lounge:7\",\"last\",{}]");
      assertEquals("pause", client.next());
      client.sends("[\"1\",null,\"lounge:7\",\"already read\",{}]");
      client.holds("[\"1\",null,\"lounge:7\",\"behind\",{}]");
      client.assertNothing();
      host.assertNothing();

      host.says(new GatewayMessage.Joined(join.channel(), 1, EMPTY));
      assertOk("\"1\"", "\"1\"", "lounge:7");
      assertEquals("resume", client.next());
      for (int i = 0; i < ChannelRow.MAX_WAITING - 1; i++) {
        assertEquals("event " + i, host.next(HostMessage.Event.class).event());
      }
      assertEquals("last", host.next(HostMessage.Event.class).event());
      assertEquals("already read", host.next(HostMessage.Event.class).event());
      assertEquals("behind", host.next(HostMessage.Event.class).event());
      client.assertNothing();
    }

    @Test
    void onTwoTopicsResumesWhenBothAreAnswered() throws Exception {
      client.sends(
          "[\"1\",\"1\",\"lounge:1\",\"phx_join\",{}]",
          "[\"1\",\"2\",\"lounge:2\",\"phx_join\",{}]");
      HostMessage.Join one = host.next(HostMessage.Join.class);
      HostMessage.Join two = host.next(HostMessage.Join.class);
      client.sends(events("lounge:1", ChannelRow.MAX_WAITING));
      client.sends(events("lounge:2", ChannelRow.MAX_WAITING));
      assertEquals("pause", client.next());
      assertEquals("pause", client.next());
      host.says(new GatewayMessage.Joined(one.channel(), 1, EMPTY));
      assertOk("\"1\"", "\"1\"", "lounge:1");
      client.assertNothingFrom(host);
      host.says(new GatewayMessage.Refused(two.channel(), EMPTY));
      client.next();
      for (int i = 0; i < ChannelRow.MAX_WAITING; i++) {
        assertUnmatched("null", "lounge:2");
      }
      assertEquals("resume", client.next());
      client.assertNothing();
    }

    /** Few messages may be large ones: a mebibyte of payloads is as much as can wait, too. */
    @Test
    void ofLargeMessagesHasABoundInBytes() throws Exception {
      client.sends("[\"1\",\"1\",\"lounge:7\",\"phx_join\",{}]");
      HostMessage.Join join = host.next(HostMessage.Join.class);
      String tenth = "[\"1\",null,\"lounge:7\",\"large\",\"%s\"]".formatted("x".repeat(120_000));
      for (int i = 0; i < 8; i++) {
        client.sends(tenth);
      }
      client.assertNothing();
      client.sends(tenth);
      assertEquals("pause", client.next());
      client.sends(tenth);
      client.assertNothing();
      host.says(new GatewayMessage.Joined(join.channel(), 1, EMPTY));
      assertOk("\"1\"", "\"1\"", "lounge:7");
      assertEquals("resume", client.next());
      for (int i = 0; i < 10; i++) {
        host.next(HostMessage.Event.class);
      }
      client.assertNothing();
    }

    /** Behind a leave the queue is the same one. */
    @Test
    void behindALeaveHasTheSameBound() throws Exception {
      HostMessage.Join join = client.joins("lounge:7", "1", host);
      client.sends(
          "[\"1\",\"2\",\"lounge:7\",\"phx_leave\",{}]",
          "[\"1\",\"1\",\"lounge:7\",\"phx_join\",{}]");
      host.next(HostMessage.Leave.class);
      client.sends(events("lounge:7", ChannelRow.MAX_WAITING - 1));
      assertEquals("pause", client.next());
      host.says(new GatewayMessage.Closed(join.channel()));
      assertEquals("[\"1\",\"1\",\"lounge:7\",\"phx_close\",{}]", client.next());
      assertEquals("resume", client.next());
      host.accepts(client);
      for (int i = 0; i < ChannelRow.MAX_WAITING - 1; i++) {
        assertEquals("event " + i, host.next(HostMessage.Event.class).event());
      }
      client.assertNothing();
    }

    private String[] events(String topic, int count) {
      var events = new String[count];
      for (int i = 0; i < count; i++) {
        events[i] = "[\"1\",null,\"%s\",\"event %d\",{}]".formatted(topic, i);
      }
      return events;
    }
  }

  /** They are decoded elsewhere, and nothing is read meanwhile. */
  @Nested
  class LargeMessages {

    private static final String PADDING = "x".repeat(200_000);

    private String large(String topic, String event) {
      return "[\"1\",\"2\",\"%s\",\"%s\",\"%s\"]".formatted(topic, event, PADDING);
    }

    @Test
    void areReadBeforeAnythingElseIs() throws Exception {
      client.sends(large("phoenix", "heartbeat"));
      assertEquals("pause", client.next());
      assertOk("null", "\"2\"", "phoenix");
      assertEquals("resume", client.next());
    }

    @Test
    void thatCannotBeReadCloseTheConnection() throws Exception {
      client.sends(large("phoenix", "heartbeat") + "]");
      assertEquals("pause", client.next());
      assertEquals("close 1011", client.next());
    }

    @Test
    void thatAreNoUtf8CloseTheConnection() throws Exception {
      client.sendsText((large("phoenix", "heartbeat") + "\u00ff").getBytes(ISO_8859_1));
      assertEquals("pause", client.next());
      assertEquals("close 1007", client.next());
    }

    /** Whoever found out how to make them fail could fill the disk. */
    @Test
    void thatFailHereCloseTheConnectionAndAreShownOnceASecond() throws Exception {
      client.takesNothing();
      try (var lines = LogLines.of(ClientSocket.class);
          var counts = LogLines.of(FailureLog.class)) {
        long began = System.nanoTime();
        for (int i = 0; i < 50; i++) {
          client.sends(large("phoenix", "heartbeat"));
          assertEquals("pause", client.next());
          assertEquals("close 1011", client.next());
          assertEquals("resume", client.next());
        }
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began);
        List<ILoggingEvent> failed =
            lines.all().stream()
                .filter(line -> line.getFormattedMessage().endsWith("could not be decoded"))
                .toList();
        long shown = failed.stream().filter(line -> line.getLevel() == Level.ERROR).count();
        assertEquals(50, failed.size());
        assertTrue(shown >= 2 && shown <= 3 + seconds, shown + " lines in " + seconds + " s");

        stage.ask(
            table -> {
              table.failures().tellLeftOut();
              return true;
            });
        assertEquals(
            List.of(
                "messages of clients failed more often than is shown: %d lines are at debug only"
                    .formatted(50 - shown)),
            counts.all().stream().map(ILoggingEvent::getFormattedMessage).toList());
      }
    }

    /** Nothing is decoded until this is counted down. */
    private CountDownLatch busyWorkers() {
      var busy = new CountDownLatch(1);
      for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
        var unused = stage.workers().compute(() -> busy.await(10, TimeUnit.SECONDS));
      }
      return busy;
    }

    @Test
    void areCountedUntilTheyAreDecoded() throws Exception {
      CountDownLatch busy = busyWorkers();
      String message = large("phoenix", "heartbeat");
      client.sends(message);
      assertEquals("pause", client.next());
      assertEquals(message.length() - MessageBudget.FREE_BYTES, stage.budget().taken());
      busy.countDown();
      assertOk("null", "\"2\"", "phoenix");
      assertEquals("resume", client.next());
      assertEquals(0, stage.budget().taken());
    }

    @Test
    void ofWhoHasGoneGoNowhere() throws Exception {
      client.joins("lounge:7", "1", host);
      CountDownLatch busy = busyWorkers(); // A worker that is free may be done before the end.
      client.sendsAndEnds(large("lounge:7", "too late"));
      busy.countDown();
      host.next(HostMessage.SocketGone.class);
      client.sends("[\"2\",\"2\",\"lounge:8\",\"phx_join\",{}]");
      host.assertNothing();
    }
  }

  /** What one socket may do; the first two seconds' worth passes at once. */
  @Nested
  class Limits {

    private static final String HEARTBEAT = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";

    private void assertAnswered() throws Exception {
      assertOk("null", "\"1\"", "phoenix");
    }

    @Test
    void whoSendsTooOftenIsNotReadForAWhileAndAnsweredAllTheSame() throws Exception {
      client = stage.client(SocketLimits.defaults().withEventsPerSecond(1));
      client.sends(HEARTBEAT, HEARTBEAT);
      assertAnswered();
      assertAnswered();
      assertEquals(List.of(), stage.counted());
      client.sends(HEARTBEAT);
      assertEquals("pause", client.next());
      assertAnswered();
      assertEquals("resume", client.next());
      assertEquals(List.of("events-per-second", "throttled"), stage.counted());
    }

    @Test
    void whoPingsTooOftenIsNotReadForAWhile() throws Exception {
      client.pings();
      client.pings();
      assertEquals(List.of(), stage.counted());
      client.pings();
      assertEquals("pause", client.next());
      assertEquals("resume", client.next());
      assertEquals(List.of("pings-per-second", "throttled"), stage.counted());
    }

    /** Each is sent often enough to be over its rate, though some come in meanwhile. */
    @ParameterizedTest
    @CsvSource({
      "joins over max-channels, lounge:2, phx_join, 1, 1000, too many channels joined",
      "joins over their rate, lounge:%d, phx_join, 100, 1, too many joins",
      "joins without a route, nowhere, phx_join, 100, 1000, unmatched topic",
      "new tokens, phoenix, access_token, 100, 1000, too many renewals"
    })
    void whoIsRefusedTooOftenIsNotReadForAWhileAndAnsweredAllTheSame(
        String what, String topic, String event, int channels, int joins, String answer)
        throws Exception {
      client =
          stage.client(SocketLimits.defaults().withMaxChannels(channels).withJoinsPerSecond(joins));
      client.showsToken(1);
      client.joins("lounge:1", "1", host);
      String message = "[\"2\",\"2\",\"" + topic + "\",\"" + event + "\",{}]";
      for (int sent = 2; sent < 1_000 && !stage.counted().contains("throttled"); sent++) {
        client.sends(message.formatted(sent));
      }
      String next = client.next();
      int refused = 0;
      for (; !next.equals("pause"); next = client.next()) {
        refused += next.contains(answer) ? 1 : 0;
      }
      assertTrue(refused >= 200, what + ": read no more after " + refused);
      assertTrue(client.next().contains(answer), what);
      assertEquals("resume", client.next(), what);
      List<String> counted = stage.counted();
      assertEquals(
          List.of("refusals-per-second", "throttled"),
          counted.subList(counted.size() - 2, counted.size()),
          what);
    }

    /** Its channel may have crashed, and its next join stand behind what it says meanwhile. */
    @Test
    void whatIsSaidToNobodyIsNoRefusal() throws Exception {
      for (int i = 0; i < 500; i++) {
        client.sends("[null,\"1\",\"lounge:1\",\"say\",{}]");
        assertUnmatched("\"1\"", "lounge:1");
      }
      assertEquals(List.of(), stage.counted());
    }

    @Test
    void pingsAndMessagesHaveRatesOfTheirOwn() throws Exception {
      client = stage.client(SocketLimits.defaults().withEventsPerSecond(1));
      client.pings();
      client.sends(HEARTBEAT);
      assertAnswered();
      client.pings();
      client.sends(HEARTBEAT);
      assertAnswered();
      assertEquals(List.of(), stage.counted());
    }

    /** Or a message of thousands of empty ones would count as little as a small one. */
    @Test
    void eachFrameOfAMessageCounts() throws Exception {
      client = stage.client(SocketLimits.defaults().withEventsPerSecond(1));
      client.fragments(2);
      client.sends(HEARTBEAT);
      assertEquals("pause", client.next());
      assertAnswered();
      assertEquals("resume", client.next());
      assertEquals(List.of("events-per-second", "throttled"), stage.counted());
    }

    @Test
    void whatAPostHasBesidesItsMessagesCounts() throws Exception {
      client =
          stage.client(SocketLimits.defaults().withEventsPerSecond(1).withBytesPerSecond(1_000));
      client.posts(0, 2_000);
      client.posts(2, 0);
      assertEquals(List.of(), stage.counted());
      client.posts(0, 1_000);
      assertEquals("pause", client.next());
      assertEquals("resume", client.next());
      client.posts(2, 0);
      assertEquals("pause", client.next());
      assertEquals("resume", client.next());
      assertEquals(
          List.of("bytes-per-second", "throttled", "events-per-second", "throttled"),
          stage.counted());
    }

    @Test
    void whatHadComeBeforeTheConnectionStoppedCountsToo() throws Exception {
      long start = System.nanoTime();
      for (int i = 0; i < 4; i++) {
        client.pings();
      }
      assertEquals("pause", client.next());
      assertEquals("resume", client.next());
      assertTrue(System.nanoTime() - start >= 2_000_000_000L, "the fourth came too early, too");
      assertEquals(List.of("pings-per-second", "throttled"), stage.counted());
    }

    @Test
    void whoSendsTooMuchIsNotReadForAWhile() throws Exception {
      client = stage.client(SocketLimits.defaults().withBytesPerSecond(HEARTBEAT.length()));
      client.sends(HEARTBEAT, HEARTBEAT);
      assertAnswered();
      assertAnswered();
      assertEquals(List.of(), stage.counted());
      client.sends(HEARTBEAT);
      assertEquals("pause", client.next());
      assertAnswered();
      assertEquals("resume", client.next());
      assertEquals(List.of("bytes-per-second", "throttled"), stage.counted());
    }

    @Test
    void aSocketThatEndedIsNotReadAgain() throws Exception {
      client = stage.client(SocketLimits.defaults().withEventsPerSecond(1));
      Client other = stage.client(SocketLimits.defaults().withEventsPerSecond(1));
      for (Client each : List.of(client, other)) {
        each.sends(HEARTBEAT, HEARTBEAT, HEARTBEAT);
      }
      client.ends("closed");
      for (String expected : List.of("ok", "ok", "pause", "ok", "resume")) {
        String next = other.next();
        assertEquals(expected.equals("ok"), next.contains("phx_reply"), next);
      }
      client.sends(HEARTBEAT);
      assertAnswered();
      assertAnswered();
      assertEquals("pause", client.next());
      assertAnswered();
      // Its own turn came before the other's.
      client.assertSilent();
    }

    @Test
    void whoJoinsTooOftenIsRefusedAndItsOtherChannelsStay() throws Exception {
      client = stage.client(SocketLimits.defaults().withJoinsPerSecond(1));
      client.joins("lounge:1", "1", host);
      client.joins("lounge:2", "2", host);
      client.sends("[\"3\",\"3\",\"lounge:3\",\"phx_join\",{}]");
      assertError("\"3\"", "\"3\"", "lounge:3", "too many joins");
      client.sends("[\"4\",\"4\",\"lounge:2\",\"phx_join\",{}]");
      assertError("\"4\"", "\"4\"", "lounge:2", "too many joins");
      // What it was to replace is gone all the same (J-42).
      assertEquals("[\"2\",\"2\",\"lounge:2\",\"phx_close\",{}]", client.next());
      assertEquals("replaced", host.next(HostMessage.SocketGone.class).detail());
      assertEquals(
          List.of("join refused", "joins-per-second", "join refused", "joins-per-second"),
          stage.counted());
      client.sends("[\"2\",\"5\",\"lounge:2\",\"say\",{}]");
      assertUnmatched("\"5\"", "lounge:2");
      client.sends("[\"1\",\"6\",\"lounge:1\",\"say\",{}]");
      assertEquals("say", host.next(HostMessage.Event.class).event());
    }

    @Test
    void whoSendsNewTokensTooOftenIsToldSo() throws Exception {
      client.showsToken(1);
      for (String ref : List.of("1", "2", "3")) {
        client.sends("[null,\"" + ref + "\",\"phoenix\",\"access_token\",{}]");
        assertError(
            "null",
            "\"" + ref + "\"",
            "phoenix",
            ref.equals("3") ? "too many renewals" : "unavailable");
      }
      client.sends("[null,null,\"phoenix\",\"access_token\",{}]"); // Without a ref in silence.
      client.assertNothing();
      assertEquals(
          List.of("token-renewals-per-second", "token-renewals-per-second"), stage.counted());
    }

    /** Bytes, not characters. */
    @ParameterizedTest
    @CsvSource({
      "aaaaaaaaaa,  eeee,",
      "aaaaaaaaaaa, eeee,  max-topic-bytes",
      "aaaaaaaaaa,  eeeee, max-event-bytes",
      "\u00e4\u00e4\u00e4\u00e4\u00e4, \u00e9\u00e9,",
      "\u00e4\u00e4\u00e4\u00e4\u00e4a, \u00e9\u00e9, max-topic-bytes",
      "\u00e4\u00e4\u00e4\u00e4\u00e4, \u00e9\u00e9e, max-event-bytes",
    })
    void aNameOverItsLengthEndsTheSocket(String topic, String event, @Nullable String limit)
        throws Exception {
      client = stage.client(SocketLimits.defaults().withMaxTopicBytes(10).withMaxEventBytes(4));
      client.sends("[null,\"1\",\"%s\",\"%s\",{}]".formatted(topic, event));
      if (limit == null) {
        assertUnmatched("\"1\"", topic);
        assertEquals(List.of(), stage.counted());
      } else {
        assertEquals("close 1011", client.next());
        assertEquals(List.of(limit), stage.counted());
      }
    }
  }

  /* ---- */

  private static GatewayMessage.Broadcast broadcast(
      String topic, long sequence, long except, String event) {
    return new GatewayMessage.Broadcast("chat", topic, 1, sequence, except, event, EMPTY);
  }

  private static Ref ref(String json) {
    return new Ref(json);
  }

  private void assertOk(String joinRef, String ref, String topic) throws Exception {
    assertEquals(
        "[%s,%s,\"%s\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]"
            .formatted(joinRef, ref, topic),
        client.next());
  }

  /** R-18 and J-2. */
  private void assertUnmatched(String ref, String topic) throws Exception {
    assertError("null", ref, topic, "unmatched topic");
  }

  private void assertTooMany(String joinRef, String ref, String topic) throws Exception {
    assertError(joinRef, ref, topic, "too many channels joined");
  }

  private void assertError(String joinRef, String ref, String topic, String reason)
      throws Exception {
    assertEquals(
        "[%s,%s,\"%s\",\"phx_reply\",{\"status\":\"error\",\"response\":{\"reason\":\"%s\"}}]"
            .formatted(joinRef, ref, topic, reason),
        client.next());
  }
}
