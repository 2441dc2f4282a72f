package dev.roost.gateway.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import dev.roost.gateway.socket.Stage.Client;
import dev.roost.gateway.socket.Stage.Host;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Joins that find no host, and channels whose host goes or is another one by now. */
class HostChangesTest {

  private static final long LIMIT = 5_000_000_000L;
  private final Host first = new Host();
  private final Host second = new Host();
  private Stage stage;
  private Client client;
  private String topic;

  @BeforeEach
  void set() throws Exception {
    stage = Stage.set(List.of(first, second), "room:*");
    client = stage.client();
    topic = stage.topicOn(first);
  }

  @AfterEach
  void close() throws Exception {
    stage.close();
  }

  private void sends(String event, String ref) throws Exception {
    client.sends("[\"1\",\"%s\",\"%s\",\"%s\",{}]".formatted(ref, topic, event));
  }

  private String reply(String ref, String status, String response) {
    return "[\"1\",\"%s\",\"%s\",\"phx_reply\",{\"status\":\"%s\",\"response\":%s}]"
        .formatted(ref, topic, status, response);
  }

  private String error() {
    return "[\"1\",\"1\",\"%s\",\"phx_error\",{\"reason\":\"channel_crash\"}]".formatted(topic);
  }

  private void retry(long later) throws Exception {
    stage.ask(
        table -> {
          table.retryJoins(System.nanoTime() + later, LIMIT);
          return true;
        });
  }

  private int waiting() throws Exception {
    return stage.ask(SocketTable::waitingJoins);
  }

  private HostMessage.Join joinThatIsTurnedAway() throws Exception {
    sends("phx_join", "1");
    HostMessage.Join join = first.next(HostMessage.Join.class);
    first.says(new GatewayMessage.NotHosted(join.channel()));
    client.assertNothingFrom(first);
    assertEquals(1, waiting());
    return join;
  }

  @Test
  void aJoinThatIsTurnedAwayAsksAgainUnderAnotherNumber() throws Exception {
    HostMessage.Join before = joinThatIsTurnedAway();
    sends("say", "2");
    retry(0);
    HostMessage.Join again = first.next(HostMessage.Join.class);
    assertNotEquals(before.channel(), again.channel());
    assertEquals(before.payload(), again.payload());
    first.says(new GatewayMessage.Joined(before.channel(), 1, RawPayload.EMPTY_OBJECT));
    client.assertNothingFrom(first);
    first.says(new GatewayMessage.Joined(again.channel(), 1, RawPayload.EMPTY_OBJECT));
    assertEquals(reply("1", "ok", "{}"), client.next());
    assertEquals("say", first.next(HostMessage.Event.class).event());
    assertEquals(0, waiting());
  }

  /** It has joined there all the same, and only then heard that it is not wanted. */
  @Test
  void whatAHostSaysThatWasGivenUpIsNotTakenForTheNextOnes() throws Exception {
    HostMessage.Join before = joinThatIsTurnedAway();
    first.says(new GatewayMessage.Push(before.recipient(), "early", RawPayload.EMPTY_OBJECT));
    retry(0);
    HostMessage.Join again = first.next(HostMessage.Join.class);
    first.says(new GatewayMessage.Joined(again.channel(), 1, RawPayload.EMPTY_OBJECT));
    first.says(new GatewayMessage.Push(before.recipient(), "late", RawPayload.EMPTY_OBJECT));
    first.says(new GatewayMessage.Reply(before.recipient(), null, "late", RawPayload.EMPTY_OBJECT));
    first.says(new GatewayMessage.Push(again.recipient(), "own", RawPayload.EMPTY_OBJECT));
    assertEquals(reply("1", "ok", "{}"), client.next());
    assertEquals("[\"1\",null,\"%s\",\"own\",{}]".formatted(topic), client.next());
  }

  @Test
  void aJoinThatFindsNoHostInTimeIsRefused() throws Exception {
    joinThatIsTurnedAway();
    retry(LIMIT - 1_000_000_000L);
    first.says(new GatewayMessage.NotHosted(first.next(HostMessage.Join.class).channel()));
    client.assertNothingFrom(first);
    assertEquals(List.of(), stage.counted());
    retry(LIMIT + 1);
    assertEquals(reply("1", "error", "{\"reason\":\"unavailable\"}"), client.next());
    assertEquals(List.of("host-timeout"), stage.counted());
    first.assertNothing();
    assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    assertEquals(0, waiting());
  }

  @Test
  void aJoinWhoseApplicationGoesIsRefusedAtOnce() throws Exception { // J-2: without its join ref
    joinThatIsTurnedAway();
    stage.withdraw();
    retry(0);
    assertEquals(
        reply("1", "error", "{\"reason\":\"unmatched topic\"}").replace("[\"1\",", "[null,"),
        client.next());
    assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
  }

