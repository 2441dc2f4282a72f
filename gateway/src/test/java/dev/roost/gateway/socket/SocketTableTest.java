package dev.roost.gateway.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.roost.bus.Contract;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.PresenceMessage.Ruling;
import dev.roost.bus.RawPayload;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.socket.Stage.Client;
import dev.roost.gateway.socket.Stage.Host;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Many clients and two hosts: fan-out, lost messages, disconnects. */
class SocketTableTest {

  private static final RawPayload EMPTY = RawPayload.EMPTY_OBJECT;
  private final Host first = new Host();
  private final Host second = new Host();
  private Stage stage;
  private String onFirst;
  private String onSecond;

  @BeforeEach
  void set() throws Exception {
    stage = Stage.set(List.of(first, second), "room:*");
    onFirst = stage.topicOn(first);
    onSecond = stage.topicOn(second);
  }

  @AfterEach
  void close() throws Exception {
    stage.close();
  }

  /** What channels of one socket track at hosts that know nothing of each other. */
  @Nested
  class Presences {

    private Client ada;
    private long atFirst;
    private long atSecond;

    @BeforeEach
    void join() throws Exception {
      ada = stage.client();
      atFirst = ada.joins(onFirst, "1", first).channel();
      atSecond = ada.joins(onSecond, "2", second).channel();
    }

    private Ruling claims(Host host, long channel, long claim) throws Exception {
      host.says(new PresenceMessage.Claim(claim, channel, true, 2, 1_000, Optional.empty()));
      var answer = host.next(PresenceMessage.Claimed.class);
      assertEquals(claim, answer.claim());
      return answer.ruling();
    }

    @Test
    void countTogether() throws Exception {
      assertEquals(Ruling.GRANTED, claims(first, atFirst, 1));
      assertEquals(Ruling.GRANTED, claims(second, atSecond, 1));
      assertEquals(Ruling.TOO_MANY, claims(first, atFirst, 2));
      assertEquals(Ruling.TOO_MANY, claims(second, atSecond, 2));
      long another = stage.client().joins(onFirst, "1", first).channel();
      assertEquals(Ruling.GRANTED, claims(first, another, 3));
    }

    @Test
    void areFreeOnceReleased() throws Exception {
      claims(first, atFirst, 1);
      claims(second, atSecond, 1);
      second.says(new PresenceMessage.Release(atSecond, 1));
      assertEquals(Ruling.GRANTED, claims(second, atSecond, 2));
    }

    @Test
    void areFreeWhenTheirChannelIsClosed() throws Exception {
      claims(first, atFirst, 1);
      claims(first, atFirst, 2);
      first.says(new GatewayMessage.Closed(atFirst));
      ada.next();
      assertEquals(Ruling.GRANTED, claims(second, atSecond, 1));
    }

    @Test
    void areFreeWhenMessagesOfTheirHostWereLost() throws Exception {
      claims(first, atFirst, 1);
      claims(first, atFirst, 2);
      first.loses(1);
      first.says(new GatewayMessage.Closed(0));
      ada.next();
      assertEquals(Ruling.GRANTED, claims(second, atSecond, 1));
    }

    @Test
    void ofAChannelThatIsGoneAreNotRuledOn() throws Exception {
      first.says(new GatewayMessage.Closed(atFirst));
      ada.next();
      first.says(new PresenceMessage.Claim(1, atFirst, true, 2, 1_000, Optional.empty()));
      first.says(new PresenceMessage.Release(atFirst, 1));
      first.assertNothing();
    }
  }

  @Nested
  class Broadcasts {

    /** F-9, F-12, TR-5: every member of the topic, encoded once for each version. */
    @Test
    void reachEveryMemberInOneFrameForEachVersion() throws Exception {
      Client one = member();
      Client two = member();
      Client old = oldMember();
      Client elsewhere = stage.client();
      elsewhere.joins(onSecond, "1", second);

      first.says(broadcast(1, 1, 0, RawPayload.jsonText("{\"txt\":\"hi\"}")));

      String expected = "[null,null,\"%s\",\"said\",{\"txt\":\"hi\"}]".formatted(onFirst);
      assertEquals(expected, one.next());
      assertEquals(expected, two.next());
      assertEquals(
          "{\"topic\":\"%s\",\"event\":\"said\",\"payload\":{\"txt\":\"hi\"},\"ref\":null}"
              .formatted(onFirst),
          old.next());
      elsewhere.assertNothing();
      assertSame(onlyFrame(one), onlyFrame(two));
      assertEquals(3L, stage.ask(SocketTable::deliveries));
    }

