package dev.roost.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.NettyRuntime;

/** Memory for a part of a message that has not come in whole. Safe for any thread. */
final class MessageChunk {

  /*
   * Large ones are of a pool, which the collector need not copy: 25 bombs at a time, of 8 MB each, made
   * it copy up to 100 MB at once and stop everybody for 120 to 350 ms. It is a pool of their own, in which no
   * thread keeps what it has given back: each of Netty's does so with small ones, and one small one keeps
   * 4 MB of the heap; after some attacks that was 110 MB, for good. All are on the heap, where a node that runs out of memory
   * ends and is started again.
   */
  private static final int PAGE = 8 << 10;
  private static final int PAGES_DOUBLED = 7; // 1 MiB at a time
  private static final PooledByteBufAllocator POOL =
      new PooledByteBufAllocator(
          false, NettyRuntime.availableProcessors(), 0, PAGE, PAGES_DOUBLED, 0, 0, false);

  private static final int SMALLEST = 512;
  private static final int LARGEST = 64 << 10;

  /**
   * From here on of the pool: smaller ones of it would share pages, which it does not give back.
   */
  private static final int LARGE = 32 << 10;

  private MessageChunk() {}

  /** How large the next chunk of a message is that has so many octets: each time twice as much. */
  static int size(int octets) {
    return Math.clamp(octets, SMALLEST, LARGEST);
  }

  /** A chunk on the heap, of exactly this size. */
  static ByteBuf of(int size) {
    return size < LARGE ? Unpooled.buffer(size, size) : POOL.heapBuffer(size, size);
  }

  /** Octets that the pool has of the heap. */
  static long pooled() {
    return POOL.metric().usedHeapMemory();
  }
}
