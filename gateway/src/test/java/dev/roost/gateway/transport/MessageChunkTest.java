package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.util.NettyRuntime;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
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

  /** Of event loops and workers, some of which give back what others have taken. */
  @Test
  void whatIsGivenBackIsNoThreads() throws Exception {
    List<ByteBuf> all = Collections.synchronizedList(new ArrayList<>());
    run(
        4,
        random -> {
          for (int i = 0; i < 1_000; i++) {
            all.add(MessageChunk.of(MessageChunk.size(random.nextInt(100_000))));
          }
          while (random.nextInt(500) > 0) {
            all.remove(random.nextInt(all.size() / 2)).release();
          }
        });
    assertTrue(MessageChunk.pooled() > 50 << 20, MessageChunk.pooled() + " bytes");
    Collections.shuffle(all, new Random(1));
    all.forEach(ByteBuf::release);
    long mebibytes = MessageChunk.pooled() >> 20;
    assertTrue(mebibytes <= NettyRuntime.availableProcessors(), mebibytes + " MiB are left");
  }

  private interface Task {
    void run(Random random);
  }

  private static void run(int threads, Task task) throws InterruptedException {
    var started =
        IntStream.range(0, threads)
            .<Thread>mapToObj(i -> new FastThreadLocalThread(() -> task.run(new Random(i))))
            .toList();
    started.forEach(Thread::start);
    for (Thread thread : started) {
      thread.join();
    }
  }
}
