package dev.roost.membership;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleListener;
import dev.roost.bus.Contract;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process as a Hazelcast member that fits its cluster. Blocking; safe for any thread but those
 * of Hazelcast.
 */
final class ClusterMember {

  private static final Logger log = LoggerFactory.getLogger(ClusterMember.class);

  private final ClusterOptions options;
  private final String name;
  private final InetAddress bind;
  private final Discovery discovery;
  private final JoinJournal journal = new JoinJournal();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile CountDownLatch memberLeft = new CountDownLatch(1);
  private @Nullable HazelcastInstance hazelcast;
  private int port;

  private ClusterMember(ClusterOptions options, InetAddress bind) {
    this.options = options;
    this.bind = bind;
    this.discovery = new Discovery(options, bind);
    String label = options.nodeName() == null ? "node" : options.nodeName();
    this.name = label + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  /**
   * Joins the cluster, or starts it if nobody is there.
   *
   * @throws JoinFailure if this node does not fit; it has left again then
   */
  static ClusterMember join(ClusterOptions options) {
    var member = new ClusterMember(options, local(options.host()));
    member.start();
    try {
      member.checkCluster();
      member.checkContract();
      member.checkName();
    } catch (RuntimeException unfit) {
      member.leave();
      throw unfit;
    }
    return member;
  }

  private static InetAddress local(String host) {
    InetAddress address;
    try {
      address = InetAddress.getByName(host);
    } catch (UnknownHostException unknown) {
      throw new JoinFailure(
          "cluster host " + host + " does not resolve to an address: choose one of this machine",
          unknown);
    }
    if (address.isAnyLocalAddress()) {
      throw new JoinFailure(
          ("cluster host " + host + " is every interface, and peers need one address to dial: ")
              + "choose an address of this machine");
    }
    try (var probe = new ServerSocket(0, 1, address)) {
      return probe.getInetAddress();
    } catch (IOException foreign) {
      throw new JoinFailure(
          "cluster host "
              + host
              + (" is no address of this machine (" + foreign.getMessage() + "): choose one"),
          foreign);
    }
  }

  private void start() {
    try {
      hazelcast =
          Hazelcast.newHazelcastInstance(
              HazelcastConfiguration.of(options, name, bind, discovery, new Watch()));
      port = self().getAddress().getPort();
    } catch (RuntimeException failed) {
      throw new JoinFailure(whyNotStarted(failed), failed);
    }
  }

  private String whyNotStarted(RuntimeException failed) {
    String intro = "node " + name + " cannot join cluster " + options.clusterName() + ": ";
    if (!journal.mismatches().isEmpty()) {
      return intro
          + ("its members refuse it (" + String.join("; ", journal.mismatches()) + "): ")
          + "start it with the same release of Roost as theirs";
    }
    String text = String.valueOf(failed.getMessage());
    if (text.contains("failed to start")) {
      return intro
          + ("no answer within " + options.joinTimeout().toSeconds() + " s from ")
          + (String.join(", ", discovery.lastTried()) + ": something listens there that is ")
          + "frozen, or no member; look at it, or take it out of the seeds";
    }
    if (text.contains("ports") || text.contains("in use") || text.contains("bind")) {
      return "the cluster ports "
          + (options.clusterPort() + " to " + (options.clusterPort() + ClusterOptions.PORTS - 1))
          + (" of " + options.host() + " are in use: stop what listens there, or choose others");
    }
    return intro + text;
  }

  /**
   * Somebody answered, but only members of another cluster: that is a mistake, not a first node.
   */
  private void checkCluster() {
    if (others().isEmpty() && !journal.otherClusters().isEmpty()) {
      throw new JoinFailure(
          "no member of cluster "
              + (options.clusterName() + " found: " + String.join(", ", journal.otherClusters()))
              + " belongs to a cluster of another name; correct the cluster name here or there,"
              + " or take the address out of the seeds");
    }
  }

  private void checkContract() {
    String ours = Integer.toString(Contract.VERSION);
    for (Member other : others()) {
      String theirs = String.valueOf(other.getAttribute(HazelcastConfiguration.CONTRACT));
      if (!theirs.equals(ours)) {
        throw new JoinFailure(
            "node "
                + (name(other) + " at " + address(other) + " speaks version " + theirs)
                + (" of the contract between nodes, this one version " + ours)
                + ": run one release in a cluster, and give the other a cluster name of its own");
      }
    }
  }

  /** The older of two nodes keeps the name. One that has just died keeps it until that is known. */
  private void checkName() {
    String wanted = options.nodeName();
    if (wanted == null) {
      return;
    }
    long patience = options.heartbeatTimeout().multipliedBy(2).toNanos();
    long deadline = System.nanoTime() + patience;
    while (true) {
      CountDownLatch changed = memberLeft;
      Optional<Member> holder = olderWithName(wanted);
      if (holder.isEmpty()) {
        return;
      }
      if (!await(changed, deadline - System.nanoTime())) {
        throw new JoinFailure(
            ("node name " + wanted + " is taken by the node at " + address(holder.get()))
                + ", which is alive: give each node of a cluster a name of its own");
      }
    }
  }

  private static boolean await(CountDownLatch latch, long nanos) {
    try {
      return latch.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Optional<Member> olderWithName(String wanted) {
    return hazelcast().getCluster().getMembers().stream() // The oldest first.
        .takeWhile(member -> !member.localMember())
        .filter(member -> wanted.equals(member.getAttribute(HazelcastConfiguration.NODE_NAME)))
        .findFirst();
  }

  /** One line for whoever runs it: what it joined, or why nobody. */
  void report(String bus) {
    String self = options.clusterName() + " as " + name + " on " + address(self()) + ", bus " + bus;
    if (!others().isEmpty()) {
      String who =
          others().stream()
              .map(member -> name(member) + " at " + address(member))
              .collect(Collectors.joining(", "));
      log.info("joined cluster {}: with {}", self, who);
    } else if (options.looksForMembers()) {
      log.warn(
          "first node of cluster {}: joined nobody, tried {}; goes on looking",
          self,
          String.join(", ", tried()));
    } else {
      log.info("first node of cluster {}: no seeds are set, so others have to find it", self);
    }
  }

  private List<String> tried() {
    var tried = new ArrayList<>(discovery.lastTried());
    String service = options.kubernetesService();
    if (service != null) {
      tried.add(journal.isUnresolved(service) ? service + " (does not resolve)" : service);
    }
    journal.unreachable().forEach((address, reason) -> tried.add(address + " (" + reason + ")"));
    return tried;
  }

  /** The full name, which no other node has, nor this one at its next start. */
  String name() {
    return name;
  }

  /** The address that is listened on. */
  InetAddress bind() {
    return bind;
  }

  /** Where members are looked for. */
  Discovery discovery() {
    return discovery;
  }

  ClusterOptions options() {
    return options;
  }

  /** How far from the first cluster port this node's is: nodes of one machine share the range. */
  int portOffset() {
    return port - options.clusterPort();
  }

  HazelcastInstance hazelcast() {
    return Objects.requireNonNull(hazelcast, "started");
  }

  /** Names of live nodes, this one included. */
  Set<String> nodes() {
    return attributes(HazelcastConfiguration.NODE);
  }

  /** The hosts that live nodes have their buses on. */
  Set<String> busHosts() {
    return attributes(HazelcastConfiguration.BUS_HOST);
  }

  private Set<String> attributes(String attribute) {
    return hazelcast().getCluster().getMembers().stream()
        .map(member -> member.getAttribute(attribute))
        .filter(Objects::nonNull)
        .collect(Collectors.toUnmodifiableSet());
  }

  private Member self() {
    return hazelcast().getCluster().getLocalMember();
  }

  private List<Member> others() {
    return hazelcast().getCluster().getMembers().stream()
        .filter(member -> !member.localMember())
        .toList();
  }

  private static String name(Member member) {
    String name = member.getAttribute(HazelcastConfiguration.NODE);
    return name == null ? "without a name" : name;
  }

  private static String address(Member member) {
    var socket = member.getSocketAddress();
    return new Seed(socket.getAddress().getHostAddress(), socket.getPort()).toString();
  }

  /** Calls back, on Hazelcast's threads, whenever the set of nodes may have changed. */
  void listen(Runnable listener) {
    listeners.add(listener);
  }

  /** Leaves the cluster; the others know at once. */
  void leave() {
    hazelcast().shutdown();
  }

  /** Told of everything from before the first member is met. */
  private final class Watch
      implements MembershipListener, LifecycleListener, HazelcastInstanceAware {

    @Override
    public void setHazelcastInstance(HazelcastInstance instance) {
      instance.getLoggingService().addLogListener(Level.INFO, journal);
    }

    @Override
    public void memberAdded(MembershipEvent event) {
      discovery.remember(event.getMember().getAddress());
      changed(event, "joined");
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
      CountDownLatch waiting = memberLeft;
      memberLeft = new CountDownLatch(1);
      waiting.countDown();
      changed(event, "left");
    }

    @Override
    public void stateChanged(LifecycleEvent event) {
      if (event.getState() == LifecycleEvent.LifecycleState.MERGED) {
        log.warn("{} was apart from its cluster and is back; the other side's records hold", name);
      }
      wake();
    }

    private void changed(MembershipEvent event, String what) {
      Member member = event.getMember();
      if (!member.localMember()) {
        log.info(
            "{} at {} {} the cluster: {} nodes",
            name(member),
            address(member),
            what,
            event.getMembers().size());
      }
      wake();
    }

    private void wake() {
      listeners.forEach(Runnable::run);
    }
  }
}
