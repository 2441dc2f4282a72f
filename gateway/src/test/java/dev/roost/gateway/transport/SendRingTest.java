package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.socket.SharedFrame;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoEvent;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerOptions;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is sent to many sockets at once arrives as if each had been written to by itself. */
class SendRingTest {

  private static final int LARGER_THAN_THE_KERNEL_TAKES = 8_000_000;

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
  private final Context context = vertx.getOrCreateContext();
  private final BlockingQueue<WebSocketChannel> opened = new LinkedBlockingQueue<>();
  private final List<Client> clients = new ArrayList<>();
  private int rings;
  private FrameWriter writer = writer(SendRing::of);
  private int port;

  private FrameWriter writer(Function<EventLoop, Optional<SendRing>> ring) {
    return new FrameWriter(
        1 << 20,
        MessageBudget.of(1L << 40),
        new Compression(),
        loop -> {
          rings++;
          Optional<SendRing> made = ring.apply(loop);
          assertTrue(made.isPresent());
          return made;
        });
  }

  @BeforeEach
  void listen() throws Exception {
    assumeTrue(Epoll.isAvailable() && IoUring.isAvailable(), "epoll and io_uring");
    Promise<Integer> listening = Promise.promise();
    context.runOnContext(
        ignored ->
            vertx
                .createHttpServer(
                    new HttpServerOptions()
                        .setPerMessageWebSocketCompressionSupported(false)
                        .setPerFrameWebSocketCompressionSupported(false))
                .requestHandler(
                    request ->
                        request
                            .toWebSocket()
                            .onSuccess(
                                socket ->
                                    opened.add(
                                        WebSocketChannel.of(
                                            socket,
                                            request.connection(),
                                            new FrameReader(
                                                1 << 20, false, MessageBudget.of(1 << 20)),
                                            Duration.ofSeconds(1)))))
                .listen(0)
                .map(server -> server.actualPort())
                .onComplete(listening));
    port = await(listening.future());
  }

  @AfterEach
  void close() throws Exception {
    onContext(writer::close);
    for (Client client : clients) {
      client.socket.close();
    }
    await(vertx.close());
  }

  /** One end of a WebSocket, and the other. */
  private final class Client {

    private final Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    private final DataInputStream in = new DataInputStream(socket.getInputStream());
    private final WebSocketChannel channel;
    private final FrameWriter.Target target;

    Client() throws Exception {
      clients.add(this);
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(FrameWriterTest.upgrade());
      for (int end = 0; end != 0x0d0a0d0a; ) {
        end = end << 8 | in.readUnsignedByte();
      }
      channel = opened.take();
      var made = new ArrayList<FrameWriter.Target>();
      onContext(() -> made.add(writer.target(channel, false)));
      target = made.getFirst();
    }

    /** Bytes that wait in this process. */
    long queued() throws Exception {
      var bytes = new AtomicLong();
      onContext(
          () -> bytes.set(channel.channel().unsafe().outboundBuffer().totalPendingWriteBytes()));
      return bytes.get();
    }

    String read() throws IOException {
      assertEquals(0x81, in.readUnsignedByte());
      int length = in.readUnsignedByte();
      long size = length < 126 ? length : length == 126 ? in.readUnsignedShort() : in.readLong();
      return new String(in.readNBytes((int) size), StandardCharsets.US_ASCII);
    }
  }

  private List<Client> clients(int count) throws Exception {
    for (int i = 0; i < count; i++) {
      var unused = new Client();
    }
    return clients;
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.await(20, TimeUnit.SECONDS);
  }

  private void onContext(Runnable action) throws Exception {
    FrameWriterTest.on(context, action);
  }

  private void broadcast(String text) throws Exception {
    onContext(
        () -> {
          try (var shared = new SharedFrame(frame(text))) {
            for (Client client : clients) {
              assertTrue(client.target.write(shared));
            }
          }
        });
  }

