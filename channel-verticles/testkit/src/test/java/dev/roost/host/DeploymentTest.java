package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Result;
import dev.roost.channel.TerminateReason;
import dev.roost.cluster.ClusterNode;
import dev.roost.cluster.LocalCluster;
import dev.roost.hosting.PartitionTable;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.ChannelKit;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Deploying applications and taking them back. */
@Timeout(60)
class DeploymentTest {

  private static final Channel CHANNEL = (topic, payload, socket) -> JoinResult.ok();
  private static final ChannelOptions OPTIONS = ChannelOptions.defaults().withVerticles(2);

  private final Vertx vertx = Vertx.vertx();
  private final ClusterNode node = ClusterNode.local(vertx);

  @AfterEach
  void close() throws Exception {
    await(node.close().eventually(vertx::close));
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.await(20, TimeUnit.SECONDS);
  }

  private ChannelVerticles.Deployment deploy(Application application) throws Exception {
    return await(ChannelVerticles.deploy(node, application, OPTIONS));
  }

  private void assertRefused(Application application, String... named) {
    int deployed = vertx.deploymentIDs().size();
    var refused = assertThrows(IllegalStateException.class, () -> deploy(application));
    for (String name : named) {
      assertTrue(refused.getMessage().contains(name), refused.getMessage());
    }
    assertEquals(deployed, vertx.deploymentIDs().size(), "nothing stays deployed");
  }

  private static Application chat() {
    return Application.named("chat")
        .socket("/socket", SocketHandler.acceptAll())
        .route("room:*", () -> CHANNEL);
  }

  @Test
  void anApplicationRunsOnAsManyHostsAsAskedFor() throws Exception {
    var deployment = deploy(chat());
    assertEquals(2, deployment.hosts().size());
    assertEquals(2, vertx.deploymentIDs().size());
    await(deployment.undeploy());
    assertEquals(0, vertx.deploymentIDs().size());
  }

  @Test
  void applicationsWithDifferentTopicsShareAPath() throws Exception {
    deploy(chat());
    deploy(Application.named("game").path("/socket").route("game:*", () -> CHANNEL));
  }

  @Test
  void aConflictingRouteIsRefusedAndNamesBoth() throws Exception {
    deploy(chat());
    assertRefused(
        Application.named("other").path("/socket").route("room:lobby", () -> CHANNEL),
        "room:lobby",
        "other",
        "room:*",
        "chat");
    assertRefused(
        Application.named("all").path("/socket").route("*", () -> CHANNEL), "all", "chat");
    deploy(Application.named("elsewhere").path("/elsewhere").route("room:*", () -> CHANNEL));
  }

  @Test
  void aSecondSocketHandlerForAPathIsRefusedAndNamesBoth() throws Exception { // E-15
    deploy(chat());
    assertRefused(
        Application.named("other").socket("/socket", SocketHandler.acceptAll()),
        "/socket",
        "other",
        "chat");
    assertRefused(
        Application.named("variable").socket("/:any", SocketHandler.acceptAll()),
        "/:any",
        "variable",
        "/socket");
    deploy(
        Application.named("same")
            .socket(
                "/socket/v2",
                SocketHandler.acceptAll(),
                SocketOptions.defaults().withWebsocketPath("/ws")));
  }

  @Test
  void aSecondApplicationOfTheSameNameIsRefused() throws Exception {
    var deployment = deploy(chat());
    assertRefused(chat(), "chat");
    await(deployment.undeploy());
    deploy(chat());
  }

  @Test
  void aBadPathIsRefusedAndNothingStays() {
    var bad = Application.named("bad").socket("socket", SocketHandler.acceptAll());
    var refused = assertThrows(RuntimeException.class, () -> deploy(bad));
    assertTrue(refused.getMessage().contains("socket"), refused.getMessage());
    assertEquals(0, vertx.deploymentIDs().size());
  }

  /** Of which the second verticle deployed through it does not start. */
  private static Vertx failingAtTheSecond(Vertx vertx) {
    var deployments = new AtomicInteger();
    return (Vertx)
        Proxy.newProxyInstance(
            Vertx.class.getClassLoader(),
            new Class<?>[] {Vertx.class},
            (proxy, method, arguments) ->
                method.getName().equals("deployVerticle") && deployments.incrementAndGet() == 2
                    ? Future.failedFuture(new IllegalStateException("no second host"))
                    : method.invoke(vertx, arguments));
  }

  @Test
  void whereOneHostDoesNotStartNothingStaysDeployed() throws Exception {
    var own = Vertx.vertx();
    ClusterNode failing = ClusterNode.local(failingAtTheSecond(own));
    try {
      var failure =
          assertThrows(
              IllegalStateException.class,
              () -> await(ChannelVerticles.deploy(failing, chat(), OPTIONS.withVerticles(3))));
      assertEquals("no second host", failure.getMessage());
      assertEquals(0, own.deploymentIDs().size());
    } finally {
      await(failing.close().eventually(own::close));
    }
  }

