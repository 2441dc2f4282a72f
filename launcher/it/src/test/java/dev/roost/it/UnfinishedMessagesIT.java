package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.SocketHandler;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.SocketLimits;
import dev.roost.routing.SocketOptions;
import dev.roost.testkit.client.RawWebSocket;
import dev.roost.testkit.client.WebSocketFrame;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What unfinished messages of all clients take together, at the bound and when they are over. */
@Timeout(120)
class UnfinishedMessagesIT {

  private static final int MEBIBYTE = 1 << 20;
  private static final int MOST = 4 * MEBIBYTE;
  private static final String SOCKET = "/socket/websocket?vsn=2.0.0";
  private static final String ANSWER =
      "[null,\"1\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]";

  private final ConcurrentHashMap<Limit, AtomicInteger> reached = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Integer, AtomicInteger> closed = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Integer, AtomicInteger> refused = new ConcurrentHashMap<>();
  private final List<RawWebSocket> open = new ArrayList<>();
  private TestServer server;

  private final class Counts implements GatewayMetrics {
    @Override
    public void limitReached(Limit limit) {
      if (limit == Limit.MAX_TOPIC_BYTES) {
        throw new AssertionError("whatever goes wrong with a message");
      }
      count(reached, limit);
    }

    @Override
    public void closedByServer(int code) {
      count(closed, code);
    }

    @Override
    public void connectionRefused(int status) {
      count(refused, status);
    }
  }

  private static <K> void count(ConcurrentHashMap<K, AtomicInteger> counts, K key) {
    counts.computeIfAbsent(key, ignored -> new AtomicInteger()).incrementAndGet();
  }

  private static <K> int counted(ConcurrentHashMap<K, AtomicInteger> counts, K key) {
    return counts.getOrDefault(key, new AtomicInteger()).get();
  }

  @BeforeEach
  void start() {
    GatewayOptions options =
        GatewayOptions.defaults()
            .withCompression(true)
            .withCloseTimeout(Duration.ofSeconds(4))
            .withLimits(GatewayLimits.defaults().withMaxUnfinishedBytes(MOST))
            .withMetrics(new Counts());
    SocketOptions polled = SocketOptions.defaults().withLongPoll(LongPollOptions.defaults());
    server =
        TestServer.start(
                options,
                ChannelOptions.defaults().withVerticles(1),
                Application.named("unfinished")
                    .socket("/socket", SocketHandler.acceptAll(), polled)
                    .socket(
                        "/idle",
                        SocketHandler.acceptAll(),
                        SocketOptions.defaults().withIdleTimeout(Duration.ofSeconds(4)))
                    .socket(
                        "/slow",
                        SocketHandler.acceptAll(),
                        SocketOptions.defaults()
                            .withLimits(SocketLimits.defaults().withBytesPerSecond(50_000))))
            .addGateway(options);
  }

  @AfterEach
  void stop() {
    open.forEach(RawWebSocket::close);
    server.close();
  }

  private long taken() {
    return MessageBudget.of(server.vertx(), MOST).taken();
  }

  private void awaitTaken(long least, long most) {
    TestServer.await(
        "unfinished messages take " + least + " to " + most + " bytes",
        () -> taken() >= least && taken() <= most);
  }

  /** What is taken once all is inflated that has come, which workers may still be at. */
  private long settled() {
    long before;
    long now = taken();
    do {
      before = now;
      LockSupport.parkNanos(Duration.ofMillis(500).toNanos());
      now = taken();
    } while (now != before);
    return now;
  }

  private void awaitNothingTaken() {
    awaitTaken(0, 0);
  }

  /** A socket of this gateway, which of several may be any. */
  private RawWebSocket socket(int gateway, String path) {
    RawWebSocket socket =
        RawWebSocket.open("localhost", server.port(gateway)).limit(TestServer.LIMIT);
    open.add(socket);
    assertEquals(101, socket.upgrade(path, Deflated.OFFER).status());
    return socket;
  }

