package dev.roost.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.roost.bus.Addresses;
import dev.roost.cluster.ClusterNode;
import io.vertx.core.Deployable;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.lang.reflect.Field;
import java.net.BindException;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GatewayVerticleTest {

  private static final int LIMIT_SECONDS = 20;

  private final Vertx vertx = Vertx.vertx();
  private final ClusterNode node = ClusterNode.local(vertx);

  @AfterEach
  void close() throws Exception {
    vertx.close().await(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  /** How many hear of every change of the cluster, which only the node itself knows. */
  private int listeners() throws ReflectiveOperationException {
    Field keeper = ClusterNode.class.getDeclaredField("keeper");
    keeper.setAccessible(true);
    Field listeners = keeper.getType().getDeclaredField("listeners");
    listeners.setAccessible(true);
    return ((List<?>) listeners.get(keeper.get(node))).size();
  }

  /** Vert.x does not stop a verticle that has not started. */
  @Test
  void aGatewayThatCannotListenLeavesNothingBehind() throws Exception {
    int before = listeners();
    int number = node.nextVerticle();
    try (var taken = new ServerSocket(0)) {
      var options = GatewayOptions.defaults().withPort(taken.getLocalPort());
      for (int i = 0; i < 2; i++) {
        var gateway = vertx.deployVerticle((Deployable) new GatewayVerticle(node, options));
        assertThrows(BindException.class, () -> gateway.await(LIMIT_SECONDS, TimeUnit.SECONDS));
      }
    }
    assertEquals(before, listeners());
    for (int i = 1; i <= 2; i++) {
      String inbox = Addresses.gateway(node.name(), number + i);
      var answer = vertx.eventBus().request(inbox, "?");
      var unheard =
          assertThrows(ReplyException.class, () -> answer.await(LIMIT_SECONDS, TimeUnit.SECONDS));
      assertEquals(ReplyFailure.NO_HANDLERS, unheard.failureType());
    }
  }
}
