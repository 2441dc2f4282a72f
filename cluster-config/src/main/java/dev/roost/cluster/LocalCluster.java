package dev.roost.cluster;

import dev.roost.bus.BusEndpoint;
import io.vertx.core.Vertx;
import java.util.UUID;

/**
 * A cluster within this process: nodes that share one Vert.x instance and a registry in memory. One
 * node is all that a process on its own needs; several come, drain and go as real ones do, for
 * tests.
 */
public final class LocalCluster {

  private final Vertx vertx;
  private final Keeper.Timing timing;
  private final MemoryRegistry registry = new MemoryRegistry();

  private LocalCluster(Vertx vertx, Keeper.Timing timing) {
    this.vertx = vertx;
    this.timing = timing;
  }

  /** A cluster without nodes yet; once for each Vert.x instance. */
  public static LocalCluster on(Vertx vertx) {
    return on(vertx, Keeper.Timing.defaults());
  }

  static LocalCluster on(Vertx vertx, Keeper.Timing timing) {
    BusEndpoint.registerCodec(vertx);
    return new LocalCluster(vertx, timing);
  }

  /** One more node. {@link ClusterNode#close} makes it go as if it had been killed. */
  public ClusterNode join() {
    return join(UUID.randomUUID().toString().substring(0, 8));
  }

  /** One of this name: so a node comes back that went, as after a split. */
  public ClusterNode join(String name) {
    return ClusterNode.start(vertx, name, registry.join(name), timing);
  }
}
