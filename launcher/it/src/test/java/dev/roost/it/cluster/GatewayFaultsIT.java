package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A gateway is killed, freezes or is drained; clients of the other gateway notice nothing. */
@DisabledOnOs(OS.WINDOWS)
class GatewayFaultsIT {

  private static final Cluster cluster = Cluster.of("gateway", 10);
  private static NodeProcess steady;
  private static NodeProcess host;

  private NodeProcess victim;
  private NodeProcess channels;
  private Crowd crowd;

  @BeforeAll
  static void start() {
    steady = cluster.gateway();
    host = cluster.channels("fixture").ready();
    steady.ready();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @BeforeEach
  void talkOnBothGateways() {
    victim = cluster.gateway();
    long shares = handOvers();
    channels = cluster.channels("fixture").ready();
    victim.ready();
    Waiting.until("the new node has its share of the topics", () -> handOvers() > shares);
    crowd = new Crowd("room", 12).connect(steady, 2).connect(victim, 2).awaitJoined();
    crowd.assertAllHearEachOther();
    crowd.talk();
  }

  @AfterEach
  void endTheVictims() {
    crowd.close();
    victim.kill();
    channels.kill();
  }

  private static long handOvers() {
    return host.log().lines().filter(line -> line.contains("were handed to other nodes")).count();
  }

  private int errorsOfTheSteady() {
    return crowd.errors(0) + crowd.errors(1);
  }

  @Test
  void clientsOfAKilledGatewayConnectToAnotherAndTheRestGoesOn() {
    int before = errorsOfTheSteady();
    victim.kill();
    Waiting.until("its clients are cut off", () -> crowd.closeCodes().size() == 2);
    crowd.connect(steady, 2);
    crowd.assertAllHearEachOther();
    assertEquals(before, errorsOfTheSteady(), "channels of the other gateway go on");
  }

  @Test
  void aDrainedGatewaySendsItsClientsElsewhere() {
    int before = errorsOfTheSteady();
    victim.terminate();
    assertEquals(0, victim.exitCode());
    assertEquals(List.of(1012, 1012), crowd.closeCodes());
    crowd.connect(steady, 2);
    crowd.assertAllHearEachOther();
    assertEquals(before, errorsOfTheSteady(), "channels of the other gateway go on");
  }

  @Test
  void channelsOfAGatewayThatFreezesEndWithAnErrorWhenItGoesOn() {
    victim.freeze();
    Waiting.until("the others take it for dead", () -> channels.log().contains("left the cluster"));
    victim.thaw();
    crowd.awaitErrors(crowd.channels() / 2);
    crowd.assertAllHearEachOther();
    assertEquals(List.of(), crowd.closeCodes());
  }

  @Test
  void aGatewayAndAChannelNodeMayBeKilledAtOnce() {
    int before = errorsOfTheSteady();
    channels.kill();
    victim.kill();
    Waiting.until("its clients are cut off", () -> crowd.closeCodes().size() == 2);
    crowd.connect(steady, 2);
    crowd.assertAllHearEachOther();
    assertTrue(errorsOfTheSteady() > before, "channels of the killed node ended with an error");
  }
}
