package dev.roost.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpContentDecompressor;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.impl.ShutdownEvent;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The Netty channel of one WebSocket: hands on what is read, unless that is to wait, and goes
 * through the closing handshake. Vert.x has opened it, and has no more to do with it. Used on the
 * event loop of its connection only.
 */
final class WebSocketChannel extends ChannelDuplexHandler {

  /*
   * Vert.x keeps a queue for 1,024 writes with each WebSocket, its request, its response and the
   * headers of both: more than half of what a socket took. It answers pings without a bound, reads 16
   * frames more after a pause, and its frames do not tell the reserved bits. All that goes with its
   * handler, which is taken out of the pipeline once the handshake is done (docs/decisions/0014).
   */
  private static final String VERTX_HANDLER = "handler";

  private static final String DECODER = "wsdecoder";
  private static final String WRITER = "writer";

  /**
   * Frames that a client has handed on before all others of its event loop have a turn: what comes
   * in one read may be a thousand of them.
   */
  private static final int TURN = 16;

  /** RFC 6455, section 5.2: the last frame of a message, a close. */
  private static final int CLOSE = 0x88;

  /** Who answers for the socket; told of everything on its context. */
  interface Receiver {

    /** A frame, which is released when this has returned. */
    void received(WebSocketFrame frame);

    /** It cannot be read any more. */
    void failed(Throwable cause);

    /** The server closes, or whatever else calls for an end. */
    void asked(Reason reason);

    /** The connection is over. */
    void ended();
  }

  /** Why somebody else asks for the end of a socket. */
  enum Reason {
    /** Its HTTP server closes. */
    SHUTDOWN,
    /** The idle time-out of its HTTP server. */
    IDLE
  }

  private final ContextInternal context;
  private final Channel channel;
  private final Duration closeTimeout;

  /** In front of all handlers of HTTP and WebSockets, unless one has to see what is written. */
  private final ChannelHandlerContext outbound;

  /** Vert.x's handler, where Vert.x counts sockets or has an address for this one. */
  private @Nullable ChannelInboundHandler counting;

  private @Nullable Receiver receiver;
  private @Nullable Deque<WebSocketFrame> waiting;
  private boolean stopped = true;

  /** Handed on in this turn. */
  private int handed;

  /** The turn is over, the next one will come. */
  private boolean resting;

  private boolean autoRead;
  private boolean handsOn;
  private boolean unreadable;
  private boolean closeReceived;
  private @Nullable ChannelFuture closeWritten;
  private @Nullable Future<?> deadline;

  private WebSocketChannel(
      ContextInternal context, Channel channel, ChannelHandlerContext outbound, Duration timeout) {
    this.context = context;
    this.channel = channel;
    this.outbound = outbound;
    this.closeTimeout = timeout;
  }

  /**
   * Takes over a WebSocket that was just opened, on its context; nothing is read before {@link
   * #open}.
   *
   * @param connection that it was a request of
   * @param reader of its frames
   * @param closeTimeout from a close frame to the end of the connection
   */
  static WebSocketChannel of(
      ServerWebSocket webSocket,
      HttpConnection connection,
      FrameReader reader,
      Duration closeTimeout) {
    Channel channel =
        NettyChannel.of(connection)
            .orElseThrow(() -> new IllegalStateException("no connection of Vert.x: " + connection));
    ContextInternal context =
        Objects.requireNonNull(ContextInternal.current(), "a context of Vert.x");
    boolean isKnown = context.owner().isMetricsEnabled() || webSocket.textHandlerID() != null;
    return in(channel, context, reader, isKnown, closeTimeout);
  }

