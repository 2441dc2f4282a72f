package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.gateway.admission.MessageBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.WebSocket08FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FrameReaderTest {

  private static final int MAX_FRAME_BYTES = 200_000;

  /** Watched for leaks, Netty's decoder takes 20 times as long: it unmasks 8 octets at a time. */
  private static final ByteBufAllocator UNWATCHED = new UnpooledByteBufAllocator(false, true);

  private static final int TEXT = 0x81;
  private static final int TEXT_BEGINS = 0x01;
  private static final int CONTINUES = 0x00;
  private static final int CLOSE = 0x88;
  private static final int PING = 0x89;

  private final MessageBudget budget = MessageBudget.of(1 << 20);

  /** Everything that a decoder hands on. */
  private static final class Told extends ChannelInboundHandlerAdapter {

    private final List<String> frames = new ArrayList<>();
    private byte[] last = {};
    private @Nullable Throwable failure;

    @Override
    public void channelRead(ChannelHandlerContext handler, Object message) {
      var frame = (WebSocketFrame) message;
      last = ByteBufUtil.getBytes(frame.content());
      frames.add(
          "%s %s %d %d %08x"
              .formatted(
                  frame.getClass().getSimpleName(),
                  frame.isFinalFragment(),
                  frame.rsv(),
                  last.length,
                  Arrays.hashCode(last)));
      frame.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext handler, Throwable cause) {
      assertNull(failure, "it is told of once");
      failure = cause;
    }

    /** To close with; 0 if nothing is wrong. */
    int code() {
      return switch (failure) {
        case null -> 0;
        case FrameException broken -> broken.code();
        case CorruptedWebSocketFrameException broken -> broken.closeStatus().code();
        default -> throw new AssertionError(failure);
      };
    }
  }

  /** One client, whose frames somebody reads. */
  private static final class Client {

    private final Told told = new Told();
    private final EmbeddedChannel channel;

    Client(ChannelInboundHandler decoder) {
      channel = new EmbeddedChannel(decoder, told);
    }

    void sends(ByteBuf read) {
      channel.pipeline().fireChannelRead(read).fireChannelReadComplete();
    }

    void sends(byte[] octets) {
      sends(UNWATCHED.directBuffer(octets.length).writeBytes(octets));
    }
  }

  private Client client(boolean isCompressed) {
    return new Client(new FrameReader(MAX_FRAME_BYTES, isCompressed, budget));
  }

  private static byte[] frame(int first, byte[] payload, int mask) {
    int length = payload.length;
    var frame = ByteBuffer.allocate(14 + length).put((byte) first);
    if (length < 126) {
      frame.put((byte) (0x80 | length));
    } else if (length < 1 << 16) {
      frame.put((byte) 0xfe).putShort((short) length);
    } else {
      frame.put((byte) 0xff).putLong(length);
    }
    frame.putInt(mask);
    for (int i = 0; i < length; i++) {
      frame.put((byte) (payload[i] ^ (mask >>> (24 - 8 * (i & 3)))));
    }
    return Arrays.copyOf(frame.array(), frame.position());
  }

  private static byte[] bytes(Random random, int length) {
    var bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Frames, most of them as they should be. */
  private static byte[] stream(Random random) {
    var all = new ByteArrayOutputStream();
    boolean isWithinMessage = false;
    for (int i = random.nextInt(6); i >= 0; i--) {
      boolean isLast = random.nextBoolean();
      int kind = random.nextInt(60);
      int length = random.nextInt(1 << random.nextInt(1, 18));
      switch (kind) {
        case 0, 1, 2, 3, 4 ->
            all.writeBytes(frame(PING + random.nextInt(2), bytes(random, length % 126), -1));
        case 5 -> all.writeBytes(frame(CLOSE, close(random), random.nextInt()));
        case 6 -> all.writeBytes(bytes(random, 30));
        case 7 -> all.writeBytes(frame(random.nextInt(256), new byte[length % 200], 7));
        case 8 -> all.writeBytes(new byte[] {(byte) TEXT, (byte) 0xfe, 0, 20, 1, 2, 3, 4});
        case 9 -> all.writeBytes(new byte[] {(byte) TEXT, (byte) 0xff, 0, 0, 0, 0, 0, 0, 0, 99});
        case 10 -> all.writeBytes(new byte[] {(byte) TEXT, (byte) 0xff, -1, 0, 0, 0, 0, 0, 0, 0});
        case 11 -> all.writeBytes(frame(TEXT, new byte[MAX_FRAME_BYTES + 1], 1));
        case 12 -> all.writeBytes(frame(TEXT, new byte[MAX_FRAME_BYTES], 1));
        case 13 -> all.writeBytes(new byte[] {(byte) TEXT, 5, 1, 2, 3, 4, 5});
        default -> {
          int opcode = isWithinMessage ? CONTINUES : 1 + random.nextInt(2);
          int mask = kind % 5 == 0 ? 0 : random.nextInt();
          all.writeBytes(frame(opcode | (isLast ? 0x80 : 0), bytes(random, length), mask));
          isWithinMessage = !isLast;
        }
      }
    }
    return all.toByteArray();
  }

  private static byte[] close(Random random) {
    byte[] body = bytes(random, random.nextInt(12));
    if (body.length > 1 && random.nextBoolean()) {
      body[0] = 3;
      body[1] = (byte) 232;
      Arrays.fill(body, 2, body.length, (byte) 'x');
    } else if (body.length > 2) { // Netty's would let a character pass that is cut off at the end.
      body[2] = -1;
    }
    return body;
  }

  /** Another implementation says what each stream of octets holds, however it is cut. */
  @Test
  void framesAreThoseOfNettysDecoder() {
    var random = new Random(3);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 3_000; i++) {
      byte[] stream = stream(random);
      var netty =
          new Client(
              new WebSocket08FrameDecoder(
                  WebSocketDecoderConfig.newBuilder()
                      .maxFramePayloadLength(MAX_FRAME_BYTES)
                      .closeOnProtocolViolation(false)
                      .build()));
      Client client = client(false);
      netty.channel.config().setAllocator(UNWATCHED);
      netty.sends(Unpooled.wrappedBuffer(stream.clone()));
      int step = 1 + random.nextInt(1 << random.nextInt(17));
      if (stream.length > 5_000) {
        step = Math.max(step, 500);
      }
      for (int from = 0; from < stream.length; from += step) {
        client.sends(Arrays.copyOfRange(stream, from, Math.min(from + step, stream.length)));
      }
      assertEquals(netty.told.frames, client.told.frames);
      assertEquals(netty.told.code(), client.told.code());
      seen.add(client.told.frames.isEmpty() ? "no frame" : "frames");
      seen.add("code " + client.told.code());
      client.channel.finishAndReleaseAll();
      netty.channel.finishAndReleaseAll();
      assertEquals(0, budget.taken());
    }
    assertEquals(
        Set.of("no frame", "frames", "code 0", "code 1002", "code 1007", "code 1009"), seen);
  }

  @Test
  void onlyTheBeginningOfAMessageMayBeMarkedAsCompressed() {
    byte[] none = {};
    int compressed = 0x40;
    Client client = client(true);
    client.sends(frame(TEXT_BEGINS | compressed, none, 1));
    client.sends(frame(PING, none, 1));
    client.sends(frame(CONTINUES | 0x80, none, 1));
    client.sends(frame(TEXT | compressed, none, 1));
    assertEquals(0, client.told.code());
    assertEquals(4, client.told.frames.size());
    for (int first : new int[] {TEXT | 0x20, TEXT | 0x10, TEXT | 0x60, PING | compressed}) {
      Client other = client(true);
      other.sends(frame(first, none, 1));
      assertEquals(1002, other.told.code());
    }
    client.sends(frame(TEXT_BEGINS, none, 1));
    client.sends(frame(CONTINUES | compressed, none, 1));
    assertEquals(1002, client.told.code());
    Client without = client(false);
    without.sends(frame(TEXT | compressed, none, 1));
    assertEquals(1002, without.told.code());
  }

  @Test
  void whatHasComeOfAFrameIsCountedUntilItIsReleased() {
    byte[] frame = frame(TEXT, bytes(new Random(4), 150_000), 5);
    Client client = client(false);
    client.sends(Arrays.copyOf(frame, 50_000));
    assertTrue(budget.taken() >= 40_000 && budget.taken() < 100_000, "it is " + budget.taken());
    client.sends(Arrays.copyOfRange(frame, 50_000, frame.length));
    assertEquals(1, client.told.frames.size());
    assertEquals(0, budget.taken());

    client.sends(Arrays.copyOf(frame, 50_000));
    assertTrue(budget.taken() > 0);
    client.channel.finishAndReleaseAll();
    assertEquals(0, budget.taken(), "after the connection's end");
  }

  /* Of a client that sends octet by octet no buffer is kept, large as they may be. */
  @Test
  void howMuchIsKeptDependsOnWhatCameAndNotOnHowItCame() {
    byte[] frame = frame(TEXT, new byte[100_000], 6);
    Client client = client(false);
    ByteBuf first = Unpooled.copiedBuffer(frame, 0, 20);
    client.sends(first);
    for (int i = 20; i < 20_000; i++) {
      client.sends(new byte[] {frame[i]});
    }
    assertEquals(0, first.refCnt());
    assertTrue(budget.taken() > 10_000 && budget.taken() <= 2 * 20_000, "it is " + budget.taken());
    client.channel.finishAndReleaseAll();
  }

  @Test
  void whereThereIsNoRoomAllIsGivenBackAndNothingComesAnyMore() {
    var other = budget.share();
    other.hold(900_000);
    long before = budget.taken();
    byte[] frame = frame(TEXT, new byte[190_000], 8);
    Client client = client(false);
    List<ByteBuf> reads = new ArrayList<>();
    for (int from = 0; from < frame.length; from += 60_000) {
      ByteBuf read = Unpooled.copiedBuffer(frame, from, Math.min(60_000, frame.length - from));
      reads.add(read);
      client.sends(read);
    }
    var failure = assertInstanceOf(FrameException.class, client.told.failure);
    assertInstanceOf(NoRoomException.class, failure.getCause());
    assertEquals(before, budget.taken());
    other.giveBack();
    client.sends(frame(TEXT, new byte[10], 9));
    assertEquals(List.of(), client.told.frames, "it may have been part of the other one");
    assertTrue(reads.stream().allMatch(read -> read.refCnt() == 0), "what was read is released");

    other.hold(900_000);
    Client inOneRead = client(false);
    inOneRead.sends(frame);
    assertInstanceOf(FrameException.class, inOneRead.told.failure);
  }

  @Test
  void memoryThatRunsOutEndsItToo() {
    byte[] frame = frame(TEXT, new byte[100_000], 10);
    Client client = client(false);
    client.sends(Arrays.copyOf(frame, 60_000));
    assertTrue(budget.taken() > 0);
    var broken =
        new UnpooledHeapByteBuf(ByteBufAllocator.DEFAULT, new byte[100], 100) {
          @Override
          public ByteBuf readBytes(byte[] into, int from, int count) {
            throw new OutOfMemoryError("as if");
          }
        };
    client.sends(broken);
    var failure = assertInstanceOf(FrameException.class, client.told.failure);
    assertInstanceOf(OutOfMemoryError.class, failure.getCause());
    assertEquals(0, broken.refCnt());
    assertEquals(0, budget.taken());
  }

  @Test
  void whatCameInOneReadIsNotCopiedAgain() {
    byte[] here = {1, 2, 3};
    assertEquals(here, FrameReader.bytes(Unpooled.wrappedBuffer(here)));
    assertArrayEquals(new byte[] {2, 3}, FrameReader.bytes(Unpooled.wrappedBuffer(here, 1, 2)));
  }

  /* The decoder of a WebSocket is found by a name that Vert.x gives it. */
  @Test
  void aWebSocketOfVertxIsReadSo() throws Exception {
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
                                var reader = new FrameReader(1_024, false, budget);
                                var channel =
                                    WebSocketChannel.of(
                                        socket,
                                        request.connection(),
                                        reader,
                                        Duration.ofSeconds(1));
                                var handlers = channel.channel().pipeline();
                                boolean isThere = handlers.get(FrameReader.class) == reader;
                                boolean isAlone =
                                    handlers.get(WebSocket08FrameDecoder.class) == null;
                                NettyChannel.abort(channel.channel());
                                return isThere && isAlone;
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