  @Test
  void aJoinWhoseClientIsGoneAsksNobody() throws Exception {
    joinThatIsTurnedAway();
    client.ends("closed");
    retry(0);
    first.assertNothing();
    assertEquals("0 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    assertEquals(0, waiting());
  }

  @Test
  void whatAHostThatIsGoneHadEndsWithAnErrorAndJoinsLookForAnother() throws Exception {
    client.joins(topic, "1", first);
    Client joining = stage.client();
    joining.sends("[\"5\",\"5\",\"%s\",\"phx_join\",{}]".formatted(topic));
    first.next(HostMessage.Join.class);
    Client elsewhere = stage.client();
    elsewhere.joins(stage.topicOn(second), "1", second);
    stage.ask(
        table -> {
          table.hostsGone(
              first.address()::equals, stage.snapshot().partitions(), System.nanoTime());
          return true;
        });
    assertEquals(error(), client.next());
    elsewhere.assertNothing();
    joining.assertNothing();
    assertEquals(1, waiting());
    first.assertNothing();
    stage.claimAnew(List.of(second));
    retry(0);
    second.accepts(joining);
    sends("phx_join", "1");
    assertEquals(topic, second.next(HostMessage.Join.class).recipient().topic());
  }

  @Test
  void channelsThatStayedWithAHostOfOldAreEnded() throws Exception {
    long channel = client.joins(topic, "1", first).channel();
    stage.ask(
        table -> {
          table.endMisplaced();
          return true;
        });
    client.assertNothing();
    stage.claimAnew(List.of(second));
    stage.ask(
        table -> {
          table.endMisplaced();
          return true;
        });
    assertEquals(error(), client.next());
    assertEquals(
        new HostMessage.SocketGone(List.of(channel), "moved"),
        first.next(HostMessage.SocketGone.class));
    assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
  }

  private String closing() {
    return "[\"1\",\"1\",\"%s\",\"phx_close\",{}]".formatted(topic);
  }

  private void hostIsGone() throws Exception {
    stage.ask(
        table -> {
          table.hostsGone(
              first.address()::equals, stage.snapshot().partitions(), System.nanoTime());
          return true;
        });
  }

  @Test
  void whoLeavesWhileTheHostGoesHasLeft() throws Exception {
    client.joins(topic, "1", first);
    sends("phx_leave", "2");
    first.next(HostMessage.Leave.class);
    hostIsGone();
    assertEquals(reply("2", "ok", "{}"), client.next());
    assertEquals(closing(), client.next());
    client.assertNothing();
    assertEquals("1 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
  }

  @Test
  void aLeaveThatTheHostHasAnsweredIsNotAnsweredAgain() throws Exception {
    HostMessage.Join join = client.joins(topic, "1", first);
    sends("say", "2");
    sends("phx_leave", "3");
    first.next(HostMessage.Event.class);
    HostMessage.Leave leave = first.next(HostMessage.Leave.class);
    RawPayload nothing = RawPayload.EMPTY_OBJECT;
    first.says(new GatewayMessage.Reply(join.recipient(), new Ref("\"2\""), "ok", nothing));
    first.says(new GatewayMessage.Reply(join.recipient(), leave.ref(), "ok", nothing));
    assertEquals(reply("2", "ok", "{}"), client.next());
    assertEquals(reply("3", "ok", "{}"), client.next());
    hostIsGone();
    assertEquals(closing(), client.next());
    client.assertNothing();
  }

  /** Only cut off, or slow: what it says of the leave is old, of an event it is not (Y-6). */
  @Test
  void aLeaveThatWasAnsweredHereIsNotAnsweredAgain() throws Exception {
    HostMessage.Join join = client.joins(topic, "1", first);
    sends("say", "2");
    sends("phx_leave", "3");
    first.next(HostMessage.Event.class);
    HostMessage.Leave leave = first.next(HostMessage.Leave.class);
    hostIsGone();
    assertEquals(reply("3", "ok", "{}"), client.next());
    assertEquals(closing(), client.next());
    RawPayload nothing = RawPayload.EMPTY_OBJECT;
    first.says(new GatewayMessage.Reply(join.recipient(), new Ref("\"2\""), "ok", nothing));
    assertEquals(reply("2", "ok", "{}"), client.next());
    first.says(new GatewayMessage.Reply(join.recipient(), leave.ref(), "ok", nothing));
    client.assertNothingFrom(first);
  }

  /** The same of a host that takes it in with all that was there. */
  @Test
  void aLeaveThatWasAnsweredHereIsNotAnsweredAgainByItsEnd() throws Exception {
    HostMessage.Join join = client.joins(topic, "1", first);
    sends("phx_leave", "3");
    HostMessage.Leave leave = first.next(HostMessage.Leave.class);
    hostIsGone();
    assertEquals(reply("3", "ok", "{}"), client.next());
    assertEquals(closing(), client.next());
    first.says(new GatewayMessage.Left(join.recipient(), leave.ref()));
    client.assertNothingFrom(first);
  }

  @Test
  void theReplyToAnEventIsNotTakenForThatToTheLeave() throws Exception {
    HostMessage.Join join = client.joins(topic, "1", first);
    sends("say", "2");
    sends("phx_leave", "3");
    first.next(HostMessage.Event.class);
    first.next(HostMessage.Leave.class);
    first.says(
        new GatewayMessage.Reply(
            join.recipient(), new Ref("\"2\""), "ok", RawPayload.EMPTY_OBJECT));
    assertEquals(reply("2", "ok", "{}"), client.next());
    hostIsGone();
    assertEquals(reply("3", "ok", "{}"), client.next());
    assertEquals(closing(), client.next());
  }

  @Test
  void aJoinBehindALeaveLooksForAnotherHostWhenTheirsGoes() throws Exception {
    client.joins(topic, "1", first);
    sends("phx_leave", "2");
    first.next(HostMessage.Leave.class);
    stage.claimAnew(List.of(second));
    client.sends("[\"5\",\"5\",\"%s\",\"phx_join\",{}]".formatted(topic));
    hostIsGone();
    assertEquals(reply("2", "ok", "{}"), client.next());
    assertEquals(closing(), client.next());
    second.accepts(client);
  }
}
