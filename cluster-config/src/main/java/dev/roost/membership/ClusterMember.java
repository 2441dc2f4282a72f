package dev.roost.membership;

import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.ClusterState;
import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleListener;
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
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
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
  private final int contract;
  private final Consumer<JoinFailure> unfit;
  private final String name;
  private final InetAddress bind;
  private final Discovery discovery;
  private final JoinJournal journal = new JoinJournal();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final AtomicBoolean looking = new AtomicBoolean(true);
  private final FrozenPart part = new FrozenPart(); // For setFree alone.
  // Two threads: what is registered cannot be read while a part is frozen, which the other mends.
  private final ScheduledExecutorService watch =
      Executors.newScheduledThreadPool(
          2, Thread.ofPlatform().name("roost-membership-", 0).daemon().factory());
  private volatile CountDownLatch memberLeft = new CountDownLatch(1);
  private @Nullable HazelcastInstance hazelcast;
  private int port;

  private ClusterMember(
      ClusterOptions options, InetAddress bind, int contract, Consumer<JoinFailure> unfit) {
    this.options = options;
    this.contract = contract;
    this.unfit = unfit;
    this.bind = bind;
    this.discovery = new Discovery(options, bind);
    String label = options.nodeName() == null ? "node" : options.nodeName();
    this.name = label + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  /**
   * Joins the cluster, or starts it if nobody is there.
   *
   * @param contract the version of the contract that this node speaks
   * @param unfit told once, on a thread of its own, if it does not fit any more later on: two parts
   *     of a cluster have found each other
   * @throws JoinFailure if this node does not fit; it has left again then
   */
  static ClusterMember join(ClusterOptions options, int contract, Consumer<JoinFailure> unfit) {
    var member = new ClusterMember(options, local(options.host()), contract, unfit);
    member.start();
    try {
      member.checkCluster();
      member.checkFits();
    } catch (RuntimeException failed) {
      member.leave();
      throw failed;
    }
    member.discovery.started(member::addresses);
    member.looking.set(false);
    member.lookAgain();
    member.eachSecond(member::setFree);
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
              HazelcastConfiguration.of(options, name, contract, bind, discovery, new Watch()));
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

  /** A node that has just died keeps its name until that is known, so names are waited for. */
  private void checkFits() {
    long patience = options.heartbeatTimeout().multipliedBy(2).toNanos();
    long deadline = System.nanoTime() + patience;
    while (true) {
      CountDownLatch changed = memberLeft;
      Optional<Unfit> found = unfit();
      if (found.isEmpty()) {
        return;
      }
      boolean mayChange =
          switch (found.get()) {
            case Unfit.OtherContract other -> false;
            case Unfit.NameTaken taken -> await(changed, deadline - System.nanoTime());
          };
      if (!mayChange) {
        throw new JoinFailure(found.get().message());
      }
    }
  }

  /**
   * Members have come: some may have been apart. Hazelcast's threads do not wait, so what has to be
   * waited for is on a thread of its own.
   */
  private void lookAgain() {
    if (looking.get() || unfitNow().isEmpty() || !looking.compareAndSet(false, true)) {
      return;
    }
    Thread.ofPlatform()
        .name("roost-unfit")
        .start(
            () -> {
              try {
                checkFits();
              } catch (JoinFailure failed) {
                unfit.accept(failed); // And nobody looks again.
                return;
              } catch (HazelcastInstanceNotActiveException leaving) {
                return;
              } catch (RuntimeException failed) {
                looking.set(false); // Not at once again: the next that come are looked at.
                log.error("who has come was not looked at", failed);
                return;
              }
              looking.set(false);
              lookAgain();
            });
  }

  private Optional<Unfit> unfitNow() {
    try {
      return unfit();
    } catch (HazelcastInstanceNotActiveException leaving) {
      return Optional.empty();
    }
  }

  private Optional<Unfit> unfit() {
    var cluster = hazelcast().getCluster();
    return Unfit.of(
        peer(cluster.getLocalMember()),
        cluster.getMembers().stream().map(ClusterMember::peer).toList()); // The oldest first.
  }

  /** Each second. Sets this part of the cluster free, should it be frozen and left to itself. */
  private void setFree() {
    try {
      Cluster cluster = hazelcast().getCluster();
      UUID oldest = cluster.getMembers().iterator().next().getUuid();
      UUID self = cluster.getLocalMember().getUuid();
      if (part.isStranded(cluster.getClusterState(), self, oldest, System.nanoTime())) {
        setFree(cluster);
      }
    } catch (RuntimeException failed) {
      log.debug("whether {} is left frozen is not known", name, failed); // As when it leaves.
    }
  }

  private void setFree(Cluster cluster) {
    try {
      cluster.changeClusterState(ClusterState.ACTIVE);
      log.warn(
          "{} was left frozen: its part of the cluster was to join another when who led it went;"
              + " it looks for the others again",
          name);
    } catch (RuntimeException failed) {
      // Members come and go, values move: in a second it may do.
      log.warn("{} was left frozen, and is not set free yet: {}", name, failed.getMessage());
    }
  }

  private static Unfit.Peer peer(Member member) {
    return new Unfit.Peer(
        name(member),
        member.getAttribute(HazelcastConfiguration.NODE_NAME),
        contract(member),
        address(member));
  }

  private static boolean await(CountDownLatch latch, long nanos) {
    try {
      return latch.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    }
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

  /** The version of the contract that this node speaks. */
  int contract() {
    return contract;
  }

  /** How far from the first cluster port this node's is: nodes of one machine share the range. */
  int portOffset() {
    return port - options.clusterPort();
  }

  HazelcastInstance hazelcast() {
    return Objects.requireNonNull(hazelcast, "started");
  }

  /** Names of live nodes that speak this one's version of the contract, this one included. */
  Set<String> nodes() {
    return attributes(HazelcastConfiguration.NODE);
  }

  /** The hosts that live nodes have their buses on. */
  Set<String> busHosts() {
    return attributes(HazelcastConfiguration.BUS_HOST);
  }

  private Set<String> attributes(String attribute) {
    return hazelcast().getCluster().getMembers().stream()
        .filter(this::isUnderstood)
        .map(member -> member.getAttribute(attribute))
        .filter(Objects::nonNull)
        .collect(Collectors.toUnmodifiableSet());
  }

  private Set<Address> addresses() {
    return hazelcast().getCluster().getMembers().stream()
        .map(Member::getAddress)
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

  private static String contract(Member member) {
    return Objects.requireNonNullElse(member.getAttribute(HazelcastConfiguration.CONTRACT), "none");
  }

  private boolean isUnderstood(Member member) {
    return contract(member).equals(Integer.toString(contract));
  }

  private static String address(Member member) {
    var socket = member.getSocketAddress();
    return new Seed(socket.getAddress().getHostAddress(), socket.getPort()).toString();
  }

  /**
   * Calls back each second until this node leaves, on a thread that may wait for Hazelcast.
   *
   * @param look not called any more once it has thrown
   */
  void eachSecond(Runnable look) {
    var unused = watch.scheduleWithFixedDelay(look, 1, 1, TimeUnit.SECONDS);
  }

  /** Calls back, on Hazelcast's threads, whenever the set of nodes may have changed. */
  void listen(Runnable listener) {
    listeners.add(listener);
  }

  /** Leaves the cluster; the others know at once. */
  void leave() {
    watch.shutdown();
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
      Member member = event.getMember();
      discovery.joined(member.getAddress());
      changed(event, "joined");
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
      discovery.left(event.getMember().getAddress());
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
      if (!isUnderstood(member)) {
        log.warn(
            "{} at {} {} the cluster: it speaks version {} of the contract between nodes, this one"
                + " version {}; neither reads anything of the other, and the younger has to end",
            name(member),
            address(member),
            what,
            contract(member),
            contract);
      } else if (!member.localMember()) {
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
      lookAgain();
    }
  }
}
