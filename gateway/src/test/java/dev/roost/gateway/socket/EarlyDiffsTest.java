package dev.roost.gateway.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import dev.roost.gateway.protocol.Wire;
import dev.roost.gateway.socket.Stage.Client;
import dev.roost.gateway.socket.Stage.Host;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Diffs of presences that come before the client's list. */
class EarlyDiffsTest {

  private static final String TOPIC = "lounge:7";

  private final Host host = new Host();
  private Stage stage;
  private Client client;
  private HostMessage.Join join;
  private long broadcasts;

  @BeforeEach
  void join() throws Exception {
    stage = Stage.set(List.of(host), "lounge:*");
    client = stage.client();
    join = client.joins(TOPIC, "3", host);
  }

  @AfterEach
  void close() throws Exception {
    stage.close();
  }

  private static RawPayload numbered(int n) {
    return RawPayload.jsonText("{\"n\":" + n + "}");
  }

  private void broadcasts(String event, int n) {
    host.says(new GatewayMessage.Broadcast("chat", TOPIC, 1, broadcasts++, 0, event, numbered(n)));
  }

  private void pushes(String event, int n) {
    host.says(
        new GatewayMessage.Push(
            new Recipient(join.channel(), client.number(), TOPIC, new Ref("\"3\"")),
            event,
            numbered(n)));
  }

  private static String message(String joinRef, String event, int n) {
    return "[%s,null,\"%s\",\"%s\",{\"n\":%d}]".formatted(joinRef, TOPIC, event, n);
  }

  private static String broadcast(String event, int n) {
    return message("null", event, n);
  }

  private static String push(String event, int n) {
    return message("\"3\"", event, n);
  }

  @Test
  void comeBehindTheList() throws Exception {
    broadcasts(Wire.PRESENCE_DIFF, 1);
    broadcasts("said", 2);
    broadcasts(Wire.PRESENCE_DIFF, 3);
    pushes(Wire.PRESENCE_STATE, 4);
    broadcasts(Wire.PRESENCE_DIFF, 5);
    assertEquals(broadcast("said", 2), client.next());
    assertEquals(push(Wire.PRESENCE_STATE, 4), client.next());
    assertEquals(broadcast(Wire.PRESENCE_DIFF, 1), client.next());
    assertEquals(broadcast(Wire.PRESENCE_DIFF, 3), client.next());
    assertEquals(broadcast(Wire.PRESENCE_DIFF, 5), client.next());
  }

  /** The channel intercepts them. */
  @Test
  void thatAreInterceptedComeBehindTheListToo() throws Exception {
    pushes(Wire.PRESENCE_DIFF, 1);
    pushes(Wire.PRESENCE_STATE, 2);
    assertEquals(push(Wire.PRESENCE_STATE, 2), client.next());
    assertEquals(push(Wire.PRESENCE_DIFF, 1), client.next());
  }

  /** phoenix.js would apply them to the list of its next join. */
  @Test
  void endWithAJoinThatGotNoList() throws Exception {
    broadcasts(Wire.PRESENCE_DIFF, 1);
    host.says(new GatewayMessage.Crashed(join.channel()));
    assertEquals(
        "[\"3\",\"3\",\"lounge:7\",\"phx_error\",{\"reason\":\"channel_crash\"}]", client.next());
    join = client.joins(TOPIC, "4", host);
    pushes(Wire.PRESENCE_STATE, 2);
    assertEquals(push(Wire.PRESENCE_STATE, 2), client.next());
    client.assertNothing();
  }

  @Test
  void endWithALeave() throws Exception {
    broadcasts(Wire.PRESENCE_DIFF, 1);
    client.sends("[\"3\",\"6\",\"lounge:7\",\"phx_leave\",{}]");
    host.next(HostMessage.Leave.class);
    pushes(Wire.PRESENCE_STATE, 2);
    broadcasts(Wire.PRESENCE_DIFF, 3);
    pushes(Wire.PRESENCE_DIFF, 4);
    broadcasts("said", 5);
    host.says(new GatewayMessage.Closed(join.channel()));
    assertEquals(push(Wire.PRESENCE_STATE, 2), client.next());
    assertEquals(broadcast("said", 5), client.next());
    assertEquals("[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]", client.next());
    client.assertNothing();
  }

  @Test
  void comeAllTheSameToWhoGetsNoList() throws Exception {
    broadcasts(Wire.PRESENCE_DIFF, 1);
    broadcasts("said", 2);
    assertEquals(broadcast("said", 2), client.next());
    assertEquals(broadcast(Wire.PRESENCE_DIFF, 1), client.next());
    broadcasts(Wire.PRESENCE_DIFF, 3);
    broadcasts("said", 4);
    assertEquals(broadcast(Wire.PRESENCE_DIFF, 3), client.next());
  }

  /** A list may take its time, for instance if its channel is to be present elsewhere first. */
  @Test
  void waitForTheListOfAChannelThatTracksWhereOthersGotOne() throws Exception {
    pushes(Wire.PRESENCE_STATE, 1);
    assertEquals(push(Wire.PRESENCE_STATE, 1), client.next());
    Client late = stage.client();
    HostMessage.Join its = late.joins("lounge:8", "3", host);
    host.says(new PresenceMessage.Claim(1, its.channel(), true, 2, 1_000, Optional.empty()));
    host.next(PresenceMessage.Claimed.class);
    host.says(diffOfLounge8());
    late.assertNothingFor(Duration.ofMillis(1_500));
    host.says(new GatewayMessage.Crashed(its.channel()));
    assertEquals(
        "[\"3\",\"3\",\"lounge:8\",\"phx_error\",{\"reason\":\"channel_crash\"}]", late.next());
    late.assertNothing();
  }

  @Test
  void doNotWaitForLongIfTheChannelDoesNotTrack() throws Exception {
    pushes(Wire.PRESENCE_STATE, 1);
    assertEquals(push(Wire.PRESENCE_STATE, 1), client.next());
    Client watcher = stage.client();
    watcher.joins("lounge:8", "3", host);
    host.says(diffOfLounge8());
    assertEquals("[null,null,\"lounge:8\",\"presence_diff\",{\"n\":2}]", watcher.next());
  }

  private static GatewayMessage.Broadcast diffOfLounge8() {
    return new GatewayMessage.Broadcast(
        "chat", "lounge:8", 1, 0, 0, Wire.PRESENCE_DIFF, numbered(2));
  }

  @Test
  void comeAtOnceIfTooManyWouldWait() throws Exception {
    for (int i = 0; i <= EarlyDiffs.MAX_DIFFS; i++) {
      broadcasts(Wire.PRESENCE_DIFF, i);
    }
    broadcasts("said", 1_000);
    for (int i = 0; i <= EarlyDiffs.MAX_DIFFS; i++) {
      assertEquals(broadcast(Wire.PRESENCE_DIFF, i), client.next());
    }
    assertEquals(broadcast("said", 1_000), client.next());
  }

  /** Who has its list gets a diff at once, whoever else has not. */
  @Test
  void ofOneClientAreOfNoConcernToOthers() throws Exception {
    pushes(Wire.PRESENCE_STATE, 1);
    assertEquals(push(Wire.PRESENCE_STATE, 1), client.next());
    Client late = stage.client();
    late.joins(TOPIC, "3", host);
    broadcasts(Wire.PRESENCE_DIFF, 2);
    broadcasts("said", 3);
    assertEquals(broadcast(Wire.PRESENCE_DIFF, 2), client.next());
    assertEquals(broadcast("said", 3), client.next());
    assertEquals(broadcast("said", 3), late.next());
  }
}