  private RawWebSocket socket() {
    return socket(open.size() % 2, SOCKET);
  }

  /** A heartbeat of about so many bytes; compressed it is half of that. */
  private static byte[] message(int bytes) {
    var random = new Random(1);
    var pad = new StringBuilder(bytes + Long.BYTES * 2);
    while (pad.length() < bytes) {
      pad.append(Long.toHexString(random.nextLong()));
    }
    return message(pad.substring(0, bytes));
  }

  private static byte[] message(String pad) {
    return ("[null,\"1\",\"phoenix\",\"heartbeat\",{\"pad\":\"" + pad + "\"}]")
        .getBytes(StandardCharsets.UTF_8);
  }

  /** How a message may come. */
  enum Shape {
    FRAGMENTS {
      @Override
      void send(RawWebSocket socket, byte[] message, int upTo) {
        int piece = 32 << 10;
        for (int from = 0; from < upTo; from += piece) {
          byte[] payload = Arrays.copyOfRange(message, from, Math.min(from + piece, upTo));
          var frame =
              WebSocketFrame.of(
                  from == 0 ? WebSocketFrame.TEXT : WebSocketFrame.CONTINUATION, payload);
          socket.write(from + payload.length < message.length ? frame.withoutFin() : frame);
        }
      }
    },
    FRAME {
      @Override
      void send(RawWebSocket socket, byte[] message, int upTo) {
        byte[] frame = WebSocketFrame.of(WebSocketFrame.TEXT, message).bytes();
        socket.write(upTo < message.length ? Arrays.copyOf(frame, upTo) : frame);
      }
    },
    INFLATED {
      @Override
      void send(RawWebSocket socket, byte[] message, int upTo) {
        byte[] deflated = Deflated.message(Arrays.copyOf(message, upTo));
        var frame = WebSocketFrame.of(WebSocketFrame.TEXT, deflated).withRsv(4);
        socket.write(upTo < message.length ? frame.withoutFin() : frame);
      }
    };

    /** Sends a message, or its beginning. */
    abstract void send(RawWebSocket socket, byte[] message, int upTo);

    void send(RawWebSocket socket, byte[] message) {
      send(socket, message, message.length);
    }
  }

  private static void expectAnswer(RawWebSocket socket) {
    assertEquals(ANSWER, socket.read().text());
  }

  private LongPollClient polling() {
    return new LongPollClient("/socket/longpoll", "vsn=2.0.0").open(server.port());
  }

  private LongPollClient.Answer post(LongPollClient client, byte[] message) {
    return client.post(server.port(), new String(message, StandardCharsets.UTF_8));
  }

  /** Sockets of both gateways with a mebibyte each of a message that does not end. */
  private List<RawWebSocket> halfMessages(Shape shape, int count) {
    var holders = new ArrayList<RawWebSocket>();
    for (int i = 1; i <= count; i++) {
      RawWebSocket holder = socket();
      shape.send(holder, message(2 * MEBIBYTE), MEBIBYTE);
      holders.add(holder);
      if (shape == Shape.FRAGMENTS) { // What is still being gathered of one counts, too.
        holder.write(WebSocketFrame.ping(""));
        assertEquals(WebSocketFrame.PONG, holder.read().opcode());
      }
      // With so much, no more is asked for: what is yet to come has its chunk.
      long held = (long) i * (MEBIBYTE - MessageBudget.FREE_BYTES);
      awaitTaken(held, held + i * 80_000L);
    }
    return holders;
  }

