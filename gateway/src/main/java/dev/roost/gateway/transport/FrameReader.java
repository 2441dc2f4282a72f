package dev.roost.gateway.transport;

import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.CloseCode;
import dev.roost.gateway.protocol.Utf8;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads a client's frames (RFC 6455, section 5) and hands on each when all of it has come. The
 * first that is none, or that there is no room for, is told of as a {@link FrameException}; what
 * comes behind it, or behind a close, goes nowhere. Used on the event loop of its connection only.
 */
final class FrameReader extends ChannelInboundHandlerAdapter {

  /*
   * Netty's decoder gathers a frame, and when all of it has come it copies that into a buffer of its
   * own and unmasks it there, in one go: 14 ms of an event loop for 10 MB, and 20 to 100 ms at a
   * stretch where 25 clients sent 2 MB each. Here what one read brings, 64 KiB at most, is copied and
   * unmasked when it comes: a large frame is many small pieces of work, with others between.
   */

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int CONTINUATION = 0;
  private static final int TEXT = 1;
  private static final int BINARY = 2;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;

  /** Of these two octets, in the first. */
  private static final int FINAL = 0x8000;

  private static final int RESERVED = 0x7000;

  /** RFC 7692, section 6. */
  private static final int COMPRESSED = 0x4000;

  private static final int MASKED = 0x80;

  private static final int MAX_CONTROL_BYTES = 125;
  private static final int LENGTH_16 = 126;
  private static final int LENGTH_64 = 127;

  /** What comes next. */
  private enum Next {
    HEAD,
    LENGTH_OF_16_BITS,
    LENGTH_OF_64_BITS,
    MASK,
    PAYLOAD,
    NOTHING
  }

  private final int maxFrameBytes;
  private final boolean isCompressed;
  private final MessageBudget budget;

  private Next next = Next.HEAD;

  /** Of what comes next in a head: octets that are here, and their value. */
  private int octets;

  private long value;

  private int head;
  private int length;
  private int mask;

  /** The last frame that was no control frame has not ended its message. */
  private boolean isWithinMessage;

  /** Of a payload that has come in part. */
  private @Nullable Gathered gathered;

  /**
   * For one connection.
   *
   * @param maxFrameBytes of a frame's payload
   * @param isCompressed whether the first frame of a message may be marked as compressed
   * @param budget of the frames of all that have come in part
   */
  FrameReader(int maxFrameBytes, boolean isCompressed, MessageBudget budget) {
    this.maxFrameBytes = maxFrameBytes;
    this.isCompressed = isCompressed;
    this.budget = budget;
  }

  @Override
  public void channelRead(ChannelHandlerContext handler, Object message) {
    if (!(message instanceof ByteBuf read)) {
      handler.fireChannelRead(message);
      return;
    }
    try {
      while (read.isReadable() && next != Next.NOTHING) {
        WebSocketFrame frame = next == Next.PAYLOAD ? payload(handler, read) : head(read);
        if (frame != null) {
          handler.fireChannelRead(frame);
        }
      }
    } catch (FrameException broken) {
      fail(handler, broken);
    } catch (Throwable failure) { // Memory may have run out: that is the end of this socket alone.
      fail(handler, new FrameException(failure));
    } finally {
      read.release();
    }
  }

  private void fail(ChannelHandlerContext handler, FrameException failure) {
    next = Next.NOTHING;
    forget();
    handler.fireExceptionCaught(failure);
  }

  @Override
  public void channelInactive(ChannelHandlerContext handler) {
    forget();
    handler.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext handler) {
    forget();
  }

  private void forget() {
    ReferenceCountUtil.release(gathered);
    gathered = null;
  }

  /* ---- heads */

  /** Goes on with a head; the frame, if it ends with that. */
  private @Nullable WebSocketFrame head(ByteBuf read) {
    switch (next) {
      case HEAD -> {
        if (has(2, read)) {
          begin((int) value);
        }
      }
      case LENGTH_OF_16_BITS -> {
        if (has(2, read)) {
          hasLength(value, LENGTH_16);
        }
      }
      case LENGTH_OF_64_BITS -> {
        if (has(8, read)) {
          hasLength(value, 1 << 16);
        }
      }
      default -> {
        if (has(4, read)) {
          mask = (int) value;
          next = Next.PAYLOAD;
          return length == 0 ? frame(Unpooled.EMPTY_BUFFER) : null;
        }
      }
    }
    return null;
  }

  /** Whether so many octets are here by now; then they are the value. */
  private boolean has(int wanted, ByteBuf read) {
    if (octets == 0) {
      value = 0;
    }
    while (octets < wanted && read.isReadable()) {
      value = value << 8 | read.readUnsignedByte();
      octets++;
    }
    if (octets < wanted) {
      return false;
    }
    octets = 0;
    return true;
  }

  private void begin(int begun) {
    head = begun;
    int announced = begun & 0x7f;
    if ((begun & MASKED) == 0) {
      throw violation("a frame without a mask");
    }
    int stray = begun & RESERVED;
    switch (opcode()) {
      case CLOSE, PING, PONG -> beginControl(announced);
      case TEXT, BINARY -> {
        if (isWithinMessage) {
          throw violation("a new message before the last fragment of the one before");
        }
        if (isCompressed) {
          stray &= ~COMPRESSED;
        }
      }
      case CONTINUATION -> {
        if (!isWithinMessage) {
          throw violation("a continuation without a message to continue");
        }
      }
      default -> throw violation("a reserved opcode");
    }
    if (stray != 0) {
      throw violation("reserved bits without a meaning");
    }
    switch (announced) {
      case LENGTH_16 -> next = Next.LENGTH_OF_16_BITS;
      case LENGTH_64 -> next = Next.LENGTH_OF_64_BITS;
      default -> hasLength(announced, 0);
    }
  }

