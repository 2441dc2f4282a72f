package dev.roost.it.model;

import dev.roost.testkit.client.HttpAnswer;
import dev.roost.testkit.client.PhoenixMessage;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.Vsn;
import dev.roost.testkit.client.WebSocketFrame;
import java.time.Duration;
import java.util.List;

/** A client on a WebSocket. */
final class WebSocketPeer implements Peer {

  private final ModelServer server;
  private final RawWebSocket socket;
  private final Vsn vsn;
  private final String id;

  WebSocketPeer(ModelServer server, int gateway, Vsn vsn, String id, Duration limit) {
    this.server = server;
    this.vsn = vsn;
    this.id = id;
    this.socket = RawWebSocket.open("localhost", server.port(gateway)).limit(limit);
    HttpAnswer answer = socket.upgrade(path(vsn, "id=" + id));
    if (!answer.isUpgraded()) {
      throw new AssertionError("expected a WebSocket, got " + answer);
    }
  }

  private static String path(Vsn vsn, String query) {
    return "/socket/websocket?" + query + "&vsn=" + vsn.version();
  }

  static void connectInVain(ModelServer server, int gateway, Vsn vsn) {
    try (RawWebSocket refused = RawWebSocket.open("localhost", server.port(gateway))) {
      HttpAnswer answer = refused.upgrade(path(vsn, "key=bad"));
      if (answer.status() != 403) {
        throw new AssertionError("expected 403, got " + answer);
      }
    }
  }

  @Override
  public void send(PhoenixMessage message) {
    socket.write(vsn.encode(message));
  }

  @Override
  public void flush() {}

  @Override
  public List<PhoenixMessage> read() {
    WebSocketFrame frame = socket.read();
    if (frame.opcode() == WebSocketFrame.CLOSE) {
      throw new AssertionError("closed by the server with " + frame.closeCode());
    }
    return List.of(vsn.decode(frame));
  }

  @Override
  public void postInVain(Command.Defect defect) {}

  @Override
  public void end(Command.Ending ending) {
    switch (ending) {
      case CLOSE -> {
        socket.write(WebSocketFrame.close(1000, ""));
        expectClose(1000);
      }
      case RESET -> socket.reset();
      case GARBAGE -> {
        socket.write(WebSocketFrame.text("[1]"));
        expectClose(1011);
      }
      case DISCONNECT -> {
        server.disconnect(id);
        expectClose(1001);
      }
    }
    socket.close();
  }

  private void expectClose(int code) {
    int came = socket.readClose();
    if (came != code) {
      throw new AssertionError("expected to be closed with " + code + ", got " + came);
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
