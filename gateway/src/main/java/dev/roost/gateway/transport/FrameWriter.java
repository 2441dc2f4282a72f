package dev.roost.gateway.transport;

import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.socket.Connection;
import dev.roost.gateway.socket.SharedFrame;
import dev.roost.routing.RateLimit;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.ServerWebSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Writes frames to WebSockets: a frame for many is built once and shared, and what is written in
 * one turn of the event loop is flushed together at its end. Used on the gateway's context only.
 */
final class FrameWriter {

  /*
   * Reaches behind the public API, by the documented accessor
   * WebSocketInternal.channelHandlerContext(). Measured per delivery to 2,000 sockets: five messages
   * for a socket in one flush cost a quarter of five flushes; a shared frame saves 5-10 % over
   * writeTextMessage. What is written here by-passes Vert.x's own queue, so everything of a socket
   * but pongs and its close goes this way. With TLS in the pipeline, and wherever the accessor is
   * missing, frames go through the public API instead. Where compression was agreed on, a frame is
   * deflated once for all who get it so.
   */
  private static final int TEXT = 0x81;
  private static final int BINARY = 0x82;
  private static final int DEFLATED = 0x40;
  private static final int MAX_HEADER = 10;

  /*
   * A socket is too slow when more waits for it than maxQueuedBytes besides the largest message that
   * waits: a list of presences may be larger than all the rest, and who has just joined is not slow
   * for being sent one. Only large messages are looked at for this.
   */
  private static final int LARGE = 64 << 10;

  private static final Logger log = LoggerFactory.getLogger(WebSocketConnection.class);

  // With these and no others (the last is Netty's own) nobody has to see what is encoded already.
  private static final Set<String> HANDLERS =
      Set.of(
          "wsdecoder",
          "wsencoder",
          Compression.HANDLER,
          "handler",
          "DefaultChannelPipeline$TailContext#0");

  private final int maxQueuedBytes;
  private final MessageBudget queued;
  private final Compression compression;
  private final RateLimit failures = new RateLimit(System.nanoTime());
  private final List<Target> dirty = new ArrayList<>();
  private boolean flushDue;
  private boolean probeDue;

  /**
   * A writer for the sockets of one context.
   *
   * @param maxQueuedBytes bytes that may wait for one socket, besides the largest message that
   *     waits, before it counts as too slow
   * @param queued for the large messages that wait for all sockets
   * @param compression deflates for those that have agreed on it
   */
  FrameWriter(int maxQueuedBytes, MessageBudget queued, Compression compression) {
    this.maxQueuedBytes = maxQueuedBytes;
    this.queued = queued;
    this.compression = compression;
  }

  /**
   * The way to a WebSocket that was just opened.
   *
   * @param connection that it was a request of
   * @param deflates whether compression was agreed on
   */
  Target target(ServerWebSocket socket, HttpConnection connection, boolean deflates) {
    socket.setWriteQueueMaxSize(maxQueuedBytes);
    Optional<Channel> direct = NettyChannel.of(socket);
    if (direct.isPresent() && isBare(socket, direct.get())) {
      return new DirectTarget(socket, direct.get(), deflates);
    }
    return new PublicTarget(socket, direct.or(() -> NettyChannel.of(connection)).orElse(null));
  }

  private static boolean isBare(ServerWebSocket socket, Channel channel) {
    return !socket.isSsl() && HANDLERS.containsAll(channel.pipeline().names());
  }

  /** Flushes what was written in this turn. */
  private void flush() {
    flushDue = false;
    for (Target target : dirty) {
      target.flush();
    }
    dirty.clear();
  }

  /*
   * A lone broadcast is flushed socket by socket as it is written, while each socket's memory is in
   * the cache: 1,000 sockets do not fit into it twice. If another shared frame comes before the event
   * loop has reached the end of its queue, there is more to come, and flushing waits for that end.
   */
  private boolean isLone(EventLoop loop) {
    if (probeDue) {
      return false;
    }
    probeDue = true;
    loop.execute(() -> probeDue = false);
    return true;
  }

