package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * A channel node is killed, freezes, is drained or replaced while clients on two gateways talk.
 * Their sockets survive all of it, and what is lost is signalled.
 */
@DisabledOnOs(OS.WINDOWS)
class ChannelNodeFaultsIT {

  private static final Cluster cluster = Cluster.of("channel-node", 10);
  private static NodeProcess firstGateway;
  private static NodeProcess secondGateway;
  private static NodeProcess steady;

  private static final Pattern GIVEN_AWAY = Pattern.compile("(\\d+) partitions were handed");

  // Half of 256 on average; fewer mean that somebody went before it was done.
  private static final int A_SHARE = 80;

  private NodeProcess victim;
  private Crowd crowd;

  @BeforeAll
  static void start() {
    firstGateway = cluster.gateway();
    secondGateway = cluster.gateway();
    steady = cluster.channels("fixture");
    List.of(firstGateway, secondGateway, steady).forEach(NodeProcess::ready);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @BeforeEach
  void talkOnBothGateways() {
    int before = steady.log().length();
    victim = cluster.channels("fixture", "--node-name=victim").ready();
    Waiting.until("the victim has its share", () -> mostGivenAway(before) > A_SHARE);
    crowd = new Crowd("room", 24).connect(firstGateway, 2).connect(secondGateway, 2).awaitJoined();
    crowd.assertAllHearEachOther();
    crowd.talk();
  }

  /** Partitions that the steady node gave away at a time, by what it printed from here on. */
  private static int mostGivenAway(int from) {
    return GIVEN_AWAY
        .matcher(steady.log().substring(from))
        .results()
        .mapToInt(line -> Integer.parseInt(line.group(1)))
        .max()
        .orElse(0);
  }

  @AfterEach
  void endTheVictim() {
    crowd.close();
    victim.kill();
  }

  @Test
  void channelsOfAKilledNodeEndWithAnErrorAndAreJoinedAgainOnTheOther() {
    int before = crowd.errors();
    victim.kill();
    crowd.awaitErrors(before + 1);
    crowd.assertAllHearEachOther();
    assertTrue(crowd.errors() < crowd.channels(), "channels of the other node have gone on");
    assertEquals(List.of(), crowd.closeCodes());
  }

  @Test
  void aDrainedNodeHandsItsTopicsOverAndEnds() {
    int before = crowd.errors();
    victim.terminate();
    assertEquals(0, victim.exitCode());
    crowd.awaitErrors(before + 1);
    crowd.assertAllHearEachOther();
    assertEquals(List.of(), crowd.closeCodes());
  }

  @Test
  void aNodeThatFreezesLosesItsTopicsAndTakesPartAgainWhenItGoesOn() {
    int before = crowd.errors();
    victim.freeze();
    crowd.awaitErrors(before + 1);
    crowd.assertAllHearEachOther();
    crowd.talk();
    int whenAlone = crowd.errors();
    victim.thaw();
    crowd.awaitErrors(whenAlone + 1); // Its share moves back to it.
    crowd.assertAllHearEachOther();
    assertEquals(List.of(), crowd.closeCodes());
  }

  @Test
  void aNodeThatIsKilledAndStartedAgainUnderItsNameTakesItsShareAgain() {
    int before = crowd.errors();
    victim.kill();
    victim = cluster.channels("fixture", "--node-name=victim").ready();
    crowd.awaitErrors(before + 1);
    crowd.assertAllHearEachOther();
    assertEquals(List.of(), crowd.closeCodes());
  }
}
