package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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
    ClusterJoin.Joined node =
        ClusterJoin.open(wanted, new VertxOptions().setEventLoopPoolSize(1), Vertx.builder())
            .await();
    nodes.add(node);
    return node;
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
    Config other =
        HazelcastConfiguration.of(
            options,
            "older-1",
            InetAddress.getLoopbackAddress(),
            new Discovery(options, InetAddress.getLoopbackAddress()),
            (MembershipListener) new Ignored());
    other.getMemberAttributeConfig().setAttribute(HazelcastConfiguration.CONTRACT, "0");
    HazelcastInstance older = Hazelcast.newHazelcastInstance(other);
    try {
      String message = refusal(options);
      assertTrue(message.contains("node older-1 at 127.0.0.1:"), message);
      assertTrue(message.contains("version 0 of the contract"), message);
      await(() -> older.getCluster().getMembers().size() == 1);
    } finally {
      older.shutdown();
    }
  }

  private static final class Ignored implements MembershipListener {
    @Override
    public void memberAdded(MembershipEvent event) {}

    @Override
    public void memberRemoved(MembershipEvent event) {}
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
    a.member().discovery().remember(new Address("127.0.0.1", later));
    b.member().discovery().remember(new Address("127.0.0.1", options.clusterPort()));
    Set<String> names = Set.of(a.member().name(), b.member().name());
    await(() -> a.registry().nodes().equals(names) && b.registry().nodes().equals(names));
    assertTrue(woken.tryAcquire(10, TimeUnit.SECONDS), "nobody told a");
    await(() -> Arrays.equals(a.registry().get("k"), b.registry().get("k")));
    assertReaches(a, b);
    assertReaches(b, a);
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