  /**
   * Takes the place of Vert.x's handler, behind a reader in the place of Netty's decoder.
   *
   * @param isKnown whether Vert.x has to be told of the end
   */
  static WebSocketChannel in(
      Channel channel,
      ContextInternal context,
      FrameReader reader,
      boolean isKnown,
      Duration closeTimeout) {
    ChannelPipeline pipeline = channel.pipeline();
    pipeline.replace(DECODER, DECODER, reader);
    NettyChannel.takeTurns(channel);
    if (pipeline.get(HttpContentDecompressor.class) != null) {
      pipeline.remove(HttpContentDecompressor.class); // It reads on when it has seen no request.
    }
    String writer = DECODER;
    // An idle time-out stands behind the decoder, and counts what is written.
    if (pipeline.get(IdleStateHandler.class) != null) {
      writer = WRITER;
      pipeline.addBefore(VERTX_HANDLER, WRITER, new ChannelOutboundHandlerAdapter());
    }
    var taken = new WebSocketChannel(context, channel, pipeline.context(writer), closeTimeout);
    ChannelHandler replaced = pipeline.replace(VERTX_HANDLER, VERTX_HANDLER, taken);
    if (isKnown && replaced instanceof ChannelInboundHandler handler) {
      taken.counting = handler;
    }
    return taken;
  }

  /** Begins to read. */
  void open(Receiver opened) {
    receiver = opened;
    read();
  }

  Channel channel() {
    return channel;
  }

  /** What writes so that nothing of HTTP or WebSockets sees it but an idle time-out. */
  ChannelHandlerContext outbound() {
    return outbound;
  }

  /** Whether what is written is on the wire next: no TLS, no other handler comes behind. */
  boolean isBare() {
    return outbound.name().equals(DECODER)
        && channel.pipeline().firstContext().name().equals(DECODER);
  }

  /* ---- reading */

  /**
   * Hands on nothing but pings and pongs until {@link #read}, and reads nothing from the client. Of
   * those there may be thousands in what has come already: to answer them is less than to keep
   * them.
   */
  void stop() {
    stopped = true;
    autoRead(false);
  }

  /** Hands on what has waited, and reads on unless that stops it again. */
  void read() {
    stopped = false;
    if (!handsOn) { // Else it goes on behind that frame.
      readOn();
    }
  }

  private void readOn() {
    handOnWaiting();
    if (stopped || resting) {
      return;
    }
    if (waiting == null || waiting.isEmpty()) {
      waiting = null;
      autoRead(true);
    } else {
      rest();
    }
  }

  private void handOnWaiting() {
    while (!stopped && !resting && handed < TURN && waiting != null && !waiting.isEmpty()) {
      handOn(waiting.remove());
    }
  }

  /** Until all others had a turn. A task would come before what is read from them. */
  private void rest() {
    resting = true;
    var unused = outbound.executor().schedule(this::nextTurn, 0, TimeUnit.NANOSECONDS);
  }

  private void nextTurn() {
    resting = false;
    if (channel.isActive()) { // Else the last turn goes on.
      handed = 0;
      readOn();
    }
  }

  /** Nothing comes any more: what rests is not left behind. */
  void lastTurn() {
    resting = false;
    handed = Integer.MIN_VALUE;
    handOnWaiting();
  }

  private void autoRead(boolean on) {
    if (autoRead != on) {
      autoRead = on;
      channel.config().setAutoRead(on);
    }
  }

