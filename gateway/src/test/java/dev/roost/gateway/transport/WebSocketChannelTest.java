package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.gateway.admission.MessageBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** In which turns frames are handed on that came in one read. */
class WebSocketChannelTest {

  private static final int TURN = 16;
  private static final int FRAMES = 40;

  private final Vertx vertx = Vertx.vertx();
  private final List<String> told = new ArrayList<>();
  private EmbeddedChannel connection;
  private WebSocketChannel channel;
  private String stopsAt = "";

  private final class Told implements WebSocketChannel.Receiver {

    @Override
    public void received(WebSocketFrame frame) {
      String text = frame.content().toString(StandardCharsets.UTF_8);
      told.add(text);
      if (text.equals(stopsAt)) {
        channel.stop();
      }
    }

    @Override
    public void failed(Throwable cause) {
      told.add("failed");
    }

    @Override
    public void asked(WebSocketChannel.Reason reason) {
      told.add("asked");
    }

    @Override
    public void ended() {
      told.add("ended");
    }
  }

  @BeforeEach
  void open() {
    connection = new EmbeddedChannel();
    connection
        .pipeline()
        .addLast("wsdecoder", new ChannelInboundHandlerAdapter())
        .addLast("handler", new ChannelInboundHandlerAdapter());
    channel =
        WebSocketChannel.in(
            connection,
            (ContextInternal) vertx.getOrCreateContext(),
            new FrameReader(1 << 20, false, MessageBudget.of(1 << 20)),
            false,
            Duration.ofSeconds(1));
    channel.open(new Told());
  }

  @AfterEach
  void close() {
    connection.finishAndReleaseAll();
    vertx.close().await();
  }

  private static List<String> numbers(int count) {
    return IntStream.range(0, count).mapToObj(i -> "%02d".formatted(i)).toList();
  }

  /** Masked text frames, with a mask of zeros. */
  private static ByteBuf frames() {
    ByteBuf all = Unpooled.buffer();
    for (String text : numbers(FRAMES)) {
      all.writeByte(0x81).writeByte(0x80 | text.length()).writeInt(0);
      all.writeCharSequence(text, StandardCharsets.UTF_8);
    }
    return all;
  }

  private void read(ByteBuf data) {
    connection.pipeline().fireChannelRead(data).fireChannelReadComplete();
  }

  private void end() {
    connection.unsafe().close(connection.newPromise());
  }

  @Test
  void othersHaveATurnAfterOneRead() {
    MaxMessagesRecvByteBufAllocator reads = connection.config().getRecvByteBufAllocator();
    assertEquals(1, reads.maxMessagesPerRead());
  }

  @Test
  void othersHaveATurnBetween() {
    read(frames());
    assertEquals(numbers(TURN), told);
    assertFalse(connection.config().isAutoRead(), "what it sends next waits with the client");
    connection.runScheduledPendingTasks();
    assertEquals(numbers(2 * TURN), told);
    connection.runScheduledPendingTasks();
    assertEquals(numbers(FRAMES), told);
    assertTrue(connection.config().isAutoRead());
  }

  @Test
  void aReadOfItsOwnIsATurnOfItsOwn() {
    for (int i = 0; i < TURN * 2; i++) {
      read(frames().slice(0, 8).retain());
      assertEquals(i + 1, told.size());
    }
  }

  @Test
  void whatRestsWaitsForWhoStoppedReading() {
    read(frames());
    channel.stop();
    connection.runScheduledPendingTasks();
    assertEquals(numbers(TURN), told);
    channel.read();
    assertEquals(numbers(2 * TURN), told);
    connection.runScheduledPendingTasks();
    assertEquals(numbers(FRAMES), told);
    assertTrue(connection.config().isAutoRead());
  }

  @Test
  void whatRestsComesBeforeTheEnd() {
    read(frames());
    end();
    assertEquals("ended", told.removeLast());
    assertEquals(numbers(FRAMES), told);
  }

  @Test
  void whatRestsAtTheEndMayBeStoppedAndGoesOnWhole() {
    read(frames());
    stopsAt = "20";
    end();
    connection.runScheduledPendingTasks();
    assertEquals("ended", told.removeLast());
    assertEquals(numbers(21), told);
    channel.read();
    assertEquals(numbers(FRAMES), told);
  }

  @Test
  void aPingDoesNotWaitForATurn() {
    ByteBuf ping = Unpooled.wrappedBuffer(new byte[] {(byte) 0x89, (byte) 0x81, 0, 0, 0, 0, 'p'});
    read(Unpooled.wrappedBuffer(frames(), ping));
    assertEquals("p", told.removeLast());
    assertEquals(numbers(TURN), told);
    assertFalse(connection.config().isAutoRead());
    connection.runScheduledPendingTasks();
    connection.runScheduledPendingTasks();
    assertEquals(numbers(FRAMES), told);
  }

  @Test
  void whatRestsComesBeforeAFrameThatCannotBeRead() {
    ByteBuf unmasked = Unpooled.wrappedBuffer(new byte[] {(byte) 0x81, 1, 'x'});
    read(Unpooled.wrappedBuffer(frames(), unmasked));
    assertEquals(numbers(FRAMES), told.subList(0, FRAMES));
    assertEquals("failed", told.get(FRAMES));
  }
}
