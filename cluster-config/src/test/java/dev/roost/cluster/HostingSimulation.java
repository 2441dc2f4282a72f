package dev.roost.cluster;

import dev.roost.hosting.Assignment;
import dev.roost.hosting.Decision;
import dev.roost.hosting.Hosts;
import dev.roost.hosting.PartitionTable;
import dev.roost.routing.Advertisement;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * One schedule of a cluster's life, all of it drawn from a seed: nodes that join, drain, die and
 * come back, splits, heals, lost entries, writes that are done and answered otherwise, reads that
 * fail, and in between single steps of the nodes, so that others act between what a node reads and
 * what it writes. Then it is left alone and has to settle.
 *
 * <p>The nodes decide with {@link Decision}, {@link Directory} and {@link Calls} as the keeper
 * does; registry, membership and time are the simulation's.
 */
final class HostingSimulation {

  /** What the nodes get wrong, to see that it is noticed. */
  enum Flaw {
    NONE,
    /** A claim does not begin a new epoch. */
    SAME_EPOCH,
    /** What was seen before is not remembered. */
    NO_MEMORY,
    /** Of one epoch under two owners, the registry's is believed. */
    EQUAL_EPOCHS_PASS,
    /** A write does not look at what is there. */
    BLIND_WRITES,
    /** Partitions of dead nodes are left alone. */
    ORPHANS_STAY,
    /** Nothing is ever handed over. */
    NO_HAND_OVER,
    /** A node does not put its lost offer back. */
    OFFERS_STAY_LOST,
    /** An offer whose write was done, and not answered so, is never announced. */
    ANSWERS_ARE_BELIEVED,
    /** An offer is forgotten by a table that could not be read now. */
    OLD_TABLES_ARE_BELIEVED
  }

  /** What a node is told of a write. */
  private enum Answer {
    DONE,
    /** It was done, its answer got lost, and the repeat was refused. */
    REFUSED,
    /** It was done, and nothing came back in time. */
    FAILED
  }

  private static final List<String> NAMES = List.of("chat", "news");
  private static final int MAX_NODES = 6;

  private final long seed;
  private final Flaw flaw;
  private final Random random;
  private final int partitions;
  private final List<String> applications;
  private final List<Component> components = new ArrayList<>();
  private final Map<String, Map<Long, String>> tenures = new HashMap<>();
  private final StringBuilder story = new StringBuilder();
  private final boolean told;
  private boolean epochsAreUnique = true;
  private boolean isCalm;
  private int lastNode;
  private int lastInbox;

  private HostingSimulation(long seed, Flaw flaw, boolean told) {
    this.seed = seed;
    this.flaw = flaw;
    this.told = told;
    this.random = new Random(seed * 0x9e3779b97f4a7c15L);
    this.partitions = seed % 4_000 == 0 ? PartitionTable.PARTITIONS : 1 + random.nextInt(6);
    this.applications = NAMES.subList(0, 1 + random.nextInt(NAMES.size()));
  }

  /** Runs a schedule; one that goes wrong runs again and tells its story. */
  static void run(long seed, Flaw flaw) {
    try {
      new HostingSimulation(seed, flaw, false).run();
    } catch (AssertionError first) {
      var again = new HostingSimulation(seed, flaw, true);
      try {
        again.run();
      } catch (AssertionError second) {
        throw new AssertionError(second.getMessage() + "\n" + again.story, second);
      }
      throw new AssertionError("seed " + seed + " failed only once", first);
    }
  }

  /** A side of the cluster: its members and its registry. */
  private static final class Component {
    final List<Node> members = new ArrayList<>();
    Directory directory = Directory.empty();
    final Map<String, PartitionTable> tables = new HashMap<>();

    Set<String> names() {
      var names = new HashSet<String>();
      members.forEach(node -> names.add(node.name));
      return names;
    }
  }

  private enum Step {
    READ_DIRECTORY,
    WRITE_DIRECTORY,
    READ_TABLE,
    WRITE_TABLE
  }

  /** A node: what it offers, what it has seen, and how far it is in its round. */
  private final class Node {
    final String name = "n" + ++lastNode;
    final Map<String, Offer> own = new TreeMap<>();
    final Map<String, PartitionTable> seen = new HashMap<>();
    final Set<String> unread = new HashSet<>();
    final Map<String, PartitionTable> claims = new HashMap<>();
    final Calls calls = new Calls(name, Duration.ofDays(1));
    final Set<String> asked = new HashSet<>();
    final Map<String, Future<Void>> drained = new HashMap<>();
    final Map<Calls.Call, Future<Void>> answers = new LinkedHashMap<>();
    final List<Calls.Call.Advertise> added = new ArrayList<>();
    Component component;
    Set<String> live = Set.of();

