package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.cluster.ClusterNode;
import dev.roost.cluster.LocalCluster;
import dev.roost.hosting.PartitionTable;
import dev.roost.presence.PresenceException;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Presences that are tracked on one node and hosted on another. */
@Timeout(120)
class PresenceClusterTest {

  private static final ChannelOptions ONE_HOST =
      ChannelOptions.defaults().withVerticles(1).withPresence(PresenceTest.QUICK);
  private static final List<String> TOPICS =
      IntStream.range(0, 40).mapToObj(i -> "room:" + i).toList();

  private final Vertx vertx = Vertx.vertx();
  private final LocalCluster cluster = LocalCluster.on(vertx);
  private final ClusterNode one = cluster.join();
  private final ClusterNode two = cluster.join();

  private static Application application() {
    return Application.named("app").path("/socket").route("room:*", PresenceTest.Present::new);
  }

  private static ChannelVerticles.Deployment deploy(ClusterNode node) throws Exception {
    return ChannelVerticles.deploy(node, application(), ONE_HOST).await(30, TimeUnit.SECONDS);
  }

  @AfterEach
  void close() throws Exception {
    vertx.close().await(30, TimeUnit.SECONDS);
  }

  private static Tracking track(ChannelVerticles.Deployment on, String topic, String key)
      throws Exception {
    return on.presences().track(topic, key, Map.of("n", 1)).await(20, TimeUnit.SECONDS);
  }

  /** Refs by key. */
  private static Set<String> refs(ChannelVerticles.Deployment on, String topic) throws Exception {
    var refs = new TreeSet<String>();
    on.presences()
        .list(topic)
        .await(20, TimeUnit.SECONDS)
        .metas()
        .forEach(
            (key, metas) ->
                metas.forEach(meta -> refs.add(key + "=" + meta.get("phx_ref").asText())));
    return refs;
  }

  private static void awaitRefs(ChannelVerticles.Deployment on, String topic, Set<String> expected)
      throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!refs(on, topic).equals(expected) && System.nanoTime() < deadline) {
      Thread.sleep(20);
    }
    assertEquals(expected, refs(on, topic), topic);
  }

  private String hostOf(String topic) {
    return one.snapshot()
        .partitions()
        .owner("app", PartitionTable.partition(topic))
        .orElseThrow()
        .inbox();
  }

  /** Both nodes host some of the topics: the second gets its share in a while. */
  private void awaitBothHost() throws Exception {
    while (TOPICS.stream().map(this::hostOf).distinct().count() < 2) {
      Thread.sleep(20);
    }
  }

  @Test
  void whatOneNodeTracksTheHostOnAnotherLists() throws Exception {
    var first = deploy(one);
    var second = deploy(two);
    awaitBothHost();
    for (String topic : TOPICS) {
      Tracking ada = track(first, topic, "ada");
      Tracking bob = track(second, topic, "bob");
      assertEquals(Set.of("ada=" + ada.ref(), "bob=" + bob.ref()), refs(first, topic));
      assertEquals(refs(first, topic), refs(second, topic));
      ada.update(Map.of("n", 2)).await(20, TimeUnit.SECONDS);
      assertEquals(Set.of("ada=" + ada.ref(), "bob=" + bob.ref()), refs(second, topic));
      bob.untrack().await(20, TimeUnit.SECONDS);
      assertEquals(Set.of("ada=" + ada.ref()), refs(second, topic));
    }
  }

  @Test
  void presencesFollowTheirTopicToANewHost() throws Exception {
    var first = deploy(one);
    var tracked = new HashMap<String, Set<String>>();
    for (String topic : TOPICS) {
      tracked.put(topic, Set.of("ada=" + track(first, topic, "ada").ref()));
    }
    var second = deploy(two);
    awaitBothHost();
    for (String topic : TOPICS) {
      awaitRefs(second, topic, tracked.get(topic));
    }

    // All that the second host has is told to the first one, which takes its topics over.
    second.undeploy().await(30, TimeUnit.SECONDS);
    for (String topic : TOPICS) {
      awaitRefs(first, topic, tracked.get(topic));
    }
  }

  @Test
  void whatADeadNodeTrackedEndsAndWhatItHostedIsTrackedAnew() throws Exception {
    var first = deploy(one);
    var second = deploy(two);
    var survivors = new HashMap<String, Set<String>>();
    for (String topic : TOPICS) {
      survivors.put(topic, Set.of("ada=" + track(first, topic, "ada").ref()));
      track(second, topic, "bob");
    }
    two.close().await(20, TimeUnit.SECONDS);
    for (String topic : TOPICS) {
      awaitRefs(first, topic, survivors.get(topic));
    }
  }

  @Test
  void whoUndeploysTakesItsPresencesAlong() throws Exception {
    var first = deploy(one);
    var second = deploy(two);
    for (String topic : TOPICS) {
      track(second, topic, "bob");
    }
    second.undeploy().await(30, TimeUnit.SECONDS);
    for (String topic : TOPICS) {
      awaitRefs(first, topic, Set.of());
    }
  }

  @Test
  void aTopicWithoutAHostIsUnavailableInTheEnd() throws Exception {
    var first = deploy(one);
    var failures = new ArrayList<PresenceException.Reason>();
    first.undeploy().await(30, TimeUnit.SECONDS);
    for (var asked :
        List.of(
            new Presences(two, application()).list("room:1"),
            new Presences(two, application()).getByKey("room:1", "ada"))) {
      failures.add(
          assertThrows(PresenceException.class, () -> asked.await(20, TimeUnit.SECONDS)).reason());
    }
    assertEquals(
        List.of(PresenceException.Reason.UNAVAILABLE, PresenceException.Reason.UNAVAILABLE),
        failures);
  }
}
