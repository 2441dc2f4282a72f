package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class OwnAddressTest {

  private static final ClusterOptions NODES = ClusterOptions.defaults().withHost("nodes");

  private static InetAddress address(int a, int b, int c, int d) throws Exception {
    return InetAddress.getByAddress("nodes", new byte[] {(byte) a, (byte) b, (byte) c, (byte) d});
  }

  private static final List<String> OWN = List.of("127.0.0.1", "10.0.0.5");

  private static String chosen(InetAddress... resolved) {
    return OwnAddress.chosen(
            NODES, List.of(resolved), address -> OWN.contains(address.getHostAddress()))
        .host();
  }

  @Test
  void ofANameOfAllNodesThisMachinesAddressIsTaken() throws Exception {
    assertEquals("10.0.0.5", chosen(address(10, 0, 0, 4), address(10, 0, 0, 5)));
  }

  @Test
  void aNameOfOneMachineStaysAName() throws Exception {
    assertEquals("nodes", chosen(address(10, 0, 0, 5)));
    assertEquals("nodes", chosen(address(127, 0, 0, 1), address(10, 0, 0, 5)));
    assertEquals("nodes", chosen(address(10, 0, 0, 4))); // Refused when it is bound.
  }

  @Test
  void aNameOfOthersOnlyIsRefused() throws Exception {
    InetAddress[] others = {address(10, 0, 0, 4), address(10, 0, 0, 6)};
    var failure = assertThrows(JoinFailure.class, () -> chosen(others));
    assertEquals(
        "cluster host nodes resolves to 2 addresses, and none of them is one of this machine:"
            + " choose a name or an address that is",
        failure.getMessage());
  }
}