    /** F-8, F-4: the channel, not the user. */
    @Test
    void doNotReachTheChannelThatIsExcepted() throws Exception {
      Client one = stage.client();
      HostMessage.Join join = one.joins(onFirst, "1", first);
      Client two = member();
      Client old = oldMember();
      first.says(broadcast(1, 1, join.channel(), EMPTY));
      assertEquals("[null,null,\"%s\",\"said\",{}]".formatted(onFirst), two.next());
      assertEquals(
          "{\"topic\":\"%s\",\"event\":\"said\",\"payload\":{},\"ref\":null}".formatted(onFirst),
          old.next());
      one.assertNothing();
      assertEquals(2L, stage.ask(SocketTable::deliveries));
    }

    /** However many there are: memory is read ahead for some of them at a time. */
    @Test
    void reachManyMembersButTheOneThatIsExceptedOnce() throws Exception {
      List<Client> members = new ArrayList<>();
      List<Long> channels = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        Client member = stage.client();
        channels.add(member.joins(onFirst, "1", first).channel());
        members.add(member);
      }
      long sequence = 0;
      for (int except : new int[] {0, 15, 16, 31, 49}) {
        first.says(broadcast(1, ++sequence, channels.get(except), EMPTY));
        for (int i = 0; i < members.size(); i++) {
          if (i != except) {
            assertEquals(
                "[null,null,\"%s\",\"said\",{}]".formatted(onFirst), members.get(i).next());
          }
        }
      }
      for (Client member : members) {
        member.assertNothing();
      }
      assertEquals(5 * 49L, stage.ask(SocketTable::deliveries));
    }

    /** F-4: a channel that was replaced meanwhile is not its successor. */
    @Test
    void reachTheSuccessorOfTheChannelThatIsExcepted() throws Exception {
      Client one = stage.client();
      HostMessage.Join replaced = one.joins(onFirst, "1", first);
      one.joins(onFirst, "2", first);
      assertEquals("[\"1\",\"1\",\"%s\",\"phx_close\",{}]".formatted(onFirst), one.next());
      first.says(broadcast(1, 1, replaced.channel(), EMPTY));
      assertEquals("[null,null,\"%s\",\"said\",{}]".formatted(onFirst), one.next());
    }

    /** B-5, S-8: what a version cannot express passes its members by, and nobody else. */
    @Test
    void inBinaryPassVersionOneBy() throws Exception {
      Client old = oldMember();
      Client one = member();
      first.says(broadcast(1, 1, 0, RawPayload.binary(new byte[] {1, 2})));
      assertEquals(
          "02 %02x 04 %s 73 61 69 64 01 02".formatted(onFirst.length(), hex(onFirst)), one.next());
      first.says(broadcast(1, 2, 0, EMPTY));
      assertEquals(
          "{\"topic\":\"%s\",\"event\":\"said\",\"payload\":{},\"ref\":null}".formatted(onFirst),
          old.next());
    }

    /** What an older tenure of the partition still says is ignored. */
    @Test
    void ofAnOlderEpochAreIgnored() throws Exception {
      stage.claimAnew(List.of(first, second)); // releases in epoch 2, claims in 3
      Client one = member();
      first.says(broadcast(2, 1, 0, EMPTY));
      one.assertNothingFrom(first);
      first.says(broadcast(3, 1, 0, EMPTY));
      assertEquals("[null,null,\"%s\",\"said\",{}]".formatted(onFirst), one.next());
    }

    @Test
    void reachNobodyWhoHasLeft() throws Exception {
      Client one = stage.client();
      HostMessage.Join join = one.joins(onFirst, "1", first);
      Client two = member();
      Client three = member();
      first.says(new GatewayMessage.Closed(join.channel()));
      one.next();
      first.says(broadcast(1, 1, 0, EMPTY));
      two.next();
      three.next();
      one.assertNothing();
      two.ends("closed");
      first.says(broadcast(1, 2, 0, EMPTY));
      three.next();
      assertEquals(3L, stage.ask(SocketTable::deliveries));
      assertEquals("2 sockets, 1 channels, 1 topics, 0 ids", stage.counts());
    }

