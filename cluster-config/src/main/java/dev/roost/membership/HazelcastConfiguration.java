package dev.roost.membership;

import com.hazelcast.config.ClassFilter;
import com.hazelcast.config.Config;
import com.hazelcast.config.DiscoveryStrategyConfig;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.ListenerConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.config.MultiMapConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.instance.EndpointQualifier;
import com.hazelcast.kubernetes.HazelcastKubernetesDiscoveryStrategyFactory;
import com.hazelcast.spi.MemberAddressProvider;
import com.hazelcast.spi.merge.DiscardMergePolicy;
import dev.roost.bus.Contract;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.EventListener;

/** Hazelcast's configuration as options ask for it; everything that matters is set, not assumed. */
final class HazelcastConfiguration {

  /*
   * - Members only: with the advanced network configuration the one port speaks the member protocol
   *   and refuses clients, REST and memcache.
   * - Bound by a MemberAddressProvider: interfaces would also filter which seeds are tried.
   * - Entries are few and small, so three copies beside the owner's: any three nodes may die at once.
   * - After a split the smaller side's entries are dropped. Its nodes put their own back, which is
   *   right for the registry and for Vert.x's registrations alike; merging would bring back the dead.
   * - Java serialization carries exceptions between members and nothing else. What vertx-hazelcast
   *   stores is DataSerializable, what we store is bytes.
   */

  /**
   * The map of the shared values, before the version of the contract: nodes of two versions may be
   * members of one cluster for as long as it takes the one to go, and read nothing of the other.
   */
  private static final String REGISTRY = "roost.contract.";

  /** Member attribute: the node's name, with the part that differs each time it starts. */
  static final String NODE = "roost.node";

  /** Member attribute: the name that the settings gave the node, if they did. */
  static final String NODE_NAME = "roost.name";

  /** Member attribute: the {@link Contract#VERSION} of its node. */
  static final String CONTRACT = "roost.contract";

  /** Member attribute: what peers dial for the bus, without its port. */
  static final String BUS_HOST = "roost.bus.host";

  /** The Vert.x node's id, which vertx-hazelcast expects with an instance that it did not start. */
  private static final String VERTX_NODE = "__vertx.nodeId";

  /** Where Vert.x keeps where each node's bus is. */
  static final String BUS_NODES = "__vertx.nodeInfo";

  /** Where Vert.x keeps which node has which address. */
  static final String BUS_ADDRESSES = "__vertx.subs";

  private static final int COPIES = 3;
  private static final int CONNECT_TIMEOUT_SECONDS = 3;

  private HazelcastConfiguration() {}

  /**
   * The configuration of one node.
   *
   * @param name the node's full name
   * @param contract the version of the contract that it speaks
   * @param bind the address of {@link ClusterOptions#host}
   * @param listener told of members and of the instance's life, from the start
   */
  static Config of(
      ClusterOptions options,
      String name,
      int contract,
      InetAddress bind,
      Discovery discovery,
      EventListener listener) {
    var config = new Config();
    config.setClusterName(options.clusterName());
    config.setInstanceName(name);
    config.addListenerConfig(new ListenerConfig(listener));
    properties(config, options);
    attributes(config, options, name, contract);
    network(config, options, bind, discovery);
    data(config, contract);
    config.getMetricsConfig().setEnabled(false);
    config.getSerializationConfig().setJavaSerializationFilterConfig(serialization());
    return config;
  }

  private static void properties(Config config, ClusterOptions options) {
    config
        .setProperty("hazelcast.logging.type", "slf4j")
        .setProperty("hazelcast.phone.home.enabled", "false")
        .setProperty("hazelcast.shutdownhook.enabled", "false")
        .setProperty("hazelcast.graceful.shutdown.max.wait", "3")
        .setProperty("hazelcast.socket.bind.any", "false")
        .setProperty("hazelcast.discovery.enabled", "true")
        .setProperty("hazelcast.wait.seconds.before.join", "0")
        .setProperty("hazelcast.max.join.seconds", seconds(options.joinTimeout().toSeconds()))
        .setProperty(
            "hazelcast.heartbeat.interval.seconds",
            seconds(options.heartbeatInterval().toSeconds()))
        .setProperty(
            "hazelcast.max.no.heartbeat.seconds", seconds(options.heartbeatTimeout().toSeconds()))
        .setProperty("hazelcast.member.list.publish.interval.seconds", "10")
        .setProperty("hazelcast.operation.call.timeout.millis", "10000")
        // With its pause of 500 ms as long as a call may take; by default it is two minutes.
        .setProperty("hazelcast.invocation.max.retry.count", "20")
        // Hazelcast carries a handful of small values here: what watches over its load costs more.
        .setProperty("hazelcast.io.thread.count", "1")
        .setProperty("hazelcast.health.monitoring.level", "OFF")
        .setProperty("hazelcast.slow.operation.detector.enabled", "false")
        .setProperty("hazelcast.merge.first.run.delay.seconds", "3")
        .setProperty("hazelcast.merge.next.run.delay.seconds", "3");
  }

