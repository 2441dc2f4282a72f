package dev.roost.gateway.transport;

import dev.roost.gateway.admission.MessageBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Keeps what has come of a frame until all of it is there, in chunks, as long as there is room for
 * them. Used on the event loop of its connection only.
 */
final class Gathering implements ByteToMessageDecoder.Cumulator {

  /*
   * Netty's own way is one buffer that grows. Each time that is a new one, larger than it has to be, filled
   * with zeros and then with all that has come before: a frame of 10 MB kept the event loop busy for
   * 120 ms, two thirds of that for the zeros. Here a frame gets chunk after chunk, and each octet is copied once. They
   * are not what was read itself (but for the first), which may be a buffer of 64 KiB with one octet in it.
   */

  private final MessageBudget budget;
  private final Consumer<Throwable> failed;
  private boolean over;

  /**
   * For one connection.
   *
   * @param failed is told once if a frame cannot be gathered, with a {@link NoRoomException} if
   *     there is no room for it; all that comes after it goes nowhere
   */
  Gathering(MessageBudget budget, Consumer<Throwable> failed) {
    this.budget = budget;
    this.failed = failed;
  }

  /**
   * Has the frames of a WebSocket gathered so.
   *
   * @param failed as above, on the caller's context
   */
  static void in(WebSocketChannel channel, MessageBudget budget, Consumer<Throwable> failed) {
    Context context = Objects.requireNonNull(Vertx.currentContext(), "a context of Vert.x");
    channel.gather(
        // Later: the decoder must not be closed while it decodes.
        new Gathering(
            budget,
            cause -> {
              channel.giveUp();
              context.runOnContext(
                  ignored -> {
                    channel.lastTurn();
                    failed.accept(cause);
                  });
            }));
  }

  @Override
  public ByteBuf cumulate(ByteBufAllocator alloc, ByteBuf gathered, ByteBuf read) {
    if (over) {
      gathered.release();
      read.release();
      return Unpooled.EMPTY_BUFFER;
    }
    if (!gathered.isReadable()) {
      gathered.release();
      return read;
    }
    ByteBuf kept = gathered;
    try {
      Chunks chunks =
          gathered instanceof Chunks present && present.refCnt() == 1
              ? present
              : new Chunks(alloc, gathered, budget.share());
      kept = chunks;
      chunks.append(read);
      return chunks;
    } catch (Throwable failure) { // Memory may have run out: that is the end of this socket alone.
      over = true;
      kept.release();
      failed.accept(failure);
      return Unpooled.EMPTY_BUFFER;
    } finally {
      read.release();
    }
  }

  /** What has come of a frame; it is counted until it has been read. */
  private static final class Chunks extends CompositeByteBuf {

    private final MessageBudget.Share share;

    Chunks(ByteBufAllocator alloc, ByteBuf first, MessageBudget.Share share) {
      super(alloc, false, Integer.MAX_VALUE);
      this.share = share;
      addComponent(true, first);
    }

    void append(ByteBuf read) {
      // What is read behind the end of a small frame may be many more: they are here already.
      boolean isLarge = readableBytes() > MessageBudget.FREE_BYTES;
      while (read.isReadable()) {
        if (!isWritable()) {
          addChunk(isLarge);
        }
        writeBytes(read, Math.min(read.readableBytes(), writableBytes()));
      }
    }

    private void addChunk(boolean isLarge) {
      int size = MessageChunk.size(readableBytes());
      long wanted = (long) capacity() + size;
      if (!isLarge) {
        share.hold(wanted);
      } else if (!share.tryHold(wanted)) {
        throw new NoRoomException();
      }
      ByteBuf chunk = MessageChunk.of(size);
      addComponent(false, chunk.writerIndex(size));
    }

    @Override
    public CompositeByteBuf discardReadComponents() {
      super.discardReadComponents();
      share.hold(capacity());
      return this;
    }

    @Override
    protected void deallocate() {
      super.deallocate();
      share.giveBack();
    }
  }
}
