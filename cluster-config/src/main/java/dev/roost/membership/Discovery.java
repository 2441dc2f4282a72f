package dev.roost.membership;

import static java.util.concurrent.Future.State.SUCCESS;

import com.hazelcast.cluster.Address;
import com.hazelcast.config.properties.PropertyDefinition;
import com.hazelcast.logging.ILogger;
import com.hazelcast.spi.discovery.AbstractDiscoveryStrategy;
import com.hazelcast.spi.discovery.DiscoveryNode;
import com.hazelcast.spi.discovery.DiscoveryStrategy;
import com.hazelcast.spi.discovery.DiscoveryStrategyFactory;
import com.hazelcast.spi.discovery.SimpleDiscoveryNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where Hazelcast looks for members, each time it does: at its start, and every few seconds
 * afterwards for a part of the cluster that it lost. Safe for any thread.
 */
final class Discovery implements DiscoveryStrategyFactory {

  /*
   * Hazelcast's own list of members takes one address of a name only, and with an interface chosen
   * it silently drops names that do not resolve to that interface. This one takes every address of
   * every name. Members that are gone are looked for as well, so that two parts of a cluster find each
   * other again even if the one seed they had in common is gone. Most will never come back, and Hazelcast
   * takes five seconds over each address where nobody is: a member looks by itself, at all of them at a
   * time, where anybody listens.
   */

  private static final Logger log = LoggerFactory.getLogger(Discovery.class);

  /** How long a member that is gone is looked for: a day. */
  static final long REMEMBERED = TimeUnit.DAYS.toNanos(1);

  /** How many that are gone are looked for. */
  static final int MOST_GONE = 64;

  /** How long it is waited for an answer from where nobody may be; a lost packet is sent again. */
  private static final int PROBE_MILLIS = 1_500;

  private final InetAddress bind;
  private final int clusterPort;
  private final List<Seed> seeds;
  private final LongSupplier clock;

  /** How long somebody may listen where members are looked for, and be none. */
  static final long STRANGE = TimeUnit.SECONDS.toNanos(30);

  private final String clusterName;

  /** When members went, the latest last. */
  private final SequencedMap<Address, Long> gone = new LinkedHashMap<>();

  /** Where somebody listens who is no member: since when, and empty once that was told. */
  private final Map<Address, Optional<Long>> apart = new HashMap<>();

  private volatile List<String> lastTried = List.of();
  private volatile @Nullable Supplier<Set<Address>> members;

  Discovery(ClusterOptions options, InetAddress bind) {
    this(options, bind, System::nanoTime);
  }

  /**
   * @param clock in nanoseconds
   */
  Discovery(ClusterOptions options, InetAddress bind, LongSupplier clock) {
    this.clock = clock;
    this.bind = bind;
    this.clusterName = options.clusterName();
    this.clusterPort = options.clusterPort();
    var places = new LinkedHashSet<Seed>();
    options.seeds().forEach(seed -> places.add(Seed.parse(seed)));
    if (options.dns() != null) {
      places.add(new Seed(options.dns(), clusterPort));
    }
    this.seeds = List.copyOf(places);
  }

  /** A member is here: it need not be looked for. */
  void joined(Address member) {
    synchronized (gone) {
      gone.remove(member);
    }
  }

  /** A member is gone, or cut off: it is looked for from now on. */
  void left(Address member) {
    synchronized (gone) {
      gone.putLast(member, clock.getAsLong());
      if (gone.size() > MOST_GONE) {
        gone.pollFirstEntry();
      }
    }
  }

  /** Those that are gone, the latest first. */
  private List<Address> gone() {
    long now = clock.getAsLong();
    synchronized (gone) {
      gone.values().removeIf(since -> now - since > REMEMBERED);
      return List.copyOf(gone.sequencedKeySet().reversed());
    }
  }

  /** This node is a member; from now on it looks for others than those that are with it. */
  void started(Supplier<Set<Address>> members) {
    this.members = members;
  }

  /** What was looked at last, for whoever has to find out why nobody was there. */
  List<String> lastTried() {
    return lastTried;
  }

