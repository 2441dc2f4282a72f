package dev.roost.cluster;

import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node's part in the cluster, on a thread of its own: tells what the node offers, takes and
 * gives partitions as {@link Decision} says, and publishes what it sees.
 *
 * <p>{@link #snapshot}, {@link #submit}, {@link #wake} and the listeners are for every thread; all
 * else happens on the keeper's thread.
 */
final class Keeper implements Runnable {

  /*
   * A round reads everything and writes what has to change; a compare-and-set that is lost repeats
   * that step with what is there now. Rounds follow calls and events, and each other every tick,
   * so an event that got lost costs a second at most.
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
   * @param patience how long a call waits for its effect
   */
  record Timing(Duration tick, Duration pace, Duration patience) {
    static Timing defaults() {
      return new Timing(Duration.ofSeconds(1), Duration.ofMillis(20), Duration.ofSeconds(30));
    }
  }

  /** What the node asks for; the promise is completed on the keeper's thread. */
  sealed interface Request {
    Promise<Void> done();

    record Advertise(Advertisement advertisement, Promise<Void> done) implements Request {}

    record Withdraw(String application, Promise<Void> done) implements Request {}
  }

  /** A request under way, until its deadline. */
  private record Waiting(Request request, long deadline) {}

  private static final Logger log = LoggerFactory.getLogger(Keeper.class);

  /** Races lost in a row before it waits: not a number that contention reaches. */
  private static final int MAX_RACES = 100;

  private final String name;
  private final Registry registry;
  private final Timing timing;
  private final Semaphore wakes = new Semaphore(0);
  private final Queue<Request> requests = new ArrayDeque<>(); // under its own lock
  private final List<Consumer<ClusterNode.Snapshot>> listeners = new CopyOnWriteArrayList<>();
  private final Promise<Void> closed = Promise.promise();
  private volatile ClusterNode.Snapshot snapshot;
  private volatile boolean closing;

  private final Map<String, Offer> own = new TreeMap<>();
  private final List<Waiting> announcing = new ArrayList<>();
  private final List<Waiting> waiting = new ArrayList<>();
  private final Map<String, PartitionTable> seen = new HashMap<>();
  private final SharedValue<Directory> directory;
  private final Map<String, SharedValue<PartitionTable>> tables = new HashMap<>();
  private final Set<String> reported = new HashSet<>();
  private Directory published = Directory.empty();
  private long nextHandOver = System.nanoTime();
  private boolean handsOver;
  private boolean failed;

  Keeper(String name, Registry registry, Timing timing) {
    this.name = name;
    this.registry = registry;
    this.timing = timing;
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

  void submit(Request request) {
    synchronized (requests) {
      if (!closing) {
        requests.add(request);
        wake();
        return;
      }
    }
    request.done().fail(isClosed());
  }

  void wake() {
    wakes.release();
  }

  /** Ends the thread and leaves the registry; what the node hosts is for others to claim. */
  Promise<Void> close() {
    synchronized (requests) {
      closing = true;
    }
    wake();
    return closed;
  }

  private IllegalStateException isClosed() {
    return new IllegalStateException("node " + name + " has left the cluster");
  }

  /* ---- the thread */

  @Override
  public void run() {
    registry.listen(this::wake);
    while (!closing) {
      long pause = timing.tick.toNanos();
      failed = false;
      try {
        takeRequests();
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
      expire(System.nanoTime());
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
    var unanswered = new ArrayList<Request>();
    announcing.forEach(late -> unanswered.add(late.request()));
    waiting.forEach(late -> unanswered.add(late.request()));
    synchronized (requests) {
      unanswered.addAll(requests);
    }
    unanswered.forEach(request -> request.done().fail(isClosed()));
    closed.complete();
  }

  /** Once for each kind, until a round went well. */
  private void report(String what, Throwable failure) {
    failed = true;
    if (reported.add(what + failure.getClass().getName())) {
      log.error("{}; node {} keeps trying", what, name, failure);
    }
  }

  /* ---- what the node asks for */

  private void takeRequests() {
    long deadline = System.nanoTime() + timing.patience.toNanos();
    var taken = new ArrayList<Request>();
    synchronized (requests) {
      taken.addAll(requests);
      requests.clear();
    }
    for (Request request : taken) {
      switch (request) {
        case Request.Advertise advertise -> announcing.add(new Waiting(advertise, deadline));
        case Request.Withdraw(String application, Promise<Void> done) -> {
          abandon(announcing, application);
          abandon(waiting, application);
          Offer offer = own.get(application);
          if (offer == null) {
            done.complete();
          } else {
            own.put(application, new Offer(offer.advertisement(), true));
            waiting.add(new Waiting(request, deadline));
          }
        }
      }
    }
  }

  private static void abandon(List<Waiting> started, String application) {
    started.removeIf(
        earlier ->
            earlier.request() instanceof Request.Advertise(var advertisement, var done)
                && advertisement.application().equals(application)
                && done.tryFail(
                    new IllegalStateException(
                        "application \"" + application + "\" was taken back meanwhile")));
  }

  private void expire(long now) {
    removeIf(
        announcing,
        late -> {
          if (late.deadline() - now > 0) {
            return false;
          }
          late.request()
              .done()
              .fail(
                  new IllegalStateException(
                      "the cluster's registry did not take the application within "
                          + timing.patience
                          + "; see the log for why"));
          return true;
        });
    removeIf(
        waiting,
        late -> {
          if (late.deadline() - now > 0) {
            return false;
          }
          switch (late.request()) {
            case Request.Advertise(var advertisement, var done) -> {
              log.warn(
                  "application {}: some partitions have no host after {}",
                  advertisement.application(),
                  timing.patience);
              done.complete();
            }
            case Request.Withdraw(var application, var done) -> {
              log.warn(
                  "application {}: not all partitions were taken over within {}",
                  application,
                  timing.patience);
              own.remove(application);
              wake();
              done.complete();
            }
          }
          return true;
        });
  }

  private static <T> void removeIf(List<T> list, Function<T, Boolean> done) {
    list.removeIf(done::apply);
  }

  /* ---- one round */

  private void round() {
    Set<String> live;
    Directory offers;
    Map<String, PartitionTable> hosted = new HashMap<>();
    do {
      live = new HashSet<>(registry.nodes());
      live.add(name);
      offers = announce(live);
      hosted.clear();
      handsOver = false;
      for (String application : offers.names()) {
        hosted.put(application, keep(application, offers));
      }
    } while (retire(hosted));
    publish(live, offers, hosted);
    answer(offers, hosted);
  }

  /** Brings the node's offers into the directory, and takes those of dead nodes out. */
  private Directory announce(Set<String> live) {
    for (int race = 0; race < MAX_RACES; race++) {
      Directory read = directory.read();
      Directory changed = read.onlyOf(live).withExactly(name, own, this::conflicting);
      var added = new ArrayList<Waiting>();
      changed = withAnnounced(changed, added);
      if (changed.equals(read)) {
        return changed;
      }
      try {
        if (directory.replace(changed)) {
          added.forEach(this::taken);
          return changed;
        }
      } catch (DirectoryCodec.TooLargeException tooLarge) {
        if (added.isEmpty()) {
          throw tooLarge;
        }
        announcing.removeAll(added);
        added.forEach(refused -> refused.request().done().fail(tooLarge));
      }
    }
    throw new IllegalStateException("the directory changed " + MAX_RACES + " times in a row");
  }

  private void taken(Waiting announced) {
    announcing.remove(announced);
    waiting.add(announced);
    if (announced.request() instanceof Request.Advertise(var advertisement, var done)) {
      own.put(advertisement.application(), new Offer(advertisement, false));
    }
  }

  private void conflicting(IllegalStateException conflict) {
    report("a split of the cluster left two applications in conflict", conflict);
  }

  private Directory withAnnounced(Directory present, List<Waiting> added) {
    Directory changed = present;
    for (Iterator<Waiting> all = announcing.iterator(); all.hasNext(); ) {
      Waiting next = all.next();
      if (!(next.request() instanceof Request.Advertise(var advertisement, var done))) {
        continue;
      }
      String application = advertisement.application();
      try {
        if (own.containsKey(application)
            || changed.offers(name).stream().anyMatch(o -> o.application().equals(application))) {
          throw new IllegalStateException(
              "application \""
                  + application
                  + "\" is deployed already on node "
                  + name
                  + ": undeploy it first, or give this one another name");
        }
        changed = changed.with(name, new Offer(advertisement, false));
        added.add(next);
      } catch (RuntimeException refused) {
        all.remove();
        done.fail(refused);
      }
    }
    return changed;
  }

  /** Takes and gives partitions of an application; a failure leaves it as it was seen last. */
  private PartitionTable keep(String application, Directory offers) {
    PartitionTable before = seen.getOrDefault(application, PartitionTable.empty());
    try {
      PartitionTable now = keep(application, offers, before);
      seen.put(application, now);
      return now;
    } catch (RuntimeException failure) {
      report("the partitions of application " + application + " cannot be kept", failure);
      return before;
    }
  }

  private PartitionTable keep(String application, Directory offers, PartitionTable before) {
    Hosts hosts = offers.hosts(application);
    Assignment ought = Assignment.to(hosts.staying());
    Set<String> mine = inboxes(application, offers);
    SharedValue<PartitionTable> table = tables.computeIfAbsent(application, this::table);
    for (int race = 0; race < MAX_RACES; race++) {
      PartitionTable read = table.read();
      switch (Decision.of(hosts, ought, mine, read, before)) {
        case Decision.Nothing() -> {
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

  private Set<String> inboxes(String application, Directory offers) {
    var inboxes = new HashSet<String>();
    for (Offer offer : offers.offers(name)) {
      if (offer.application().equals(application)) {
        inboxes.addAll(offer.advertisement().inboxes());
      }
    }
    return inboxes;
  }

  /** Forgets draining offers that own nothing any more; whether there were any. */
  private boolean retire(Map<String, PartitionTable> hosted) {
    return own.values()
        .removeIf(
            offer ->
                offer.draining()
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

  private void publish(Set<String> live, Directory offers, Map<String, PartitionTable> hosted) {
    ClusterNode.Snapshot before = snapshot;
    var next =
        new ClusterNode.Snapshot(
            live,
            offers.equals(published) ? before.applications() : Applications.of(offers),
            new Partitions(hosted));
    if (next.equals(before)) {
      return;
    }
    published = offers;
    snapshot = next;
    for (Consumer<ClusterNode.Snapshot> listener : listeners) {
      try {
        listener.accept(next);
      } catch (RuntimeException failure) {
        log.error("a listener to the cluster failed", failure);
      }
    }
  }

  /** Answers the calls whose effect everybody on this node can see by now. */
  private void answer(Directory offers, Map<String, PartitionTable> hosted) {
    waiting.removeIf(
        late -> {
          boolean done =
              switch (late.request()) {
                case Request.Advertise(var advertisement, var promise) -> {
                  String application = advertisement.application();
                  PartitionTable table = hosted.get(application);
                  yield table != null && isHosted(table, offers.hosts(application));
                }
                case Request.Withdraw(var application, var promise) ->
                    !own.containsKey(application);
              };
          return done && late.request().done().tryComplete();
        });
  }

  private static boolean isHosted(PartitionTable table, Hosts hosts) {
    for (int partition = 0; partition < table.size(); partition++) {
      String owner = table.inbox(partition);
      if (owner == null || !hosts.has(owner)) {
        return false;
      }
    }
    return true;
  }
}