  @ParameterizedTest
  @EnumSource
  void whoAsksForMoreThanIsLeftIsRefusedAndNobodyElseIs(Shape held) {
    RawWebSocket honest = socket();
    List<RawWebSocket> holders = halfMessages(held, 3);
    long before = settled();

    int refusals = 0;
    for (Shape shape : Shape.values()) {
      RawWebSocket asking = socket();
      shape.send(asking, message(2 * MEBIBYTE));
      assertEquals(1013, asking.readClose(), shape.name());
      refusals++;
      assertEquals(refusals, counted(reached, Limit.MAX_UNFINISHED_BYTES));
      assertEquals(refusals, counted(closed, 1013));
      awaitTaken(before, before);
    }
    LongPollClient.Answer answer = post(polling(), message(2 * MEBIBYTE));
    assertEquals(503, answer.httpStatus());
    assertTrue(Integer.parseInt(answer.header("retry-after")) > 0);
    assertEquals(refusals + 1, counted(reached, Limit.MAX_UNFINISHED_BYTES));
    assertEquals(1, counted(refused, 503));
    awaitTaken(before, before);

    honest.write(WebSocketFrame.of(WebSocketFrame.TEXT, message(7_000)));
    expectAnswer(honest);
    Shape.FRAGMENTS.send(honest, message(7_000));
    expectAnswer(honest);
    assertEquals(200, post(polling(), message(7_000)).status());

    holders.get(0).reset();
    holders.get(1).close();
    holders.get(2).write(WebSocketFrame.close(1000, ""));
    holders.get(2).close();
    awaitNothingTaken();
    for (Shape shape : Shape.values()) {
      shape.send(honest, message(2 * MEBIBYTE - 100_000));
      expectAnswer(honest);
      awaitNothingTaken();
    }
    assertEquals(200, post(polling(), message(2 * MEBIBYTE)).status());
    awaitNothingTaken();
    assertEquals(refusals + 1, counted(reached, Limit.MAX_UNFINISHED_BYTES));
  }

