package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Pods that know the name of their headless service and nothing else: each has an address of its
 * own and the same ports, and the name has the addresses that Kubernetes would give it. Needs root
 * and network namespaces.
 */
class KubernetesServiceIT {

  private static final String SERVICE = "roost.default.svc.cluster.local";
  private static final int PODS = 4;

  /** What a node says when it has started, and when somebody comes or goes. */
  private static final Pattern MEMBERS =
      Pattern.compile("(first node of cluster)|joined cluster \\S+ .*: with (.*)|: (\\d+) nodes");

  private static Networks networks;

  @BeforeAll
  static void start() {
    Networks.assumeAvailable();
    networks = new Networks(PODS);
  }

  @AfterAll
  static void stop() {
    if (networks != null) {
      networks.close();
    }
  }

  private static Cluster cluster(String name) {
    return Cluster.at(
            name, IntStream.range(0, PODS).mapToObj(networks::place).toArray(Cluster.Place[]::new))
        .byKubernetesService(SERVICE);
  }

  /** From now on the name has the addresses of the first pods, wherever it is asked for. */
  private static void published(int pods) {
    List<String> addresses = IntStream.range(0, pods).mapToObj(networks::host).toList();
    IntStream.range(0, PODS).forEach(pod -> networks.resolve(pod, SERVICE, addresses));
  }

  /** How many members a node knew of last, with itself. */
  private static int members(NodeProcess node) {
    int members = 0;
    var said = MEMBERS.matcher(node.log());
    while (said.find()) {
      if (said.group(3) != null) {
        members = Integer.parseInt(said.group(3));
      } else {
        members = said.group(2) == null ? 1 : 1 + said.group(2).split(", ").length;
      }
    }
    return members;
  }

  private static void awaitOneClusterOf(NodeProcess... nodes) {
    for (NodeProcess node : nodes) {
      Waiting.until(
          () -> "a node has " + nodes.length + " members, not " + members(node),
          () -> members(node) == nodes.length);
    }
  }

  @Test
  void podsOfAServiceBecomeOneClusterAndALaterOneJoinsIt() {
    published(3);
    try (var cluster = cluster("pods")) {
      NodeProcess gateway = cluster.gateway();
      NodeProcess first = cluster.channels("fixture");
      NodeProcess second = cluster.channels("fixture");
      List.of(gateway, first, second).forEach(NodeProcess::ready);
      awaitOneClusterOf(gateway, first, second);
      try (var crowd = new Crowd("room", 12).connect(gateway, 2).awaitJoined()) {
        crowd.assertAllHearEachOther();
        published(4);
        // Told to listen on the name that all share: it takes its own address of them.
        NodeProcess later = cluster.channels("fixture", "--cluster-host=" + SERVICE).ready();
        assertTrue(later.log().contains(" on " + networks.host(3) + ":"), later.log());
        assertTrue(
            later.log().contains(gateway.host() + ":" + cluster.clusterPort(0)), later.log());
        awaitOneClusterOf(gateway, first, second, later);
        first.kill();
        second.kill();
        crowd.assertAllHearEachOther();
        assertEquals(List.of(), crowd.closeCodes());
      }
    }
  }

  @Test
  void whoFindsNoNameStartsAloneAndSaysSoAndJoinsTheOthersWhenItIsThere() {
    published(0);
    try (var cluster = cluster("nobody")) {
      NodeProcess gateway = cluster.gateway().ready();
      NodeProcess channels = cluster.channels("fixture").ready();
      for (NodeProcess alone : List.of(gateway, channels)) {
        assertTrue(
            alone.log().contains("joined nobody, tried " + SERVICE + " (does not resolve)"),
            alone.log());
        assertEquals(1, members(alone));
      }
      published(2);
      awaitOneClusterOf(gateway, channels);
      try (var crowd = new Crowd("room", 4).connect(gateway, 2).awaitJoined()) {
        crowd.assertAllHearEachOther();
      }
    }
  }
}
