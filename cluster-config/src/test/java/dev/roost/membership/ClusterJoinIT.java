package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.ClusterState;
import com.hazelcast.core.OperationTimeoutException;
import com.hazelcast.multimap.MultiMap;
import dev.roost.bus.Contract;
import dev.roost.cluster.ClusterNode;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.MessageConsumer;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real members of a real cluster, all in this process. */
@Timeout(90)
class ClusterJoinIT {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final List<ClusterJoin.Joined> nodes = new ArrayList<>();
  private final Map<ClusterJoin.Joined, CompletableFuture<String>> unfit = new HashMap<>();
  private ClusterOptions options;

  @BeforeEach
  void chooseFreePorts() throws Exception {
    options = ClusterPorts.options("it");
  }

  @AfterEach
  void leave() {
    nodes.forEach(node -> node.vertx().close().await());
  }

  private ClusterJoin.Joined join(ClusterOptions wanted) {
    return join(wanted, Contract.VERSION);
  }

  private ClusterJoin.Joined join(ClusterOptions wanted, int contract) {
    var told = new CompletableFuture<String>();
    ClusterJoin.Joined node =
        ClusterJoin.open(
                wanted,
                contract,
                failure -> told.complete(failure.getMessage()),
                new VertxOptions().setEventLoopPoolSize(1),
                Vertx.builder())
            .await();
    nodes.add(node);
    unfit.put(node, told);
    return node;
  }

  private void close(ClusterJoin.Joined node) {
    nodes.remove(node);
    node.vertx().close().await();
  }

  /** Why the node has to end, as it was told after its start. */
  private String unfit(ClusterJoin.Joined node) throws Exception {
    return told(node).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  private void assertStays(ClusterJoin.Joined node) {
    assertFalse(told(node).isDone(), "told to end");
  }

  private CompletableFuture<String> told(ClusterJoin.Joined node) {
    return Objects.requireNonNull(unfit.get(node), "joined here");
  }

  private String refusal(ClusterOptions wanted) {
    Throwable failure = assertThrows(Throwable.class, () -> join(wanted));
    JoinFailure refused =
        (JoinFailure) (failure instanceof CompletionException ? failure.getCause() : failure);
    return refused.getMessage();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "not within " + LIMIT);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A network that loses much, at the wrong time: each try is with a member of its own. */
  @Test
  void aBusThatHazelcastDoesNotOpenInTimeIsOpenedAtTheNextTry() {
    var failures = new AtomicInteger(2);
    ClusterJoin.Joined node =
        ClusterJoin.open(
                options,
                Contract.VERSION,
                failure -> {},
                new VertxOptions().setEventLoopPoolSize(1),
                failing(failures, new OperationTimeoutException("lost")))
            .await();
    nodes.add(node);
    assertEquals(-1, failures.get());
    assertEquals(Set.of(node.member().name()), node.registry().nodes());
  }

  @Test
  void aBusThatIsNeverOpenedSaysSo() {
    var failures = new AtomicInteger(Integer.MAX_VALUE);
    VertxBuilder builder = failing(failures, new OperationTimeoutException("lost"));
    Throwable failed =
        assertThrows(
            Throwable.class,
            () ->
                ClusterJoin.open(
                        options, Contract.VERSION, failure -> {}, new VertxOptions(), builder)
                    .await());
    assertTrue(failed.getMessage().contains("the bus cannot be opened: lost"), failed::toString);
    assertEquals(Integer.MAX_VALUE - 3, failures.get(), "tries");
  }

  /** A builder that fails so many times first. */
  private static VertxBuilder failing(AtomicInteger times, RuntimeException failure) {
    VertxBuilder builder = Vertx.builder();
    var self = new VertxBuilder[1];
    self[0] =
        (VertxBuilder)
            Proxy.newProxyInstance(
                ClusterJoinIT.class.getClassLoader(),
                new Class<?>[] {VertxBuilder.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("buildClustered") && times.getAndDecrement() > 0) {
                    return Future.failedFuture(failure);
                  }
                  Object result = method.invoke(builder, arguments);
                  return builder.equals(result) ? self[0] : result;
                });
    return self[0];
  }

