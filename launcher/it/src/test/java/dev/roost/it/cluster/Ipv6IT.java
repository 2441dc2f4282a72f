package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Nodes and clients that have IPv6 addresses only. */
@DisabledOnOs(OS.WINDOWS)
class Ipv6IT {

  private static final Cluster.Place LOOPBACK = new Cluster.Place("::1", List.of());

  @Test
  void nodesFindEachOtherAndClientsHearEachOther() throws IOException {
    assumeTrue(isThere(), "this machine has no address ::1");
    try (var cluster = Cluster.at("ipv6", LOOPBACK, LOOPBACK, LOOPBACK)) {
      NodeProcess gateway = cluster.gateway().ready();
      NodeProcess channels = cluster.channels("fixture", "--node-name=first").ready();
      assertTrue(gateway.log().contains("http://[::1]:" + gateway.port() + "/"), gateway.log());
      String member = "[0:0:0:0:0:0:0:1]:" + cluster.clusterPort(0);
      assertTrue(gateway.log().contains(" on " + member), gateway.log());
      assertTrue(channels.log().contains(" at " + member), channels.log());
      try (var crowd = new Crowd("room", 4).connect(gateway, 3).awaitJoined()) {
        crowd.assertAllHearEachOther();
        assertEquals(0, crowd.errors());
        cluster.channels("fixture", "--node-name=second").ready();
        channels.kill();
        crowd.awaitErrors(1);
        crowd.assertAllHearEachOther();
        assertEquals(List.of(), crowd.closeCodes());
      }
    }
  }

  private static boolean isThere() throws IOException {
    try (var probe = new ServerSocket(0, 1, InetAddress.getAllByName("::1")[0])) {
      return probe.isBound();
    } catch (IOException absent) {
      return false;
    }
  }
}
