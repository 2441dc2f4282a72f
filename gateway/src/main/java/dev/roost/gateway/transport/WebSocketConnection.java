package dev.roost.gateway.transport;

import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.socket.ClientSocket;
import dev.roost.gateway.socket.Connection;
import dev.roost.gateway.socket.FailureLog;
import dev.roost.gateway.socket.SharedFrame;
import dev.roost.gateway.workers.Workers;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket: assembles messages from frames within their limits, and writes frames within
 * theirs. Used on the gateway's context only.
 */
final class WebSocketConnection implements Connection, WebSocketChannel.Receiver {

  private static final Logger log = LoggerFactory.getLogger(WebSocketConnection.class);

  /** From this size on a message is copied together by a worker: 128 KiB. */
  private static final int LARGE = 128 << 10;

  /** What is inflated on the event loop: 64 KiB, of at most 8 KiB, 0.7 ms of the worst there is. */
  private static final Inflation.Step SMALL_STEP = new Inflation.Step(64 << 10, 2);

  /** So much of what is compressed is inflated by a worker; less only at the end of a message. */
  private static final int MUCH = 64 << 10;

  /** What a worker inflates before it is another message's turn: any amount, of 64 KiB. */
  private static final Inflation.Step LARGE_STEP = new Inflation.Step(1 << 30, 16);

  /** Pings that may come from a client while its close is under way. */
  private static final int MOST_LATE_PINGS = 1_000;

  /** Of a message's first frame: it is deflated (RFC 7692). */
  private static final int RSV1 = 4;

  private final Workers workers;
  private final WebSocketChannel channel;
  private final FrameWriter.Target target;
  private final Limits limits;
  private final Duration idleTimeout;
  private final MessageBudget.Share share;

  /** What is compressed of a message, until it is inflated. */
  private final MessageBudget.Share deflated;

  private final FailureLog failures;
  private final GatewayMetrics metrics;
  private @Nullable ClientSocket client;
  private @Nullable Runnable end;
  private final @Nullable Compression compression;
  private @Nullable Assembly fragments;
  private @Nullable Inflation inflation;

  /** Compressed ones that are not inflated yet. */
  private @Nullable Assembly pieces;

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
  private int latePings;
  private long lastHeard;

  /**
   * Bounds of every WebSocket of a gateway.
   *
   * @param maxMessageBytes of an assembled message
   * @param maxFragments of which it is assembled
   * @param pingsPerSecond of the client
   * @param writeTimeout in which a client has to take something of what waits for it
   * @param budget of the messages of all that are not finished
   */
  record Limits(
      int maxMessageBytes,
      int maxFragments,
      int pingsPerSecond,
      Duration writeTimeout,
      MessageBudget budget) {}

  /**
   * A connection that reads nothing yet.
   *
   * @param compression null if none was agreed on
   */
  WebSocketConnection(
      Workers workers,
      WebSocketChannel channel,
      FrameWriter writer,
      @Nullable Compression compression,
      Limits limits,
      Duration idleTimeout,
      FailureLog failures,
      GatewayMetrics metrics) {
    this.workers = workers;
    this.channel = channel;
    this.target = writer.target(channel, compression != null);
    this.share = limits.budget().share();
    this.deflated = limits.budget().share();
    this.compression = compression;
    this.limits = limits;
    this.idleTimeout = idleTimeout;
    this.failures = failures;
    this.metrics = metrics;
    this.lastHeard = System.nanoTime();
  }

  /** Begins to read for this client; the end is told of to both. */
  void open(ClientSocket opened, Runnable whenOver) {
    client = opened;
    end = whenOver;
    channel.open(this);
  }

  @Override
  public void ended() {
    if (!closing) {
      ending = "connection lost";
      closing = true;
      gone = true;
    }
    over =
        () -> {
          channel.forget();
          forgetMessage();
          if (end != null) {
            end.run();
          }
          if (client != null) {
            client.ended(ending);
          }
          metrics.socketClosed();
        };
    endWhenIdle();
  }

  /** What came before the end is dealt with before it, inflated and decoded as it has to be. */
  private void endWhenIdle() {
    ClientSocket receiver = client;
    if (receiver != null && over != null && !working) {
      receiver.whenIdle(
          () -> {
            Runnable last = over;
            // Decoded, it may have let something through that is being inflated now.
            if (last != null && !working) {
              over = null;
              last.run();
            }
          });
    }
  }

  /* ---- from the client */

  @Override
  public void received(WebSocketFrame frame) {
    lastHeard = System.nanoTime();
    try {
      ClientSocket receiver = client;
      if (frame instanceof PingWebSocketFrame) {
        answer(frame.content());
      } else if (!closing || gone) {
        take(frame);
        if (receiver != null && !closing) {
          count(frame, receiver);
        }
      }
    } catch (Throwable failure) { // Half of it may be done: the rest would be misunderstood.
      unread(failure);
    }
  }

  /** Of a message the last frame counts when it is whole, as all of it does. */
  private void count(WebSocketFrame frame, ClientSocket receiver) {
    if (frame instanceof PongWebSocketFrame) {
      ping(receiver, frame.content().readableBytes());
    } else if (!frame.isFinalFragment()) {
      receiver.receiveFragment();
    }
  }

  private void take(WebSocketFrame frame) throws DataFormatException {
    switch (frame) {
      case CloseWebSocketFrame ignored -> {
        gone = false;
        closing = true;
      }
      case PongWebSocketFrame ignored -> {}
      case ContinuationWebSocketFrame more -> append(more.content(), more.isFinalFragment());
      default -> begin(frame);
    }
  }