    Step step = Step.READ_DIRECTORY;
    Directory read = Directory.empty();
    Directory wanted = Directory.empty();
    List<String> names = List.of();
    int next;
    PartitionTable readTable = PartitionTable.empty(partitions);
    Decision decision = Decision.NOTHING;
    boolean begun;
    boolean handedOver;
    boolean changed;
    int rounds;

    Node(Component component) {
      this.component = component;
    }

    void offer(String application) {
      var inboxes = new ArrayList<String>();
      for (int i = 0; i <= random.nextInt(2); i++) {
        inboxes.add("roost.host." + name + "." + ++lastInbox);
      }
      asked.add(application);
      ask(
          new Calls.Call.Advertise(
              new Advertisement(application, List.of(), Map.of(), List.of(), inboxes),
              Promise.promise()));
    }

    void drain(String application) {
      asked.remove(application);
      drained.put(application, ask(new Calls.Call.Withdraw(application, Promise.promise())));
    }

    private Future<Void> ask(Calls.Call call) {
      Future<Void> answer = call.done().future();
      answers.put(call, answer);
      calls.submit(call);
      return answer;
    }

    /** Whoever offers an application again waits until the node has taken it back. */
    boolean mayOffer(String application) {
      return !asked.contains(application)
          && drained.getOrDefault(application, Future.succeededFuture()).isComplete();
    }

    Set<String> mine(String application, Directory offers) {
      var mine = new HashSet<String>();
      Offer offer = offers.nodes().getOrDefault(name, Map.of()).get(application);
      if (offer != null) {
        mine.addAll(offer.advertisement().inboxes());
      }
      return mine;
    }

    /** One read or one write; others may act before the next. */
    void act(boolean staleMembers) {
      switch (step) {
        case READ_DIRECTORY -> {
          if (!begun) {
            calls.begin(own);
            begun = true;
          }
          if (!staleMembers || live.isEmpty()) {
            live = component.names();
          }
          read = component.directory;
          boolean keepsLost = flaw == Flaw.OFFERS_STAY_LOST && rounds > 0;
          wanted = read.onlyOf(live);
          if (!keepsLost) {
            wanted = wanted.withExactly(name, own, conflict -> fail(conflict.getMessage()));
          }
          added.clear();
          wanted = calls.announce(wanted, own, added);
          handedOver = false;
          step = Step.WRITE_DIRECTORY;
        }
        case WRITE_DIRECTORY -> {
          if (!wanted.equals(read)) {
            if (!component.directory.equals(read)) {
              step = Step.READ_DIRECTORY;
              return;
            }
            component.directory = wanted;
            changed = true;
            Answer answer = answer();
            tell(name, "writes", wanted.nodes(), "and is told", answer);
            if (answer != Answer.DONE) {
              begun = answer == Answer.REFUSED;
              rounds += begun ? 0 : 1;
              step = Step.READ_DIRECTORY;
              return;
            }
          } else if (flaw == Flaw.ANSWERS_ARE_BELIEVED) {
            added.clear();
          }
          calls.announced(added);
          for (Calls.Call.Advertise call : added) {
            own.put(call.advertisement().application(), new Offer(call.advertisement(), false));
          }
          names = List.copyOf(wanted.names());
          next = 0;
          unread.clear();
          step = Step.READ_TABLE;
          skipToEnd();
        }
        case READ_TABLE -> {
          String application = names.get(next);
          if (answer() == Answer.FAILED) {
            tell(name, "cannot read", application);
            unread.add(application);
            next++;
            skipToEnd();
            return;
          }
          readTable = table(component, application);
          Hosts hosts = wanted.hosts(application);
          decision =
              decide(
                  hosts,
                  Assignment.to(hosts.staying()),
                  mine(application, wanted),
                  readTable,
                  seen.getOrDefault(application, PartitionTable.empty(partitions)));
          step = Step.WRITE_TABLE;
        }
        case WRITE_TABLE -> {
          String application = names.get(next);
          PartitionTable result =
              switch (decision) {
                case Decision.Nothing() -> readTable;
                case Decision.Change(var table) -> table;
                case Decision.HandOver(var table) -> handedOver ? readTable : table;
              };
          handedOver |= decision instanceof Decision.HandOver;
          boolean failed = false;
          if (!result.equals(readTable)) {
            boolean lost = !table(component, application).equals(readTable);
            if (lost && flaw != Flaw.BLIND_WRITES) {
              handedOver = false;
              step = Step.READ_TABLE;
              return;
            }
            written(application, table(component, application), result);
            component.tables.put(application, result);
            claims.put(application, result);
            changed = true;
            Answer answer = answer();
            tell(name, "writes", application, result, "and is told", answer);
            if (answer == Answer.REFUSED) {
              handedOver = false;
              step = Step.READ_TABLE;
              return;
            }
            failed = answer == Answer.FAILED;
          }
          if (failed) {
            unread.add(application);
          } else {
            saw(application, result);
          }
          next++;
          step = Step.READ_TABLE;
          skipToEnd();
        }
      }
    }

