package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterOptionsTest {

  private static final ClusterOptions DEFAULTS = ClusterOptions.defaults();

  private static void refused(String expected, UnaryOperator<ClusterOptions> change) {
    String text =
        assertThrows(IllegalArgumentException.class, () -> change.apply(DEFAULTS)).getMessage();
    assertTrue(text.contains(expected), text);
  }

  @Test
  void whatCannotWorkIsRefusedByName() {
    refused("clusterName", options -> options.withClusterName("a b"));
    refused("nodeName", options -> options.withNodeName("a.b"));
    refused("clusterPort", options -> options.withClusterPort(0));
    refused("busPort", options -> options.withBusPort(65_534));
    refused("overlap the cluster ports", options -> options.withBusPort(5_703));
    refused("overlap the cluster ports", options -> options.withBusPort(5_699));
    refused("whole seconds", options -> options.withHeartbeatTimeout(Duration.ofMillis(2_500)));
    refused("at least twice", options -> options.withHeartbeatTimeout(Duration.ofSeconds(1)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a:b", "a:0", "a:65536", "a:1:", "http://a", "[fd00::7", "a b"})
  void aSeedThatIsNoHostIsRefused(String seed) {
    refused("a seed is host or host:port", options -> options.withSeeds(List.of(seed)));
  }

  @Test
  void seedsAreNamesAndAddressesWithAPortOrWithout() {
    assertEquals(new Seed("node-1", 0), Seed.parse("node-1"));
    assertEquals(new Seed("10.0.0.7", 5_702), Seed.parse("10.0.0.7:5702"));
    assertEquals(new Seed("fd00::7", 0), Seed.parse("fd00::7"));
    assertEquals(new Seed("fd00::7", 5_702), Seed.parse("[fd00::7]:5702"));
    assertEquals("[fd00::7]:5702", Seed.parse("[fd00::7]:5702").toString());
  }
}