  /** A ping: what nobody reads of the answers has to end somewhere. */
  private void answer(ByteBuf content) {
    ClientSocket receiver = client;
    int length = content.readableBytes();
    if (closing) {
      if (++latePings > MOST_LATE_PINGS) {
        target.abort();
      }
    } else if (!target.pong(content)) {
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
    boolean binary = frame instanceof BinaryWebSocketFrame;
    inflation = compression != null && frame.rsv() == RSV1 ? compression.inflation() : null;
    if (frame.isFinalFragment() && inflation == null) {
      whole(frame.content(), binary);
      return;
    }
    binaryFragments = binary;
    fragments = new Assembly(share);
    fragmentCount = 0;
    messageBegan = lastHeard;
    append(frame.content(), frame.isFinalFragment());
  }

  private void whole(ByteBuf content, boolean binary) {
    int length = content.readableBytes();
    if (length < LARGE) {
      message(FrameReader.bytes(content), binary);
      return;
    }
    binaryFragments = binary;
    content.retain(); // It is counted until it is released, its copy from then on.
    work(
        () -> {
          try {
            byte[] body = FrameReader.bytes(content);
            share.hold(length);
            return body;
          } finally {
            content.release();
          }
        },
        this::completed);
  }

  private void append(ByteBuf content, boolean last) throws DataFormatException {
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
      inflate(inflating, assembled, content, last);
    } else if (assembled.length() + content.readableBytes() > limits.maxMessageBytes()) {
      tooLong();
    } else {
      assembled.append(content);
      if (last) {
        complete(assembled);
      }
    }
  }

  /*
   * Small pieces of a message that is not whole are gathered first. Each inflated when it came, bombs
   * of 100 octets a piece were in turns at a worker and grew together, 25 of them to 200 MB, which
   * the collector had to move; now each is a turn or two, and over before the worker begins the next.
   */
  private void inflate(Inflation inflating, Assembly assembled, ByteBuf content, boolean last)
      throws DataFormatException {
    Assembly gathered = pieces;
    if (gathered == null && (last || content.readableBytes() >= MUCH)) {
      int length = content.readableBytes();
      content.retain();
      inflatePiece(
          inflating,
          assembled,
          length,
          () -> {
            try {
              deflated.hold(length); // Now, for it is counted until it is released.
              return FrameReader.bytes(content);
            } finally {
              content.release();
            }
          },
          last);
      return;
    }
    if (gathered == null) {
      gathered = new Assembly(deflated);
      pieces = gathered;
    }
    gathered.append(content);
    if (last || gathered.length() >= MUCH) {
      pieces = null;
      inflatePiece(inflating, assembled, gathered.length(), gathered::drain, last);
    }
  }

  private void inflatePiece(
      Inflation inflating, Assembly assembled, int length, Supplier<byte[]> piece, boolean last)
      throws DataFormatException {
    if (length < MUCH) {
      inflating.begin(piece.get(), last);
      deflated.hold(length);
      inflated(inflating.append(assembled, SMALL_STEP, limits.maxMessageBytes()), assembled, last);
      return;
    }
    work(
        () -> {
          inflating.begin(piece.get(), last);
          deflated.hold(length);
          return inflating.append(assembled, LARGE_STEP, limits.maxMessageBytes());
        },
        progress -> inflated(progress, assembled, last));
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
                  unread(failure);
                }
              } catch (Throwable thrown) {
                unread(thrown);
              }
              if (!paused && !working) {
                channel.read();
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
  private void unread(Throwable cause) {
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
        failures.tell(log, "socket closed: a message could not be read", cause);
      }
    }
  }

  /** Gives back what an unfinished message takes, unless a worker is at it. */
  private void forgetMessage() {
    if (working) {
      return;
    }
    share.giveBack();
    if (pieces != null) {
      pieces.release();
      pieces = null;
    }
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

  @Override
  public void failed(Throwable cause) {
    if (cause instanceof FrameException unreadable) {
      failed(unreadable);
    } else if (!closing) {
      log.debug("socket failed", cause);
      ending = "connection lost";
      closing = true;
      gone = true;
      target.abort();
    }
  }

  private void failed(FrameException unreadable) {
    if (unreadable.getCause() != null) {
      unread(unreadable.getCause());
      return;
    }
    if (unreadable.code() == CloseCode.TOO_BIG) {
      metrics.limitReached(Limit.MAX_FRAME_BYTES);
    }
    log.debug("socket closed: {}", unreadable.getMessage());
    close(unreadable.code());
  }

  @Override
  public void asked(WebSocketChannel.Reason reason) {
    switch (reason) {
      case SHUTDOWN -> close(CloseCode.SERVICE_RESTART);
      case IDLE -> closeIdle();
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
    channel.close(code);
    channel.read(); // The client's answer may be behind what is of no use any more.
  }

  @Override
  public void checkIdle(long now) {
    if (closing) {
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
      closeIdle();
    }
  }

  private void closeIdle() {
    if (!closing) {
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

  /** Unless it is the client's answer to a close that is waited for. */
  private void stopReading() {
    if (!closing || gone) {
      channel.stop();
    }
  }

  @Override
  public void resume() {
    paused = false;
    overPings = false;
    if (!working) {
      channel.read();
    }
  }
}