  /** Inflated, those of two sockets would be more than there is room for. */
  @Test
  void aCompressedMessageTakesWhatHasComeUntilAllOfItHas() {
    byte[] message = Deflated.message(message("x".repeat(3 * MEBIBYTE)));
    int pieces = 100;
    int size = Math.ceilDiv(message.length, pieces);
    var sockets = new ArrayList<RawWebSocket>();
    for (int i = 0; i < 8; i++) {
      RawWebSocket socket = socket();
      sockets.add(socket);
      socket.write(
          WebSocketFrame.of(WebSocketFrame.TEXT, Arrays.copyOf(message, size))
              .withRsv(4)
              .withoutFin());
      for (int from = size; from + size < message.length; from += size) {
        byte[] piece = Arrays.copyOfRange(message, from, from + size);
        socket.write(WebSocketFrame.continuation(piece).withoutFin());
      }
    }
    assertEquals(0, settled(), "no more than each has besides");
    for (RawWebSocket socket : sockets) {
      int from = (Math.ceilDiv(message.length, size) - 1) * size;
      socket.write(WebSocketFrame.continuation(Arrays.copyOfRange(message, from, message.length)));
      expectAnswer(socket);
      awaitNothingTaken();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSilentSocketWithHalfAMessageGivesItBack(Shape shape) {
    RawWebSocket silent = socket(0, "/idle/websocket?vsn=2.0.0");
    shape.send(silent, message(2 * MEBIBYTE), MEBIBYTE);
    awaitTaken(MEBIBYTE - 80_000, MEBIBYTE + 80_000);
    assertEquals(1002, silent.readClose());
    awaitNothingTaken();
  }

  @Test
  void halfAMessageIsNotKeptByPings() {
    RawWebSocket socket = socket(0, "/idle/websocket?vsn=2.0.0");
    Shape.FRAGMENTS.send(socket, message(2 * MEBIBYTE), MEBIBYTE);
    awaitTaken(MEBIBYTE - 80_000, MEBIBYTE + 80_000);
    WebSocketFrame answer;
    do {
      socket.write(WebSocketFrame.ping(""));
      answer = socket.read();
    } while (answer.opcode() == WebSocketFrame.PONG);
    assertEquals(WebSocketFrame.CLOSE, answer.opcode());
    awaitNothingTaken();
  }

  /**
   * Of a socket over its rate, the kernel's buffers and one frame are full, and no more is read.
   */
  @Test
  void whatASocketSendsThatIsNotReadTakesNoMemory() throws Exception {
    RawWebSocket slow = socket(0, "/slow/websocket?vsn=2.0.0");
    var written = new AtomicInteger();
    Thread writer =
        Thread.startVirtualThread(
            () -> {
              try {
                while (true) {
                  Shape.FRAME.send(slow, message(MEBIBYTE));
                  written.incrementAndGet();
                }
              } catch (RuntimeException e) {
                // It was reset.
              }
            });
    RawWebSocket honest = socket(0, SOCKET);
    int before;
    do {
      before = written.get();
      for (int i = 0; i < 20; i++) {
        Thread.sleep(50);
        honest.write(WebSocketFrame.of(WebSocketFrame.TEXT, message(10_000)));
        expectAnswer(honest);
      }
    } while (written.get() > before);
    assertTrue(before < 16, before + " MiB were taken");
    slow.reset();
    writer.join();
    awaitNothingTaken();
  }

  @Test
  void aMessageThatBreaksARuleHalfwayGivesBackWhatItHad() {
    byte[] anotherMessage = WebSocketFrame.text("[]").bytes();
    byte[] tooMuch = WebSocketFrame.continuation(new byte[32 * MEBIBYTE]).bytes();
    for (var refused : Map.of(1002, anotherMessage, 1009, tooMuch).entrySet()) {
      RawWebSocket socket = socket();
      Shape.INFLATED.send(socket, message(2 * MEBIBYTE), MEBIBYTE);
      awaitTaken(MEBIBYTE - 80_000, MEBIBYTE + 80_000);
      socket.write(refused.getValue());
      assertEquals(refused.getKey(), socket.readClose());
      awaitNothingTaken();
    }
  }

  @Test
  void halfAPostIsGivenBackWhenItsClientGoes() {
    LongPollClient poller = polling();
    RawWebSocket posting = RawWebSocket.open("localhost", server.port()).limit(TestServer.LIMIT);
    open.add(posting);
    posting.write(
        ("POST /socket/longpoll?vsn=2.0.0&token="
                + poller.token()
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n")
            .getBytes(StandardCharsets.UTF_8));
    posting.write(message(MEBIBYTE));
    awaitTaken(MEBIBYTE - 80_000, MEBIBYTE + 80_000);
    posting.reset();
    awaitNothingTaken();
  }

  @Test
  void aPostThatFindsNoRoomHalfwayGivesBackWhatItHad() {
    LongPollClient poller = polling();
    RawWebSocket posting = RawWebSocket.open("localhost", server.port()).limit(TestServer.LIMIT);
    open.add(posting);
    posting.write(
        ("POST /socket/longpoll?vsn=2.0.0&token="
                + poller.token()
                + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            .getBytes(StandardCharsets.UTF_8));
    byte[] chunk = ("10000\r\n" + "x".repeat(0x10000) + "\r\n").getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 40; i++) {
      posting.write(chunk);
    }
    awaitTaken(MEBIBYTE, MOST);
    for (int i = 0; i < 40; i++) {
      posting.write(chunk);
    }
    assertEquals(503, posting.readAnswer().status());
    awaitNothingTaken();
  }

  @Test
  void whateverGoesWrongWithAMessageEndsItsSocketAndNoOther() {
    RawWebSocket honest = socket();
    for (int pad : new int[] {10, 50_000, 300_000}) {
      for (Shape shape : Shape.values()) {
        RawWebSocket socket = socket();
        String text =
            "[\"1\",\"1\",\"%s\",\"phx_join\",{\"pad\":\"%s\"}]"
                .formatted("t".repeat(2_000), "x".repeat(pad));
        shape.send(socket, text.getBytes(StandardCharsets.UTF_8));
        assertEquals(1011, socket.readClose(), shape + " of " + pad);
        awaitNothingTaken();
      }
    }
    honest.write(WebSocketFrame.of(WebSocketFrame.TEXT, message(10)));
    expectAnswer(honest);
  }
}