    private void skipToEnd() {
      if (next < names.size()) {
        return;
      }
      boolean retired = own.values().removeIf(this::retires);
      changed |= retired;
      step = Step.READ_DIRECTORY;
      if (retired) {
        return; // the directory is still to be told
      }
      calls.answer(
          application ->
              Keeper.isHosted(
                  seen.getOrDefault(application, PartitionTable.empty(partitions)),
                  wanted.hosts(application)),
          own);
      rounds++;
      begun = false;
    }

    private boolean retires(Offer offer) {
      String application = offer.application();
      boolean known = flaw == Flaw.OLD_TABLES_ARE_BELIEVED || !unread.contains(application);
      var inboxes = Set.copyOf(offer.advertisement().inboxes());
      boolean retires =
          offer.draining()
              && known
              && Keeper.ownsNone(
                  seen.getOrDefault(application, PartitionTable.empty(partitions)), inboxes);
      if (retires) {
        checkHandedOver(application, inboxes);
      }
      return retires;
    }

    /** What it has written itself it knows of, whatever it was told. */
    private void checkHandedOver(String application, Set<String> inboxes) {
      PartitionTable claimed = claims.getOrDefault(application, PartitionTable.empty(partitions));
      PartitionTable now = table(component, application);
      for (int partition = 0; epochsAreUnique && partition < partitions; partition++) {
        String owner = now.inbox(partition);
        if (owner != null && inboxes.contains(owner) && now.sameTenure(partition, claimed)) {
          fail(name + " goes without handing over partition " + partition + " of " + application);
        }
      }
    }

    private Answer answer() {
      return switch (isCalm ? 0 : random.nextInt(12)) {
        case 1 -> Answer.REFUSED;
        case 2 -> Answer.FAILED;
        default -> Answer.DONE;
      };
    }

    private void saw(String application, PartitionTable table) {
      PartitionTable before = seen.put(application, table);
      for (int partition = 0; before != null && partition < partitions; partition++) {
        if (table.epoch(partition) <= before.epoch(partition)
            && !table.sameTenure(partition, before)) {
          fail(
              "%s saw partition %d of %s in %s, and now in %s"
                  .formatted(
                      name,
                      partition,
                      application,
                      tenure(before, partition),
                      tenure(table, partition)));
        }
      }
    }
  }

  private PartitionTable table(Component component, String application) {
    return component.tables.getOrDefault(application, PartitionTable.empty(partitions));
  }

  private static String tenure(PartitionTable table, int partition) {
    return table.inbox(partition) + "@" + table.epoch(partition);
  }

  /** As long as nothing was lost and nobody was cut off, an epoch has one owner for ever. */
  private void written(String application, PartitionTable before, PartitionTable after) {
    if (!epochsAreUnique) {
      return;
    }
    Map<Long, String> known = tenures.computeIfAbsent(application, any -> new HashMap<>());
    for (int partition = 0; partition < partitions; partition++) {
      if (!before.sameTenure(partition, after)) {
        String owner = String.valueOf(after.inbox(partition));
        String other = known.putIfAbsent(after.epoch(partition) << 8 | partition, owner);
        if (other != null && !other.equals(owner)) {
          fail(
              "partition %d of %s belongs to %s and to %s in epoch %d"
                  .formatted(partition, application, other, owner, after.epoch(partition)));
        }
      }
    }
  }

