package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.host.HostVerticle;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Clients that go while workers are busy with what they have sent. */
class LastWordsIT {

  /** Makes everybody present who joins. */
  private static final class Room implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      socket.sendSelf("joined");
      return JoinResult.ok();
    }

    @Override
    public Outcome handleInfo(Object message, Socket socket) {
      socket.presence().track("user:1", Map.of());
      return Result.noReply();
    }
  }

  /** Two workers have to do with them, one after the other. */
  @Test
  void whoGoesWhileAJoinIsInflatedLeavesNothing() throws Exception {
    var application =
        Application.named("rooms")
            .socket("/socket", SocketHandler.acceptAll())
            .route("room:*", Room::new);
    var segment = new ByteArrayOutputStream();
    String large = "[null,\"1\",\"phoenix\",\"heartbeat\",\"" + "x".repeat(800_000) + "\"]";
    String join = "[\"1\",\"1\",\"room:1\",\"phx_join\",\"" + "y".repeat(100_000) + "\"]";
    segment.writeBytes(WebSocketFrame.text(large).bytes());
    segment.writeBytes(Deflated.text(join).bytes());
    try (var server =
        TestServer.start(
            GatewayOptions.defaults().withCompression(true),
            ChannelOptions.defaults(),
            application)) {
      for (int i = 0; i < 30; i++) {
        try (RawWebSocket socket =
            RawWebSocket.open("localhost", server.port()).limit(TestServer.LIMIT)) {
          socket.upgrade("/socket/websocket?vsn=2.0.0", Deflated.OFFER);
          socket.write(segment.toByteArray());
        }
      }
      // Whoever has come after all is gone once the sockets are, and those who asked before it.
      for (int i = 0; i < 200 && left(server) > 0; i++) {
        Thread.sleep(50);
      }
      Thread.sleep(1_000);
      assertEquals(0, left(server));
    }
  }

  private static long left(TestServer server) throws Exception {
    return (long) server.gateways(SocketTable::socketCount)
        + server.gateways(SocketTable::channelCount)
        + server.hosts(HostVerticle::channelCount)
        + server.hosts(HostVerticle::presenceCount);
  }
}