  /**
   * Room for a message; null if it is small, which asks for none.
   *
   * @throws NoRoomException if there is none
   */
  private @Nullable Room roomFor(int size) {
    if (size <= LARGE) {
      return null;
    }
    var room = new Room(queued.share(), this::flush);
    room.ask(size);
    return room;
  }

  private static void leave(@Nullable Room room) {
    if (room != null) {
      room.leave();
    }
  }

  /** Memory may have run out: as many lines as sockets would be no help. */
  private void tell(Throwable failure) {
    boolean due = failures.tryTake(1, System.nanoTime());
    log.atLevel(due ? Level.ERROR : Level.DEBUG)
        .setCause(failure)
        .log("socket closed: a message could not be written to it");
  }

  /** A frame with its header in front, ready for the channel: as it is, deflated, or both. */
  private final class Encoded implements SharedFrame.Prepared {

    private final Frame frame;
    private final boolean flushed;
    private @Nullable ByteBuf plain;
    private @Nullable ByteBuf deflated;
    private @Nullable Room room;

    /**
     * Encodes nothing yet.
     *
     * @param flushed whether each write is flushed at once
     */
    Encoded(Frame frame, boolean flushed) {
      this.frame = frame;
      this.flushed = flushed;
    }

    ByteBuf buffer(boolean deflates) {
      ByteBuf present = deflates ? deflated : plain;
      if (present != null) {
        return present;
      }
      int size = frame.body().length;
      if (room == null) {
        room = roomFor(size);
      } else {
        room.ask(size);
      }
      ByteBuf made;
      try {
        made = encode(frame, deflates);
      } catch (Throwable failure) {
        if (room != null) {
          room.giveBack(size);
        }
        throw failure;
      }
      if (deflates) {
        deflated = made;
      } else {
        plain = made;
      }
      return made;
    }

    @Override
    public void release() {
      if (plain != null) {
        plain.release();
      }
      if (deflated != null) {
        deflated.release();
      }
      leave(room);
    }

    /** For one more socket that it waits for. */
    @Nullable Room room() {
      return room == null ? null : room.enter();
    }
  }

  private ByteBuf encode(Frame frame, boolean deflates) {
    int opcode = frame.binary() ? BINARY : TEXT;
    byte[] deflated = deflates ? compression.deflate(frame.body()) : null;
    return deflated == null ? encode(opcode, frame.body()) : encode(opcode | DEFLATED, deflated);
  }

  // RFC 6455, section 5.2; a server does not mask.
  private static ByteBuf encode(int first, byte[] body) {
    ByteBuf buffer = PooledByteBufAllocator.DEFAULT.directBuffer(MAX_HEADER + body.length);
    buffer.writeByte(first);
    if (body.length < 126) {
      buffer.writeByte(body.length);
    } else if (body.length < 65_536) {
      buffer.writeByte(126).writeShort(body.length);
    } else {
      buffer.writeByte(127).writeLong(body.length);
    }
    return buffer.writeBytes(body);
  }

  /** Sizes of the large messages that wait for one socket, in their order. */
  private static final class LargeMessages {

    private final Deque<Integer> sizes = new ArrayDeque<>(2);

    void add(int size) {
      sizes.add(size);
    }

    /** The first of them is written, or never will be. */
    void gone() {
      sizes.remove();
    }

    int largest() {
      return sizes.isEmpty() ? 0 : Collections.max(sizes);
    }
  }

  /**
   * Answers to pings, which Vert.x gives by itself. It keeps them in a queue of its own while the
   * channel has no room, however many, and tells only whether that queue is long.
   */
  private static final class Pongs {

    /** What one takes there besides its content, about. */
    private static final int OVERHEAD = 200;

    private final ServerWebSocket socket;
    private long bytes;

    Pongs(ServerWebSocket socket) {
      this.socket = socket;
    }

    void add(int length) {
      bytes = waiting() + OVERHEAD + length;
    }

    /** None of them waits. */
    void clear() {
      bytes = 0;
    }

    /** At most so many bytes of them wait. */
    long waiting() {
      return !socket.isClosed() && socket.writeQueueFull() ? bytes : 0;
    }
  }

  /** One WebSocket to write to. */
  sealed interface Target {