  @Test
  void threeNodesShareValuesAndWakeEachOther() throws Exception {
    var a = join(options.withNodeName("a"));
    var b = join(options.withNodeName("b"));
    var c = join(options.withNodeName("c"));
    Set<String> names = Set.of(a.member().name(), b.member().name(), c.member().name());
    await(() -> a.registry().nodes().equals(names) && b.registry().nodes().equals(names));
    assertEquals(names, c.registry().nodes());

    var woken = new Semaphore(0);
    b.registry().listen(woken::release);
    assertTrue(a.registry().compareAndSet("k", null, bytes("1")));
    assertTrue(woken.tryAcquire(10, TimeUnit.SECONDS), "nobody woke b");
    assertArrayEquals(bytes("1"), b.registry().get("k"));
    assertFalse(b.registry().compareAndSet("k", null, bytes("2")));
    assertFalse(c.registry().compareAndSet("k", bytes("0"), bytes("2")));
    assertTrue(c.registry().compareAndSet("k", bytes("1"), bytes("2")));
    assertFalse(a.registry().compareAndSet("k", bytes("1"), null));
    assertTrue(a.registry().compareAndSet("k", bytes("2"), null));
    assertNull(b.registry().get("k"));
    assertTrue(b.registry().compareAndSet("k", null, null));

    woken.drainPermits();
    nodes.remove(c);
    c.vertx().close().await();
    assertTrue(woken.tryAcquire(10, TimeUnit.SECONDS), "nobody told b that c left");
    await(() -> !a.registry().nodes().contains(c.member().name()));
  }

  @Test
  void busesReachEachOtherOnPortsNextToEachOther() throws Exception {
    var a = join(options);
    var b = join(options);
    assertEquals(0, a.member().portOffset());
    assertEquals(1, b.member().portOffset());
    assertReaches(a, b);
    assertReaches(b, a);
  }

  private static void assertReaches(ClusterJoin.Joined from, ClusterJoin.Joined to)
      throws InterruptedException {
    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    to.vertx()
        .eventBus()
        .<String>consumer("to-" + to.member().name(), mail -> received.add(mail.body()))
        .completion()
        .await();
    // Nodes that have only just met may not know each other's addresses yet: the first may be lost.
    for (int tries = 0; tries < 50; tries++) {
      from.vertx().eventBus().send("to-" + to.member().name(), "hello");
      String first = received.poll(200, TimeUnit.MILLISECONDS);
      if (first != null) {
        assertEquals("hello", first);
        return;
      }
    }
    fail("nothing arrived");
  }

  @Test
  void aNameThatALiveNodeHasIsRefusedAndTheOthersStay() throws Exception {
    var quick = options.withHeartbeatTimeout(Duration.ofSeconds(2));
    var a = join(quick.withNodeName("chat"));
    String message = refusal(quick.withNodeName("chat"));
    assertTrue(message.contains("node name chat is taken"), message);
    await(() -> a.registry().nodes().equals(Set.of(a.member().name())));
    join(quick.withNodeName("news"));
  }

  @Test
  void aNodeOfAnotherClusterIsNamedAndRefused() {
    var a = join(options);
    String message = refusal(options.withClusterName("another"));
    assertTrue(message.contains("belongs to a cluster of another name"), message);
    assertTrue(message.contains("127.0.0.1:" + options.clusterPort()), message);
    assertEquals(1, a.registry().nodes().size());
  }

  @Test
  void aNodeThatSpeaksAnotherContractIsNamedAndTheNewOneLeavesAgain() throws Exception {
    var older = join(options.withNodeName("older"), Contract.VERSION - 1);
    String message = refusal(options);
    assertTrue(message.contains("node " + older.member().name() + " at 127.0.0.1:"), message);
    assertTrue(message.contains("version " + (Contract.VERSION - 1) + " of the contract"), message);
    await(() -> older.member().hazelcast().getCluster().getMembers().size() == 1);
    assertStays(older);
  }

