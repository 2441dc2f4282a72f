package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.host.HostVerticle;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Clients that have stopped reading, with more on its way to them than the network holds but less
 * than makes them count as too slow: not even a close frame reaches them, and still they end.
 */
class StuckClientIT {

  private static final int BOUND = 16 << 20;
  private static final String LARGE = "x".repeat(500_000);

  private final AtomicInteger slow = new AtomicInteger();
  private final Queue<Limit> reached = new ConcurrentLinkedQueue<>();
  private TestServer server;

  private static final class Named implements SocketHandler {
    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      return ConnectResult.accept();
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return Optional.of("stuck");
    }
  }

  @BeforeEach
  void start() {
    Channel silent = (topic, payload, socket) -> JoinResult.ok();
    server =
        TestServer.start(
            GatewayOptions.defaults()
                .withMaxQueuedBytes(BOUND)
                .withCloseTimeout(Duration.ofSeconds(1))
                .withWriteTimeout(Duration.ofSeconds(4))
                .withMetrics(
                    new GatewayMetrics() {
                      @Override
                      public void slowSocketClosed() {
                        slow.incrementAndGet();
                      }

                      @Override
                      public void limitReached(Limit limit) {
                        reached.add(limit);
                      }
                    }),
            ChannelOptions.defaults().withVerticles(1),
            Application.named("stuck")
                .socket("/socket", new Named())
                .socket(
                    "/idle",
                    SocketHandler.acceptAll(),
                    SocketOptions.defaults().withIdleTimeout(Duration.ofSeconds(1)))
                .route("big:*", () -> silent));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** A client that joins and reads no more; some 10 MB are on their way to it. */
  private RawWebSocket stuck(String mount) {
    var socket = RawWebSocket.open("localhost", server.port(), 4_096);
    assertTrue(socket.upgrade(mount + "/websocket?vsn=2.0.0").isUpgraded());
    socket.write(WebSocketFrame.text("[\"1\",\"1\",\"big:1\",\"phx_join\",{}]"));
    assertTrue(socket.read().text().contains("phx_reply"));
    for (int i = 0; i < 20; i++) {
      server.broadcaster().broadcast("big:1", "big", Map.of("pad", LARGE));
    }
    TestServer.await(
        "all are on their way", () -> server.gateways(table -> (int) table.deliveries()) == 20);
    return socket;
  }

  private void expectNothingLeft(RawWebSocket stuck) {
    TestServer.await("the socket is gone", () -> server.gateways(SocketTable::socketCount) == 0);
    TestServer.await("the host knows", () -> server.hosts(HostVerticle::channelCount) == 0);
    assertEquals(0, slow.get());
    stuck.close();
  }

  @Test
  void aStuckClientThatIsSilentIsCutOff() { // W-1, W-2
    expectNothingLeft(stuck("/idle"));
  }

  @Test
  void aStuckClientThatSendsHeartbeatsIsCutOff() {
    RawWebSocket socket = stuck("/socket");
    TestServer.await(
        "the socket is gone",
        () -> {
          try {
            socket.write(WebSocketFrame.text("[null,\"1\",\"phoenix\",\"heartbeat\",{}]"));
          } catch (UncheckedIOException cutOff) {
            // As it should be.
          }
          return server.gateways(SocketTable::socketCount) == 0;
        });
    TestServer.await("the host knows", () -> server.hosts(HostVerticle::channelCount) == 0);
    assertEquals(1, slow.get());
    assertEquals(List.of(Limit.WRITE_TIMEOUT), List.copyOf(reached));
    socket.close();
  }

  @Test
  void aStuckClientThatIsDisconnectedIsCutOff() { // D-3
    RawWebSocket socket = stuck("/socket");
    server.broadcaster().disconnect("stuck");
    expectNothingLeft(socket);
  }

  @Test
  void aStuckClientThatBreaksTheProtocolIsCutOff() { // W-30
    RawWebSocket socket = stuck("/socket");
    socket.write(WebSocketFrame.text("no message"));
    expectNothingLeft(socket);
  }

  @Test
  void aStuckClientDoesNotKeepTheGatewayFromGoing() { // D-10
    RawWebSocket socket = stuck("/socket");
    TestServer.await(server.closeGateway());
    TestServer.await("the host knows", () -> server.hosts(HostVerticle::channelCount) == 0);
    socket.close();
  }
}
