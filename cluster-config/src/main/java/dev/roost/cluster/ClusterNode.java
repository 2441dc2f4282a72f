package dev.roost.cluster;

import dev.roost.bus.BusEndpoint;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * This process as a member of the cluster: its name, and the shared knowledge of which applications
 * there are and who hosts their partitions. Safe for use by every thread: readers see immutable
 * snapshots, changes are made under a lock.
 *
 * <p>{@link #local} is a cluster of one: every partition of an application is claimed by the host
 * verticles of this process as soon as it is advertised.
 */
public final class ClusterNode {

  /** One consistent view of the cluster. */
  public record Snapshot(Applications applications, PartitionTable partitions) {}

  private final Vertx vertx;
  private final String name = UUID.randomUUID().toString().substring(0, 8);
  private final AtomicInteger verticles = new AtomicInteger();
  private final List<Consumer<Snapshot>> listeners = new CopyOnWriteArrayList<>();
  private volatile Snapshot snapshot = new Snapshot(Applications.none(), PartitionTable.empty());

  private ClusterNode(Vertx vertx) {
    this.vertx = vertx;
  }

  /** A node on its own, without a cluster; once for each Vert.x instance. */
  public static ClusterNode local(Vertx vertx) {
    BusEndpoint.registerCodec(vertx);
    return new ClusterNode(vertx);
  }

  /** The Vert.x instance that this node's verticles run on. */
  public Vertx vertx() {
    return vertx;
  }

  /** Unique name of this incarnation of the node. */
  public String name() {
    return name;
  }

  /** A number that no other verticle of this node has. */
  public int nextVerticle() {
    return verticles.incrementAndGet();
  }

  /** What is known now. */
  public Snapshot snapshot() {
    return snapshot;
  }

  /**
   * Makes an application known and claims its partitions.
   *
   * @throws IllegalStateException if it conflicts with one that is deployed
   */
  public synchronized void advertise(Advertisement advertisement) {
    change(
        new Snapshot(
            snapshot.applications.with(advertisement),
            snapshot.partitions.claim(advertisement.application(), advertisement.inboxes())));
  }

  /** Takes an application back: joins of its topics find no route from now on. */
  public synchronized void withdraw(String application) {
    change(
        new Snapshot(
            snapshot.applications.without(application), snapshot.partitions.release(application)));
  }

  /** Calls back, on the changing thread, with every new snapshot until {@link #unlisten}. */
  public void listen(Consumer<Snapshot> listener) {
    listeners.add(listener);
  }

  /** Ends {@link #listen}. */
  public void unlisten(Consumer<Snapshot> listener) {
    listeners.remove(listener);
  }

  private void change(Snapshot changed) {
    snapshot = changed;
    listeners.forEach(listener -> listener.accept(changed));
  }
}