  private Decision decide(
      Hosts hosts,
      Assignment ought,
      Set<String> mine,
      PartitionTable table,
      PartitionTable remembered) {
    PartitionTable before =
        switch (flaw) {
          case NO_MEMORY -> PartitionTable.empty(partitions);
          case EQUAL_EPOCHS_PASS -> believing(table, remembered);
          default -> remembered;
        };
    Decision right = Decision.of(hosts, ought, mine, table, before);
    return switch (flaw) {
      case SAME_EPOCH ->
          right instanceof Decision.Change(var next)
              ? new Decision.Change(inTheSameEpoch(table, next))
              : right;
      case ORPHANS_STAY ->
          right instanceof Decision.Change(var next)
              ? new Decision.Change(withOrphans(table, next, hosts))
              : right;
      case NO_HAND_OVER -> right instanceof Decision.HandOver ? Decision.NOTHING : right;
      default -> right;
    };
  }

  private PartitionTable believing(PartitionTable table, PartitionTable remembered) {
    PartitionTable.Draft believed = remembered.change();
    for (int partition = 0; partition < partitions; partition++) {
      if (table.epoch(partition) == remembered.epoch(partition)) {
        believed.set(partition, table.inbox(partition), table.epoch(partition));
      }
    }
    return believed.made();
  }

  private PartitionTable inTheSameEpoch(PartitionTable table, PartitionTable next) {
    PartitionTable.Draft flawed = next.change();
    for (int partition = 0; partition < partitions; partition++) {
      if (!Objects.equals(next.inbox(partition), table.inbox(partition))) {
        flawed.set(partition, next.inbox(partition), Math.max(1, table.epoch(partition)));
      }
    }
    return flawed.made();
  }

  private PartitionTable withOrphans(PartitionTable table, PartitionTable next, Hosts hosts) {
    PartitionTable.Draft flawed = next.change();
    for (int partition = 0; partition < partitions; partition++) {
      String owner = table.inbox(partition);
      if (owner != null && !hosts.has(owner)) {
        flawed.set(partition, owner, next.epoch(partition));
      }
    }
    return flawed.made();
  }

  /* ---- the schedule */

  private void run() {
    components.add(new Component());
    int first = 2 + random.nextInt(3);
    for (int i = 0; i < first; i++) {
      join();
    }
    int steps = 20 + random.nextInt(60);
    for (int i = 0; i < steps; i++) {
      if (random.nextInt(6) == 0) {
        happen();
      } else {
        pick(nodes()).act(random.nextInt(4) == 0);
      }
    }
    if (random.nextBoolean()) {
      heal();
    }
    isCalm = true;
    components.forEach(this::settle);
    components.forEach(this::check);
  }

  private void happen() {
    switch (random.nextInt(12)) {
      case 0, 1 -> join();
      case 2, 3 -> drain();
      case 4 -> kill();
      case 5 -> {
        kill();
        join();
      }
      case 6, 7 -> split();
      case 8, 9 -> heal();
      case 10 -> lose();
      default -> {
        Node node = pick(nodes());
        String application = pick(applications);
        if (node.mayOffer(application)) {
          node.offer(application);
          tell(node.name, "offers", application);
        }
      }
    }
  }

