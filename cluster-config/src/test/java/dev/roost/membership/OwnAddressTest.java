package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class OwnAddressTest {

  private static final ClusterOptions NODES = ClusterOptions.defaults().withHost("nodes");

  private static InetAddress address(int a, int b, int c, int d) throws Exception {
    return InetAddress.getByAddress("nodes", new byte[] {(byte) a, (byte) b, (byte) c, (byte) d});
  }

  private static final List<String> OWN = List.of("127.0.0.1", "10.0.0.5");

  private static String chosen(InetAddress... resolved) {
    return chosen(NODES, resolved);
  }

  private static String chosen(ClusterOptions options, InetAddress... resolved) {
    return OwnAddress.chosen(
            options, List.of(resolved), address -> OWN.contains(address.getHostAddress()))
        .host();
  }

  @Test
  void ofANameOfAllNodesThisMachinesAddressIsTaken() throws Exception {
    assertEquals("10.0.0.5", chosen(address(10, 0, 0, 4), address(10, 0, 0, 5)));
  }

  @Test
  void soItIsWhileNobodyElseHasTheNameYet() throws Exception {
    assertEquals("10.0.0.5", chosen(address(10, 0, 0, 5)));
    assertEquals("10.0.0.5", chosen(address(127, 0, 0, 1), address(10, 0, 0, 5)));
    assertEquals("127.0.0.1", chosen(address(127, 0, 0, 1)));
  }

  @Test
  void withTlsANameOfOneMachineStaysAName() throws Exception {
    var tls = NODES.withTls(new BusTls(Path.of("c"), Path.of("k"), Path.of("a")));
    assertEquals("nodes", chosen(tls, address(10, 0, 0, 5)));
    assertEquals("10.0.0.5", chosen(tls, address(10, 0, 0, 4), address(10, 0, 0, 5)));
    assertEquals("10.0.0.5", chosen(tls.withDns("nodes"), address(10, 0, 0, 5)));
  }

  @Test
  void anAddressOfAnotherMachineIsRefusedWhenItIsBound() throws Exception {
    assertEquals("nodes", chosen(address(10, 0, 0, 4)));
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
