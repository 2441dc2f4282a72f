package dev.roost.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Memory for a part of a message that has not come in whole. Safe for any thread. */
final class MessageChunk {

  /*
   * Of no pool, so that what attacks have taken is given back. In each of Netty's pools one small
   * piece keeps a block of 1 to 4 MB, and threads and lists keep pieces: after some attacks 110 MB
   * stayed, without the threads' caches still 20 MB. Nor did a pool spare the collector its work:
   * 25 bombs at a time, of 8 MB each, make it pause for 80 to 200 ms with and without. Off the heap, chunks
   * would be faulted in anew for each message, which kept an event loop busy for 40 ms.
   */
  private static final int SMALLEST = 512;

  /** Of a large message: 64 KiB. */
  static final int LARGEST = 64 << 10;

  private MessageChunk() {}

  /** How large the next chunk of a message is that has so many octets: each time twice as much. */
  static int size(int octets) {
    return Math.clamp(octets, SMALLEST, LARGEST);
  }

  /** A chunk on the heap, of exactly this size. */
  static ByteBuf of(int size) {
    return Unpooled.buffer(size, size);
  }
}