    /**
     * Writes a frame; false if the socket is too slow: nothing was written, close it.
     *
     * @throws NoRoomException if too much waits for all sockets: nothing was written, close it
     */
    boolean write(Frame frame);

    /** Writes a frame that others get too. */
    boolean write(SharedFrame frame);

    /** Reads what that needs, see {@link Connection#prefetch}. */
    default int prefetch() {
      return 0;
    }

    /** A ping with so many bytes was answered; false if the socket is too slow: close it. */
    boolean answered(int length);

    void flush();

    /** Whether the client has taken nothing of what waits for it for so long. */
    boolean isStuck(long now, Duration limit);

    /** Drops the connection with all that still waits to be written. */
    void abort();

    /** The same where writing has failed, which is told in the log. */
    void failed(Throwable cause);
  }

  /** Through the Netty channel. */
  private final class DirectTarget implements Target {

    // The head of the pipeline is all that is left to pass, so its end is called right away.
    private final Channel channel;
    private final Channel.Unsafe head;
    private final ChannelOutboundBuffer queue;
    private final @Nullable FileDescriptor descriptor;
    private final boolean deflates;
    private final Pongs pongs;
    private boolean isDirty;

    private @Nullable LargeMessages large;
    private @Nullable Stall stall;

    DirectTarget(ServerWebSocket socket, Channel channel, boolean deflates) {
      this.pongs = new Pongs(socket);
      this.channel = channel;
      this.deflates = deflates;
      this.head = channel.unsafe();
      this.queue = head.outboundBuffer();
      this.descriptor = channel instanceof UnixChannel unix ? unix.fd() : null;
    }

    @Override
    public boolean write(Frame frame) {
      if (!hasRoom()) {
        return false;
      }
      Room room = roomFor(frame.body().length);
      ByteBuf buffer;
      try {
        buffer = encode(frame, deflates);
      } catch (Throwable failure) {
        leave(room);
        throw failure;
      }
      writeLater(buffer, room);
      return true;
    }

    @Override
    public boolean write(SharedFrame frame) {
      Encoded encoded =
          frame.prepared(Encoded.class, made -> new Encoded(made, isLone(channel.eventLoop())));
      if (encoded.flushed && !isDirty && queue.isEmpty()) {
        writeNow(encoded.buffer(deflates), encoded);
        return true;
      }
      if (!hasRoom()) {
        return false;
      }
      ByteBuf buffer = encoded.buffer(deflates);
      writeLater(buffer.retainedDuplicate(), encoded.room());
      return true;
    }

    @Override
    public int prefetch() {
      boolean takesNow = !isDirty && queue.isEmpty() && descriptor != null && descriptor.isOpen();
      return takesNow ? 1 : 0;
    }

    /*
     * Straight from the shared buffer into the socket, without the duplicate, the entry in the queue
     * and the promise that each cost a line of memory. What the socket does not take now is queued:
     * there is room, since nothing waits.
     */
    private void writeNow(ByteBuf buffer, Encoded encoded) {
      int start = buffer.readerIndex();
      if (descriptor != null && descriptor.isOpen()) {
        start += written(descriptor, buffer);
      }
      int end = buffer.writerIndex();
      if (start < end) {
        enqueue(buffer.retainedSlice(start, end - start), encoded.room());
        head.flush();
      }
    }

    private static int written(FileDescriptor descriptor, ByteBuf buffer) {
      try {
        int count =
            descriptor.writeAddress(
                buffer.memoryAddress(), buffer.readerIndex(), buffer.writerIndex());
        return Math.max(0, count);
      } catch (IOException e) {
        // The queued write meets the same error and ends the connection.
        return 0;
      }
    }

    // The void promise tells nobody: a failed write ends the connection, which is told.
    private void writeLater(ByteBuf buffer, @Nullable Room room) {
      enqueue(buffer, room);
      if (isDirty) {
        return;
      }
      isDirty = true;
      dirty.add(this);
      if (!flushDue) {
        flushDue = true;
        channel.eventLoop().execute(FrameWriter.this::flush);
      }
    }