  @Test
  void undeploymentEndsEveryChannelAsDraining() throws Exception { // L-30, design section 6
    var script = Script.onIn((event, payload, socket) -> Result.ok());
    try (var kit = script.kit()) {
      var first = kit.join("t:1");
      var second = kit.join("t:2");

      await(kit.deployment().undeploy());

      for (var channel : List.of(first, second)) {
        channel.assertCrashed();
        assertEquals(new TerminateReason.Draining(), channel.assertTerminated());
      }
    }
  }

  @Test
  void undeploymentWaitsForTerminate() throws Exception {
    var terminating = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var script =
        Script.onIn((event, payload, socket) -> Result.ok())
            .terminate(
                (reason, socket) -> {
                  terminating.countDown();
                  try {
                    release.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    try (var kit = script.kit()) {
      var channel = kit.join("t:1");
      var undeployed = kit.deployment().undeploy();
      assertTrue(terminating.await(20, TimeUnit.SECONDS));
      assertTrue(!undeployed.isComplete());
      release.countDown();
      await(undeployed);
      channel.assertCrashed();
    }
  }

  @Test
  void undeploymentWaitsForChannelsWhoseSocketHasJustGone() throws Exception {
    var terminating = new CountDownLatch(1);
    var undeployed = new CountDownLatch(1);
    var order = new LinkedBlockingQueue<String>();
    var script =
        Script.onIn((event, payload, socket) -> Result.ok())
            .terminate(
                (reason, socket) -> {
                  terminating.countDown();
                  try {
                    // The time for an undeployment that does not wait to show itself.
                    boolean early = undeployed.await(300, TimeUnit.MILLISECONDS);
                    order.add(early ? "terminated too late" : "terminated");
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    try (var kit = script.kit()) {
      var socket = kit.join("t:1").socket();
      Thread closing = Thread.ofVirtual().start(socket::close);
      assertTrue(terminating.await(20, TimeUnit.SECONDS));

      await(
          kit.deployment()
              .undeploy()
              .onComplete(
                  done -> {
                    order.add("undeployed");
                    undeployed.countDown();
                  }));

      closing.join();
    }
    assertEquals(List.of("terminated", "undeployed"), List.copyOf(order));
  }

  @Test
  void undeploymentDoesNotWaitForEver() throws Exception { // L-33: 5 s in Phoenix
    var script =
        Script.onIn((event, payload, socket) -> Result.ok())
            .terminate(
                (reason, socket) -> {
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    try (var kit =
        script.kit(
            route -> route,
            options ->
                options
                    .withReplaceTimeout(Duration.ofMillis(200))
                    .withCallbackTimeout(Duration.ofHours(1)))) {
      var channel = kit.join("t:1");
      await(kit.deployment().undeploy());
      channel.assertCrashed();
    }
  }

  @Test
  void nodesThatRunOneApplicationShareItsTopicsAndTakeThemOver() throws Exception {
    var own = Vertx.vertx();
    var cluster = LocalCluster.on(own);
    ClusterNode one = cluster.join();
    ClusterNode two = cluster.join();
    try {
      var onOne = await(ChannelVerticles.deploy(one, chat(), OPTIONS));
      var onTwo = await(ChannelVerticles.deploy(two, chat(), OPTIONS));
      var all =
          Stream.of(onOne, onTwo)
              .flatMap(d -> d.hosts().stream())
              .map(HostVerticle::inbox)
              .toList();
      // It is node two that knows of its own deployment by now; node one hears of it.
      long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      Set<String> known = Set.of();
      while (!known.equals(Set.copyOf(all)) && System.nanoTime() < deadline) {
        Thread.onSpinWait();
        known = Set.copyOf(one.snapshot().applications().find("chat").orElseThrow().inboxes());
      }
      assertEquals(Set.copyOf(all), known);

      await(onOne.undeploy());

      var rest = onTwo.hosts().stream().map(HostVerticle::inbox).toList();
      for (int partition = 0; partition < PartitionTable.PARTITIONS; partition++) {
        var owner = one.snapshot().partitions().owner("chat", partition).orElseThrow();
        assertTrue(rest.contains(owner.inbox()), owner.toString());
      }
      await(onTwo.undeploy());
      assertEquals(0, own.deploymentIDs().size());
    } finally {
      await(one.close().eventually(two::close).eventually(own::close));
    }
  }

  @Test
  void aKitRunsBesideOtherApplicationsOfANode() throws Exception {
    deploy(chat());
    var other = Application.named("other").route("other:*", () -> CHANNEL);
    try (var kit = ChannelKit.on(node, other, OPTIONS)) {
      assertTrue(kit.join("other:1").response().tree().isEmpty());
    }
    assertEquals(2, vertx.deploymentIDs().size(), "the kit has cleaned up after itself");
  }
}
