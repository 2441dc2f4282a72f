package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.config.Config;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.instance.EndpointQualifier;
import com.hazelcast.spi.merge.DiscardMergePolicy;
import java.net.InetAddress;
import java.time.Duration;
import java.util.EventListener;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HazelcastConfigurationTest {

  private static Config of(ClusterOptions options) {
    InetAddress bind = InetAddress.getLoopbackAddress();
    return HazelcastConfiguration.of(
        options, "chat-1-abc", 7, bind, new Discovery(options, bind), new EventListener() {});
  }

  @Test
  void onlyMembersAreSpokenToOnOneAddressAndThreePorts() throws Exception {
    var network = of(ClusterOptions.defaults().withClusterPort(6_001)).getAdvancedNetworkConfig();
    assertTrue(network.isEnabled());
    assertEquals(Set.of(EndpointQualifier.MEMBER), network.getEndpointConfigs().keySet());
    var endpoint =
        (ServerSocketEndpointConfig) network.getEndpointConfigs().get(EndpointQualifier.MEMBER);
    assertEquals(6_001, endpoint.getPort());
    assertEquals(ClusterOptions.PORTS, endpoint.getPortCount());
    assertEquals(3, endpoint.getSocketConnectTimeoutSeconds());
    var provider = network.getMemberAddressProviderConfig();
    assertTrue(provider.isEnabled());
    assertEquals(
        "127.0.0.1", provider.getImplementation().getBindAddress().getAddress().getHostAddress());
  }

  @Test
  void membersAreFoundByOurDiscoveryAndHazelcastsForKubernetesOnly() throws Exception {
    var join = of(ClusterOptions.defaults()).getAdvancedNetworkConfig().getJoin();
    assertFalse(join.getMulticastConfig().isEnabled());
    assertFalse(join.getTcpIpConfig().isEnabled());
    assertFalse(join.getAutoDetectionConfig().isEnabled());
    assertEquals(1, join.getDiscoveryConfig().getDiscoveryStrategyConfigs().size());
    var kubernetes =
        of(ClusterOptions.defaults().withKubernetesService("roost.default.svc.cluster.local"))
            .getAdvancedNetworkConfig()
            .getJoin();
    assertEquals(2, kubernetes.getDiscoveryConfig().getDiscoveryStrategyConfigs().size());
  }

  @Test
  void timesAndSwitchesAreSetNotAssumed() throws Exception {
    Config config = of(ClusterOptions.defaults().withHeartbeatTimeout(Duration.ofSeconds(7)));
    assertEquals("7", config.getProperty("hazelcast.max.no.heartbeat.seconds"));
    assertEquals("1", config.getProperty("hazelcast.heartbeat.interval.seconds"));
    assertEquals("false", config.getProperty("hazelcast.phone.home.enabled"));
    assertEquals("false", config.getProperty("hazelcast.shutdownhook.enabled"));
    assertEquals("3", config.getProperty("hazelcast.merge.first.run.delay.seconds"));
    assertFalse(config.getJetConfig().isEnabled());
  }

  @Test
  void sharedValuesHaveThreeCopiesAndTheSmallerSideOfASplitDropsItsOwn() throws Exception {
    Config config = of(ClusterOptions.defaults());
    for (String name : new String[] {"roost.contract.7", "__vertx.nodeInfo"}) {
      var map = config.getMapConfig(name);
      assertEquals(3, map.getBackupCount());
      assertEquals(DiscardMergePolicy.class.getName(), map.getMergePolicyConfig().getPolicy());
    }
    assertEquals(3, config.getMultiMapConfig("__vertx.subs").getBackupCount());
  }

  @Test
  void javaSerializationCarriesExceptionsOnly() throws Exception {
    var filter =
        of(ClusterOptions.defaults()).getSerializationConfig().getJavaSerializationFilterConfig();
    assertTrue(filter.isDefaultsDisabled());
    var allowed = filter.getWhitelist();
    assertTrue(allowed.isListed("java.lang.IllegalStateException"));
    assertTrue(allowed.isListed("com.hazelcast.spi.exception.TargetNotMemberException"));
    assertFalse(allowed.isListed("java.net.URL"));
    assertFalse(allowed.isListed("javax.management.BadAttributeValueExpException"));
    assertFalse(allowed.isListed("java.lang.reflect.Proxy"));
    assertFalse(allowed.isListed("dev.roost.membership.ClusterOptions"));
  }
}
