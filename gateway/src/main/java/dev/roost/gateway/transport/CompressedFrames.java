package dev.roost.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import org.jspecify.annotations.Nullable;

/**
 * Frames of a connection whose server has compression on, between Netty's decoder and Vert.x: what
 * comes compressed is marked, what goes out is deflated, and reserved bits that mean nothing are a
 * violation.
 */
final class CompressedFrames extends ChannelDuplexHandler {

  /*
   * Nothing is inflated here. Vert.x queues what it has read while a socket is paused: what waits
   * there stays as small as it came. Its frames do not tell the reserved bits, so the first frame of
   * each message gets an octet in front that does.
   */
  static final byte PLAIN = 0;
  static final byte DEFLATED = 1;

  private static final int RSV1 = 4;

  private final @Nullable Compression compression;

  /**
   * Handles the frames of one connection.
   *
   * @param compression null if none was agreed on
   */
  CompressedFrames(@Nullable Compression compression) {
    this.compression = compression;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!(message instanceof WebSocketFrame frame)) {
      context.fireChannelRead(message);
      return;
    }
    boolean begins = frame instanceof TextWebSocketFrame || frame instanceof BinaryWebSocketFrame;
    int meaningful = compression != null && begins ? RSV1 : 0;
    if ((frame.rsv() & ~meaningful) != 0) {
      frame.release();
      context.fireExceptionCaught(
          new CorruptedWebSocketFrameException(
              WebSocketCloseStatus.PROTOCOL_ERROR, "reserved bits without a meaning"));
      return;
    }
    context.fireChannelRead(begins && compression != null ? marked(frame) : frame);
  }

  private static WebSocketFrame marked(WebSocketFrame frame) {
    ByteBuf content = frame.content();
    ByteBuf marked = Unpooled.buffer(1 + content.readableBytes());
    marked.writeByte(frame.rsv() == RSV1 ? DEFLATED : PLAIN).writeBytes(content);
    frame.release();
    return frame instanceof TextWebSocketFrame
        ? new TextWebSocketFrame(frame.isFinalFragment(), 0, marked)
        : new BinaryWebSocketFrame(frame.isFinalFragment(), 0, marked);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    Object sent =
        compression != null && message instanceof WebSocketFrame frame
            ? deflated(compression, frame)
            : message;
    var unused = context.write(sent, promise); // Whoever gave the promise hears of it.
  }

  /** The frame, or in its place one whose message is deflated. */
  private static WebSocketFrame deflated(Compression compression, WebSocketFrame frame) {
    boolean text = frame instanceof TextWebSocketFrame;
    boolean carriesMessage = text || frame instanceof BinaryWebSocketFrame;
    if (!carriesMessage || !frame.isFinalFragment()) {
      return frame;
    }
    byte[] body = compression.deflate(ByteBufUtil.getBytes(frame.content()));
    if (body == null) {
      return frame;
    }
    frame.release();
    ByteBuf content = Unpooled.wrappedBuffer(body);
    return text
        ? new TextWebSocketFrame(true, RSV1, content)
        : new BinaryWebSocketFrame(true, RSV1, content);
  }
}