  private void beginControl(int announced) {
    if (!isFinal()) {
      throw violation("a control frame in fragments");
    }
    if (announced > MAX_CONTROL_BYTES) {
      throw violation("a control frame of over 125 octets");
    }
    if (opcode() == CLOSE && announced == 1) {
      throw violation("half a close code");
    }
  }

  /** A length of its own has no shorter form; one of 64 bits with the highest set is negative. */
  private void hasLength(long announced, int least) {
    if (announced < least) {
      throw violation("a length in no minimal form");
    }
    if (announced > maxFrameBytes) {
      throw new FrameException(CloseCode.TOO_BIG, "a frame is over " + maxFrameBytes + " bytes");
    }
    length = (int) announced;
    next = Next.MASK;
  }

  private int opcode() {
    return head >> 8 & 0xf;
  }

  private boolean isFinal() {
    return (head & FINAL) != 0;
  }

  private static FrameException violation(String what) {
    return new FrameException(CloseCode.PROTOCOL_ERROR, what);
  }

  /* ---- payloads */

  /** Goes on with a payload; the frame, if that is all of it. */
  private @Nullable WebSocketFrame payload(ChannelHandlerContext handler, ByteBuf read) {
    Gathered parts = gathered;
    if (parts == null) {
      // A larger one is counted, however much a read may bring.
      if (read.readableBytes() >= length && length <= MessageChunk.LARGEST) {
        var all = new byte[length];
        read.readBytes(all);
        unmask(all, 0, length, mask);
        return frame(Unpooled.wrappedBuffer(all));
      }
      parts = new Gathered(handler.alloc(), length, mask, budget.share());
      gathered = parts;
    }
    parts.append(read);
    if (parts.readableBytes() < length) {
      return null;
    }
    WebSocketFrame frame = frame(parts);
    gathered = null;
    return frame;
  }

  private WebSocketFrame frame(ByteBuf content) {
    next = Next.HEAD;
    boolean last = isFinal();
    int reserved = (head & RESERVED) >> 12;
    int opcode = opcode();
    if (opcode < CLOSE) {
      isWithinMessage = !last;
    }
    return switch (opcode) {
      case CONTINUATION -> new ContinuationWebSocketFrame(last, reserved, content);
      case TEXT -> new TextWebSocketFrame(last, reserved, content);
      case BINARY -> new BinaryWebSocketFrame(last, reserved, content);
      case PING -> new PingWebSocketFrame(last, reserved, content);
      case PONG -> new PongWebSocketFrame(last, reserved, content);
      default -> close(last, reserved, content);
    };
  }

  private WebSocketFrame close(boolean last, int reserved, ByteBuf content) {
    next = Next.NOTHING;
    if (content.isReadable()) {
      byte[] body = bytes(content);
      int code = (body[0] & 0xff) << 8 | (body[1] & 0xff);
      if (!WebSocketCloseStatus.isValidStatusCode(code)) {
        throw violation("the close code " + code);
      }
      if (!Utf8.isValid(Arrays.copyOfRange(body, 2, body.length))) {
        throw new FrameException(CloseCode.INVALID_TEXT, "a close reason that is no UTF-8");
      }
    }
    return new CloseWebSocketFrame(last, reserved, content);
  }

  /**
   * What a frame holds. That is not copied if it is one array, as of a frame that came in one read:
   * it must not be used in any other way.
   */
  static byte[] bytes(ByteBuf content) {
    return ByteBufUtil.getBytes(content, content.readerIndex(), content.readableBytes(), false);
  }

  /** Undoes a mask whose first octet is for the one at {@code from}. */
  private static void unmask(byte[] bytes, int from, int to, int mask) {
    long octets = Integer.reverseBytes(mask) & 0xffff_ffffL;
    long twice = octets << 32 | octets;
    int i = from;
    for (; i <= to - Long.BYTES; i += Long.BYTES) {
      LONGS.set(bytes, i, (long) LONGS.get(bytes, i) ^ twice);
    }
    for (; i < to; i++) {
      bytes[i] ^= (byte) (twice >>> ((i - from & 7) << 3));
    }
  }

  /** What has come of a payload, in chunks; they are counted until it is released. */
  private static final class Gathered extends CompositeByteBuf {

    private final int length;
    private final int mask;
    private final MessageBudget.Share share;

    /** The last one: all others are full. */
    private byte[] chunk = {};

    private int filled;

    Gathered(ByteBufAllocator alloc, int length, int mask, MessageBudget.Share share) {
      super(alloc, false, Integer.MAX_VALUE);
      this.length = length;
      this.mask = mask;
      this.share = share;
    }

    /** Takes what belongs to this payload and can be read. */
    void append(ByteBuf read) {
      int left = Math.min(read.readableBytes(), length - writerIndex());
      while (left > 0) {
        if (filled == chunk.length) {
          addChunk();
        }
        int count = Math.min(left, chunk.length - filled);
        read.readBytes(chunk, filled, count);
        unmask(chunk, filled, filled + count, Integer.rotateLeft(mask, writerIndex() << 3));
        filled += count;
        writerIndex(writerIndex() + count);
        left -= count;
      }
    }

    private void addChunk() {
      int size = Math.min(MessageChunk.size(writerIndex()), length - writerIndex());
      if (!share.tryHold((long) capacity() + size)) {
        throw new NoRoomException();
      }
      ByteBuf added = MessageChunk.of(size);
      addComponent(false, added.writerIndex(size));
      chunk = added.array();
      filled = 0;
    }

    @Override
    protected void deallocate() {
      super.deallocate();
      share.giveBack();
    }
  }
}