  @Test
  void ofPartsThatFindEachOtherTheSmallerEndsIfItSpeaksAnotherContract() throws Exception {
    for (int other : new int[] {Contract.VERSION - 1, Contract.VERSION + 1}) {
      var a = join(options.withSeeds(List.of()));
      var b = join(options);
      var late = join(apart(), other);
      assertTrue(a.registry().compareAndSet("k", null, bytes("of a")));
      assertTrue(late.registry().compareAndSet("k", null, bytes("not to be read")));
      introduce(a, late);
      introduce(b, late);
      String message = unfit(late);
      assertTrue(message.contains(a.member().name() + " at 127.0.0.1:"), message);
      assertTrue(message.contains("speaks version " + Contract.VERSION), message);
      assertTrue(message.contains("this one version " + other), message);
      // As long as it is there nobody counts on it, nor it on them, and no value is shared.
      Set<String> names = Set.of(a.member().name(), b.member().name());
      assertEquals(3, a.member().hazelcast().getCluster().getMembers().size());
      assertEquals(names, a.registry().nodes());
      assertEquals(names, b.registry().nodes());
      assertEquals(Set.of(late.member().name()), late.registry().nodes());
      assertFalse(late.registry().compareAndSet("k", bytes("of a"), bytes("overwritten")));
      assertArrayEquals(bytes("of a"), a.registry().get("k"));
      assertArrayEquals(bytes("of a"), b.registry().get("k"));
      close(late);
      await(() -> a.member().hazelcast().getCluster().getMembers().size() == 2);
      assertReaches(a, b);
      assertReaches(b, a);
      assertStays(a);
      assertStays(b);
      close(b);
      close(a);
    }
  }

  @Test
  void ofPartsThatFindEachOtherTheSmallerEndsIfANameIsInBoth() throws Exception {
    var quick = options.withHeartbeatTimeout(Duration.ofSeconds(2));
    var a = join(quick.withSeeds(List.of()).withNodeName("chat"));
    var b = join(quick.withNodeName("news"));
    var late = join(apart().withHeartbeatTimeout(Duration.ofSeconds(2)).withNodeName("chat"));
    introduce(a, late);
    introduce(b, late);
    String message = unfit(late);
    assertTrue(message.contains("node name chat is taken by the node at 127.0.0.1:"), message);
    close(late);
    Set<String> names = Set.of(a.member().name(), b.member().name());
    await(() -> a.registry().nodes().equals(names) && b.registry().nodes().equals(names));
    assertReaches(a, b);
    assertStays(a);
    assertStays(b);
  }

  @Test
  void aNodeThatNobodyEndsClosesItselfOnceItDoesNotFit() throws Exception {
    // It looks where nobody is yet, and nobody looks for it: so it is the one that gives way.
    ClusterNode late =
        ClusterJoin.join(
                apart()
                    .withHeartbeatTimeout(Duration.ofSeconds(2))
                    .withNodeName("chat")
                    .withSeeds(List.of("127.0.0.1:" + options.clusterPort())),
                new VertxOptions().setEventLoopPoolSize(1),
                Vertx.builder())
            .await();
    var closed = new CountDownLatch(1);
    late.vertx()
        .deployVerticle(
            new AbstractVerticle() {
              @Override
              public void stop() {
                closed.countDown();
              }
            })
        .await();
    var a = join(options.withSeeds(List.of()).withNodeName("chat"));
    assertTrue(closed.await(LIMIT.toSeconds(), TimeUnit.SECONDS), "it has not ended");
    await(() -> a.member().hazelcast().getCluster().getMembers().size() == 1);
    assertStays(a);
  }

  /** Where neither a node of {@link #options} nor one of these looks for the other. */
  private ClusterOptions apart() {
    return options
        .withClusterPort(options.clusterPort() + ClusterOptions.PORTS)
        .withBusPort(0)
        .withSeeds(List.of());
  }

