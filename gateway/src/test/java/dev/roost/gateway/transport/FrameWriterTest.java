package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.socket.SharedFrame;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.net.SelfSignedCertificate;
import io.vertx.core.net.TrafficShapingOptions;
import io.vertx.ext.web.Router;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Which way frames are written to which connection, and that they arrive whole either way. */
@ParameterizedClass
@EnumSource
class FrameWriterTest {

  /** What the sockets of a test are written by. */
  enum Means {
    NIO,
    EPOLL,
    IO_URING
  }

  @SuppressWarnings("removal") // its successor in Netty's test tools would be a dependency more
  private static final SelfSignedCertificate CERTIFICATE = SelfSignedCertificate.create();

  private final Vertx vertx;
  private final Context connections;
  private final Function<EventLoop, Optional<SendRing>> rings;
  private final MessageBudget queued = MessageBudget.of(1L << 40);
  private final List<Socket> unread = new ArrayList<>();

  FrameWriterTest(Means means) {
    assumeTrue(means == Means.NIO || Epoll.isAvailable(), "epoll");
    assumeTrue(means != Means.IO_URING || IoUring.isAvailable(), "io_uring");
    vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(means != Means.NIO));
    connections = vertx.getOrCreateContext();
    rings = means == Means.IO_URING ? SendRing::of : loop -> Optional.empty();
  }

  @AfterEach
  void close() throws Exception {
    for (Socket socket : unread) {
      socket.close();
    }
    await(vertx.close());
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.await(20, TimeUnit.SECONDS);
  }

  /** The kind of connection that a test is about. */
  private record Kind(HttpServerOptions server, WebSocketClientOptions client, boolean routed) {

    static Kind plain() {
      return new Kind(
          new HttpServerOptions()
              .setPerMessageWebSocketCompressionSupported(false)
              .setPerFrameWebSocketCompressionSupported(false),
          clientOptions(),
          false);
    }

    static Kind tls() {
      Kind plain = plain();
      return new Kind(
          plain.server.setSsl(true).setKeyCertOptions(CERTIFICATE.keyCertOptions()),
          plain.client.setSsl(true).setTrustAll(true).setVerifyHost(false),
          false);
    }

    static Kind compressed() {
      return new Kind(
          new HttpServerOptions().setPerMessageWebSocketCompressionSupported(true),
          clientOptions().setTryUsePerMessageCompression(true),
          false);
    }

    /** So slow that next to nothing of what is written leaves. */
    static Kind shaped() {
      Kind plain = plain();
      plain.server.setTrafficShapingOptions(
          new TrafficShapingOptions().setOutboundGlobalBandwidth(1_000));
      return plain;
    }

    static Kind behindRouter() {
      Kind plain = plain();
      return new Kind(plain.server, plain.client, true);
    }

    private static WebSocketClientOptions clientOptions() {
      return new WebSocketClientOptions()
          .setMaxFrameSize(1 << 20)
          .setMaxMessageSize(1 << 20)
          .setClosingTimeout(1);
    }
  }

  /**
   * Opens a WebSocket and answers what the function makes of it.
   *
   * @param received gathers what the client reads, null if it is not to read at all
   */
  private <T> T open(
      Kind kind, @Nullable List<Frame> received, Function<WebSocketChannel, T> whenOpen)
      throws Exception {
    Promise<T> opened = Promise.promise();
    io.vertx.core.Handler<HttpServerRequest> upgrade =
        request ->
            request
                .toWebSocket()
                .onComplete(
                    socket ->
                        opened.complete(
                            whenOpen.apply(
                                WebSocketChannel.of(
                                    socket,
                                    request.connection(),
                                    new FrameReader(1 << 20, false, MessageBudget.of(1 << 20)),
                                    Duration.ofSeconds(1)))),
                    opened::fail);
    var router = Router.router(vertx);
    router.route().handler(routing -> upgrade.handle(routing.request()));
    Promise<HttpServer> listening = Promise.promise();
    connections.runOnContext(
        ignored ->
            vertx
                .createHttpServer(kind.server())
                .requestHandler(kind.routed() ? router : upgrade)
                .listen(0)
                .onComplete(listening));
    int port = await(listening.future()).actualPort();
    if (received == null) {
      connectAndReadNothing(kind, port);
      return await(opened.future());
    }
    var client = vertx.createWebSocketClient(kind.client());
    await(
        client
            .connect(port, "localhost", "/")
            .onSuccess(
                socket -> {
                  socket.textMessageHandler(
                      text ->
                          received.add(new Frame(false, text.getBytes(StandardCharsets.UTF_8))));
                  socket.binaryMessageHandler(
                      body -> received.add(new Frame(true, body.getBytes())));
                }));
    return await(opened.future());
  }

  // A WebSocket client that is paused still reads the rest of the frame that it has begun with.
  private void connectAndReadNothing(Kind kind, int port) throws Exception {
    SocketFactory factory = SocketFactory.getDefault();
    if (kind.client().isSsl()) {
      var tls = SSLContext.getInstance("TLS");
      var trusted = CERTIFICATE.trustOptions().getTrustManagerFactory(vertx).getTrustManagers();
      tls.init(null, trusted, null);
      factory = tls.getSocketFactory();
    }
    Socket socket = factory.createSocket("localhost", port);
    unread.add(socket);
    socket.getOutputStream().write(upgrade());
  }

  /** What asks for a WebSocket. */
  static byte[] upgrade() {
    var request =
        List.of(
            "GET / HTTP/1.1",
            "Host: localhost",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OUFCQ0RFRg==",
            "\r\n");
    return String.join("\r\n", request).getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void nothingIsInTheWayOfAFrameButTls() throws Exception {
    assertTrue(open(Kind.plain(), new ArrayList<>(), WebSocketChannel::isBare));
    assertTrue(open(Kind.compressed(), new ArrayList<>(), WebSocketChannel::isBare));
    assertTrue(open(Kind.behindRouter(), new ArrayList<>(), WebSocketChannel::isBare));
    assertFalse(open(Kind.tls(), new ArrayList<>(), WebSocketChannel::isBare));
  }

  @Test
  void framesOfEverySizeArriveWholeAndInOrderWhicheverWay() throws Exception {
    var sent = new ArrayList<Frame>();
    for (int size : new int[] {0, 1, 125, 126, 127, 65_535, 65_536, 200_000}) {
      sent.add(new Frame(false, "é".repeat(size / 2).getBytes(StandardCharsets.UTF_8)));
      sent.add(new Frame(true, Buffer.buffer("x".repeat(size)).getBytes()));
    }
    for (Kind kind : List.of(Kind.plain(), Kind.tls(), Kind.compressed(), Kind.behindRouter())) {
      var received = new ArrayList<Frame>();
      Promise<Void> all = Promise.promise();
      List<Frame> counted =
          new ArrayList<>() {
            @Override
            public boolean add(Frame frame) {
              received.add(frame);
              if (received.size() == sent.size()) {
                all.complete();
              }
              return true;
            }
          };
      var writer = new FrameWriter(1 << 20, queued, new Compression(), rings);
      boolean written =
          open(
              kind,
              counted,
              socket -> {
                FrameWriter.Target target = writer.target(socket, false);
                return sent.stream().allMatch(target::write);
              });
      assertTrue(written);
      await(all.future());
      for (int i = 0; i < sent.size(); i++) {
        assertEquals(sent.get(i).binary(), received.get(i).binary());
        assertEquals(Buffer.buffer(sent.get(i).body()), Buffer.buffer(received.get(i).body()));
      }
    }
  }

  @Test
  void aSocketThatIsTooSlowIsToldOfAndCanBeCutOff() throws Exception {
    for (Kind kind : List.of(Kind.plain(), Kind.tls(), Kind.behindRouter())) {
      Promise<Integer> accepted = Promise.promise();
      Promise<Void> closed = Promise.promise();
      var writer = new FrameWriter(64 * 1024, queued, new Compression(), rings);
      var unused =
          open(
              kind,
              null,
              socket -> {
                socket.channel().closeFuture().addListener(done -> closed.complete());
                writeUntilFull(writer.target(socket, false), 100_000, 0, accepted);
                return true;
              });
      assertTrue(await(accepted.future()) < 1_000, "100 MB fit into a bound of 64 KiB");
      await(closed.future());
    }
  }

  /** What the shaping of traffic holds back is not in the channel's queue. */
  @Test
  void aSocketWhoseTrafficIsShapedIsTooSlowAtTheSameBound() throws Exception {
    var writer = new FrameWriter(64 * 1024, queued, new Compression(), rings);
    Promise<Integer> accepted = Promise.promise();
    var unused =
        open(
            Kind.shaped(),
            null,
            socket -> {
              FrameWriter.Target target = writer.target(socket, false);
              writeUntilFull(target, this::writeShared, 0, accepted);
              return true;
            });
    int taken = await(accepted.future());
    assertTrue(taken <= WITHIN + RECORDS, () -> taken + " broadcasts were taken");
  }

  private boolean writeShared(FrameWriter.Target target) {
    try (var shared = new SharedFrame(text(1_000))) {
      return target.write(shared);
    }
  }

  @Test
  void theLargestMessageThatWaitsLeavesTheBoundToTheOthers() throws Exception {
    Frame large = text(LARGER_THAN_THE_KERNEL_TAKES);
    for (Kind kind : List.of(Kind.plain(), Kind.tls())) {
      leavesTheBoundToTheOthers(kind, target -> target.write(large));
      try (var shared = new SharedFrame(large)) {
        leavesTheBoundToTheOthers(kind, target -> target.write(shared));
      }
    }
  }

  private void leavesTheBoundToTheOthers(Kind kind, Predicate<FrameWriter.Target> first)
      throws Exception {
    var writer = new FrameWriter(64 * 1024, queued, new Compression(), rings);
    Promise<Integer> accepted = Promise.promise();
    var unused =
        open(
            kind,
            null,
            socket -> {
              FrameWriter.Target target = writer.target(socket, false);
              assertTrue(first.test(target));
              writeUntilFull(target, 1_000, 0, accepted);
              return true;
            });
    int small = await(accepted.future());
    assertTrue(small >= WITHIN, () -> "only " + small + " small messages were taken");
    assertTrue(small <= WITHIN + RECORDS, () -> small + " small messages were taken");
  }

  @Test
  void largeMessagesToAllSocketsTakeNoMoreThanTheyMay() throws Exception {
    int size = LARGER_THAN_THE_KERNEL_TAKES;
    Frame large = text(size);
    for (Kind kind : List.of(Kind.plain(), Kind.tls(), Kind.behindRouter())) {
      var some = MessageBudget.of(size);
      var writer = new FrameWriter(1 << 20, some, new Compression(), rings);
      FrameWriter.Target first = open(kind, null, socket -> writer.target(socket, false));
      FrameWriter.Target second = open(kind, null, socket -> writer.target(socket, false));
      onContext(() -> assertTrue(first.write(large)));
      assertEquals(size - MessageBudget.FREE_BYTES, some.taken());
      onContext(
          () -> {
            assertThrows(NoRoomException.class, () -> second.write(large));
            assertTrue(second.write(text(60_000)));
            first.abort();
            second.abort();
          });
      awaitNothing(some);
    }
  }

  /** What the end of the turn would flush is in nobody's way: the kernel takes each of these. */
  @Test
  void whatOnlyWaitsForTheEndOfTheTurnTakesNoRoomFromOthers() throws Exception {
    Frame large = text(100_000);
    var some = MessageBudget.of(150_000);
    var writer = new FrameWriter(1 << 20, some, new Compression(), rings);
    var targets = new ArrayList<FrameWriter.Target>();
    for (int i = 0; i < 5; i++) {
      targets.add(open(Kind.plain(), null, socket -> writer.target(socket, false)));
    }
    onContext(() -> targets.forEach(target -> assertTrue(target.write(large))));
    awaitNothing(some);
  }

  @Test
  void aMessageForManyTakesItsRoomOnceUntilTheLastHasIt() throws Exception {
    int size = LARGER_THAN_THE_KERNEL_TAKES;
    var some = MessageBudget.of(size);
    var writer = new FrameWriter(1 << 20, some, new Compression(), rings);
    var targets = new ArrayList<FrameWriter.Target>();
    for (int i = 0; i < 3; i++) {
      targets.add(open(Kind.plain(), null, socket -> writer.target(socket, false)));
    }
    onContext(
        () -> {
          try (var shared = new SharedFrame(text(size))) {
            assertTrue(targets.stream().allMatch(target -> target.write(shared)));
          }
          targets.get(0).abort();
          targets.get(1).abort();
        });
    onContext(() -> assertEquals(size - MessageBudget.FREE_BYTES, some.taken()));
    onContext(() -> targets.get(2).abort());
    awaitNothing(some);
  }

  /** On the one that the connections of this test have. */
  private void onContext(Runnable action) throws Exception {
    on(connections, action);
  }

  static void on(Context context, Runnable action) throws Exception {
    Promise<Void> done = Promise.promise();
    context.runOnContext(
        ignored -> {
          try {
            action.run();
            done.complete();
          } catch (Throwable failure) {
            done.fail(failure);
          }
        });
    await(done.future());
  }

  private static void awaitNothing(MessageBudget budget) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (budget.taken() > 0) {
      assertTrue(System.nanoTime() < deadline, () -> budget.taken() + " bytes are still held");
      Thread.onSpinWait();
    }
  }

  /** Messages of 1,000 bytes within a bound of 64 KiB, with what Netty adds for each. */
  private static final int WITHIN = 59;

  /** So many more are taken behind TLS, where nothing is added for each. */
  private static final int RECORDS = 8;

  private static final int LARGER_THAN_THE_KERNEL_TAKES = 30_000_000;

  private static Frame text(int size) {
    return new Frame(false, "x".repeat(size).getBytes(StandardCharsets.UTF_8));
  }

  /** One frame in each turn of the event loop; tells how many were taken, of 1,000 at most. */
  private void writeUntilFull(
      FrameWriter.Target target, int size, int count, Promise<Integer> accepted) {
    writeUntilFull(target, to -> to.write(text(size)), count, accepted);
  }

  private void writeUntilFull(
      FrameWriter.Target target,
      Predicate<FrameWriter.Target> write,
      int count,
      Promise<Integer> accepted) {
    if (count < 1_000 && write.test(target)) {
      vertx.runOnContext(ignored -> writeUntilFull(target, write, count + 1, accepted));
    } else {
      target.abort();
      accepted.complete(count);
    }
  }
}
