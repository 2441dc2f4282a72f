package dev.roost.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressesTest {

  @ParameterizedTest
  @ValueSource(strings = {"n", "1c0ffee5", "with.dots.7"})
  void anInboxTellsItsNode(String node) {
    assertEquals(Optional.of(node), Addresses.node(Addresses.host(node, 12)));
    assertEquals(Optional.of(node), Addresses.node(Addresses.gateway(node, 1)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "roost", "roost.host.", "roost.host.n", "roost.host..1", "other.n.1"})
  void whatIsNoInboxIsOnNoNode(String address) {
    assertEquals(Optional.empty(), Addresses.node(address));
  }

  @Test
  void theAddressOfAllGatewaysIsOnNoNode() {
    assertEquals(Optional.empty(), Addresses.node(Addresses.ALL_GATEWAYS));
  }
}
