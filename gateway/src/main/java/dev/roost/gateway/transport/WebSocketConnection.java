package dev.roost.gateway.transport;

import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.socket.ClientSocket;
import dev.roost.gateway.socket.Connection;
import dev.roost.gateway.socket.SharedFrame;
import dev.roost.gateway.socket.Workers;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.WebSocketFrame;
import io.vertx.core.http.WebSocketFrameType;
import io.vertx.core.internal.http.WebSocketInternal;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
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

  /** From this size on a message is copied together by a worker: 128 KiB. */
  private static final int LARGE = 128 << 10;

  /** What is inflated on the event loop: 64 KiB, of at most 8 KiB, 0.7 ms of the worst there is. */
  private static final Inflation.Step SMALL_STEP = new Inflation.Step(64 << 10, 2);

  /** How many pieces of a message may be inflated on the event loop. */
  private static final int FEW_PIECES = 8;

  /** What a worker inflates before it is another message's turn: any amount, of 64 KiB. */
  private static final Inflation.Step LARGE_STEP = new Inflation.Step(1 << 30, 16);

  /** Pings that may come from a client while its close is under way. */
  private static final int MOST_LATE_PINGS = 1_000;

  private final Workers workers;
  private final Context context;
  private final ServerWebSocket webSocket;
  private final FrameWriter.Target target;
  private final Limits limits;
  private final Duration idleTimeout;
  private final MessageBudget.Share share;

  /** A compressed piece of a message while it is being inflated. */
  private final MessageBudget.Share deflated;

  private final GatewayMetrics metrics;
  private @Nullable ClientSocket client;
  private final @Nullable Compression compression;
  private @Nullable Assembly fragments;
  private @Nullable Inflation inflation;
  private boolean binaryFragments;
  private int fragmentCount;

  /** When the message began that is not whole yet. */
  private long messageBegan;

  private String ending = "closed";
  private boolean closing;

  /** The client has gone by itself: what it has sent before is still read. */
  private boolean gone;

  private @Nullable Runnable over;
  private boolean paused;
  private boolean overPings;
  private boolean working;
  private long closingSince;
  private int latePings;
  private long lastHeard;

  /**
   * Bounds of every WebSocket of a gateway.
   *
   * @param maxMessageBytes of an assembled message
   * @param maxFragments of which it is assembled
   * @param pingsPerSecond of the client
   * @param writeTimeout in which a client has to take something of what waits for it
   * @param closeTimeout from the close frame to the end of the connection
   * @param budget of the messages of all that are not finished
   */
  record Limits(
      int maxMessageBytes,
      int maxFragments,
      int pingsPerSecond,
      Duration writeTimeout,
      Duration closeTimeout,
      MessageBudget budget) {}

  /**
   * A connection that reads nothing yet.
   *
   * @param connection that the WebSocket was a request of
   * @param compression null if none was agreed on
   */
  WebSocketConnection(
      Workers workers,
      ServerWebSocket webSocket,
      HttpConnection connection,
      FrameWriter writer,
      @Nullable Compression compression,
      Limits limits,
      Duration idleTimeout,
      GatewayMetrics metrics) {
    this.workers = workers;
    this.context = Objects.requireNonNull(Vertx.currentContext(), "a context of Vert.x");
    this.webSocket = webSocket;
    this.target = writer.target(webSocket, connection, compression != null);
    this.share = limits.budget().share();
    this.deflated = limits.budget().share();
    boolean unused = Gathering.of(webSocket, limits.budget(), this::failed);
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
          gone |= !closing;
          closing = true;
          over =
              () -> {
                forgetMessage();
                end.run();
                opened.ended(ending);
                metrics.socketClosed();
              };
          endWhenIdle();
        });
  }

  /** What came before the end is dealt with before it, inflated and decoded as it has to be. */
  private void endWhenIdle() {
    ClientSocket receiver = client;
    if (receiver != null && over != null && !working) {
      receiver.whenIdle(
          () -> {
            Runnable end = over;
            // Decoded, it may have let something through that is being inflated now.
            if (end != null && !working) {
              over = null;
              end.run();
            }
          });
    }
  }

  /* ---- from the client */

  private void receive(WebSocketFrame frame) {
    lastHeard = System.nanoTime();
    try {
      ClientSocket receiver = client;
      if (frame.type() == WebSocketFrameType.PING) {
        answered(frame.binaryData().length());
      } else if (!closing || gone) {
        take(frame);
        if (receiver != null && !closing) {
          count(frame, receiver);
        }
      }
    } catch (Throwable failure) { // Half of it may be done: the rest would be misunderstood.
      failed(failure);
    }
  }

  /** Of a message the last frame counts when it is whole, as all of it does. */
  private void count(WebSocketFrame frame, ClientSocket receiver) {
    if (frame.type() == WebSocketFrameType.PONG) {
      ping(receiver, frame.binaryData().length());
    } else if (!frame.isFinal()) {
      receiver.receiveFragment();
    }
  }

  private void take(WebSocketFrame frame) throws DataFormatException {
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
          append(frame.binaryData(), 0, frame.isFinal());
        }
      }
      case PING, PONG -> {}
      case CLOSE -> {
        gone = false;
        closing = true;
        closingSince = lastHeard;
      }
    }
  }

  /** Vert.x has answered a ping: what nobody reads of that has to end somewhere. */
  private void answered(int length) {
    ClientSocket receiver = client;
    if (closing) {
      if (++latePings > MOST_LATE_PINGS) {
        target.abort();
      }
    } else if (!target.answered(length)) {
      tooSlow(Limit.MAX_QUEUED_BYTES);
    } else if (receiver != null) {
      ping(receiver, length);
    }
  }

  private void ping(ClientSocket receiver, int length) {
    if (receiver.receivePing(length, limits.pingsPerSecond())) {
      overPings = true;
    }
  }

  private void begin(WebSocketFrame frame) throws DataFormatException {
    Buffer data = frame.binaryData();
    int mark = 0;
    if (compression != null) {
      mark = 1;
      inflation = data.getByte(0) == CompressedFrames.DEFLATED ? compression.inflation() : null;
    }
    if (frame.isFinal() && inflation == null) {
      whole(data, mark, frame.isBinary());
      return;
    }
    binaryFragments = frame.isBinary();
    fragments = new Assembly(share);
    fragmentCount = 0;
    messageBegan = lastHeard;
    append(data, mark, frame.isFinal());
  }

  private void whole(Buffer data, int from, boolean binary) {
    if (data.length() < LARGE) {
      message(data.getBytes(from, data.length()), binary);
      return;
    }
    binaryFragments = binary;
    share.hold(data.length());
    work(() -> data.getBytes(from, data.length()), this::completed);
  }

  private void append(Buffer data, int from, boolean last) throws DataFormatException {
    Assembly assembled = fragments;
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
    Inflation inflating = inflation;
    if (inflating != null) {
      deflated.hold(data.length());
      inflating.begin(data.getBytes(from, data.length()), last);
      inflate(inflating, assembled, last);
    } else if (assembled.length() + data.length() - from > limits.maxMessageBytes()) {
      tooLong();
    } else {
      assembled.append(data, from);
      if (last) {
        complete(assembled);
      }
    }
  }

  private void inflate(Inflation inflating, Assembly assembled, boolean last)
      throws DataFormatException {
    if (fragmentCount > FEW_PIECES || assembled.length() >= SMALL_STEP.bytes()) {
      inflateMore(inflating, assembled, last);
      return;
    }
    inflated(inflating.append(assembled, SMALL_STEP, limits.maxMessageBytes()), assembled, last);
  }

  /** A small piece may inflate to very much, or take long to inflate to nothing. */
  private void inflateMore(Inflation inflating, Assembly assembled, boolean last) {
    work(
        () -> inflating.append(assembled, LARGE_STEP, limits.maxMessageBytes()),
        progress -> inflated(progress, assembled, last));
  }

  private void inflated(Inflation.Progress progress, Assembly assembled, boolean last) {
    switch (progress) {
      case DONE -> {
        deflated.giveBack();
        if (last) {
          complete(assembled);
        }
      }
      case MORE -> {
        if (inflation != null) {
          inflateMore(inflation, assembled, last);
        }
      }
      case TOO_LONG -> tooLong();
    }
  }

  private void complete(Assembly assembled) {
    if (assembled.length() >= LARGE) {
      work(assembled::toBytes, this::completed);
    } else {
      completed(assembled.toBytes());
    }
  }

  private void completed(byte[] body) {
    forgetMessage();
    message(body, binaryFragments);
  }

  /** Has a worker do something, and reads nothing meanwhile. */
  private <T> void work(Callable<T> task, Consumer<T> next) {
    working = true;
    stopReading();
    workers
        .compute(task)
        .onComplete(
            (result, failure) -> {
              working = false;
              try {
                if (result != null) {
                  next.accept(result);
                } else {
                  failed(failure);
                }
              } catch (Throwable thrown) {
                failed(thrown);
              }
              if (!paused && !working) {
                readOn();
              }
              if (over != null) {
                // Behind what was waiting, which may be more of the kind.
                workers.behind(this::endWhenIdle);
              }
            });
  }

  private void tooLong() {
    forgetMessage();
    log.debug("socket closed: a message is over {} bytes", limits.maxMessageBytes());
    metrics.limitReached(Limit.MAX_MESSAGE_BYTES);
    close(CloseCode.TOO_BIG);
  }

  /** Whatever went wrong with a message ends its socket, and no other. */
  private void failed(Throwable cause) {
    forgetMessage();
    if (closing && !gone) {
      return;
    }
    switch (cause) {
      case DataFormatException broken -> {
        log.debug("socket closed: a message cannot be inflated: {}", broken.getMessage());
        close(CloseCode.INVALID_TEXT);
      }
      case NoRoomException none -> {
        log.debug("socket closed: {}", none.getMessage());
        metrics.limitReached(Limit.MAX_UNFINISHED_BYTES);
        close(CloseCode.TRY_AGAIN_LATER);
      }
      default -> {
        close(CloseCode.INTERNAL_ERROR);
        log.error("socket closed: a message could not be read", cause);
      }
    }
  }

  /** Gives back what an unfinished message takes, unless a worker is at it. */
  private void forgetMessage() {
    if (working) {
      return;
    }
    share.giveBack();
    deflated.giveBack();
    if (fragments != null) {
      fragments.release();
      fragments = null;
    }
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
    } else {
      receiver.receiveText(body);
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
      gone = true;
      target.abort();
    }
  }

  /* ---- to the client */

  @Override
  public void send(Frame frame) {
    try {
      if (!closing && !target.write(frame)) {
        tooSlow(Limit.MAX_QUEUED_BYTES);
      }
    } catch (Throwable failure) {
      unwritten(failure);
    }
  }

  @Override
  public int prefetch() {
    return closing ? 0 : target.prefetch();
  }

  @Override
  public void send(SharedFrame frame) {
    try {
      if (!closing && !target.write(frame)) {
        tooSlow(Limit.MAX_QUEUED_BYTES);
      }
    } catch (Throwable failure) {
      unwritten(failure);
    }
  }

  /** Ends this socket alone, so that it learns of what it lacks; others get the message. */
  private void unwritten(Throwable failure) {
    if (failure instanceof NoRoomException) {
      tooSlow(Limit.MAX_QUEUED_TOTAL_BYTES);
      return;
    }
    closing = true;
    ending = "connection lost";
    target.failed(failure);
  }

  private void tooSlow(Limit limit) {
    closing = true;
    ending = "too slow";
    target.abort();
    metrics.slowSocketClosed();
    metrics.limitReached(limit);
    log.debug("socket closed: what waits for it is over {}", limit.option());
  }

  @Override
  public void close(int code) {
    if (closing) {
      return;
    }
    closing = true;
    closingSince = System.nanoTime();
    forgetMessage();
    ending =
        switch (code) {
          case CloseCode.GOING_AWAY -> "disconnected";
          case CloseCode.SERVICE_RESTART -> "draining";
          case CloseCode.UNAUTHORIZED -> "expired";
          case CloseCode.TRY_AGAIN_LATER -> "overloaded";
          default -> "protocol error";
        };
    metrics.closedByServer(code);
    target.flush();
    webSocket.close((short) code);
    readOn(); // The client's answer may be behind what is of no use any more.
  }

  @Override
  public void checkIdle(long now) {
    if (closing) {
      // The close frame may be stuck behind what the client does not read.
      if (now - closingSince > limits.closeTimeout().toNanos()) {
        target.abort();
      }
      return;
    }
    if (target.isStuck(now, limits.writeTimeout())) {
      tooSlow(Limit.WRITE_TIMEOUT);
      return;
    }
    if (paused || working) {
      lastHeard = now;
      if (!overPings) { // Else they would keep half a message.
        messageBegan = now;
      }
    }
    if (now - heardSince() > idleTimeout.toNanos()) {
      metrics.limitReached(Limit.IDLE_TIMEOUT);
      close(CloseCode.PROTOCOL_ERROR);
      ending = "idle";
    }
  }

  /** A message has to come in that time, too: pings and slow fragments do not keep half of it. */
  private long heardSince() {
    return fragments == null ? lastHeard : messageBegan;
  }

  @Override
  public void abort() {
    closing = true;
    target.abort();
  }

  @Override
  public void pause() {
    paused = true;
    stopReading();
  }

  @Override
  public void resume() {
    paused = false;
    overPings = false;
    if (!working) {
      readOn();
    }
  }

  /** Paused, Vert.x alone would read 16 frames more, however large: they stay where they are. */
  private void stopReading() {
    stopReadingNow();
    /*
     * Behind a ping or pong Vert.x lets one more frame pass; and it may just be handing on what it
     * had held back, and begin to read from the channel when all of that is gone.
     */
    context.runOnContext(
        ignored -> {
          if ((paused || working) && !closing) {
            stopReadingNow();
          }
        });
  }

  private void stopReadingNow() {
    webSocket.pause();
    autoRead(false);
  }

  private void readOn() {
    autoRead(true); // Before: what has waited may stop it again.
    webSocket.resume();
  }

  private void autoRead(boolean on) {
    if (webSocket instanceof WebSocketInternal internal) {
      internal.channelHandlerContext().channel().config().setAutoRead(on);
    }
  }
}
