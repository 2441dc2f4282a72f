package dev.roost.cluster;

import dev.roost.hosting.Assignment;
import dev.roost.hosting.Decision;
import dev.roost.hosting.Hosts;
import dev.roost.hosting.PartitionTable;
import dev.roost.hosting.PartitionTableCodec;
import dev.roost.hosting.Partitions;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node's part in the cluster, on a thread of its own: tells what the node offers, takes and
 * gives partitions as {@link Decision} says, and publishes what it sees.
 *
 * <p>{@link #snapshot}, {@link #submit}, {@link #wake} and the listeners are for every thread; all
 * else but telling who is live happens on the keeper's thread.
 */
final class Keeper implements Runnable {

  /*
   * A round reads everything and writes what has to change; a compare-and-set that is lost repeats
   * that step with what is there now. Rounds follow calls and events, and each other every tick,
   * so an event that got lost costs a second at most.
   *
   * A write that says it was lost, or failed, may have been done: Hazelcast repeats one whose answer is
   * gone with the member that it was sent to, and the repeat finds a value that is not the expected
   * one any more. So only what is read next counts: an offer that is there is announced, and one whose
   * table could not be read is not forgotten, since this node may own some of it and not know.
   *
   * Who is live does not wait for a round: it is read without blocking and told on the registry's own
   * thread, so that channels of a node that is gone end while the values it kept are still being
   * recovered. Everything else is published by rounds; one lock keeps the two in order.
   *
   * What was published never goes back: a table is only published if it is not behind the one
   * before it, partition by partition, else Decision demands a change first.
   */

  static final String DIRECTORY = "directory";
  static final String TABLES = "partitions/";

  /**
   * How it waits.
   *
   * @param tick the longest time between two rounds
   * @param pace time between two partitions that are handed over
   * @param patience how long a call waits for its effect: see {@link Calls}
   */
  record Timing(Duration tick, Duration pace, Duration patience) {
    static Timing defaults() {
      return new Timing(Duration.ofSeconds(1), Duration.ofMillis(20), Duration.ofSeconds(30));
    }
  }

  private static final Logger log = LoggerFactory.getLogger(Keeper.class);

  /** Races lost in a row before it waits: not a number that contention reaches. */
  private static final int MAX_RACES = 100;

  private final String name;
  private final Registry registry;
  private final Timing timing;
  private final Semaphore wakes = new Semaphore(0);
  private final Calls calls;
  private final List<Consumer<ClusterNode.Snapshot>> listeners = new CopyOnWriteArrayList<>();
  private final Promise<Void> closed = Promise.promise();
  private final Object publishing = new Object();
  private volatile ClusterNode.Snapshot snapshot;
  private volatile boolean closing;

  private final Map<String, Offer> own = new TreeMap<>();
  private final Map<String, PartitionTable> seen = new HashMap<>();
  private final SharedValue<Directory> directory;
  private final Map<String, SharedValue<PartitionTable>> tables = new HashMap<>();
  private final Set<String> unread = new HashSet<>();
  private final Set<String> reported = new HashSet<>();
  private Directory published = Directory.empty();
  private final Map<String, Integer> handedOver = new HashMap<>();
  private long nextHandOver = System.nanoTime();
  private boolean handsOver;
  private boolean failed;

  Keeper(String name, Registry registry, Timing timing) {
    this.name = name;
    this.registry = registry;
    this.timing = timing;
    this.calls = new Calls(name, timing.patience);
    this.directory =
        new SharedValue<>(
            registry, DIRECTORY, DirectoryCodec::decode, DirectoryCodec::encode, Directory.empty());
    this.snapshot = new ClusterNode.Snapshot(Set.of(name), Applications.none(), Partitions.none());
  }

  /* ---- for every thread */

  ClusterNode.Snapshot snapshot() {
    return snapshot;
  }

  void listen(Consumer<ClusterNode.Snapshot> listener) {
    listeners.add(listener);
  }

  void unlisten(Consumer<ClusterNode.Snapshot> listener) {
    listeners.remove(listener);
  }

  void submit(Calls.Call call) {
    calls.submit(call);
    wake();
  }

  void wake() {
    wakes.release();
  }

  /**
   * Something happened in the registry. Who is live is told at once, whatever the keeper waits for:
   * its reads may be waiting for the very node that is gone.
   */
  private void stirred() {
    try {
      publishNodes();
    } catch (RuntimeException failure) {
      log.debug("who is live cannot be told now, the next round will", failure);
    }
    wake();
  }

  /** Ends the thread and leaves the registry; what the node hosts is for others to claim. */
  Promise<Void> close() {
    calls.close();
    closing = true;
    wake();
    return closed;
  }

  /* ---- the thread */

  @Override
  public void run() {
    boolean listening = false;
    while (!closing) {
      long pause = timing.tick.toNanos();
      failed = false;
      try {
        if (!listening) {
          registry.listen(this::stirred);
          listening = true;
        }
        calls.begin(own);
        round();
        if (handsOver) {
          pause = Math.max(nextHandOver - System.nanoTime(), 0);
        }
      } catch (Throwable failure) { // whatever it is: a node without a keeper would be lost
        report("the cluster's registry failed", failure);
      }
      if (!failed) {
        reported.clear();
      }
      calls.expire(System.nanoTime(), own);
      await(pause);
    }
    end();
  }

  private void await(long nanos) {
    try {
      if (wakes.tryAcquire(nanos, TimeUnit.NANOSECONDS)) {
        wakes.drainPermits();
      }
    } catch (InterruptedException e) {
      log.debug("interrupted, which is nothing but a wake-up here");
    }
  }

  private void end() {
    try {
      registry.close();
    } catch (RuntimeException failure) {
      log.warn("node {} could not leave the cluster in order", name, failure);
    }
    calls.end();
    closed.complete();
  }

  /** Once for each kind, until a round went well. */
  private void report(String what, Throwable failure) {
    failed = true;
    if (reported.add(what + failure.getClass().getName())) {
      log.error("{}; node {} keeps trying", what, name, failure);
    }
  }

  /* ---- one round */

  private void round() {
    Set<String> live;
    Directory offers;
    Map<String, PartitionTable> hosted = new HashMap<>();
    do {
      publishNodes();
      live = live();
      offers = announce(live);
      hosted.clear();
      unread.clear();
      handsOver = false;
      for (String application : offers.names()) {
        hosted.put(application, keep(application, offers, live));
      }
    } while (retire(hosted));
    publish(offers, hosted);
    Directory told = offers;
    calls.answer(
        application ->
            isHosted(
                hosted.getOrDefault(application, PartitionTable.empty()), told.hosts(application)),
        own);
  }

  /** Brings the node's offers into the directory, and takes those of dead nodes out. */
  private Directory announce(Set<String> live) {
    for (int race = 0; race < MAX_RACES; race++) {
      Directory read = directory.read();
      // The read may have waited until two parts of the cluster were one.
      Set<String> known = live();
      known.addAll(live);
      Directory changed = read.onlyOf(known).withExactly(name, own, this::conflicting);
      var added = new ArrayList<Calls.Call.Advertise>();
      changed = calls.announce(changed, own, added);
      try {
        if (changed.equals(read) || directory.replace(changed)) {
          calls.announced(added);
          for (Calls.Call.Advertise call : added) {
            own.put(call.advertisement().application(), new Offer(call.advertisement(), false));
          }
          return changed;
        }
      } catch (DirectoryCodec.TooLargeException tooLarge) {
        if (added.isEmpty()) {
          throw tooLarge;
        }
        calls.refuse(added, tooLarge);
      }
    }
    throw new IllegalStateException("the directory changed " + MAX_RACES + " times in a row");
  }

  private void conflicting(IllegalStateException conflict) {
    report("a split of the cluster left two applications in conflict", conflict);
  }

  /** Takes and gives partitions of an application; a failure leaves it as it was seen last. */
  private PartitionTable keep(String application, Directory offers, Set<String> live) {
    PartitionTable before = seen.getOrDefault(application, PartitionTable.empty());
    try {
      PartitionTable now = keep(application, offers, live, before);
      seen.put(application, now);
      return now;
    } catch (RuntimeException failure) {
      unread.add(application);
      report("the partitions of application " + application + " cannot be kept", failure);
      return before;
    }
  }

  private PartitionTable keep(
      String application, Directory offers, Set<String> live, PartitionTable before) {
    Hosts hosts = offers.hosts(application);
    Assignment ought = Assignment.to(hosts.staying());
    Offer mine = offers.offers(name).get(application);
    Set<String> inboxes = mine == null ? Set.of() : Set.copyOf(mine.advertisement().inboxes());
    SharedValue<PartitionTable> table = tables.computeIfAbsent(application, this::table);
    for (int race = 0; race < MAX_RACES; race++) {
      PartitionTable read = table.read();
      if (!live.containsAll(live())) {
        wake();
        unread.add(application);
        return before; // It may be that of another part of the cluster, whose hosts are not known.
      }
      switch (Decision.of(hosts, ought, inboxes, read, before)) {
        case Decision.Nothing() -> {
          Integer moved = handedOver.remove(application);
          if (moved != null) {
            log.info(
                "application {}: {} partitions were handed to other nodes", application, moved);
          }
          return read;
        }
        case Decision.Change(var changed) -> {
          if (table.replace(changed)) {
            wake(); // there may be something to hand over
            return changed;
          }
        }
        case Decision.HandOver(var changed) -> {
          handsOver = true;
          long now = System.nanoTime();
          if (now - nextHandOver < 0) {
            return read;
          }
          if (table.replace(changed)) {
            nextHandOver = now + timing.pace.toNanos();
            handedOver.merge(application, 1, Integer::sum);
            return changed;
          }
        }
      }
    }
    throw new IllegalStateException("its table changed " + MAX_RACES + " times in a row");
  }

  private SharedValue<PartitionTable> table(String application) {
    return new SharedValue<>(
        registry,
        TABLES + application,
        PartitionTableCodec::decode,
        PartitionTableCodec::encode,
        PartitionTable.empty());
  }

  /** Forgets draining offers that own nothing any more; whether there were any. */
  private boolean retire(Map<String, PartitionTable> hosted) {
    return own.values()
        .removeIf(
            offer ->
                offer.draining()
                    && !unread.contains(offer.application())
                    && ownsNone(
                        hosted.getOrDefault(offer.application(), PartitionTable.empty()),
                        Set.copyOf(offer.advertisement().inboxes())));
  }

  static boolean ownsNone(PartitionTable table, Set<String> inboxes) {
    for (int partition = 0; partition < table.size(); partition++) {
      String owner = table.inbox(partition);
      if (owner != null && inboxes.contains(owner)) {
        return false;
      }
    }
    return true;
  }

  private Set<String> live() {
    var live = new HashSet<>(registry.nodes());
    live.add(name);
    return live;
  }

  private void publishNodes() {
    synchronized (publishing) {
      ClusterNode.Snapshot before = snapshot;
      publish(new ClusterNode.Snapshot(live(), before.applications(), before.partitions()));
    }
  }

  private void publish(Directory offers, Map<String, PartitionTable> hosted) {
    synchronized (publishing) {
      ClusterNode.Snapshot before = snapshot;
      Applications applications =
          offers.equals(published) ? before.applications() : Applications.of(offers);
      published = offers;
      publish(new ClusterNode.Snapshot(live(), applications, new Partitions(hosted)));
    }
  }

  private void publish(ClusterNode.Snapshot next) {
    if (next.equals(snapshot)) {
      return;
    }
    snapshot = next;
    for (Consumer<ClusterNode.Snapshot> listener : listeners) {
      try {
        listener.accept(next);
      } catch (RuntimeException failure) {
        log.error("a listener to the cluster failed", failure);
      }
    }
  }

  /** Whether every partition is on a host that is there. */
  static boolean isHosted(PartitionTable table, Hosts hosts) {
    for (int partition = 0; partition < table.size(); partition++) {
      String owner = table.inbox(partition);
      if (owner == null || !hosts.has(owner)) {
        return false;
      }
    }
    return true;
  }
}
