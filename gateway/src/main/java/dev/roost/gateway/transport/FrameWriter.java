package dev.roost.gateway.transport;

import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.socket.Connection;
import dev.roost.gateway.socket.SharedFrame;
import dev.roost.routing.RateLimit;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
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
   * Measured per delivery to 2,000 sockets: five messages for a socket in one flush cost a quarter of
   * five flushes; a shared frame saves 5-10 % over one encoded for each. Where nothing but Netty's own
   * head of the pipeline is left to pass, it is called right away. Where compression was agreed on, a
   * frame is deflated once for all who get it so.
   */
  private static final int TEXT = 0x81;
  private static final int BINARY = 0x82;
  private static final int PONG = 0x8a;
  private static final int DEFLATED = 0x40;
  private static final int MAX_HEADER = 10;

  /*
   * A socket is too slow when more waits for it than maxQueuedBytes besides the largest message that
   * waits: a list of presences may be larger than all the rest, and who has just joined is not slow
   * for being sent one. Only large messages are looked at for this.
   */
  private static final int LARGE = 64 << 10;

  private static final Logger log = LoggerFactory.getLogger(WebSocketConnection.class);

  private final int maxQueuedBytes;
  private final WriteBufferWaterMark waterMark;
  private final MessageBudget queued;
  private final Compression compression;
  private final RateLimit failures = new RateLimit(System.nanoTime());
  private final List<Target> dirty = new ArrayList<>();
  private final Function<EventLoop, Optional<SendRing>> rings;
  private boolean flushDue;
  private boolean probeDue;
  private boolean ringAsked;
  private @Nullable Batch batch;

  /**
   * A writer for the sockets of one context.
   *
   * @param maxQueuedBytes bytes that may wait for one socket, besides the largest message that
   *     waits, before it counts as too slow
   * @param queued for the large messages that wait for all sockets
   * @param compression deflates for those that have agreed on it
   * @param rings what sends a broadcast to many sockets at once; asked for one at the first
   */
  FrameWriter(
      int maxQueuedBytes,
      MessageBudget queued,
      Compression compression,
      Function<EventLoop, Optional<SendRing>> rings) {
    this.maxQueuedBytes = maxQueuedBytes;
    this.waterMark = new WriteBufferWaterMark(maxQueuedBytes / 2, maxQueuedBytes);
    this.queued = queued;
    this.compression = compression;
    this.rings = rings;
  }

  /** Broadcasts are sent socket by socket from here on. */
  void close() {
    ringAsked = true;
    if (batch != null) {
      batch.ring.close();
      batch = null;
    }
  }

  /**
   * The way to a WebSocket that was just opened.
   *
   * @param deflates whether compression was agreed on
   */
  Target target(WebSocketChannel socket, boolean deflates) {
    socket.channel().config().setWriteBufferWaterMark(waterMark);
    return new Target(socket, deflates);
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
   * A lone broadcast is sent as it is written, while each socket's memory is in the cache: 1,000
   * sockets do not fit into it twice. If another shared frame comes before the event
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
      // First: what a socket does not take keeps a part of these.
      if (batch != null) {
        batch.send();
      }
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

  /** Messages that wait for one socket and are counted: large ones, and all that are piped. */
  private static final class Waiting {

    /** Sizes of the large ones, in their order. */
    private final Deque<Integer> large = new ArrayDeque<>(2);

    private long bytes;

    void add(int size, boolean isLarge) {
      bytes += size;
      if (isLarge) {
        large.add(size);
      }
    }

    /** One is written, or never will be; of the large ones the first. */
    void gone(int size, boolean isLarge) {
      bytes -= size;
      if (isLarge) {
        large.remove();
      }
    }

    long bytes() {
      return bytes;
    }

    int largest() {
      return large.isEmpty() ? 0 : Collections.max(large);
    }
  }

  private @Nullable Batch batch(EventLoop loop) {
    if (!ringAsked) {
      ringAsked = true;
      batch = rings.apply(loop).map(Batch::new).orElse(null);
    }
    return batch;
  }

  /*
   * A system call may cost a sixth of a send, and a broadcast is a send for each socket. They are
   * gathered while it passes through its topic, and done before the event loop turns to anything
   * else: a socket that is in the batch has it sent before whatever else is done with it, so its
   * order and its descriptor are safe.
   */
  private final class Batch {

    private final SendRing ring;
    private final @Nullable Target[] targets = new @Nullable Target[SendRing.SIZE];
    private final @Nullable ByteBuf[] buffers = new @Nullable ByteBuf[SendRing.SIZE];
    private @Nullable Encoded frame;
    private @Nullable Throwable failure;
    private int size;

    Batch(SendRing ring) {
      this.ring = ring;
    }

    boolean isFull() {
      return ring.isFull();
    }

    void add(Target target, Socket descriptor, ByteBuf buffer, Encoded encoded) {
      ring.add(
          descriptor.intValue(),
          buffer.memoryAddress() + buffer.readerIndex(),
          buffer.readableBytes());
      targets[size] = target;
      buffers[size] = buffer;
      frame = encoded;
      size++;
      target.isBatched = true;
    }

    /** Sends it all; what sockets do not take is queued. Throws nothing, even without memory. */
    void send() {
      int count = size;
      if (count == 0) {
        return;
      }
      size = 0;
      boolean told = ring.run();
      if (!told) {
        batch = null;
      }
      for (int i = 0; i < count; i++) {
        took(i);
      }
      int lost = 0;
      for (int i = 0; i < count; i++) {
        Target target = targets[i];
        if (target != null) {
          targets[i] = null;
          buffers[i] = null;
          cutOff(target);
          lost++;
        }
      }
      frame = null;
      if (lost > 0) {
        tellOfCut(lost, told);
      }
      failure = null;
    }

    private static void cutOff(Target target) {
      target.isBatched = false;
      try {
        target.abort();
      } catch (Throwable shortOfMemory) {
        // It is closed as the first thing.
      }
    }

    private void tellOfCut(int sockets, boolean told) {
      try {
        log.warn(
            "{} sockets are cut off, since nobody knows how much of a broadcast they have got: {}",
            sockets,
            told
                ? "the rest of it could not be queued"
                : "io_uring does not tell. Each is sent to by itself from here on",
            told ? failure : ring.failure());
      } catch (Throwable shortOfMemory) {
        // Then nobody is told.
      }
    }

    /** Forgets a target that has what it is to get. */
    private void took(int index) {
      int result = ring.result(index);
      Target target = targets[index];
      ByteBuf buffer = buffers[index];
      if (target == null || buffer == null || frame == null || result == SendRing.UNKNOWN) {
        return;
      }
      target.isBatched = false;
      try {
        target.took(Math.max(0, result), buffer, frame);
      } catch (Throwable cause) {
        failure = cause;
        return;
      }
      targets[index] = null;
      buffers[index] = null;
    }
  }

  /** One WebSocket to write to. */
  final class Target {

    private final Channel channel;
    private final Channel.Unsafe head;
    private final ChannelOutboundBuffer queue;

    /** What writes if there is something between it and the head, TLS for instance; or null. */
    private final @Nullable ChannelHandlerContext piped;

    private final @Nullable Socket descriptor;
    private final boolean deflates;
    private boolean isDirty;
    private boolean isBatched;

    private @Nullable Waiting waiting;
    private @Nullable Stall stall;

    private Target(WebSocketChannel socket, boolean deflates) {
      this.channel = socket.channel();
      this.deflates = deflates;
      this.head = channel.unsafe();
      this.queue = head.outboundBuffer();
      this.piped = socket.isBare() ? null : socket.outbound();
      this.descriptor = piped == null ? descriptorOf(channel) : null;
    }

    // What Netty writes by io_uring is written in the background, and what lingers may be closed
    // there.
    private static @Nullable Socket descriptorOf(Channel channel) {
      boolean isInBackground =
          channel instanceof IoUringSocketChannel || channel instanceof IoUringDomainSocketChannel;
      Integer linger = channel.config().getOption(ChannelOption.SO_LINGER);
      return !isInBackground
              && (linger == null || linger <= 0)
              && channel instanceof UnixChannel unix
              && unix.fd() instanceof Socket socket
          ? socket
          : null;
    }

    /**
     * Writes a frame; false if the socket is too slow: nothing was written, close it.
     *
     * @throws NoRoomException if too much waits for all sockets: nothing was written, close it
     */
    boolean write(Frame frame) {
      sendBatched();
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

    /** Writes a frame that others get too. */
    boolean write(SharedFrame frame) {
      Encoded encoded =
          frame.prepared(Encoded.class, made -> new Encoded(made, isLone(channel.eventLoop())));
      sendBatched();
      boolean isFree = !isDirty && queue.isEmpty() && (piped == null || waitingBytes() == 0);
      if (encoded.flushed && isFree) {
        writeNow(encoded.buffer(deflates), encoded);
        return true;
      }
      if (!hasRoom()) {
        return false;
      }
      ByteBuf buffer = encoded.buffer(deflates);
      // No duplicate: TLS would write what comes next behind it, into what all share.
      writeLater(buffer.retainedSlice(), encoded.room());
      return true;
    }

    /** Reads what that needs, see {@link Connection#prefetch}. */
    int prefetch() {
      boolean takesNow = !isDirty && queue.isEmpty() && descriptor != null && descriptor.isOpen();
      return takesNow ? 1 : 0;
    }

    /*
     * Straight from the shared buffer into the socket, without the duplicate, the entry in the queue
     * and the promise that each cost a line of memory. What the socket does not take now is queued:
     * there is room, since nothing waits.
     */
    private void writeNow(ByteBuf buffer, Encoded encoded) {
      int count = 0;
      if (descriptor != null && descriptor.isOpen() && buffer.hasMemoryAddress()) {
        Batch many = batch(channel.eventLoop());
        if (many != null && many.isFull()) {
          many.send();
          many = batch; // Unless that has failed.
        }
        if (many != null) {
          many.add(this, descriptor, buffer, encoded);
          return;
        }
        count = written(descriptor, buffer);
      }
      if (count < buffer.readableBytes()) {
        enqueue(rest(buffer, count), encoded.room());
        flushNow();
      }
    }

    /**
     * Later, since a flush may end the connection, and others wait to hear what became of theirs.
     */
    private void took(int count, ByteBuf buffer, Encoded encoded) {
      if (count < buffer.readableBytes()) {
        writeLater(rest(buffer, count), encoded.room());
      }
    }

    private static ByteBuf rest(ByteBuf buffer, int count) {
      return buffer.retainedSlice(buffer.readerIndex() + count, buffer.readableBytes() - count);
    }

    /** What else is done with a socket comes after what is to be sent to it. */
    private void sendBatched() {
      if (isBatched && batch != null) {
        batch.send();
      }
    }

    private static int written(Socket descriptor, ByteBuf buffer) {
      try {
        int count =
            descriptor.sendAddress(
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
      dirty.add(this);
      isDirty = true;
      if (!flushDue) {
        channel.eventLoop().execute(FrameWriter.this::flush);
        flushDue = true;
      }
    }

    private void enqueue(ByteBuf buffer, @Nullable Room room) {
      int size = buffer.readableBytes();
      boolean isLarge = size > LARGE || room != null;
      if (!isLarge && piped == null) {
        head.write(buffer, head.voidPromise());
        return;
      }
      Waiting counted = waiting == null ? new Waiting() : waiting;
      waiting = counted;
      counted.add(size, isLarge);
      put(
          buffer,
          channel
              .newPromise()
              .addListener(
                  done -> {
                    counted.gone(size, isLarge);
                    leave(room);
                  }));
    }

    private long waitingBytes() {
      return waiting == null ? 0 : waiting.bytes();
    }

    private void put(ByteBuf buffer, ChannelPromise promise) {
      if (piped == null) {
        head.write(buffer, promise);
      } else {
        var unused = piped.write(buffer, promise); // Whoever gave the promise hears of it.
      }
    }

    /** Answers a ping; false if the socket is too slow: nothing was written, close it. */
    boolean pong(ByteBuf content) {
      sendBatched();
      if (!hasRoom()) {
        return false;
      }
      int length = content.readableBytes(); // 125 at most
      writeLater(
          PooledByteBufAllocator.DEFAULT
              .directBuffer(2 + length)
              .writeByte(PONG)
              .writeByte(length)
              .writeBytes(content),
          null);
      return true;
    }

    // What waits may only be waiting for the end of the turn: flush before judging.
    private boolean hasRoom() {
      // What is piped may be waiting for the shaping of traffic, where the channel does not see it.
      boolean isHeldBack = piped != null && waitingBytes() > maxQueuedBytes;
      if (channel.isWritable() && !isHeldBack) {
        return true;
      }
      flushNow();
      if ((channel.isWritable() && !isHeldBack) || !channel.isActive()) {
        return true;
      }
      // What is written in part still counts whole; behind TLS the queue has records, not messages.
      long waits = Math.max(queue.totalPendingWriteBytes(), piped == null ? 0 : waitingBytes());
      return waits - (waiting == null ? 0 : waiting.largest()) <= maxQueuedBytes;
    }

    void flush() {
      sendBatched();
      isDirty = false;
      flushNow();
    }

    private void flushNow() {
      if (piped == null) {
        head.flush();
      } else {
        piped.flush();
      }
    }

    /** Whether the client has taken nothing of what waits for it for so long. */
    boolean isStuck(long now, Duration limit) {
      stall = Stall.look(stall, channel, now);
      return stall != null && stall.isLongerThan(limit);
    }

    /** Drops the connection with all that still waits to be written. */
    void abort() {
      sendBatched();
      NettyChannel.abort(channel);
    }

    /** The same where writing has failed, which is told in the log. */
    void failed(Throwable cause) {
      abort();
      tell(cause);
    }
  }
}
