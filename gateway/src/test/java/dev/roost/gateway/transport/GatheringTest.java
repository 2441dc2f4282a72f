package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.gateway.admission.MessageBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class GatheringTest {

  private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

  private final MessageBudget budget = MessageBudget.of(1 << 20);
  private final List<Throwable> failures = new ArrayList<>();
  private final Gathering gathering = new Gathering(budget, failures::add);

  private ByteBuf gather(ByteBuf gathered, ByteBuf read) {
    return gathering.cumulate(ALLOCATOR, gathered, read);
  }

  private static ByteBuf read(byte[] octets) {
    return ALLOCATOR.directBuffer(65_536).writeBytes(octets);
  }

  @Test
  void whatIsReadInPiecesOfAnyLengthStaysInOrder() {
    var random = new Random(2);
    var reads = new ArrayList<ByteBuf>();
    ByteBuf gathered = Unpooled.EMPTY_BUFFER;
    ByteBuf expected = Unpooled.buffer();
    for (int i = 0; i < 400; i++) {
      var octets = new byte[random.nextInt(i % 3 == 0 ? 3 : 20_000)];
      random.nextBytes(octets);
      expected.writeBytes(octets);
      ByteBuf read = read(octets);
      reads.add(read);
      gathered = gather(gathered, read);
      if (i % 50 == 49) { // A decoder takes what is whole, and frees what it has taken.
        int taken = random.nextInt(gathered.readableBytes() + 1);
        var frame = new byte[taken];
        var whole = new byte[taken];
        gathered.readBytes(frame).discardSomeReadBytes();
        expected.readBytes(whole);
        assertArrayEquals(whole, frame);
        assertTrue(budget.taken() <= gathered.capacity());
      }
    }
    assertArrayEquals(ByteBufUtil.getBytes(expected), ByteBufUtil.getBytes(gathered));
    gathered.release();
    assertEquals(0, budget.taken());
    assertTrue(reads.stream().allMatch(read -> read.refCnt() == 0), "what was read is released");
  }

  @Test
  void aWholeFrameIsNotCopied() {
    ByteBuf read = read(new byte[100]);
    assertSame(read, gather(Unpooled.EMPTY_BUFFER, read));
    read.release();
  }

  /* Of a client that sends octet by octet no buffer is kept, large as they may be. */
  @Test
  void howMuchIsKeptDependsOnWhatCameAndNotOnHowItCame() {
    ByteBuf gathered = read(new byte[] {1});
    for (int i = 0; i < 10_000; i++) {
      gathered = gather(gathered, read(new byte[] {1}));
    }
    assertEquals(10_001, gathered.readableBytes());
    assertTrue(gathered.capacity() <= 2 * 10_001, "it keeps " + gathered.capacity() + " octets");
    gathered.release();
  }

  @Test
  void whatIsReadIsGivenBack() {
    ByteBuf gathered = read(new byte[60_000]);
    for (int i = 0; i < 10; i++) {
      gathered = gather(gathered, read(new byte[60_000]));
    }
    assertTrue(budget.taken() >= 11 * 60_000 - MessageBudget.FREE_BYTES);
    gathered.skipBytes(500_000).discardSomeReadBytes();
    assertTrue(budget.taken() < 300_000, "it counts " + budget.taken());
    gathered.release();
    assertEquals(0, budget.taken());
  }

  @Test
  void whereThereIsNoRoomAllIsGivenBackAndNothingIsKeptAnyMore() {
    var other = budget.share();
    other.hold(900_000);
    ByteBuf first = read(new byte[60_000]);
    ByteBuf gathered = first;
    var reads = new ArrayList<ByteBuf>();
    for (int i = 0; i < 5; i++) {
      ByteBuf read = read(new byte[60_000]);
      reads.add(read);
      gathered = gather(gathered, read);
    }
    assertFalse(gathered.isReadable());
    assertEquals(1, failures.size());
    assertInstanceOf(NoRoomException.class, failures.get(0));
    assertEquals(900_000 - MessageBudget.FREE_BYTES, budget.taken());
    assertEquals(0, first.refCnt());
    assertTrue(reads.stream().allMatch(read -> read.refCnt() == 0), "what was read is released");
    other.giveBack();
    assertFalse(gather(gathered, read(new byte[10])).isReadable(), "its frame was not begun here");
  }

  @Test
  void memoryThatRunsOutEndsItToo() {
    ByteBuf gathered = gather(read(new byte[60_000]), read(new byte[60_000]));
    assertTrue(budget.taken() > 0);
    var broken =
        new UnpooledHeapByteBuf(ALLOCATOR, new byte[100], 100) {
          @Override
          public boolean hasArray() {
            throw new OutOfMemoryError("as if");
          }
        };
    assertFalse(gather(gathered, broken).isReadable());
    assertInstanceOf(OutOfMemoryError.class, failures.get(0));
    assertEquals(0, gathered.refCnt());
    assertEquals(0, broken.refCnt());
    assertEquals(0, budget.taken());
  }

  /* The decoder is found by a name that Vert.x gives it. */
  @Test
  void aWebSocketOfVertxGathersSo() throws Exception {
    Vertx vertx = Vertx.vertx();
    var client = vertx.createWebSocketClient(); // One that nobody refers to closes itself.
    try {
      Promise<Boolean> found = Promise.promise();
      var asked =
          vertx
              .createHttpServer(new HttpServerOptions().setPort(0))
              .requestHandler(
                  request ->
                      request
                          .toWebSocket()
                          .map(
                              socket -> {
                                var channel =
                                    WebSocketChannel.of(
                                        socket, request.connection(), Duration.ofSeconds(1));
                                Gathering.in(channel, budget, failures::add);
                                NettyChannel.abort(channel.channel());
                                return true;
                              })
                          .onComplete(found))
              .listen()
              .compose(server -> client.connect(server.actualPort(), "localhost", "/"))
              .compose(ignored -> found.future());
      assertTrue(asked.await(20, TimeUnit.SECONDS));
    } finally {
      client.close().await(20, TimeUnit.SECONDS);
      vertx.close().await(20, TimeUnit.SECONDS);
    }
  }
}