  private static Frame frame(String text) {
    return new Frame(false, text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void awaitClosed(Client client) throws Exception {
    assertTrue(client.channel.channel().closeFuture().await(20, TimeUnit.SECONDS));
  }

  @Test
  void moreSocketsThanARingHoldsGetEachBroadcast() throws Exception {
    clients(SendRing.SIZE + 50);
    for (String text : List.of("one", "two", "x".repeat(70_000))) {
      broadcast(text);
      for (Client client : clients) {
        assertEquals(text, client.read());
      }
    }
    assertEquals(1, rings);
  }

  @Test
  void whatSocketsDoNotTakeAtOnceComesBeforeTheNext() throws Exception {
    clients(3);
    String large = "x".repeat(LARGER_THAN_THE_KERNEL_TAKES);
    broadcast(large);
    assertTrue(clients.getFirst().queued() > 0, "the kernel took it all");
    broadcast("next");
    onContext(() -> clients.forEach(client -> assertTrue(client.target.write(frame("last")))));
    for (Client client : clients) {
      assertArrayEquals(
          large.getBytes(StandardCharsets.US_ASCII),
          client.read().getBytes(StandardCharsets.US_ASCII));
      assertEquals("next", client.read());
      assertEquals("last", client.read());
    }
  }

  @Test
  void aClientThatIsGoneKeepsItFromNobody() throws Exception {
    clients(3);
    clients.get(1).socket.setSoLinger(true, 0);
    clients.get(1).socket.close();
    broadcast("one");
    broadcast("two");
    for (Client client : List.of(clients.get(0), clients.get(2))) {
      assertEquals("one", client.read());
      assertEquals("two", client.read());
    }
    awaitClosed(clients.get(1));
  }

  @Test
  void whatIsDoneWithASocketMeanwhileComesAfterTheBroadcast() throws Exception {
    clients(3);
    onContext(
        () -> {
          try (var shared = new SharedFrame(frame("shared"))) {
            for (Client client : clients) {
              assertTrue(client.target.write(shared));
            }
            assertTrue(clients.get(0).target.write(frame("own")));
            clients.get(1).target.abort();
          }
        });
    for (Client client : clients) {
      assertEquals("shared", client.read());
    }
    assertEquals("own", clients.get(0).read());
    assertEquals(-1, clients.get(1).in.read());
    broadcastTo(List.of(clients.get(0), clients.get(2)), "next");
  }

  @Test
  void withoutARingAnyMoreEachIsSentToByItself() throws Exception {
    clients(2);
    broadcastTo(clients, "one");
    onContext(writer::close);
    broadcastTo(clients, "two");
    assertEquals(1, rings);
  }

  @Test
  void whereTheKernelDoesNotTellWhatBecameOfItSocketsAreCutOffAndTheRingIsLeft() throws Exception {
    var broken = new Broken(0);
    writer = writer(loop -> Optional.of(ring(broken)));
    clients(SendRing.SIZE + 1);
    broadcast("one");
    for (Client client : clients.subList(0, SendRing.SIZE)) {
      awaitClosed(client);
      assertEquals(-1, client.in.read());
    }
    assertEquals("one", clients.getLast().read());
    broadcastTo(List.of(clients.getLast(), new Client()), "two");
    onContext(writer::close);
    assertEquals(SendRing.SIZE, broken.submitted);
    assertFalse(broken.isDestroyed);
  }

  @Test
  void whatTheKernelTellsOfInTheEndIsDone() throws Exception {
    var slow = new Broken(3);
    writer = writer(loop -> Optional.of(ring(slow)));
    clients(2);
    broadcastTo(clients, "one");
    onContext(writer::close);
    assertTrue(slow.isDestroyed);
  }

  private void broadcastTo(List<Client> some, String text) throws Exception {
    onContext(
        () -> {
          try (var shared = new SharedFrame(frame(text))) {
            some.forEach(client -> assertTrue(client.target.write(shared)));
          }
        });
    for (Client client : some) {
      assertEquals(text, client.read());
    }
  }

  private static SendRing ring(IoHandler handler) {
    try {
      return new SendRing(handler);
    } catch (Exception impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** A ring that the kernel refuses to look at, for good or a number of times. */
  private static final class Broken implements IoHandler, IoRegistration {

    private final int times;
    private final List<Long> sends = new ArrayList<>();
    private IoHandle handle;
    private int runs;
    private int submitted;
    private boolean isDestroyed;

    /** For good if {@code times} is 0. Then it tells of sends, and that sockets took nothing. */
    Broken(int times) {
      this.times = times;
    }

    @Override
    public int run(IoHandlerContext ignored) {
      if (times == 0 || runs++ < times) {
        throw new IllegalStateException("EAGAIN");
      }
      for (long send : sends) {
        handle.handle(this, new IoUringIoEvent(-11, 0, (byte) 26, send));
      }
      sends.clear();
      return 0;
    }

    @Override
    public IoRegistration register(IoHandle registered) {
      handle = registered;
      return this;
    }

    @Override
    public void wakeup() {}

    @Override
    public boolean isCompatible(Class<? extends IoHandle> type) {
      return true;
    }

    @Override
    public void destroy() {
      isDestroyed = true;
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // as Netty has it
    public <T> T attachment() {
      throw new UnsupportedOperationException();
    }

    @Override
    public long submit(IoOps ops) {
      sends.add((long) sends.size());
      return ++submitted;
    }

    @Override
    public boolean isValid() {
      return true;
    }

    @Override
    public boolean cancel() {
      return true;
    }
  }
}
