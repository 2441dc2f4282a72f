package dev.roost.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.bus.Addresses;
import dev.roost.hosting.Assignment;
import dev.roost.hosting.PartitionTable;
import dev.roost.hosting.PartitionTableCodec;
import dev.roost.routing.Advertisement;
import dev.roost.routing.RoutePattern;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several nodes in one process, each with its keeper, over one registry in memory. */
@Timeout(60)
class ClusterNodeTest {

  private static final Keeper.Timing QUICK =
      new Keeper.Timing(Duration.ofSeconds(1), Duration.ofMillis(1), Duration.ofSeconds(30));

  private final Vertx vertx = Vertx.vertx();
  private final LocalCluster cluster = LocalCluster.on(vertx, QUICK);
  private final List<ClusterNode> nodes = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (ClusterNode node : nodes) {
      await(node.close());
    }
    await(vertx.close());
  }

  private ClusterNode join() {
    ClusterNode node = cluster.join();
    nodes.add(node);
    return node;
  }

  private static Advertisement chat(ClusterNode node) {
    return app("chat", node, "room:*");
  }

  private static Advertisement app(String name, ClusterNode node, String route) {
    return new Advertisement(
        name,
        List.of("/socket"),
        Map.of(),
        List.of(new RoutePattern(route)),
        List.of(Addresses.host(node.name(), node.nextVerticle())));
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.await(20, TimeUnit.SECONDS);
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "expected that " + what);
      Thread.onSpinWait();
    }
  }

  /** How many partitions of an application each node hosts, as this node sees it. */
  private static Map<String, Integer> shares(ClusterNode seenBy, String application) {
    Map<String, Integer> shares = new HashMap<>();
    for (int partition = 0; partition < PartitionTable.PARTITIONS; partition++) {
      seenBy
          .snapshot()
          .partitions()
          .owner(application, partition)
          .flatMap(owner -> Addresses.node(owner.inbox()))
          .ifPresent(node -> shares.merge(node, 1, Integer::sum));
    }
    return shares;
  }

  /** All nodes see every partition where rendezvous wants it, among these. */
  private static void awaitSettled(
      String application, List<ClusterNode> all, ClusterNode... hosts) {
    await(
        "every partition of " + application + " is where it belongs",
        () ->
            all.stream()
                .allMatch(
                    node -> {
                      var inboxes =
                          node.snapshot()
                              .applications()
                              .find(application)
                              .map(Advertisement::inboxes)
                              .orElse(List.of());
                      if (inboxes.size() != hosts.length) {
                        return false;
                      }
                      Assignment ought = Assignment.to(inboxes);
                      PartitionTable table = node.snapshot().partitions().table(application);
                      for (int p = 0; p < PartitionTable.PARTITIONS; p++) {
                        if (!String.valueOf(ought.host(p)).equals(table.inbox(p))) {
                          return false;
                        }
                      }
                      return true;
                    }));
  }

  @Test
  void aNodeOnItsOwnHostsEverythingOnceItHasSaidSo() throws Exception {
    ClusterNode node = join();
    await(node.advertise(chat(node)));
    assertEquals(Map.of(node.name(), PartitionTable.PARTITIONS), shares(node, "chat"));
    assertEquals(Optional.of("chat"), node.snapshot().applications().route("/socket", "room:1"));
    assertEquals(Set.of(node.name()), node.snapshot().nodes());
  }

  @Test
  void whatIsTakenBackHasNoHostAndComesBackInALaterEpoch() throws Exception {
    ClusterNode node = join();
    await(node.advertise(chat(node)));
    await(node.withdraw("chat"));
    assertEquals(Map.of(), shares(node, "chat"));
    assertEquals(Optional.empty(), node.snapshot().applications().find("chat"));
    await(node.advertise(chat(node)));
    assertEquals(3, node.snapshot().partitions().owner("chat", 0).orElseThrow().epoch());
    await(node.withdraw("unknown"));
  }

  @Test
  void anApplicationIsOfferedOnceByEachNode() throws Exception {
    ClusterNode node = join();
    await(node.advertise(chat(node)));
    var refused =
        assertThrows(IllegalStateException.class, () -> await(node.advertise(chat(node))));
    assertTrue(refused.getMessage().contains("\"chat\""), refused.getMessage());
    ClusterNode other = join();
    await(other.advertise(chat(other)));
  }

  @Test
  void aConflictWithAnotherNodesApplicationIsRefusedAndNamesIt() throws Exception {
    ClusterNode one = join();
    ClusterNode two = join();
    await(one.advertise(chat(one)));
    var refused =
        assertThrows(
            IllegalStateException.class, () -> await(two.advertise(app("rival", two, "room:1"))));
    for (String named : List.of("\"rival\"", "\"chat\"", one.name())) {
      assertTrue(refused.getMessage().contains(named), refused.getMessage());
    }
    await(one.withdraw("chat"));
    await(two.advertise(app("rival", two, "room:1")));
  }

  @Test
  void nodesThatComeTakeTheirShareAndThoseThatDrainGiveItBack() throws Exception {
    ClusterNode gateway = join();
    ClusterNode one = join();
    await(one.advertise(chat(one)));
    ClusterNode two = join();
    await(two.advertise(chat(two)));
    ClusterNode three = join();
    await(three.advertise(chat(three)));
    awaitSettled("chat", nodes, one, two, three);
    assertTrue(shares(gateway, "chat").values().stream().allMatch(share -> share > 40));

    await(two.withdraw("chat"));
    assertTrue(!shares(two, "chat").containsKey(two.name()), "it owns none when it is told so");
    awaitSettled("chat", nodes, one, three);

    await(one.close());
    nodes.remove(one);
    awaitSettled("chat", nodes, three);
    assertEquals(Set.of(gateway.name(), two.name(), three.name()), gateway.snapshot().nodes());
  }

  @Test
  void epochsOnlyGrowInWhatANodeTells() throws Exception {
    ClusterNode gateway = join();
    var seen = new CopyOnWriteArrayList<PartitionTable>();
    gateway.listen(snapshot -> seen.add(snapshot.partitions().table("chat")));
    for (int i = 0; i < 3; i++) {
      ClusterNode host = join();
      await(host.advertise(chat(host)));
      if (i == 1) {
        await(host.close());
        nodes.remove(host);
      }
    }
    awaitSettled("chat", nodes, nodes.get(1), nodes.get(2));
    for (int i = 1; i < seen.size(); i++) {
      for (int p = 0; p < PartitionTable.PARTITIONS; p++) {
        PartitionTable before = seen.get(i - 1);
        PartitionTable after = seen.get(i);
        assertTrue(after.epoch(p) > before.epoch(p) || after.sameTenure(p, before));
      }
    }
  }

  @Test
  void aListenerThatFailsHarmsNobody() throws Exception {
    ClusterNode node = join();
    var told = new AtomicBoolean();
    node.listen(
        snapshot -> {
          throw new IllegalArgumentException("on purpose");
        });
    node.listen(snapshot -> told.set(true));
    await(node.advertise(chat(node)));
    assertTrue(told.get());
  }

  @Test
  void aNodeThatHasLeftTakesNothingMore() throws Exception {
    ClusterNode node = join();
    await(node.close());
    await(node.close());
    var refused =
        assertThrows(IllegalStateException.class, () -> await(node.advertise(chat(node))));
    assertTrue(refused.getMessage().contains(node.name()), refused.getMessage());
  }

  @Test
  void aRegistryThatFailsIsTriedAgain() throws Exception {
    var memory = new MemoryRegistry();
    var broken = new AtomicBoolean(true);
    var registry = new Unreliable(memory.join("n1"), broken);
    ClusterNode node = ClusterNode.start(vertx, "n1", registry, QUICK);
    nodes.add(node);
    Future<Void> advertised = node.advertise(chat(node));
    assertThrows(TimeoutException.class, () -> advertised.await(100, TimeUnit.MILLISECONDS));
    broken.set(false);
    await(advertised); // at the next tick
    assertEquals(Map.of("n1", PartitionTable.PARTITIONS), shares(node, "chat"));
  }

  @Test
  void aNodeThatIsGoneIsToldWhileTheRegistryIsAway() throws Exception {
    var memory = new MemoryRegistry();
    var broken = new AtomicBoolean();
    Registry other = memory.join("n2");
    ClusterNode node =
        ClusterNode.start(vertx, "n1", new Unreliable(memory.join("n1"), broken), QUICK);
    nodes.add(node);
    await(node.advertise(chat(node)));
    assertEquals(Set.of("n1", "n2"), node.snapshot().nodes());
    broken.set(true);
    other.close();
    await("n2 is gone", () -> node.snapshot().nodes().equals(Set.of("n1")));
    assertEquals(Map.of("n1", PartitionTable.PARTITIONS), shares(node, "chat"));
    assertTrue(node.snapshot().applications().find("chat").isPresent());
  }

  @Test
  void aRegistryThatStaysAwayIsNotWaitedForForEver() throws Exception {
    var registry = new Unreliable(new MemoryRegistry().join("n1"), new AtomicBoolean(true));
    var impatient =
        new Keeper.Timing(Duration.ofMillis(10), Duration.ofMillis(1), Duration.ofMillis(50));
    ClusterNode node = ClusterNode.start(vertx, "n1", registry, impatient);
    nodes.add(node);
    var refused =
        assertThrows(IllegalStateException.class, () -> await(node.advertise(chat(node))));
    assertTrue(refused.getMessage().contains("registry"), refused.getMessage());
  }

  @Test
  void lostEntriesArePutBackAndEpochsGoOn() throws Exception {
    var memory = new MemoryRegistry();
    Registry registry = memory.join("n1");
    ClusterNode node = ClusterNode.start(vertx, "n1", registry, QUICK);
    nodes.add(node);
    await(node.advertise(chat(node)));
    Registry witness = memory.join("witness");
    for (String key : List.of(Keeper.DIRECTORY, Keeper.TABLES + "chat")) {
      assertTrue(witness.compareAndSet(key, witness.get(key), null), key);
    }
    await(
        "everything is hosted again, in a later epoch",
        () ->
            node.snapshot()
                .partitions()
                .owner("chat", 0)
                .filter(owner -> owner.epoch() == 2)
                .isPresent());
    await("the offer is back", () -> witness.get(Keeper.DIRECTORY) != null);
    assertEquals(Map.of("n1", PartitionTable.PARTITIONS), shares(node, "chat"));
  }

  /** Hazelcast repeats a write whose answer was lost with a member, and the repeat is refused. */
  @Test
  void whatWasWrittenCountsWhateverTheAnswer() throws Exception {
    for (Unanswered.Answer answer : Unanswered.Answer.values()) {
      var memory = new MemoryRegistry();
      var registry = new Unanswered(memory.join("n1"), answer);
      var quick =
          new Keeper.Timing(Duration.ofMillis(10), Duration.ofMillis(1), Duration.ofSeconds(30));
      ClusterNode node = ClusterNode.start(vertx, "n1", registry, quick);
      nodes.add(node);
      for (int i = 0; i < 3; i++) {
        registry.forget();
        await(node.advertise(chat(node)));
        assertEquals(Map.of("n1", PartitionTable.PARTITIONS), shares(node, "chat"));
        assertEquals(Set.of(Keeper.DIRECTORY, Keeper.TABLES + "chat"), registry.unanswered());
        var refused =
            assertThrows(IllegalStateException.class, () -> await(node.advertise(chat(node))));
        assertTrue(refused.getMessage().contains("deployed already"), refused.getMessage());

        registry.forget();
        await(node.withdraw("chat"));
        assertEquals(Map.of(), shares(node, "chat"));
        assertEquals(Optional.empty(), node.snapshot().applications().find("chat"));
        assertEquals(Set.of(Keeper.DIRECTORY, Keeper.TABLES + "chat"), registry.unanswered());
      }
    }
  }

  /** Else others would have to claim what it has, as of a node that died. */
  @Test
  void whoWasNotToldOfItsClaimHandsOverAllTheSame() throws Exception {
    var memory = new MemoryRegistry();
    Registry witness = memory.join("witness");
    var registry = new Untold(memory.join("n1"));
    var quick =
        new Keeper.Timing(Duration.ofMillis(10), Duration.ofMillis(1), Duration.ofSeconds(30));
    ClusterNode node = ClusterNode.start(vertx, "n1", registry, quick);
    nodes.add(node);
    Future<Void> advertised = node.advertise(chat(node));
    await("it has claimed", () -> registry.failures.get() > 0);

    Future<Void> withdrawn = node.withdraw("chat");
    await("its offer is taken back", advertised::isComplete);
    int before = registry.failures.get();
    await("it has tried to read its share", () -> registry.failures.get() > before + 2);
    assertTrue(!withdrawn.isComplete(), "it cannot know what it has");

    registry.isAway = false;
    await(withdrawn);
    byte[] written = witness.get(Keeper.TABLES + "chat");
    PartitionTable table = PartitionTableCodec.decode(written);
    assertEquals(2, table.epoch(0), "released");
    assertEquals(Optional.empty(), table.owner(0));
  }

  /** What another version wrote stops that application only. */
  @Test
  void anUnreadableTableHarmsNoOtherApplication() throws Exception {
    var memory = new MemoryRegistry();
    Registry witness = memory.join("witness");
    assertTrue(witness.compareAndSet(Keeper.TABLES + "news", null, new byte[] {2}));
    ClusterNode node = ClusterNode.start(vertx, "n1", memory.join("n1"), QUICK);
    nodes.add(node);
    Future<Void> news = node.advertise(app("news", node, "news:*"));
    await(node.advertise(chat(node)));
    assertTrue(!news.isComplete());
    assertTrue(witness.compareAndSet(Keeper.TABLES + "news", new byte[] {2}, null));
    await(news);
  }

  /** A read of the registry may wait until two parts of a cluster are one. */
  @Test
  void whoeverComesBackTakesNobodysOfferOutNorItsPartitions() throws Exception {
    for (String read : List.of(Keeper.DIRECTORY, Keeper.TABLES + "chat")) {
      var memory = new MemoryRegistry();
      ClusterNode stayed = ClusterNode.start(vertx, "stayed", memory.join("stayed"), QUICK);
      nodes.add(stayed);
      await(stayed.advertise(chat(stayed)));
      var parts = new Parts(new MemoryRegistry().join("back"), memory);
      ClusterNode back = ClusterNode.start(vertx, "back", parts, QUICK);
      nodes.add(back);
      await(back.advertise(chat(back)));

      parts.joinAt = read;
      awaitSettled("chat", List.of(stayed, back), stayed, back);
      assertTrue(parts.firstOffers().has("stayed", "chat"));
      // It may have begun to hand over by then; taken for dead, it would have none.
      assertTrue(parts.firstShareOf("stayed") > PartitionTable.PARTITIONS / 4);
    }
  }

  /** The registry of a part of the cluster, until a read joins it to the rest. */
  private static final class Parts implements Registry {
    private final Map<String, byte[]> firstWrites = new ConcurrentHashMap<>();
    private final MemoryRegistry rest;
    private volatile Registry part;
    private volatile boolean joined;
    private volatile String joinAt = "";

    Parts(Registry part, MemoryRegistry rest) {
      this.part = part;
      this.rest = rest;
    }

    /** What it wrote first, once they were one. */
    Directory firstOffers() {
      return DirectoryCodec.decode(firstWrites.get(Keeper.DIRECTORY));
    }

    long firstShareOf(String node) {
      PartitionTable table = PartitionTableCodec.decode(firstWrites.get(Keeper.TABLES + "chat"));
      return IntStream.range(0, table.size())
          .filter(partition -> Addresses.node(table.inbox(partition)).equals(Optional.of(node)))
          .count();
    }

    @Override
    public byte[] get(String key) {
      if (key.equals(joinAt)) {
        joinAt = "";
        part = rest.join("back");
        joined = true;
      }
      return part.get(key);
    }

    @Override
    public boolean compareAndSet(String key, byte[] expected, byte[] changed) {
      boolean swapped = part.compareAndSet(key, expected, changed);
      if (swapped && joined) {
        firstWrites.putIfAbsent(key, changed);
      }
      return swapped;
    }

    @Override
    public Set<String> nodes() {
      return part.nodes();
    }

    @Override
    public void listen(Runnable wake) {
      part.listen(wake);
    }

    @Override
    public void close() {
      part.close();
    }
  }

  /** A registry that does the first write of each value, and says that it did not. */
  private static final class Unanswered implements Registry {
    enum Answer {
      REFUSED,
      FAILED
    }

    private final Registry registry;
    private final Answer answer;
    private final Set<String> unanswered = ConcurrentHashMap.newKeySet();

    Unanswered(Registry registry, Answer answer) {
      this.registry = registry;
      this.answer = answer;
    }

    /** The values that were written so. */
    Set<String> unanswered() {
      return Set.copyOf(unanswered);
    }

    void forget() {
      unanswered.clear();
    }

    @Override
    public boolean compareAndSet(String key, byte[] expected, byte[] changed) {
      boolean done = registry.compareAndSet(key, expected, changed);
      if (done && unanswered.add(key)) {
        return switch (answer) {
          case REFUSED -> false;
          case FAILED -> throw new IllegalStateException("no answer, on purpose");
        };
      }
      return done;
    }

    @Override
    public byte[] get(String key) {
      return registry.get(key);
    }

    @Override
    public Set<String> nodes() {
      return registry.nodes();
    }

    @Override
    public void listen(Runnable wake) {
      registry.listen(wake);
    }

    @Override
    public void close() {
      registry.close();
    }
  }

  /** A registry that takes the claims to an application's partitions, and is away from then on. */
  private static final class Untold implements Registry {
    private final Registry registry;
    private final AtomicInteger failures = new AtomicInteger();
    private volatile boolean isAway;

    Untold(Registry registry) {
      this.registry = registry;
    }

    @Override
    public byte[] get(String key) {
      if (isAway && key.startsWith(Keeper.TABLES)) {
        throw failure();
      }
      return registry.get(key);
    }

    @Override
    public boolean compareAndSet(String key, byte[] expected, byte[] changed) {
      boolean done = registry.compareAndSet(key, expected, changed);
      if (key.startsWith(Keeper.TABLES) && expected == null) {
        isAway = true;
        throw failure();
      }
      return done;
    }

    private IllegalStateException failure() {
      failures.incrementAndGet();
      return new IllegalStateException("no answer, on purpose");
    }

    @Override
    public Set<String> nodes() {
      return registry.nodes();
    }

    @Override
    public void listen(Runnable wake) {
      registry.listen(wake);
    }

    @Override
    public void close() {
      registry.close();
    }
  }

  /** A registry that is away at times. */
  private record Unreliable(Registry registry, AtomicBoolean broken) implements Registry {

    private Registry reached() {
      if (broken.get()) {
        throw new IllegalStateException("away, on purpose");
      }
      return registry;
    }

    @Override
    public byte[] get(String key) {
      return reached().get(key);
    }

    @Override
    public boolean compareAndSet(String key, byte[] expected, byte[] changed) {
      return reached().compareAndSet(key, expected, changed);
    }

    @Override
    public Set<String> nodes() {
      return registry.nodes();
    }

    @Override
    public void listen(Runnable wake) {
      registry.listen(wake);
    }

    @Override
    public void close() {
      registry.close();
    }
  }
}