    private void enqueue(ByteBuf buffer, @Nullable Room room) {
      int size = buffer.readableBytes();
      if (size <= LARGE && room == null) {
        head.write(buffer, head.voidPromise());
        return;
      }
      LargeMessages waiting = large == null ? new LargeMessages() : large;
      large = waiting;
      waiting.add(size);
      head.write(
          buffer,
          channel
              .newPromise()
              .addListener(
                  done -> {
                    waiting.gone();
                    leave(room);
                  }));
    }

    @Override
    public boolean answered(int length) {
      pongs.add(length);
      return hasRoom();
    }

    // What waits may only be waiting for the end of the turn: flush before judging.
    private boolean hasRoom() {
      if (channel.isWritable()) {
        pongs.clear();
        return true;
      }
      head.flush();
      if (channel.isWritable() || !channel.isActive()) {
        return true;
      }
      // What is written in part still counts whole.
      long besides = queue.totalPendingWriteBytes() - (large == null ? 0 : large.largest());
      return besides + pongs.waiting() <= maxQueuedBytes;
    }

    @Override
    public void flush() {
      isDirty = false;
      head.flush();
    }

    @Override
    public boolean isStuck(long now, Duration limit) {
      stall = Stall.look(stall, channel, now);
      return stall != null && stall.isLongerThan(limit);
    }

    @Override
    public void abort() {
      NettyChannel.abort(channel);
    }

    @Override
    public void failed(Throwable cause) {
      abort();
      tell(cause);
    }
  }

  /** Through the public API. */
  private final class PublicTarget implements Target {

    private final ServerWebSocket socket;
    private final Pongs pongs;
    private final Context context;
    private final @Nullable Channel channel;
    private final LargeMessages large = new LargeMessages();
    private long waiting;
    private boolean aborted;
    private @Nullable Stall stall;

    PublicTarget(ServerWebSocket socket, @Nullable Channel channel) {
      this.socket = socket;
      this.channel = channel;
      this.context = Objects.requireNonNull(Vertx.currentContext(), "a context of Vert.x");
      this.pongs = new Pongs(socket);
    }

    @Override
    public boolean write(Frame frame) {
      if (socket.isClosed()) {
        return true;
      }
      if (!hasRoom()) {
        return false;
      }
      int size = frame.body().length;
      Room room = roomFor(size);
      try {
        note(size, send(frame), room);
      } catch (Throwable failure) {
        leave(room);
        throw failure;
      }
      return true;
    }

    private Future<Void> send(Frame frame) {
      return frame.binary()
          ? socket.writeFinalBinaryFrame(Buffer.buffer(frame.body()))
          : socket.writeFinalTextFrame(new String(frame.body(), StandardCharsets.UTF_8));
    }

    private void note(int size, Future<Void> written, @Nullable Room room) {
      waiting += size;
      if (size > LARGE) {
        large.add(size);
      }
      written.onComplete(
          done -> {
            waiting -= size;
            if (size > LARGE) {
              large.gone();
            }
            leave(room);
          });
    }

    @Override
    public boolean write(SharedFrame frame) {
      return write(frame.frame());
    }

    @Override
    public boolean answered(int length) {
      pongs.add(length);
      return socket.isClosed() || hasRoom();
    }

    // The queue is full some messages later than its size says, never earlier.
    private boolean hasRoom() {
      if (!socket.writeQueueFull()) {
        pongs.clear();
        return true;
      }
      return waiting + pongs.waiting() - large.largest() <= maxQueuedBytes;
    }

    @Override
    public void flush() {
      // The public API flushes by itself.
    }

    @Override
    public boolean isStuck(long now, Duration limit) {
      stall = channel == null ? null : Stall.look(stall, channel, now);
      return stall != null && stall.isLongerThan(limit);
    }

    @Override
    public void abort() {
      if (channel != null) {
        NettyChannel.abort(channel);
      } else {
        abortBehindWrapper();
      }
    }

    @Override
    public void failed(Throwable cause) {
      abort();
      tell(cause);
    }

    /** Its close waits behind what is not read; what else comes from it has to wait, too. */
    private void abortBehindWrapper() {
      if (aborted) {
        return;
      }
      aborted = true;
      var unused = socket.close();
      // Later: behind a handler of pings Vert.x lets one more frame pass.
      context.runOnContext(ignored -> socket.pause());
    }
  }
}