  /** Where members may be, in the order in which they are tried. */
  List<Address> places() {
    var found = new LinkedHashSet<>(gone());
    var tried = new LinkedHashSet<String>();
    for (Seed seed : seeds) {
      try {
        for (InetAddress address : InetAddress.getAllByName(seed.host())) {
          if (address.getClass() == bind.getClass()) { // The other family cannot be dialled.
            add(address, seed.port(), found);
          }
        }
        tried.add(seed.toString());
      } catch (UnknownHostException unknown) {
        tried.add(seed + " (does not resolve)");
      }
    }
    lastTried = List.copyOf(tried);
    return List.copyOf(found);
  }

  /** The same for Hazelcast: once this node is a member, only where others listen. */
  private List<Address> found() {
    Supplier<Set<Address>> here = members;
    if (here == null) {
      return places();
    }
    List<Address> listening = listening(here.get());
    for (Address stranger : strangers(listening)) {
      log.warn(
          "{}:{} listens and has not become a member of cluster {} in {} s: it hangs, or belongs to"
              + " a cluster of another name; correct the cluster name here or there, or take the"
              + " address out of the seeds",
          stranger.getHost(),
          stranger.getPort(),
          clusterName,
          TimeUnit.NANOSECONDS.toSeconds(STRANGE));
    }
    return listening;
  }

  /**
   * Those who have listened for long and are no members; each is named once, and again if it was
   * gone in between.
   *
   * @param listening who listens now and is no member
   */
  List<Address> strangers(List<Address> listening) {
    long now = clock.getAsLong();
    var late = new ArrayList<Address>();
    synchronized (apart) {
      apart.keySet().retainAll(listening);
      for (Address place : listening) {
        Optional<Long> since = apart.computeIfAbsent(place, fresh -> Optional.of(now));
        if (since.isPresent() && now - since.get() >= STRANGE) {
          apart.put(place, Optional.empty());
          late.add(place);
        }
      }
    }
    return late;
  }

  /** Those of {@link #places} where somebody listens, without these. */
  List<Address> listening(Set<Address> here) {
    List<Address> apart = places().stream().filter(place -> !here.contains(place)).toList();
    var answers = new LinkedHashMap<Address, Future<Boolean>>();
    try (var probes = Executors.newVirtualThreadPerTaskExecutor()) {
      apart.forEach(place -> answers.put(place, probes.submit(() -> listens(place))));
    } // Once all are done.
    answers.values().removeIf(answer -> answer.state() != SUCCESS || !answer.resultNow());
    return List.copyOf(answers.keySet());
  }

  private boolean listens(Address place) {
    try (var socket = new Socket()) {
      socket.bind(new InetSocketAddress(bind, 0));
      socket.connect(place.getInetSocketAddress(), PROBE_MILLIS);
      return true;
    } catch (IOException nobody) {
      return false;
    }
  }

  private void add(InetAddress address, int port, Set<Address> found) {
    if (port > 0) {
      found.add(new Address(address, port));
      return;
    }
    for (int i = 0; i < ClusterOptions.PORTS; i++) {
      found.add(new Address(address, clusterPort + i));
    }
  }

  @Override
  public Class<? extends DiscoveryStrategy> getDiscoveryStrategyType() {
    return Strategy.class;
  }

  @Override
  @SuppressWarnings("rawtypes") // Hazelcast's signature.
  public DiscoveryStrategy newDiscoveryStrategy(
      DiscoveryNode self, ILogger logger, Map<String, Comparable> properties) {
    return new Strategy(this, logger, properties);
  }

  @Override
  public Collection<PropertyDefinition> getConfigurationProperties() {
    return List.of();
  }

  private static final class Strategy extends AbstractDiscoveryStrategy {

    private final Discovery discovery;

    @SuppressWarnings("rawtypes") // Hazelcast's signature.
    Strategy(Discovery discovery, ILogger logger, Map<String, Comparable> properties) {
      super(logger, properties);
      this.discovery = discovery;
    }

    @Override
    public Iterable<DiscoveryNode> discoverNodes() {
      return discovery.found().stream().<DiscoveryNode>map(SimpleDiscoveryNode::new).toList();
    }
  }
}
