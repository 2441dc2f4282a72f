package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.bus.Contract;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Nodes that do not fit, and bytes that nobody understands: whoever is there goes on. */
@DisabledOnOs(OS.WINDOWS)
@TestMethodOrder(OrderAnnotation.class)
class UnfitNodesIT {

  private static final Cluster cluster = Cluster.of("unfit", 8);
  private static NodeProcess gateway;
  private static NodeProcess channels;
  private static NodeProcess apart;

  @BeforeAll
  static void start() {
    gateway = cluster.gateway();
    channels = cluster.channels("fixture", "--node-name=first");
    gateway.ready();
    channels.ready();
    // What the others say of it takes half a minute, which is that of the tests before.
    apart = cluster.channels("fixture", "--cluster-name=apart", "--cluster-seeds=" + nobody());
  }

  /** Where no node of these tests ever is. */
  private static String nobody() {
    return "127.0.0.1:" + cluster.clusterPort(7);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static void assertStillServes() {
    try (var crowd = new Crowd("room", 4)) {
      crowd.connect(gateway, 2).assertAllHearEachOther();
      assertEquals(0, crowd.errors());
    }
  }

  @Test
  void aNodeOfAnotherClusterNameIsRefusedWithTheReason() {
    NodeProcess stranger = cluster.channels("fixture", "--cluster-name=other");
    assertEquals(1, stranger.exitCode());
    assertTrue(stranger.log().contains("other"), stranger.log());
    assertTrue(stranger.log().contains("cluster-name"), stranger.log());
    assertStillServes();
  }

  @Test
  void aSecondNodeOfTheSameNameIsRefusedWithTheReason() {
    NodeProcess second = cluster.channels("fixture", "--node-name=first");
    assertEquals(1, second.exitCode());
    assertTrue(second.log().contains("node name first is taken"), second.log());
    assertStillServes();
  }

  @Test
  void aNodeOfAnotherReleaseIsRefusedWithBothVersions() {
    int other = Contract.VERSION - 1;
    Path release = OtherRelease.withContract(other);
    NodeProcess older = cluster.ofRelease(release).channels("fixture", "--node-name=older");
    cluster.ofThisRelease();
    assertEquals(1, older.exitCode());
    assertTrue(older.log().contains("speaks version " + Contract.VERSION), older.log());
    assertTrue(older.log().contains("this one version " + other), older.log());
    assertStillServes();
    for (NodeProcess node : List.of(gateway, channels)) {
      assertTrue(node.isRunning());
      assertTrue(node.log().contains("it speaks version " + other), node.log());
    }
  }

  @Test
  void aNodeWhoseSeedsAreUnreachableStartsAloneAndSaysSo() {
    NodeProcess alone = cluster.channels("fixture", "--cluster-seeds=" + nobody()).ready();
    assertTrue(alone.log().contains("joined nobody, tried " + nobody()), alone.log());
    alone.terminate();
    assertEquals(0, alone.exitCode());
  }

  @Test
  void garbageOnTheBusPortIsToldOfAndDisturbsNobody() throws IOException {
    for (NodeProcess node : List.of(gateway, channels)) {
      int port = busPort(node);
      for (byte[] garbage : garbage()) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
          socket.getOutputStream().write(garbage);
        } catch (IOException closedOnUs) {
          // As good an answer as any.
        }
      }
    }
    assertStillServes();
    for (NodeProcess node : List.of(gateway, channels)) {
      assertTrue(node.isRunning());
      String log = node.log();
      assertTrue(log.contains("is no message of an event bus"), log);
      assertTrue(log.contains("keep it on a network of the nodes' own"), log);
      assertFalse(log.contains("ERROR"), log);
    }
  }

  /** Vert.x would gather 1.2 GB of it. */
  @Test
  void whoSendsSomethingElseToTheBusPortIsCutOff() throws IOException {
    for (NodeProcess node : List.of(gateway, channels)) {
      try (var socket = new Socket(InetAddress.getLoopbackAddress(), busPort(node))) {
        socket.setSoTimeout(5_000); // It would be closed after 10 s without a word, too.
        socket.getOutputStream().write("GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
        assertEquals(-1, socket.getInputStream().read());
      } catch (SocketException reset) {
        // Closed as well.
      }
    }
    assertStillServes();
  }

  /** Both were there before either answered, so neither was refused; they would never meet. */
  @Test
  @Order(Integer.MAX_VALUE)
  void aNodeOfAnotherClusterNameThatStartedApartIsNamed() {
    apart.ready();
    String name =
        "127.0.0.1:%d listens and has not become a member of cluster %s in 30 s"
            .formatted(cluster.clusterPort(2), cluster.name());
    Waiting.until(
        "a node says that " + name,
        () -> gateway.log().contains(name) || channels.log().contains(name));
    String log = gateway.log() + channels.log();
    assertTrue(log.contains("correct the cluster name here or there"), log);
    assertTrue(apart.isRunning());
    assertStillServes();
  }

  private static int busPort(NodeProcess node) {
    var found = Pattern.compile("bus 127\\.0\\.0\\.1:(\\d+)").matcher(node.log());
    assertTrue(found.find(), node.log());
    int port = Integer.parseInt(found.group(1));
    assertNotEquals(0, port);
    return port;
  }

  /** Random bytes, a request of HTTP, lengths that are negative, or larger than what follows. */
  private static List<byte[]> garbage() {
    var random = new byte[100_000];
    new Random(42).nextBytes(random);
    return List.of(
        random,
        "GET / HTTP/1.1\r\nHost: bus\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
        new byte[] {-1, -1, -1, -1, 0, 0, 0, 0},
        new byte[] {127, -1, -1, -1, 1, 2, 3, 4},
        new byte[] {0, 0, 0, 2, 1, 77});
  }
}
