package dev.roost.gateway.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.bus.HostMessage;
import dev.roost.bus.PresenceMessage;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.socket.Stage.Client;
import dev.roost.gateway.socket.Stage.Host;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the next host of a topic hears of those who went with its last. */
class UntoldLeavesTest {

  private final Host first = new Host();
  private final Host second = new Host();
  private Stage stage;
  private Client client;
  private String topic;
  private long channel;
  private long lastClaim;

  @BeforeEach
  void set() throws Exception {
    stage = Stage.set(List.of(first, second), "room:*");
    topic = stage.topicOn(first);
    client = stage.client();
    channel = client.joins(topic, "1", first).channel();
  }

  @AfterEach
  void close() throws Exception {
    stage.close();
  }

  private long tracks(long who, String where, String key) throws Exception {
    return tracks(who, Optional.of(new PresenceMessage.Name(where, key)));
  }

  private long tracks(long who, Optional<PresenceMessage.Name> name) throws Exception {
    first.says(new PresenceMessage.Claim(++lastClaim, who, true, 10_000, 1_000_000, name));
    first.next(PresenceMessage.Claimed.class);
    return lastClaim;
  }

  /** The first host is dead; what it had goes to the second, unless that is said to come later. */
  private void firstDies() throws Exception {
    ClusterNode.Snapshot before = stage.snapshot();
    firstIsGone(before, 0);
    stage.claimAnew(List.of(second));
    tells();
  }

  private void firstIsGone(ClusterNode.Snapshot before, long later) throws Exception {
    stage.ask(
        table -> {
          table.hostsGone(first.address()::equals, before.partitions(), System.nanoTime() + later);
          return true;
        });
  }

  private void tells() throws Exception {
    stage.ask(
        table -> {
          table.tellLeaves();
          return true;
        });
  }

  private void assertTold(String where, String... keys) throws Exception {
    assertEquals(
        new PresenceMessage.WentWithHost(where, List.of(keys)),
        second.next(PresenceMessage.WentWithHost.class));
  }

  @Test
  void itHearsOfEveryKeyOnce() throws Exception {
    tracks(channel, topic, "ada");
    tracks(channel, topic, "bob");
    long another = stage.client().joins(topic, "1", first).channel();
    tracks(another, topic, "ada");
    firstDies();
    assertTold(topic, "ada", "bob");
    tells();
    second.assertNothing();
  }

  @Test
  void itHearsNothingOfWhatWasUntrackedOrIsOfNoConcern() throws Exception {
    first.says(new PresenceMessage.Release(channel, tracks(channel, topic, "ada")));
    tracks(channel, Optional.empty());
    client.assertNothingFrom(first);
    firstDies();
    second.assertNothing();
  }

  /** Nobody was there to take notice of its end. */
  @Test
  void itHearsOfSocketsThatClosedWhileTheHostWasDyingToo() throws Exception {
    tracks(channel, topic, "ada");
    client.ends("closed");
    firstDies();
    assertTold(topic, "ada");
  }

  /** The one that has them may be dying. */
  @Test
  void inTopicsOfOthersAHostTakesNoticeOfNothing() throws Exception {
    String elsewhere = stage.topicOn(second);
    tracks(channel, topic, "ada");
    tracks(channel, elsewhere, "ada");
    client.ends("closed");
    assertEquals(List.of(channel), first.next(HostMessage.SocketGone.class).channels());
    first.says(new PresenceMessage.Noticed(List.of(channel)));
    stage.client().assertNothingFrom(first);
    ClusterNode.Snapshot before = stage.snapshot();
    stage.ask(
        table -> {
          table.hostsGone(inbox -> true, before.partitions(), System.nanoTime());
          return true;
        });
    var third = stage.claimBy(new Host());
    tells();
    assertEquals(
        new PresenceMessage.WentWithHost(elsewhere, List.of("ada")),
        third.next(PresenceMessage.WentWithHost.class));
    third.assertNothing();
  }

  /** A host may be known to be dead before the table of hosts has gone round. */
  @Test
  void itHearsOfChannelsWhoseTopicHadNoHostForAMoment() throws Exception {
    tracks(channel, topic, "ada");
    ClusterNode.Snapshot before = stage.snapshot();
    stage.withdraw();
    stage.ask(
        table -> {
          table.endMisplaced();
          return true;
        });
    assertEquals(List.of(channel), first.next(HostMessage.SocketGone.class).channels());
    firstIsGone(before, 0);
    stage.claimAnew(List.of(second));
    tells();
    assertTold(topic, "ada");
  }