  private static String seconds(long value) {
    return Long.toString(value);
  }

  private static void attributes(Config config, ClusterOptions options, String name, int contract) {
    var attributes = config.getMemberAttributeConfig();
    attributes.setAttribute(VERTX_NODE, name);
    attributes.setAttribute(NODE, name);
    attributes.setAttribute(CONTRACT, Integer.toString(contract));
    attributes.setAttribute(BUS_HOST, options.host());
    if (options.nodeName() != null) {
      attributes.setAttribute(NODE_NAME, options.nodeName());
    }
  }

  private static void network(
      Config config, ClusterOptions options, InetAddress bind, Discovery discovery) {
    var network = config.getAdvancedNetworkConfig().setEnabled(true);
    network
        .getMemberAddressProviderConfig()
        .setEnabled(true)
        .setImplementation(new OneInterface(bind));
    network.setMemberEndpointConfig(
        new ServerSocketEndpointConfig()
            .setPort(options.clusterPort())
            .setPortAutoIncrement(true)
            .setPortCount(ClusterOptions.PORTS)
            // The property of that name is not looked at here. Without it the system's two minutes
            // hold, and it tries less and less often: a split that has healed is not noticed.
            .setSocketConnectTimeoutSeconds(CONNECT_TIMEOUT_SECONDS));
    JoinConfig join = network.getJoin();
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig().setEnabled(false);
    join.getAutoDetectionConfig().setEnabled(false);
    join.getDiscoveryConfig().addDiscoveryStrategyConfig(new DiscoveryStrategyConfig(discovery));
    if (options.kubernetesService() != null) {
      join.getDiscoveryConfig()
          .addDiscoveryStrategyConfig(
              new DiscoveryStrategyConfig(new HazelcastKubernetesDiscoveryStrategyFactory())
                  .addProperty("service-dns", options.kubernetesService())
                  // As text: that is how Hazelcast reads all properties of a strategy.
                  .addProperty("service-port", Integer.toString(options.clusterPort())));
    }
  }

  /** The name of the map that nodes of this version share. */
  static String registry(int contract) {
    return REGISTRY + contract;
  }

  private static void data(Config config, int contract) {
    var discard = new MergePolicyConfig().setPolicy(DiscardMergePolicy.class.getName());
    for (String map : new String[] {registry(contract), BUS_NODES}) {
      config.addMapConfig(new MapConfig(map).setBackupCount(COPIES).setMergePolicyConfig(discard));
    }
    config.addMultiMapConfig(
        new MultiMapConfig(BUS_ADDRESSES)
            .setValueCollectionType(MultiMapConfig.ValueCollectionType.SET)
            .setBackupCount(COPIES)
            .setMergePolicyConfig(discard));
  }

  private static JavaSerializationFilterConfig serialization() {
    var exceptions =
        new ClassFilter()
            .addPrefixes("com.hazelcast.")
            .addPackages("java.lang", "java.util", "java.util.concurrent")
            .addClasses(
                "[Ljava.lang.StackTraceElement;",
                "java.io.IOException",
                "java.io.EOFException",
                "java.net.SocketException",
                "java.net.ConnectException");
    return new JavaSerializationFilterConfig().setDefaultsDisabled(true).setWhitelist(exceptions);
  }

  /** One address to listen on and to be known by; ports come from the endpoint. */
  private record OneInterface(InetAddress address) implements MemberAddressProvider {

    @Override
    public InetSocketAddress getBindAddress() {
      return new InetSocketAddress(address, 0);
    }

    @Override
    public InetSocketAddress getBindAddress(EndpointQualifier qualifier) {
      return getBindAddress();
    }

    @Override
    public InetSocketAddress getPublicAddress() {
      return getBindAddress();
    }

    @Override
    public InetSocketAddress getPublicAddress(EndpointQualifier qualifier) {
      return getBindAddress();
    }
  }
}
