package dev.roost.cluster;

import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.hosting.Partitions;
import dev.roost.routing.Advertisement;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * This process as a member of the cluster: its name, and the shared knowledge of which applications
 * there are and who hosts their partitions. Safe for use by every thread: readers see immutable
 * snapshots, changes are made by the node's own thread, {@code roost-cluster}.
 *
 * <p>{@link #local} is a cluster of one, {@link LocalCluster} one of several in this process;
 * {@code ClusterJoin} makes nodes of several processes.
 */
public final class ClusterNode {

  /**
   * One consistent view of the cluster.
   *
   * @param nodes names of the live nodes, this one included
   * @param applications what they offer
   * @param partitions who hosts what; an owner may be on a node that is not live any more, until
   *     another has claimed the partition: see {@link dev.roost.bus.Addresses#node}
   */
  public record Snapshot(Set<String> nodes, Applications applications, Partitions partitions) {
    public Snapshot {
      nodes = Set.copyOf(nodes);
    }

    /** Whether the node that this inbox is on is live. */
    public boolean isLive(String inbox) {
      return Addresses.node(inbox).filter(nodes::contains).isPresent();
    }

    /**
     * Inbox of one of the application's hosts on live nodes, each in its turn: a node that died is
     * among those that offer it until another node has noted that.
     *
     * @param turn any number from 0; one more for each time
     */
    public Optional<String> anyHost(String application, int turn) {
      List<String> inboxes =
          applications.find(application).map(Advertisement::inboxes).orElse(List.of());
      for (int i = 0; i < inboxes.size(); i++) {
        String inbox = inboxes.get((turn % inboxes.size() + i) % inboxes.size());
        if (isLive(inbox)) {
          return Optional.of(inbox);
        }
      }
      return Optional.empty();
    }
  }

  private final Vertx vertx;
  private final String name;
  private final AtomicInteger verticles = new AtomicInteger();
  private final Keeper keeper;

  private ClusterNode(Vertx vertx, String name, Keeper keeper) {
    this.vertx = vertx;
    this.name = name;
    this.keeper = keeper;
  }

  /**
   * A node that shares this registry with others.
   *
   * @param name that nobody had before
   * @return once it has looked at what the others offer
   */
  public static Future<ClusterNode> join(Vertx vertx, String name, Registry registry) {
    BusEndpoint.registerCodec(vertx);
    return start(vertx, name, registry, Keeper.Timing.defaults()).informed();
  }

  static ClusterNode start(Vertx vertx, String name, Registry registry, Keeper.Timing timing) {
    var keeper = new Keeper(name, registry, timing);
    Thread.ofPlatform().daemon().name("roost-cluster").start(keeper);
    return new ClusterNode(vertx, name, keeper);
  }

  /** A node on its own, without a cluster; once for each Vert.x instance. */
  public static ClusterNode local(Vertx vertx) {
    return LocalCluster.on(vertx).join();
  }

  private Future<ClusterNode> informed() {
    // Calls are answered before each round of the keeper: with the second one, a round is over.
    return withdraw("").compose(before -> withdraw("")).map(this);
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
    return keeper.snapshot();
  }

  /**
   * Makes an application known, and shares its partitions among all nodes that offer it. Completes
   * when this node's snapshot shows a host for each; if some have none after 30 s, with a warning
   * in the log. Fails with an IllegalStateException if the application conflicts with another one,
   * if this node offers it already, or if the registry could not be reached for 30 s.
   */
  public Future<Void> advertise(Advertisement advertisement) {
    Promise<Void> done = Promise.promise();
    Future<Void> answer = onContext(done.future());
    keeper.submit(new Calls.Call.Advertise(advertisement, done));
    return answer;
  }

  /**
   * Takes an application back: hands its partitions to other nodes one by one, or leaves them
   * without a host if there is no other. Completes when this node owns none, or after 30 s; at once
   * if it does not offer the application.
   */
  public Future<Void> withdraw(String application) {
    Promise<Void> done = Promise.promise();
    Future<Void> answer = onContext(done.future());
    keeper.submit(new Calls.Call.Withdraw(application, done));
    return answer;
  }

  /**
   * Calls back, on the node's own thread or one of the registry's, with every new snapshot until
   * {@link #unlisten}; one call at a time, in order. The listener is cheap, and never blocks:
   * nothing else of the cluster happens meanwhile.
   */
  public void listen(Consumer<Snapshot> listener) {
    keeper.listen(listener);
  }

  /** Ends {@link #listen}. */
  public void unlisten(Consumer<Snapshot> listener) {
    keeper.unlisten(listener);
  }

  /**
   * Leaves the cluster and ends the node's thread. Applications that were not withdrawn are claimed
   * by other nodes, as if this one had been killed.
   */
  public Future<Void> close() {
    return onContext(keeper.close().future());
  }

  /** What follows runs where Vert.x would have it run, not on the keeper's thread. */
  private Future<Void> onContext(Future<Void> kept) {
    Context context = vertx.getOrCreateContext();
    Promise<Void> answer = Promise.promise();
    kept.onComplete(
        (done, failure) -> {
          try {
            context.runOnContext(ignored -> answer.complete(null, failure));
          } catch (RejectedExecutionException vertxIsClosed) {
            answer.complete(null, failure);
          }
        });
    return answer.future();
  }
}
