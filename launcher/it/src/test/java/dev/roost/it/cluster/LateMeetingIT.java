package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Nodes that start apart and find each other later, of which one has no place with the others. */
@DisabledOnOs(OS.WINDOWS)
class LateMeetingIT {

  private final Cluster cluster = Cluster.of("late", 3);

  @AfterEach
  void stop() {
    cluster.close();
  }

  /** The late one looks where nobody is yet, and nobody looks for it: so it is the one to go. */
  @Test
  void ofTwoNodesOfOneNameTheYoungerEndsAndTheOtherServes() {
    String meeting = "--cluster-seeds=127.0.0.1:" + cluster.clusterPort(1);
    NodeProcess late = cluster.channels("fixture", "--node-name=chat", meeting).ready();
    NodeProcess channels = cluster.channels("fixture", "--node-name=chat", meeting);
    NodeProcess gateway = cluster.gateway(meeting);
    channels.ready();
    gateway.ready();

    assertEquals(1, late.exitCode());
    String log = late.log();
    assertTrue(log.contains("this node ends, as its cluster has no place for it"), log);
    assertTrue(
        log.contains("node name chat is taken by the node at 127.0.0.1:" + cluster.clusterPort(1)),
        log);
    assertTrue(log.contains("give each node of a cluster a name of its own"), log);
    assertTrue(channels.isRunning() && gateway.isRunning());
    try (var crowd = new Crowd("room", 4)) {
      crowd.connect(gateway, 2).assertAllHearEachOther();
    }
  }
}