    private Frame onlyFrame(Client client) {
      assertEquals(1, client.shared().size());
      return client.shared().keySet().iterator().next();
    }
  }

  @Nested
  class LostMessages {

    /** Design, section 6: loss is signalled, for the host's channels and for no others. */
    @Test
    void endTheChannelsOfThatHostWithAnError() throws Exception {
      Client one = stage.client();
      HostMessage.Join affected = one.joins(onFirst, "1", first);
      one.joins(onSecond, "2", second);
      Client two = stage.client();
      HostMessage.Join alsoAffected = two.joins(onFirst, "1", first);
      Client three = stage.client();
      three.joins(onSecond, "1", second);

      first.loses(2);
      first.says(broadcast(1, 3, 0, EMPTY));

      String error = "[\"1\",\"1\",\"%s\",\"phx_error\",{\"reason\":\"channel_crash\"}]";
      assertEquals(error.formatted(onFirst), one.next());
      assertEquals(error.formatted(onFirst), two.next());
      one.assertNothing();
      two.assertNothing();
      three.assertNothing();
      var told =
          List.of(
              first.next(HostMessage.SocketGone.class), first.next(HostMessage.SocketGone.class));
      assertEquals(
          List.of(affected.channel(), alsoAffected.channel()),
          told.stream().flatMap(gone -> gone.channels().stream()).sorted().toList());
      first.assertNothing();
      second.assertNothing();
      assertEquals("3 sockets, 2 channels, 1 topics, 0 ids", stage.counts());

      // The client comes back, and the link goes on from where it is.
      one.joins(onFirst, "3", first);
      first.says(broadcast(1, 4, 0, EMPTY));
      assertEquals("[null,null,\"%s\",\"said\",{}]".formatted(onFirst), one.next());
    }

    /** A join whose answer may be among them asks again; what queued behind it follows. */
    @Test
    void letTheJoinsThatWaitForTheHostAskAgain() throws Exception {
      Client one = stage.client();
      one.sends(
          "[\"1\",\"1\",\"%s\",\"phx_join\",{}]".formatted(onFirst),
          "[\"1\",\"2\",\"%s\",\"say\",{}]".formatted(onFirst));
      HostMessage.Join join = first.next(HostMessage.Join.class);
      first.loses(1);
      first.says(new GatewayMessage.Joined(join.channel(), 1, EMPTY));
      assertEquals(List.of(join.channel()), first.next(HostMessage.SocketGone.class).channels());
      one.assertNothing();
      stage.ask(
          table -> {
            table.retryJoins(System.nanoTime(), Long.MAX_VALUE);
            return true;
          });
      first.accepts(one);
      assertEquals("say", first.next(HostMessage.Event.class).event());
      one.assertNothing();
      assertEquals("1 sockets, 1 channels, 1 topics, 0 ids", stage.counts());
    }

    /** What was being left has been left, and what queued behind that goes on. */
    @Test
    void letAJoinBehindALeaveGoOn() throws Exception {
      Client one = stage.client();
      one.joins(onFirst, "1", first);
      one.sends(
          "[\"1\",\"2\",\"%s\",\"phx_leave\",{}]".formatted(onFirst),
          "[\"3\",\"3\",\"%s\",\"phx_join\",{}]".formatted(onFirst));
      first.next(HostMessage.Leave.class);
      first.loses(1);
      first.says(broadcast(1, 9, 0, EMPTY));
      assertEquals(
          "[\"1\",\"2\",\"%s\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]"
              .formatted(onFirst),
          one.next());
      assertEquals("[\"1\",\"1\",\"%s\",\"phx_close\",{}]".formatted(onFirst), one.next());
      first.next(HostMessage.SocketGone.class);
      first.accepts(one);
      one.assertNothing();
      assertEquals("1 sockets, 1 channels, 1 topics, 0 ids", stage.counts());
    }
  }

  @Nested
  class Connections {

    /** D-3, D-4, ER-65: every connection of the id, and no other. */
    @Test
    void areClosedByTheirId() throws Exception {
      Client one = stage.client("2.0.0", "users:42", 100);
      Client two = stage.client("1.0.0", "users:42", 100);
      Client other = stage.client("2.0.0", "users:43", 100);
      Client anonymous = stage.client();
      assertEquals("4 sockets, 0 channels, 0 topics, 2 ids", stage.counts());
      stage.disconnect("users:42");
      assertEquals("close 1001", one.next());
      assertEquals("close 1001", two.next());
      other.assertNothing();
      anonymous.assertNothing();
      one.ends("disconnected");
      assertEquals("3 sockets, 0 channels, 0 topics, 2 ids", stage.counts());
      two.ends("disconnected");
      assertEquals("2 sockets, 0 channels, 0 topics, 1 ids", stage.counts());
      stage.disconnect("users:42");
      stage.disconnect("users:43");
      assertEquals("close 1001", other.next());
    }

    @Test
    void areCheckedAndClosedTogether() throws Exception {
      Client one = stage.client();
      Client two = stage.client();
      stage.ask(
          table -> {
            table.all().forEach(socket -> socket.check(17));
            table.all().forEach(socket -> socket.close(1012));
            return true;
          });
      for (Client client : List.of(one, two)) {
        assertEquals("checked at 17", client.next());
        assertEquals("close 1012", client.next());
      }
    }

    /** A duplicate join whose topic lives elsewhere by now: the old host is told (J-40). */
    @Test
    void whoseTopicHasMovedLeaveTheOldHost() throws Exception {
      Client one = stage.client();
      HostMessage.Join old = one.joins(onFirst, "1", first);
      stage.claimAnew(List.of(second));
      one.sends("[\"2\",\"2\",\"%s\",\"phx_join\",{}]".formatted(onFirst));
      HostMessage.Join fresh = second.next(HostMessage.Join.class);
      assertEquals(0, fresh.replaces());
      assertEquals(3, fresh.epoch());
      assertEquals(List.of(old.channel()), first.next(HostMessage.SocketGone.class).channels());
      second.says(new GatewayMessage.Joined(fresh.channel(), 3, EMPTY));
      assertEquals(
          "[\"2\",\"2\",\"%s\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]"
              .formatted(onFirst),
          one.next());
      assertEquals("[\"1\",\"1\",\"%s\",\"phx_close\",{}]".formatted(onFirst), one.next());
    }

    /** L-40: each host hears of its own channels. */
    @Test
    void thatEndAreReportedToEachOfTheirHosts() throws Exception {
      Client one = stage.client();
      HostMessage.Join here = one.joins(onFirst, "1", first);
      HostMessage.Join there = one.joins(onSecond, "2", second);
      one.ends("idle");
      assertEquals(
          new HostMessage.SocketGone(List.of(here.channel()), "idle"),
          first.next(HostMessage.SocketGone.class));
      assertEquals(
          new HostMessage.SocketGone(List.of(there.channel()), "idle"),
          second.next(HostMessage.SocketGone.class));
      assertEquals("0 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    }

    /** The contract bounds what one message names. */
    @Test
    void withVeryManyChannelsAreReportedInSeveralMessages() throws Exception {
      int channels = 2 * Contract.MAX_CHANNELS_PER_MESSAGE + 2_000;
      Client one = stage.client("2.0.0", null, channels);
      String[] joins =
          IntStream.range(0, channels)
              .mapToObj("[null,null,\"room:%d\",\"phx_join\",{}]"::formatted)
              .toArray(String[]::new);
      one.sends(joins);
      int[] onHost = {0, 0};
      for (int i = 0; i < channels; i++) {
        onHost[stage.isOn(first, "room:" + i) ? 0 : 1]++;
      }
      one.ends("closed");
      Host[] hosts = {first, second};
      for (int i = 0; i < 2; i++) {
        for (int j = 0; j < onHost[i]; j++) {
          hosts[i].next(HostMessage.Join.class);
        }
        int reported = 0;
        while (reported < onHost[i]) {
          int size = hosts[i].next(HostMessage.SocketGone.class).channels().size();
          assertEquals(true, size <= Contract.MAX_CHANNELS_PER_MESSAGE, "named " + size);
          reported += size;
        }
        assertEquals(onHost[i], reported);
        hosts[i].assertNothing();
      }
      assertEquals("0 sockets, 0 channels, 0 topics, 0 ids", stage.counts());
    }
  }

  /* ---- */

  private Client member() throws Exception {
    Client client = stage.client();
    client.joins(onFirst, "1", first);
    return client;
  }

  private Client oldMember() throws Exception {
    Client client = stage.client("1.0.0", null, 100);
    client.sends(
        "{\"topic\":\"%s\",\"event\":\"phx_join\",\"payload\":{},\"ref\":\"1\"}"
            .formatted(onFirst));
    first.accepts(client);
    return client;
  }

  private GatewayMessage.Broadcast broadcast(
      long epoch, long sequence, long except, RawPayload payload) {
    return new GatewayMessage.Broadcast("chat", onFirst, epoch, sequence, except, "said", payload);
  }

  private static String hex(String ascii) {
    return java.util.HexFormat.ofDelimiter(" ")
        .formatHex(ascii.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
  }
}
