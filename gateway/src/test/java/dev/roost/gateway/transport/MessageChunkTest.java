package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.Test;

class MessageChunkTest {

  @Test
  void chunksGrowWithTheirMessageUpToABound() {
    assertEquals(512, MessageChunk.size(0));
    assertEquals(20_000, MessageChunk.size(20_000));
    assertEquals(64 << 10, MessageChunk.size(10 << 20));
    for (int size : new int[] {512, 20_000, 64 << 10}) {
      ByteBuf chunk = MessageChunk.of(size);
      assertEquals(size, chunk.writableBytes());
      assertEquals(size, chunk.maxCapacity());
      assertTrue(chunk.hasArray());
      chunk.release();
    }
  }
}