  /** Forgets what waits. */
  void forget() {
    if (waiting != null) {
      waiting.forEach(ReferenceCountUtil::release);
      waiting = null;
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext handler, Object message) {
    if (!(message instanceof WebSocketFrame frame)) {
      ReferenceCountUtil.release(message);
    } else if (isPast(frame)) {
      handOn(frame);
      if (!stopped) {
        readOn();
      }
    } else if (stopped || handsOn || waiting != null || handed >= TURN) {
      if (waiting == null) {
        waiting = new ArrayDeque<>();
      }
      waiting.add(frame);
      autoRead = false;
      channel.config().setAutoRead(false); // Traffic shaping turns it on again.
      if (!stopped && !handsOn && !resting) {
        rest();
      }
    } else {
      handOn(frame);
      readOn();
    }
  }

  /** Pings and pongs do not wait for a turn, either. */
  private boolean isPast(WebSocketFrame frame) {
    boolean waits = stopped || (!handsOn && (resting || handed >= TURN));
    return waits && (frame instanceof PingWebSocketFrame || frame instanceof PongWebSocketFrame);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext handler) {
    if (!resting) {
      handed = 0;
    }
  }

  private void handOn(WebSocketFrame frame) {
    handsOn = true;
    handed++;
    ContextInternal outer = context.beginDispatch();
    try {
      if (frame instanceof CloseWebSocketFrame close) {
        closeReceived = true;
        answer(close);
      }
      if (receiver != null) {
        receiver.received(frame);
      }
    } finally {
      context.endDispatch(outer);
      frame.release();
      handsOn = false;
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext handler, Throwable cause) {
    if (cause instanceof FrameException) {
      lastTurn();
      giveUp();
    }
    tell(told -> told.failed(cause));
  }

  @Override
  public void channelInactive(ChannelHandlerContext handler) throws Exception {
    lastTurn();
    if (deadline != null) {
      deadline.cancel(false);
    }
    tell(Receiver::ended);
    if (counting != null) {
      counting.channelInactive(handler);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext handler, Object event) {
    if (event instanceof ShutdownEvent) {
      tell(told -> told.asked(Reason.SHUTDOWN));
    } else if (event instanceof IdleStateEvent) {
      tell(told -> told.asked(Reason.IDLE));
    }
    ReferenceCountUtil.release(event);
  }

  private void tell(Handler<Receiver> what) {
    if (receiver == null) { // It never began.
      forget();
      NettyChannel.abort(channel);
    } else {
      context.dispatch(receiver, what);
    }
  }

  /* ---- closing */

  /** Nothing can be read any more, not even the client's close. */
  void giveUp() {
    if (!unreadable && closeWritten != null) {
      lingerBehind(closeWritten);
    }
    unreadable = true;
  }

  /** Sends a close frame, behind all that was written; the end follows the client's answer. */
  void close(int code) {
    if (closeWritten == null) {
      sendClose(Unpooled.copyShort(code));
    }
  }

  /** With the code and the reason that came, 1000 for none; or it is the answer. */
  private void answer(CloseWebSocketFrame close) {
    if (closeWritten == null) {
      ByteBuf content = close.content();
      sendClose(content.isReadable() ? content.retainedDuplicate() : Unpooled.copyShort(1000));
    } else {
      endBehind(closeWritten);
    }
  }

  private void sendClose(ByteBuf content) {
    ByteBuf frame = outbound.alloc().buffer(2 + content.readableBytes());
    frame.writeByte(CLOSE).writeByte(content.readableBytes()).writeBytes(content);
    content.release();
    closeWritten = outbound.writeAndFlush(frame);
    if (closeReceived) {
      endBehind(closeWritten);
    } else if (unreadable) {
      lingerBehind(closeWritten);
    }
    deadline =
        outbound
            .executor()
            .schedule(
                () -> NettyChannel.abort(channel), closeTimeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void endBehind(ChannelFuture written) {
    written.addListener(
        done -> {
          var unused = outbound.close(); // Told of as its end.
        });
  }

  /**
   * Ends when the client does, or at the deadline: it may be sending still, and a connection that
   * is closed over what was not read takes the close frame with it.
   */
  private void lingerBehind(ChannelFuture written) {
    written.addListener(
        done -> {
          if (!done.isSuccess()) {
            return; // It is over.
          }
          ChannelPipeline pipeline = channel.pipeline();
          pipeline.addFirst(new Discarding());
          channel.config().setAutoRead(true);
          SslHandler tls = pipeline.get(SslHandler.class);
          if (tls != null) {
            var unused = tls.closeOutbound();
          } else if (channel instanceof DuplexChannel duplex) {
            var unused = duplex.shutdownOutput();
          }
        });
  }

  private static final class Discarding extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext handler, Object message) {
      ReferenceCountUtil.release(message);
    }
  }

  /** Vert.x's own way to end a connection: the client is told first. */
  @Override
  public void close(ChannelHandlerContext handler, ChannelPromise promise) {
    channel
        .closeFuture()
        .addListener(
            done -> {
              if (!promise.isVoid()) {
                promise.trySuccess();
              }
            });
    tell(told -> told.asked(Reason.SHUTDOWN));
  }
}