  @Test
  void ofSocketsThatClosedLongBeforeItHasToldTheApplication() throws Exception {
    tracks(channel, topic, "ada");
    client.ends("closed");
    firstIsGone(stage.snapshot(), UntoldLeaves.NOTICE_NANOS);
    stage.claimAnew(List.of(second));
    tells();
    second.assertNothing();
  }

  /** A write to it fails before the cluster knows that it is dead. */
  @Test
  void itHearsOfChannelsThatWereTakenForLostFirst() throws Exception {
    tracks(channel, topic, "ada");
    stage.ask(
        table -> {
          table.lost(first.address());
          return true;
        });
    assertEquals(List.of(channel), first.next(HostMessage.SocketGone.class).channels());
    firstDies();
    assertTold(topic, "ada");
  }

  @Test
  void whatTheHostHasTakenNoticeOfItHasTold() throws Exception {
    tracks(channel, topic, "ada");
    Client another = stage.client();
    tracks(another.joins(topic, "1", first).channel(), topic, "bob");
    client.ends("closed");
    another.ends("closed");
    assertEquals(List.of(channel), first.next(HostMessage.SocketGone.class).channels());
    first.next(HostMessage.SocketGone.class);
    first.says(new PresenceMessage.Noticed(List.of(channel)));
    Client third = stage.client();
    third.assertNothingFrom(first);
    firstDies();
    assertTold(topic, "bob");
    second.assertNothing();
  }

  /** As it does when it is drained. */
  @Test
  void aHostThatGaveTheTopicAwayHasTold() throws Exception {
    tracks(channel, topic, "ada");
    client.ends("closed");
    stage.claimAnew(List.of(second));
    firstIsGone(stage.snapshot(), 0);
    tells();
    second.assertNothing();
  }

  @Test
  void aHostThatIsBackEndedThemItself() throws Exception {
    tracks(channel, topic, "ada");
    firstIsGone(stage.snapshot(), 0);
    tells();
    first.assertNothing();
    stage.claimAnew(List.of(second));
    tells();
    second.assertNothing();
  }

  @Test
  void inAnotherTopicOnlyIfItsHostIsDeadToo() throws Exception {
    String elsewhere = stage.topicOn(second);
    String here =
        IntStream.range(0, 100)
            .mapToObj(i -> "room:" + i)
            .filter(other -> !other.equals(topic) && stage.isOn(first, other))
            .findFirst()
            .orElseThrow();
    tracks(channel, elsewhere, "ada");
    tracks(channel, here, "ada");
    firstDies();
    assertTold(here, "ada");
    second.assertNothing();
  }

  @Test
  void itHearsOfThemOnceThereIsOne() throws Exception {
    tracks(channel, topic, "ada");
    ClusterNode.Snapshot before = stage.snapshot();
    stage.withdraw();
    firstIsGone(before, 0);
    tells();
    second.assertNothing();
    stage.claimAnew(List.of(second));
    tells();
    assertTold(topic, "ada");
  }

  @Test
  void manyKeysComeInSeveralMessages() throws Exception {
    for (int i = 0; i < 1_001; i++) {
      tracks(channel, topic, "k" + i);
    }
    firstDies();
    assertEquals(1_000, second.next(PresenceMessage.WentWithHost.class).keys().size());
    assertEquals(List.of("k1000"), second.next(PresenceMessage.WentWithHost.class).keys());
  }

  @Test
  void soManyAreRememberedAndNoMore() throws Exception {
    int each = 10_000;
    for (int socket = 0; socket <= 100_000 / each; socket++) {
      long who = stage.client().joins(topic, "1", first).channel();
      for (int i = 0; i < each; i++) {
        var name = new PresenceMessage.Name(topic, socket + "-" + i);
        first.says(
            new PresenceMessage.Claim(++lastClaim, who, true, each, 1_000_000, Optional.of(name)));
      }
      for (int i = 0; i < each; i++) {
        assertEquals(
            PresenceMessage.Ruling.GRANTED, first.next(PresenceMessage.Claimed.class).ruling());
      }
    }
    firstDies();
    for (int i = 0; i < 100; i++) {
      assertEquals(1_000, second.next(PresenceMessage.WentWithHost.class).keys().size());
    }
    second.assertNothing();
  }
}
