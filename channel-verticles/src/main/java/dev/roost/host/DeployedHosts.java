package dev.roost.host;

import dev.roost.cluster.ClusterNode;
import io.vertx.core.shareddata.Shareable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The host verticles of each application that is deployed on a node. Safe for any thread. */
final class DeployedHosts implements Shareable {

  private static final String NAME = "dev.roost.hosts";

  private final Map<String, List<HostVerticle>> byApplication = new ConcurrentHashMap<>();

  private DeployedHosts() {}

  static DeployedHosts of(ClusterNode node) {
    return node.vertx()
        .sharedData()
        .<String, DeployedHosts>getLocalMap(NAME)
        .computeIfAbsent(node.name(), ignored -> new DeployedHosts());
  }

  /** Those of a second deployment, which is refused, take nobody's place. */
  void add(String application, List<HostVerticle> hosts) {
    byApplication.putIfAbsent(application, List.copyOf(hosts));
  }

  void remove(String application, List<HostVerticle> hosts) {
    byApplication.remove(application, hosts);
  }

  /** Those of an application; none if it is not deployed here. */
  List<HostVerticle> of(String application) {
    return byApplication.getOrDefault(application, List.of());
  }
}
