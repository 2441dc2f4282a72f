package dev.roost.testkit.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A client of the Phoenix Channels protocol over a real WebSocket, for tests of a whole server. It
 * speaks both versions, checks every frame it gets against the specification, and waits with a
 * limit. Safe for any thread; what one thread sends leaves in the order of its calls.
 *
 * {@snippet :
 * try (var ada = PhoenixClient.connect(ClientOptions.port(4000))) {
 *   ada.join("room:lobby", Map.of("name", "Ada"));
 *   assertEquals("ok", ada.call("room:lobby", "new_msg", Map.of("body", "hello")).status());
 * }
 * }
 *
 * <p>{@link #join}, {@link #push}, {@link #call} and {@link #leave} keep the refs as phoenix.js
 * does; {@link #send} leaves everything to the caller. {@link #next} takes messages in the order in
 * which they came, {@link #await} those it looks for and leaves the others.
 */
public final class PhoenixClient implements AutoCloseable {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final JsonNode EMPTY = JsonNodeFactory.instance.objectNode();

  private final RawWebSocket socket;
  private final ClientOptions options;
  private final Object writing = new Object();
  private final List<PhoenixMessage> pending = new ArrayList<>();
  private final Map<String, JsonNode> joinRefs = new HashMap<>();
  private @Nullable AssertionError failure;
  private @Nullable Integer closeCode;
  private long lastRef;

  private PhoenixClient(RawWebSocket socket, ClientOptions options) {
    this.socket = socket;
    this.options = options;
  }

  /**
   * Connects.
   *
   * @throws AssertionError if the server refuses, with its status and body
   */
  public static PhoenixClient connect(ClientOptions options) {
    RawWebSocket socket = open(options);
    HttpAnswer answer = upgrade(socket, options);
    if (!answer.isUpgraded()) {
      socket.close();
      throw new AssertionError("expected to connect, but was refused: " + answer);
    }
    var client = new PhoenixClient(socket, options);
    Thread.ofVirtual().name("phoenix-client").start(client::readAll);
    return client;
  }

  /** Asks to connect and drops the connection at once: for the status of a refusal. */
  public static HttpAnswer handshake(ClientOptions options) {
    try (RawWebSocket socket = open(options)) {
      return upgrade(socket, options);
    }
  }

  private static RawWebSocket open(ClientOptions options) {
    if (options.tls() == null) {
      return RawWebSocket.open(options.host(), options.port()).limit(options.limit());
    }
    try {
      return RawWebSocket.over(options.tls().createSocket(options.host(), options.port()))
          .limit(options.limit());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static HttpAnswer upgrade(RawWebSocket socket, ClientOptions options) {
    return socket.upgrade(options.target(), options.headers().toArray(String[]::new));
  }

  /* ---- reading */

  private void readAll() {
    // Silence is no failure here: whoever waits has a limit of its own.
    socket.limit(Duration.ofDays(1));
    try {
      while (true) {
        WebSocketFrame frame = socket.readOrEnd();
        if (frame == null) {
          closed(1006);
          return;
        }
        check(frame);
        switch (frame.opcode()) {
          case WebSocketFrame.TEXT, WebSocketFrame.BINARY -> received(options.vsn().decode(frame));
          case WebSocketFrame.CLOSE -> {
            closed(frame.closeCode());
            answerClose(frame);
            return;
          }
          case WebSocketFrame.PING ->
              write(WebSocketFrame.of(WebSocketFrame.PONG, frame.payload()));
          default -> {}
        }
      }
    } catch (AssertionError | RuntimeException e) {
      failed(e);
    }
  }

  /** What RFC 6455 and the specification (B-14) allow a server to send. */
  private static void check(WebSocketFrame frame) {
    boolean control = frame.opcode() >= WebSocketFrame.CLOSE;
    boolean known =
        frame.opcode() == WebSocketFrame.TEXT
            || frame.opcode() == WebSocketFrame.BINARY
            || (control && frame.opcode() <= WebSocketFrame.PONG);
    if (frame.maskKey() != null
        || frame.rsv() != 0
        || !known
        || !frame.fin()
        || (control && frame.payload().length > 125)) {
      throw new AssertionError("a server may not send this " + frame);
    }
  }

  private void answerClose(WebSocketFrame frame) {
    try {
      write(WebSocketFrame.of(WebSocketFrame.CLOSE, frame.payload()));
      socket.awaitEnd();
    } catch (UncheckedIOException e) {
      // The server did not wait for the answer; the code is known all the same.
    } finally {
      socket.close();
    }
  }

  private synchronized void received(PhoenixMessage message) {
    pending.add(message);
    notifyAll();
  }

  private synchronized void closed(int code) {
    closeCode = code;
    notifyAll();
  }

  private synchronized void failed(Throwable cause) {
    failure = new AssertionError("the client cannot go on: " + cause.getMessage(), cause);
    notifyAll();
  }

  /** The next message, in the order in which they came. */
  public PhoenixMessage next() {
    return await(message -> true);
  }

  /**
   * The first message that the predicate accepts; others stay.
   *
   * @throws AssertionError if none comes within {@link ClientOptions#limit()}
   */
  public synchronized PhoenixMessage await(Predicate<PhoenixMessage> wanted) {
    long deadline = System.nanoTime() + options.limit().toNanos();
    while (true) {
      for (Iterator<PhoenixMessage> all = pending.iterator(); all.hasNext(); ) {
        PhoenixMessage message = all.next();
        if (wanted.test(message)) {
          all.remove();
          return message;
        }
      }
      requireAlive();
      if (closeCode != null) {
        throw new AssertionError(
            "expected a message, but the connection was closed with "
                + closeCode
                + "; not asked for: "
                + pending);
      }
      waitUntil(deadline, "a message");
    }
  }

  /** The answer to a message. */
  public PhoenixMessage awaitReply(String ref) {
    return await(
        message ->
            message.isReply() && message.ref().isTextual() && message.ref().asText().equals(ref));
  }

  /** The first message of this event. */
  public PhoenixMessage awaitEvent(String event) {
    return await(message -> message.event().equals(event));
  }

  /** Waits until the server closes the connection: the close code, 1006 if there was none. */
  public synchronized int awaitClose() {
    long deadline = System.nanoTime() + options.limit().toNanos();
    while (closeCode == null) {
      requireAlive();
      waitUntil(deadline, "the connection to be closed");
    }
    return closeCode;
  }

  /** Messages that came and were not asked for yet. */
  public synchronized List<PhoenixMessage> pending() {
    return List.copyOf(pending);
  }

  private void requireAlive() {
    if (failure != null) {
      throw failure;
    }
  }

  @SuppressWarnings("WaitNotInLoop") // every caller calls it in a loop
  private void waitUntil(long deadline, String what) {
    long left = (deadline - System.nanoTime()) / 1_000_000;
    if (left <= 0) {
      throw new AssertionError(
          "expected "
              + what
              + " within "
              + options.limit().toMillis()
              + " ms; not asked for: "
              + pending);
    }
    try {
      wait(left);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + what, e);
    }
  }

  /* ---- sending */

  /** A ref that was not used yet. */
  public synchronized String nextRef() {
    return String.valueOf(++lastRef);
  }

  /**
   * Joins a topic and waits for the answer, whatever it is; from then on the join's ref goes with
   * every message for the topic.
   */
  public PhoenixMessage join(String topic, @Nullable Object payload) {
    return awaitReply(sendJoin(topic, payload));
  }

  /** Joins with {@code {}} as payload. */
  public PhoenixMessage join(String topic) {
    return join(topic, EMPTY);
  }

  /** The same without waiting: the ref of the join. */
  public String sendJoin(String topic, @Nullable Object payload) {
    String ref = nextRef();
    // A client of version 1 knows no join_ref (OC-1).
    JsonNode joinRef = options.vsn() == Vsn.V1 ? NullNode.instance : node(ref);
    synchronized (this) {
      joinRefs.put(topic, joinRef);
    }
    send(joinRef, ref, topic, "phx_join", payload);
    return ref;
  }

  /** Sends an event on a joined topic: its ref. */
  public String push(String topic, String event, @Nullable Object payload) {
    String ref = nextRef();
    send(joinRef(topic), ref, topic, event, payload);
    return ref;
  }

  /** Sends an event and waits for its answer. */
  public PhoenixMessage call(String topic, String event, @Nullable Object payload) {
    return awaitReply(push(topic, event, payload));
  }

  /** Leaves a topic: the ref of the leave. */
  public String leave(String topic) {
    return push(topic, "phx_leave", EMPTY);
  }

  /** Sends a heartbeat and waits for its answer: all that was sent before has arrived by then. */
  public PhoenixMessage heartbeat() {
    String ref = nextRef();
    send(null, ref, "phoenix", "heartbeat", EMPTY);
    return awaitReply(ref);
  }

  /** What goes with messages for a topic, JSON null if it was never joined. */
  public synchronized JsonNode joinRef(String topic) {
    return joinRefs.getOrDefault(topic, NullNode.instance);
  }

  /**
   * Sends a message.
   *
   * @param joinRef any JSON value; null for JSON null
   * @param ref any JSON value; null for JSON null
   * @param payload any JSON value, or {@code byte[]} for a binary frame
   */
  public void send(
      @Nullable Object joinRef,
      @Nullable Object ref,
      String topic,
      String event,
      @Nullable Object payload) {
    write(
        options
            .vsn()
            .encode(new PhoenixMessage(node(joinRef), node(ref), topic, event, node(payload))));
  }

  /** Sends text as it is. */
  public void sendText(String text) {
    write(WebSocketFrame.text(text));
  }

  /** Sends octets as they are. */
  public void sendBinary(byte[] body) {
    write(WebSocketFrame.binary(body));
  }

  /** Sends any frame. */
  public void write(WebSocketFrame frame) {
    synchronized (writing) {
      socket.write(frame);
    }
  }

  private static JsonNode node(@Nullable Object value) {
    return switch (value) {
      case null -> NullNode.instance;
      case byte[] bytes -> BinaryNode.valueOf(bytes);
      case JsonNode tree -> tree;
      default -> MAPPER.valueToTree(value);
    };
  }

  /* ---- the end */

  /** Closes with 1000 unless the server was first, and does not wait. */
  @Override
  public void close() {
    boolean open;
    synchronized (this) {
      open = closeCode == null && failure == null;
    }
    if (open) {
      try {
        write(WebSocketFrame.close(1000, ""));
      } catch (UncheckedIOException e) {
        // The server was first after all.
      }
    }
    socket.close();
  }

  /** Ends the TCP connection without a word, as a client that vanishes. */
  public void reset() {
    socket.reset();
  }
}