  private List<Node> nodes() {
    if (components.size() == 1) {
      return components.getFirst().members;
    }
    var all = new ArrayList<Node>();
    components.forEach(component -> all.addAll(component.members));
    return all;
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  private void join() {
    if (nodes().size() == MAX_NODES) {
      return;
    }
    Component component = pick(components);
    var node = new Node(component);
    for (String application : applications) {
      if (random.nextInt(4) > 0) {
        node.offer(application);
      }
    }
    component.members.add(node);
    tell(node.name, "joins", node.asked);
  }

  private void drain() {
    Node node = pick(nodes());
    if (random.nextBoolean()) {
      node.drain(pick(applications));
    } else {
      applications.forEach(node::drain);
    }
    tell(node.name, "drains, and keeps", node.asked);
  }

  private void kill() {
    Node node = pick(nodes());
    if (node.component.members.size() > 1) {
      node.component.members.remove(node);
      tell(node.name, "dies");
    }
  }

  private void split() {
    Component old = components.getFirst();
    if (components.size() > 1 || old.members.size() < 2) {
      return;
    }
    epochsAreUnique = false;
    var other = new Component();
    other.directory = old.directory;
    other.tables.putAll(old.tables);
    int moved = 1 + random.nextInt(old.members.size() - 1);
    for (int i = 0; i < moved; i++) {
      Node node = old.members.remove(random.nextInt(old.members.size()));
      node.component = other;
      other.members.add(node);
    }
    components.add(other);
    tell("split", old.names(), other.names());
  }

  /** The registry of the bigger side is everybody's; the other side's is gone. */
  private void heal() {
    if (components.size() == 1) {
      return;
    }
    Component one = components.get(0);
    Component other = components.get(1);
    int difference = one.members.size() - other.members.size();
    Component bigger = difference > 0 || (difference == 0 && random.nextBoolean()) ? one : other;
    Component smaller = bigger.equals(one) ? other : one;
    smaller.members.forEach(node -> node.component = bigger);
    bigger.members.addAll(smaller.members);
    components.remove(smaller);
    tell("heal");
  }

  private void lose() {
    epochsAreUnique = false;
    Component component = pick(components);
    if (random.nextBoolean()) {
      component.directory = Directory.empty();
      tell("the directory is lost");
    } else {
      String application = pick(applications);
      component.tables.remove(application);
      tell("lost is", application);
    }
  }

  /* ---- the end */

  /** Each node that has something to give away gives one partition in a round. */
  private void settle(Component component) {
    int limit = 8 + 2 * partitions * applications.size();
    for (int sweep = 0; sweep < limit; sweep++) {
      var unfinished = new ArrayList<>(component.members);
      component.members.forEach(node -> node.changed = false);
      var goals = new HashMap<Node, Integer>();
      // The round that was under way may rest on what it read long ago; only one more counts.
      for (Node node : component.members) {
        goals.put(node, node.rounds + (sweep == 0 ? 2 : 1));
      }
      while (!unfinished.isEmpty()) {
        int chosen = random.nextInt(unfinished.size());
        Node node = unfinished.get(chosen);
        node.act(false);
        if (node.rounds >= goals.get(node)) {
          unfinished.remove(chosen);
        }
      }
      if (sweep > 0 && component.members.stream().noneMatch(node -> node.changed)) {
        return;
      }
    }
    fail("it does not settle within " + limit + " rounds of each node");
  }

  private void check(Component component) {
    var expected = new TreeMap<String, Map<String, Offer>>();
    for (Node node : component.members) {
      checkCalls(node);
      if (!node.own.isEmpty()) {
        expected.put(node.name, node.own);
      }
      node.own.values().stream()
          .filter(Offer::draining)
          .forEach(offer -> fail(node.name + " still offers " + offer.application()));
    }
    if (!component.directory.nodes().equals(expected)) {
      fail("the directory has " + component.directory + " instead of " + expected);
    }
    for (String application : component.directory.names()) {
      Assignment ought = Assignment.to(component.directory.hosts(application).staying());
      PartitionTable table = table(component, application);
      for (Node node : component.members) {
        if (!table.equals(node.seen.get(application))) {
          fail(node.name + " sees " + node.seen.get(application) + " instead of " + table);
        }
      }
      for (int partition = 0; partition < partitions; partition++) {
        checkHost(component, application, partition, ought.host(partition));
      }
    }
  }

  private void checkCalls(Node node) {
    if (!node.own.keySet().equals(node.asked)) {
      fail(node.name + " offers " + node.own.keySet() + " and was asked for " + node.asked);
    }
    node.answers.forEach(
        (call, answer) -> {
          if (!answer.isComplete()) {
            fail(node.name + " has not answered " + call);
          }
          if (answer.failed() && !answer.cause().getMessage().contains("was taken back")) {
            fail(node.name + " has refused " + call + ": " + answer.cause().getMessage());
          }
        });
  }

  private void checkHost(Component component, String application, int partition, String ought) {
    var hosts = new ArrayList<String>();
    for (Node node : component.members) {
      Offer offer = node.own.get(application);
      String owner = node.seen.get(application).inbox(partition);
      if (offer != null && offer.advertisement().inboxes().contains(owner)) {
        hosts.add(owner);
      }
    }
    if (!hosts.equals(List.of(ought))) {
      fail(
          "partition %d of %s belongs to %s, but is hosted by %s"
              .formatted(partition, application, ought, hosts));
    }
  }

  private void fail(String what) {
    throw new AssertionError("seed " + seed + ": " + what);
  }

  private void tell(Object... event) {
    if (told) {
      for (Object word : event) {
        story.append(word).append(' ');
      }
      story.append('\n');
    }
  }
}
