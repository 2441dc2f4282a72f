package dev.roost.gateway.transport;

import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.protocol.Utf8;
import dev.roost.gateway.socket.ClientSocket;
import dev.roost.gateway.socket.Connection;
import dev.roost.gateway.socket.SharedFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.WebSocketFrame;
import java.time.Duration;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket: assembles messages from frames within their limits, and writes frames within
 * theirs. Used on the gateway's context only.
 */
final class WebSocketConnection implements Connection {

  private static final Logger log = LoggerFactory.getLogger(WebSocketConnection.class);

  private final ServerWebSocket webSocket;
  private final FrameWriter.Target target;
  private final Limits limits;
  private final Duration idleTimeout;
  private final GatewayMetrics metrics;
  private @Nullable ClientSocket client;
  private final @Nullable Compression compression;
  private @Nullable Buffer fragments;
  private @Nullable Inflation inflation;
  private boolean binaryFragments;
  private int fragmentCount;
  private String ending = "closed";
  private boolean closing;
  private boolean paused;
  private long closingSince;
  private long lastHeard;

  /**
   * Bounds of every WebSocket of a gateway.
   *
   * @param maxMessageBytes of an assembled message
   * @param maxFragments of which it is assembled
   * @param closeTimeout from the close frame to the end of the connection
   */
  record Limits(int maxMessageBytes, int maxFragments, Duration closeTimeout) {}

  /**
   * A connection that reads nothing yet.
   *
   * @param compression null if none was agreed on
   */
  WebSocketConnection(
      ServerWebSocket webSocket,
      FrameWriter writer,
      @Nullable Compression compression,
      Limits limits,
      Duration idleTimeout,
      GatewayMetrics metrics) {
    this.webSocket = webSocket;
    this.target = writer.target(webSocket, compression != null);
    this.compression = compression;
    this.limits = limits;
    this.idleTimeout = idleTimeout;
    this.metrics = metrics;
    this.lastHeard = System.nanoTime();
  }

  /** Begins to read for this client; the end is told of to both. */
  void open(ClientSocket opened, Runnable end) {
    client = opened;
    webSocket.frameHandler(this::receive);
    webSocket.exceptionHandler(this::fail);
    webSocket.closeHandler(
        ignored -> {
          closing = true;
          forgetMessage();
          end.run();
          opened.ended(ending);
          metrics.socketClosed();
        });
  }

  /* ---- from the client */

  private void receive(WebSocketFrame frame) {
    lastHeard = System.nanoTime();
    if (closing) {
      return;
    }
    switch (frame.type()) {
      case TEXT, BINARY -> {
        if (fragments != null) {
          violation("a new message before the last fragment of the one before");
        } else {
          begin(frame);
        }
      }
      case CONTINUATION -> {
        if (fragments == null) {
          violation("a continuation without a message to continue");
        } else {
          append(frame.binaryData().getBytes(), frame.isFinal());
        }
      }
      case PING -> {
        // Vert.x has answered it; what is answered but not read has to end somewhere.
        if (!target.hasRoom()) {
          tooSlow();
        }
      }
      case PONG -> {}
      case CLOSE -> {
        closing = true;
        closingSince = lastHeard;
      }
    }
  }

  private void begin(WebSocketFrame frame) {
    Buffer data = frame.binaryData();
    int mark = 0;
    if (compression != null) {
      mark = 1;
      inflation = data.getByte(0) == CompressedFrames.DEFLATED ? compression.inflation() : null;
    }
    byte[] body = data.getBytes(mark, data.length());
    if (frame.isFinal() && inflation == null) {
      message(body, frame.isBinary());
      return;
    }
    binaryFragments = frame.isBinary();
    fragments = Buffer.buffer();
    fragmentCount = 0;
    append(body, frame.isFinal());
  }