  private static void introduce(ClusterJoin.Joined one, ClusterJoin.Joined other) throws Exception {
    int offset = other.member().portOffset();
    one.member()
        .discovery()
        .left(new Address("127.0.0.1", other.member().options().clusterPort() + offset));
    other
        .member()
        .discovery()
        .left(
            new Address(
                "127.0.0.1", one.member().options().clusterPort() + one.member().portOffset()));
  }

  @Test
  void partsThatStartedApartFindEachOtherAndKeepOneSetOfValues() throws Exception {
    int later = options.clusterPort() + ClusterOptions.PORTS;
    var a = join(options.withSeeds(List.of()));
    var b = join(options.withClusterPort(later).withBusPort(0).withSeeds(List.of()));
    assertTrue(a.registry().compareAndSet("k", null, bytes("of a")));
    assertTrue(b.registry().compareAndSet("k", null, bytes("of b")));
    var woken = new Semaphore(0);
    a.registry().listen(woken::release);
    a.member().discovery().left(new Address("127.0.0.1", later));
    b.member().discovery().left(new Address("127.0.0.1", options.clusterPort()));
    Set<String> names = Set.of(a.member().name(), b.member().name());
    await(() -> a.registry().nodes().equals(names) && b.registry().nodes().equals(names));
    assertTrue(woken.tryAcquire(10, TimeUnit.SECONDS), "nobody told a");
    await(() -> Arrays.equals(a.registry().get("k"), b.registry().get("k")));
    assertReaches(a, b);
    assertReaches(b, a);
  }

  /** As may happen when parts meet that had taken each other's members for dead. */
  @Test
  void aNodeThatIsNotRegisteredOnTheBusAnyMoreRegistersAgain() throws Exception {
    var a = join(options);
    var b = join(options);
    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    b.vertx()
        .eventBus()
        .<String>consumer("b", mail -> received.add(mail.body()))
        .completion()
        .await();
    a.member().hazelcast().getMap("__vertx.nodeInfo").clear();
    a.member().hazelcast().getMultiMap("__vertx.subs").clear();
    await(
        () -> {
          a.vertx().eventBus().send("b", "hello");
          return received.poll() != null;
        });
    assertReaches(b, a);
  }

  /** The address is there all the same: others are registered on it, and so is another consumer. */
  @Test
  void aNodeThatIsNotRegisteredOnASharedAddressAnyMoreRegistersAgain() throws Exception {
    var a = join(options);
    var b = join(options);
    MultiMap<String, Object> registered =
        a.member().hazelcast().getMultiMap(HazelcastConfiguration.BUS_ADDRESSES);
    consume(a, "shared", new LinkedBlockingQueue<>());
    Collection<Object> others = registered.get("shared");

    BlockingQueue<String> first = new LinkedBlockingQueue<>();
    BlockingQueue<String> second = new LinkedBlockingQueue<>();
    MessageConsumer<String> givenUp = consume(b, "shared", first);
    consume(b, "shared", second);
    removeAllBut(others, registered);
    await(() -> registered.get("shared").size() == 3);
    awaitReached(a, first);
    awaitReached(a, second);

    givenUp.unregister().await();
    removeAllBut(others, registered);
    await(() -> registered.get("shared").size() == 2);
  }

  private static void removeAllBut(Collection<Object> values, MultiMap<String, Object> registered) {
    for (Object value : registered.get("shared")) {
      if (!values.contains(value)) {
        assertTrue(registered.remove("shared", value), "registered");
      }
    }
  }

  private static MessageConsumer<String> consume(
      ClusterJoin.Joined node, String address, BlockingQueue<String> received) {
    MessageConsumer<String> consumer =
        node.vertx().eventBus().consumer(address, mail -> received.add(mail.body()));
    consumer.completion().await();
    return consumer;
  }

  private static void awaitReached(ClusterJoin.Joined from, BlockingQueue<String> received)
      throws InterruptedException {
    await(
        () -> {
          from.vertx().eventBus().publish("shared", "hello");
          return received.poll() != null;
        });
  }

