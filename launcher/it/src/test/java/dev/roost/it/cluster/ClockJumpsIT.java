package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.it.clock.JumpingClock;
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The wall clock of one node jumps, as Hazelcast reads it: nobody is lost, and nobody notices. */
@DisabledOnOs(OS.WINDOWS)
class ClockJumpsIT {

  private static final Duration FORWARDS = Duration.ofHours(1);
  private static final Duration BACKWARDS = Duration.ofHours(-2);

  /** Said one each 5 ms: that takes longer than it takes to find a node that is gone. */
  private static final int LONGER_THAN_THE_TIMEOUT = 1_400;

  /** What Hazelcast says when it has seen that its clock jumped. */
  private static final String NOTICED = "huge system clock jump";

  private static final String LEFT = "left the cluster";
  private static final String TOPIC = "presence:clocks";

  private static final Cluster cluster = Cluster.of("clocks", 4);
  @TempDir private static Path clocks;

  private static NodeProcess oldest;
  private static NodeProcess gateway;
  private static NodeProcess channels;

  @BeforeAll
  static void start() {
    // The oldest member leads Hazelcast's cluster, and its time is the cluster's.
    oldest = cluster.withJavaOptions(clock("oldest")).gateway().ready();
    gateway = cluster.withJavaOptions(clock("gateway")).gateway().ready();
    channels = cluster.withJavaOptions(clock("channels")).channels("fixture").ready();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static String clock(String node) {
    return "-Dcom.hazelcast.clock.impl="
        + (JumpingClock.class.getName() + " -Droost.it.clock=" + clocks.resolve(node));
  }

  @Test
  void theOldestNodesClockMayJump() {
    jumpForwardsAndBackwards("oldest", oldest);
  }

  @Test
  void aYoungerGatewaysClockMayJump() {
    jumpForwardsAndBackwards("gateway", gateway);
  }

  @Test
  void aChannelNodesClockMayJump() {
    jumpForwardsAndBackwards("channels", channels);
  }

  @Test
  void aNodeMayComeAndGoWhileClocksDiffer() {
    new JumpingClock(clocks.resolve("channels")).jump(FORWARDS.toMillis());
    long shares = lines(channels, "were handed to other nodes");
    NodeProcess guest = cluster.withJavaOptions(clock("guest")).channels("fixture").ready();
    Waiting.until(
        "the new node has its share of the topics",
        () -> lines(channels, "were handed to other nodes") > shares);
    try (var crowd = new Crowd("room", 12).connect(oldest, 2).connect(gateway, 2).awaitJoined()) {
      crowd.assertAllHearEachOther();
      guest.terminate();
      assertEquals(0, guest.exitCode());
      crowd.assertAllHearEachOther();
      assertEquals(List.of(), crowd.closeCodes());
    }
    for (NodeProcess each : List.of(oldest, gateway, channels)) {
      Waiting.until("all see it leave", () -> lines(each, LEFT) > 0);
    }
  }

  private static void jumpForwardsAndBackwards(String name, NodeProcess node) {
    var clock = new JumpingClock(clocks.resolve(name));
    // Those of the test before may only be leaving.
    String of = " of " + name;
    try (var crowd = new Crowd("room", 4).connect(oldest, 2).connect(gateway, 2).awaitJoined();
        var ada = present(oldest, "ada" + of);
        var bob = present(gateway, "bob" + of)) {
      crowd.assertAllHearEachOther();
      awaitPresent(Set.of("ada" + of, "bob" + of), ada, bob);
      int before = crowd.errors();
      long left = leftTheCluster();
      for (Duration jump : List.of(FORWARDS, BACKWARDS)) {
        long noticed = lines(node, NOTICED);
        crowd.talk();
        clock.jump(jump.toMillis());
        Waiting.until("the node notices it", () -> lines(node, NOTICED) > noticed);
        crowd.awaitTalk(LONGER_THAN_THE_TIMEOUT);
        crowd.assertAllHearEachOther();
        assertEquals(before, crowd.errors(), "no channel ends at a jump of " + jump);
        assertEquals(List.of(), crowd.closeCodes());
        for (PhoenixClient client : List.of(ada, bob)) {
          assertEquals("ok", client.heartbeat().status());
          assertEquals(Set.of(), left(client, of), "nobody seems to leave at a jump of " + jump);
        }
      }
      try (var eve = present(oldest, "eve" + of)) {
        awaitPresent(Set.of("ada" + of, "bob" + of, "eve" + of), eve, bob);
      }
      assertEquals(left, leftTheCluster(), "nobody takes anybody for dead");
    }
  }

  private static long leftTheCluster() {
    return lines(oldest, LEFT) + lines(gateway, LEFT) + lines(channels, LEFT);
  }

  private static long lines(NodeProcess node, String text) {
    return node.log().lines().filter(line -> line.contains(text)).count();
  }

  private static PhoenixClient present(NodeProcess gateway, String user) {
    var client =
        PhoenixClient.connect(
            ClientOptions.port(gateway.port()).withHost(gateway.host()).withLimit(Waiting.LIMIT));
    assertEquals("ok", client.join(TOPIC, Map.of("user", user)).status());
    return client;
  }

  /** Those who are present, as each client has heard so far. */
  private static void awaitPresent(Set<String> users, PhoenixClient... clients) {
    for (PhoenixClient client : clients) {
      Waiting.until(
          () -> "a client sees " + users + ", not " + joined(client),
          () -> joined(client).containsAll(users));
    }
  }

  private static Set<String> joined(PhoenixClient client) {
    var users = new TreeSet<String>();
    for (var message : client.pending()) {
      switch (message.event()) {
        case "presence_state" -> message.payload().fieldNames().forEachRemaining(users::add);
        case "presence_diff" ->
            message.payload().path("joins").fieldNames().forEachRemaining(users::add);
        default -> {}
      }
    }
    return users;
  }

  private static Set<String> left(PhoenixClient client, String of) {
    var users = new TreeSet<String>();
    for (var message : client.pending()) {
      message.payload().path("leaves").fieldNames().forEachRemaining(users::add);
    }
    assertEquals(
        List.of(),
        client.pending().stream().filter(message -> message.event().equals("phx_error")).toList());
    users.removeIf(user -> !user.endsWith(of));
    return users;
  }
}
