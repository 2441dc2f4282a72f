package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.PhoenixMessage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Two machines with a gateway and a channel node each: the network between them is cut, loses
 * packets, or lets the bus through no more. Needs root and network namespaces.
 */
class NetworkFaultsIT {

  /** So many that both nodes have some. */
  private static final int NEW_TOPICS = 24;

  private static Networks networks;
  private static Cluster cluster;
  private static NodeProcess leftGateway;
  private static NodeProcess rightGateway;
  private static NodeProcess rightChannels;

  private Crowd crowd;

  @BeforeAll
  static void start() {
    Networks.assumeAvailable();
    networks = new Networks(2);
    Cluster.Place left = networks.place(0);
    Cluster.Place right = networks.place(1);
    cluster = Cluster.at("network", left, left, right, right);
    cluster.channels("fixture").ready();
    leftGateway = cluster.gateway();
    rightChannels = cluster.channels("fixture");
    rightGateway = cluster.gateway();
    List.of(leftGateway, rightChannels, rightGateway).forEach(NodeProcess::ready);
  }

  @AfterAll
  static void stop() {
    if (cluster != null) {
      cluster.close();
    }
    if (networks != null) {
      networks.close();
    }
  }

  /** Of what a test before has cut off, the last may take its time to come back. */
  @BeforeEach
  void talkOnBothSides() {
    Waiting.until("all four are together", () -> isWhole(leftGateway) && isWhole(rightGateway));
    crowd = new Crowd("room", 12).connect(leftGateway, 1).connect(rightGateway, 1).awaitJoined();
    crowd.assertAllHearEachOther();
    crowd.talk();
  }

  @AfterEach
  void mend() {
    crowd.close();
    networks.mend();
    networks.heal();
  }

  private static boolean isWhole(NodeProcess node) {
    return Pattern.compile("the cluster: (\\d+) nodes")
        .matcher(node.log())
        .results()
        .reduce((earlier, last) -> last)
        .map(last -> last.group(1).equals("4"))
        .orElse(true);
  }

  private static long count(NodeProcess node, String text) {
    return Pattern.compile(text).matcher(node.log()).results().count();
  }

  @Test
  void bothSidesOfASplitServeAndEveryTopicHasOneHostAfterwards() {
    long left = count(leftGateway, "left the cluster");
    long right = count(rightGateway, "left the cluster");
    networks.split();
    Waiting.until(
        "each side takes the other for dead",
        () ->
            count(leftGateway, "left the cluster") >= left + 2
                && count(rightGateway, "left the cluster") >= right + 2);
    crowd.awaitErrors(1);
    crowd.awaitJoined();
    try (var here = new Crowd("room", 6);
        var there = new Crowd("room", 6)) {
      here.connect(leftGateway, 2).assertAllHearEachOther();
      there.connect(rightGateway, 2).assertAllHearEachOther();
    }
    networks.heal();
    crowd.assertAllHearEachOther();
    assertEquals(List.of(), crowd.closeCodes());
    assertEquals(List.of(), crowd.untold(), "every member was told that it has missed something");
  }

  @Test
  void aThirdOfThePacketsMayBeLost() {
    networks.lose(0, 0.15);
    networks.lose(1, 0.3);
    crowd.awaitTalk(2_000);
    networks.mend();
    crowd.assertAllHearEachOther();
    assertEquals(List.of(), crowd.closeCodes());
  }

  @Test
  void aBusThatIsCutWhileTheClusterHoldsIsALossThatIsSignalled() {
    int before = crowd.errors();
    networks.block(1, bus(rightChannels));
    crowd.awaitErrors(before + 1);
    networks.mend();
    crowd.assertAllHearEachOther();
    assertEquals(List.of(), crowd.closeCodes());
  }

  @Test
  void whileABusIsCutEveryJoinOverItIsRefusedAndEveryOtherServed() {
    long left = count(leftGateway, "left the cluster");
    try (var newcomer =
        PhoenixClient.connect(
            ClientOptions.port(leftGateway.port())
                .withHost(leftGateway.host())
                .withLimit(Waiting.LIMIT))) {
      networks.block(1, bus(rightChannels));
      Set<String> first = refused(newcomer, "first");
      Set<String> again = refused(newcomer, "second");
      assertTrue(!first.isEmpty() && first.size() < NEW_TOPICS, "refused: " + first);
      assertTrue(!again.isEmpty() && again.size() < NEW_TOPICS, "refused: " + again);
      assertEquals(left, count(leftGateway, "left the cluster"), "the cluster has held");
      networks.mend();
      Waiting.until("all is served again", () -> refused(newcomer, "mended").isEmpty());
    }
    // Who talked meanwhile has missed nothing without an error.
    crowd.assertAllHearEachOther();
    assertEquals(List.of(), crowd.closeCodes());
  }

  /** Joins topics of both nodes at once; each is answered, and what is refused has one reason. */
  private static Set<String> refused(PhoenixClient client, String name) {
    var asked = new LinkedHashMap<String, String>();
    for (int i = 0; i < NEW_TOPICS; i++) {
      String topic = "room:" + name + "-" + i;
      asked.put(topic, client.sendJoin(topic, Map.of()));
    }
    var refused = new TreeSet<String>();
    asked.forEach(
        (topic, ref) -> {
          PhoenixMessage answer = client.awaitReply(ref);
          if (!answer.status().equals("ok")) {
            assertEquals("unavailable", answer.response().path("reason").asText(), topic);
            refused.add(topic);
          }
        });
    return refused;
  }

  private static int bus(NodeProcess node) {
    var bus = Pattern.compile(" bus [0-9.]+:(\\d+)").matcher(node.log());
    assertTrue(bus.find(), node.log());
    return Integer.parseInt(bus.group(1));
  }
}
