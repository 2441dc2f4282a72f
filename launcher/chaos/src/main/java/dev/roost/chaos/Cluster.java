package dev.roost.chaos;

import dev.roost.chaos.Fault.Blow;
import dev.roost.chaos.Fault.Way;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The processes of a cluster on this machine, gateways first, each with a network of its own if
 * there are networks. Used by one thread.
 */
final class Cluster implements AutoCloseable {

  /*
   * Each node has three cluster ports and three bus ports, as Roost takes them, so that one that
   * was killed may start while the system still holds its last port. Only the first is a seed: for
   * each seed where nobody listens a node that was thrown out looks 5 s longer for its way back.
   */
  private static final int PORTS_PER_NODE = 10;

  private final List<NodeProcess> nodes;
  private final List<InetSocketAddress> gateways;
  private final @Nullable Networks networks;

  private Cluster(
      List<NodeProcess> nodes, List<InetSocketAddress> gateways, @Nullable Networks networks) {
    this.nodes = nodes;
    this.gateways = gateways;
    this.networks = networks;
  }

  /**
   * A cluster that does not run yet.
   *
   * @param jvm options of each process's JVM
   * @param networks one for each node; where there are none, all nodes are on 127.0.0.1
   */
  static Cluster of(Options options, String jvm, Optional<Networks> networks) {
    int all = options.gateways() + options.channelNodes();
    String seeds =
        IntStream.range(0, all)
            .mapToObj(i -> host(networks, i) + ":" + clusterPort(options, i))
            .collect(Collectors.joining(","));
    var environment =
        Map.of("ROOST_APPS", options.fixture().toString(), "JDK_JAVA_OPTIONS", "-Xmx256m " + jvm);
    var nodes = new ArrayList<NodeProcess>();
    var gateways = new ArrayList<InetSocketAddress>();
    for (int i = 0; i < all; i++) {
      boolean gateway = i < options.gateways();
      int number = i;
      var command = new ArrayList<String>(networks.map(n -> n.prefix(number)).orElse(List.of()));
      command.add(options.roost().toString());
      command.add("--cluster-name=chaos-" + options.clusterPort());
      command.add("--cluster-host=" + host(networks, i));
      command.add("--cluster-port=" + clusterPort(options, i));
      command.add("--bus-port=" + (clusterPort(options, i) + PORTS_PER_NODE / 2));
      command.add("--cluster-seeds=" + seeds);
      if (gateway) {
        var address = new InetSocketAddress(host(networks, i), options.port() + i);
        gateways.add(address);
        command.add("--role=gateway");
        command.add("--host=" + address.getHostString());
        command.add("--port=" + address.getPort());
      } else {
        command.add("--role=channels");
        command.add("--applications=fixture");
      }
      nodes.add(
          new NodeProcess(
              (gateway ? "gateway-" : "channels-") + i, command, environment, options.logs()));
    }
    return new Cluster(List.copyOf(nodes), List.copyOf(gateways), networks.orElse(null));
  }

  private static String host(Optional<Networks> networks, int node) {
    return networks.map(all -> all.host(node)).orElse("127.0.0.1");
  }

  private static int clusterPort(Options options, int node) {
    return options.clusterPort() + node * PORTS_PER_NODE;
  }

  List<InetSocketAddress> gateways() {
    return gateways;
  }

  /** Starts all nodes and waits for them. */
  void start() throws InterruptedException {
    nodes.forEach(NodeProcess::start);
    for (NodeProcess node : nodes) {
      node.awaitReady();
    }
  }

  /** Strikes, waits as long as each blow lasts, and returns when every node is back. */
  void suffer(Fault fault) throws InterruptedException {
    long struck = System.nanoTime();
    for (Blow blow : fault.blows()) {
      strike(blow);
    }
    var byLength = fault.blows().stream().sorted(Comparator.comparing(Blow::length)).toList();
    for (Blow blow : byLength) {
      TimeUnit.NANOSECONDS.sleep(struck + blow.length().toNanos() - System.nanoTime());
      restore(blow);
    }
    for (Blow blow : byLength) {
      if (blow instanceof Blow.Hit hit && hit.kind().way() != Way.FROZEN) {
        nodes.get(hit.node()).awaitReady();
      }
    }
  }

  private void strike(Blow blow) throws InterruptedException {
    switch (blow) {
      case Blow.Hit(var kind, int node, var length) -> strike(kind.way(), nodes.get(node));
      case Blow.Split(var side, var length) -> networks().split(side);
      case Blow.Loss(int percent, var length) -> networks().lose(percent);
    }
  }

  private static void strike(Way way, NodeProcess node) throws InterruptedException {
    switch (way) {
      case KILLED -> node.kill();
      case STOPPED -> node.terminate();
      case FROZEN -> node.freeze();
    }
  }

  private void restore(Blow blow) throws InterruptedException {
    switch (blow) {
      case Blow.Hit(var kind, int node, var length) -> restore(kind.way(), nodes.get(node));
      case Blow.Split split -> networks().mend();
      case Blow.Loss loss -> networks().mend();
    }
  }

  private static void restore(Way way, NodeProcess node) throws InterruptedException {
    switch (way) {
      case KILLED -> node.start();
      case STOPPED -> {
        node.awaitEnd();
        node.start();
      }
      case FROZEN -> node.thaw();
    }
  }

  private Networks networks() {
    if (networks == null) {
      throw new IllegalStateException("a network that is not there cannot be broken");
    }
    return networks;
  }

  /** Ends all processes at once, in whatever state they are. */
  @Override
  public void close() {
    nodes.forEach(NodeProcess::destroy);
  }
}
