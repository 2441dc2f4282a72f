package dev.roost.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.internal.http.WebSocketInternal;

/**
 * Keeps what has come of a frame until all of it is there, in chunks. Used on the event loop of its
 * connection only.
 */
final class Gathering implements ByteToMessageDecoder.Cumulator {

  /*
   * Netty's own way is one buffer that grows. Each time that is a new one, larger than it has to be, filled
   * with zeros and then with all that has come before: a frame of 10 MB kept the event loop busy for
   * 120 ms, two thirds of that for the zeros. Chunks come from a pool, and each octet is copied once. They
   * are not what was read itself (but for the first), which may be a buffer of 64 KiB with one octet in it.
   */
  private static final int SMALLEST_CHUNK = 512;
  private static final int LARGEST_CHUNK = 64 << 10;

  static final Gathering IN_CHUNKS = new Gathering();

  private Gathering() {}

  /** Has the frames of a WebSocket gathered so, where that is possible; whether it is. */
  static boolean of(ServerWebSocket socket) {
    if (socket instanceof WebSocketInternal internal
        && internal.channelHandlerContext().pipeline().get("wsdecoder")
            instanceof ByteToMessageDecoder decoder) {
      decoder.setCumulator(IN_CHUNKS);
      return true;
    }
    return false;
  }

  @Override
  public ByteBuf cumulate(ByteBufAllocator alloc, ByteBuf gathered, ByteBuf read) {
    if (!gathered.isReadable()) {
      gathered.release();
      return read;
    }
    try {
      CompositeByteBuf chunks =
          gathered instanceof CompositeByteBuf composite && composite.refCnt() == 1
              ? composite
              : alloc.compositeBuffer(Integer.MAX_VALUE).addComponent(true, gathered);
      while (read.isReadable()) {
        if (!chunks.isWritable()) {
          int size = Math.clamp(chunks.readableBytes(), SMALLEST_CHUNK, LARGEST_CHUNK);
          ByteBuf chunk = PooledByteBufAllocator.DEFAULT.heapBuffer(size, size);
          chunks.addComponent(false, chunk.writerIndex(size));
        }
        chunks.writeBytes(read, Math.min(read.readableBytes(), chunks.writableBytes()));
      }
      return chunks;
    } finally {
      read.release();
    }
  }
}