  /** Hazelcast freezes the part that joins another, and who does that may die before it is done. */
  @Test
  void aPartWhoseOldestDiesWhileItJoinsAnotherFindsThatAllTheSame() throws Exception {
    var oldest = join(options.withSeeds(List.of()));
    var left = join(options);
    var other = join(apart());
    await(() -> left.registry().nodes().size() == 2);
    await(() -> freezes(oldest.member().hazelcast().getCluster()));
    oldest.member().hazelcast().getLifecycleService().terminate();
    introduce(left, other);
    Set<String> names = Set.of(left.member().name(), other.member().name());
    await(() -> left.registry().nodes().equals(names) && other.registry().nodes().equals(names));
    assertTrue(left.registry().compareAndSet("k", null, bytes("1")));
    assertArrayEquals(bytes("1"), other.registry().get("k"));
    assertReaches(left, other);
    assertReaches(other, left);
  }

  private static boolean freezes(Cluster cluster) {
    try {
      cluster.changeClusterState(ClusterState.FROZEN);
      return true;
    } catch (IllegalStateException stillMovingItsValues) {
      return false;
    }
  }

  @Test
  void aNodeIsFoundByTheNameOfAKubernetesServiceAlone() throws Exception {
    var byService = options.withSeeds(List.of()).withKubernetesService("localhost");
    var a = join(byService);
    var b = join(byService);
    Set<String> names = Set.of(a.member().name(), b.member().name());
    await(() -> a.registry().nodes().equals(names) && b.registry().nodes().equals(names));
  }

  @Test
  void withUnreachableSeedsItStartsAlone() {
    var a = join(options.withSeeds(List.of("127.0.0.1:1", "no-such-host.invalid")));
    assertEquals(Set.of(a.member().name()), a.registry().nodes());
  }

  @Test
  void aSeedThatListensAndSaysNothingEndsTheStartWithItsName() throws Exception {
    try (var silent = new ServerSocket(0)) {
      String seed = "127.0.0.1:" + silent.getLocalPort();
      String message =
          refusal(options.withSeeds(List.of(seed)).withJoinTimeout(Duration.ofSeconds(3)));
      assertTrue(message.contains("no answer within 3 s from " + seed), message);
    }
  }

  @Test
  void anAddressOfAnotherMachineAndEveryInterfaceAreRefused() {
    assertTrue(refusal(options.withHost("192.0.2.1")).contains("is no address of this machine"));
    assertTrue(refusal(options.withHost("0.0.0.0")).contains("is every interface"));
    assertTrue(refusal(options.withHost("no-such-host.invalid")).contains("does not resolve"));
  }

  @Test
  void aBusPortInUseIsNamedAndTheMemberLeavesAgain() throws Exception {
    var a = join(options);
    try (var taken = new ServerSocket(options.busPort() + 1, 1, InetAddress.getLoopbackAddress())) {
      String message = refusal(options);
      assertTrue(message.contains("the bus port " + taken.getLocalPort()), message);
    }
    await(() -> a.registry().nodes().size() == 1);
  }

  @Test
  void garbageOnEitherPortHarmsNobody() throws Exception {
    var a = join(options);
    var b = join(options);
    byte[] garbage = new byte[100_000];
    new Random(1).nextBytes(garbage);
    for (int port : new int[] {options.clusterPort(), options.busPort()}) {
      for (byte[] sent :
          List.of(garbage, bytes("GET / HTTP/1.1\r\n\r\n"), new byte[] {-1, -1, -1, -1})) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
          socket.getOutputStream().write(sent);
          socket.getOutputStream().flush();
        } catch (IOException closed) {
          // The node may hang up at any octet.
        }
      }
    }
    assertReaches(a, b);
    assertReaches(b, a);
    assertTrue(a.registry().compareAndSet("k", null, bytes("1")));
    assertArrayEquals(bytes("1"), b.registry().get("k"));
    assertEquals(2, a.registry().nodes().size());
  }
}
