package dev.roost.chaos;

import dev.roost.chaos.Fault.Blow;
import dev.roost.chaos.Fault.Way;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The processes of a cluster on this machine, gateways first. Used by one thread. */
final class Cluster implements AutoCloseable {

  /*
   * Each node has three cluster ports and three bus ports, as Roost takes them, so that one that
   * was killed may start while the system still holds its last port. Only the first is a seed: for
   * each seed where nobody listens a node that was thrown out looks 5 s longer for its way back.
   */
  private static final int PORTS_PER_NODE = 10;

  private final List<NodeProcess> nodes;
  private final List<Integer> gatewayPorts;

  private Cluster(List<NodeProcess> nodes, List<Integer> gatewayPorts) {
    this.nodes = nodes;
    this.gatewayPorts = gatewayPorts;
  }

  /**
   * A cluster that does not run yet.
   *
   * @param jvm options of each process's JVM
   */
  static Cluster of(Options options, String jvm) {
    var gatewayPorts =
        IntStream.range(0, options.gateways()).mapToObj(i -> options.port() + i).toList();
    int all = options.gateways() + options.channelNodes();
    String seeds =
        IntStream.range(0, all)
            .mapToObj(i -> "127.0.0.1:" + clusterPort(options, i))
            .collect(Collectors.joining(","));
    var environment =
        Map.of("ROOST_APPS", options.fixture().toString(), "JDK_JAVA_OPTIONS", "-Xmx256m " + jvm);
    var nodes = new ArrayList<NodeProcess>();
    for (int i = 0; i < all; i++) {
      boolean gateway = i < options.gateways();
      var command = new ArrayList<String>();
      command.add(options.roost().toString());
      command.add("--cluster-name=chaos-" + options.clusterPort());
      command.add("--cluster-port=" + clusterPort(options, i));
      command.add("--bus-port=" + (clusterPort(options, i) + PORTS_PER_NODE / 2));
      command.add("--cluster-seeds=" + seeds);
      if (gateway) {
        command.add("--role=gateway");
        command.add("--port=" + gatewayPorts.get(i));
      } else {
        command.add("--role=channels");
        command.add("--applications=fixture");
      }
      nodes.add(
          new NodeProcess(
              (gateway ? "gateway-" : "channels-") + i, command, environment, options.logs()));
    }
    return new Cluster(List.copyOf(nodes), gatewayPorts);
  }

  private static int clusterPort(Options options, int node) {
    return options.clusterPort() + node * PORTS_PER_NODE;
  }

  List<Integer> gatewayPorts() {
    return gatewayPorts;
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
      if (blow.kind().way() != Way.FROZEN) {
        nodes.get(blow.node()).awaitReady();
      }
    }
  }

  private void strike(Blow blow) throws InterruptedException {
    NodeProcess node = nodes.get(blow.node());
    switch (blow.kind().way()) {
      case KILLED -> node.kill();
      case STOPPED -> node.terminate();
      case FROZEN -> node.freeze();
    }
  }

  private void restore(Blow blow) throws InterruptedException {
    NodeProcess node = nodes.get(blow.node());
    switch (blow.kind().way()) {
      case KILLED -> node.start();
      case STOPPED -> {
        node.awaitEnd();
        node.start();
      }
      case FROZEN -> node.thaw();
    }
  }

  /** Ends all processes at once, in whatever state they are. */
  @Override
  public void close() {
    nodes.forEach(NodeProcess::destroy);
  }
}