  private void append(byte[] data, boolean last) {
    Buffer assembled = fragments;
    if (assembled == null) {
      return;
    }
    // Empty ones too: a message that never ends costs its receiver something with each.
    if (++fragmentCount > limits.maxFragments()) {
      forgetMessage();
      log.debug("socket closed: a message has over {} fragments", limits.maxFragments());
      metrics.limitReached(Limit.MAX_FRAGMENTS);
      close(CloseCode.TOO_BIG);
      return;
    }
    try {
      if (!fits(assembled, data, last)) {
        forgetMessage();
        log.debug("socket closed: a message is over {} bytes", limits.maxMessageBytes());
        metrics.limitReached(Limit.MAX_MESSAGE_BYTES);
        close(CloseCode.TOO_BIG);
        return;
      }
    } catch (DataFormatException e) {
      forgetMessage();
      log.debug("socket closed: a message cannot be inflated: {}", e.getMessage());
      close(CloseCode.INVALID_TEXT);
      return;
    }
    if (last) {
      forgetMessage();
      message(assembled.getBytes(), binaryFragments);
    }
  }

  /** Appends a piece, inflated if it has to be; false if the message is too long with it. */
  private boolean fits(Buffer assembled, byte[] data, boolean last) throws DataFormatException {
    if (inflation != null) {
      return inflation.append(data, last, assembled, limits.maxMessageBytes());
    }
    if (assembled.length() + data.length > limits.maxMessageBytes()) {
      return false;
    }
    assembled.appendBytes(data);
    return true;
  }

  private void forgetMessage() {
    fragments = null;
    if (inflation != null && compression != null) {
      compression.giveBack(inflation);
      inflation = null;
    }
  }

  private void message(byte[] body, boolean binary) {
    ClientSocket receiver = client;
    if (receiver == null) {
      return;
    }
    if (binary) {
      receiver.receiveBinary(body);
    } else if (Utf8.isValid(body)) {
      receiver.receiveText(body);
    } else {
      close(CloseCode.INVALID_TEXT);
    }
  }

  private void violation(String what) {
    log.debug("socket closed: {}", what);
    close(CloseCode.PROTOCOL_ERROR);
  }

  private void fail(Throwable cause) {
    if (cause instanceof CorruptedWebSocketFrameException corrupted) {
      if (corrupted.closeStatus().code() == CloseCode.TOO_BIG) {
        metrics.limitReached(Limit.MAX_FRAME_BYTES);
      }
      close(corrupted.closeStatus().code());
    } else if (!closing) {
      log.debug("socket failed", cause);
      ending = "connection lost";
      closing = true;
      target.abort();
    }
  }

  /* ---- to the client */

  @Override
  public void send(Frame frame) {
    if (!closing && !target.write(frame)) {
      tooSlow();
    }
  }

  @Override
  public void send(SharedFrame frame) {
    if (!closing && !target.write(frame)) {
      tooSlow();
    }
  }

  private void tooSlow() {
    closing = true;
    ending = "too slow";
    metrics.slowSocketClosed();
    metrics.limitReached(Limit.MAX_QUEUED_BYTES);
    log.debug("socket closed: too many bytes waited for it");
    target.abort();
  }

  @Override
  public void close(int code) {
    if (closing) {
      return;
    }
    closing = true;
    closingSince = System.nanoTime();
    ending =
        switch (code) {
          case CloseCode.GOING_AWAY -> "disconnected";
          case CloseCode.SERVICE_RESTART -> "draining";
          case CloseCode.UNAUTHORIZED -> "expired";
          default -> "protocol error";
        };
    metrics.closedByServer(code);
    target.flush();
    webSocket.close((short) code);
  }

  @Override
  public void checkIdle(long now) {
    if (closing) {
      // The close frame may be stuck behind what the client does not read.
      if (now - closingSince > limits.closeTimeout().toNanos()) {
        target.abort();
      }
    } else if (paused) {
      lastHeard = now;
    } else if (now - lastHeard > idleTimeout.toNanos()) {
      metrics.limitReached(Limit.IDLE_TIMEOUT);
      close(CloseCode.PROTOCOL_ERROR);
      ending = "idle";
    }
  }

  @Override
  public void abort() {
    closing = true;
    target.abort();
  }

  @Override
  public void pause() {
    paused = true;
    webSocket.pause();
  }

  @Override
  public void resume() {
    paused = false;
    webSocket.resume();
  }
}
