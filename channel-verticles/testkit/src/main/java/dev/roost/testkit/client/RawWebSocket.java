package dev.roost.testkit.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection that becomes a WebSocket and sends any bytes: bad frames, split segments,
 * requests with something amiss. What comes back is read only when asked for, so it can also be a
 * client that does not read. For one reading and one writing thread at a time.
 *
 * {@snippet :
 * try (var socket = RawWebSocket.open("localhost", port)) {
 *   socket.upgrade("/socket/websocket?vsn=2.0.0");
 *   socket.write(WebSocketFrame.text("[null,\"1\",\"phoenix\",\"heartbeat\",{}]").unmasked());
 *   assertEquals(1002, socket.readClose());
 * }
 * }
 */
public final class RawWebSocket implements AutoCloseable {

  private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";
  private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private final Socket socket;
  private final InputStream in;
  private byte[] buffer = new byte[8_192];
  private int start;
  private int end;
  private volatile Duration limit = Duration.ofSeconds(10);

  private RawWebSocket(Socket socket) {
    try {
      socket.setTcpNoDelay(true);
      this.socket = socket;
      this.in = socket.getInputStream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Opens a TCP connection; nothing is sent yet. */
  public static RawWebSocket open(String host, int port) {
    return open(host, port, 0);
  }

  /**
   * Opens a TCP connection with a receive buffer of about this size, so that a client that does not
   * read is felt sooner; 0 for the system's own.
   */
  public static RawWebSocket open(String host, int port, int receiveBufferBytes) {
    var socket = new Socket();
    try {
      if (receiveBufferBytes > 0) {
        socket.setReceiveBufferSize(receiveBufferBytes);
      }
      socket.connect(new InetSocketAddress(host, port), 10_000);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new RawWebSocket(socket);
  }

  /** Takes over a connection that is open already, for instance one with TLS. */
  public static RawWebSocket over(Socket connected) {
    return new RawWebSocket(connected);
  }

  /** How long each read waits at most; 10 s by default. */
  public RawWebSocket limit(Duration each) {
    limit = each;
    return this;
  }

  /* ---- HTTP */

  /**
   * Asks for a WebSocket at this path, with all the headers that takes and these.
   *
   * @param headers lines such as {@code Origin: https://chat.example}
   */
  public HttpAnswer upgrade(String path, String... headers) {
    var lines = new ArrayList<String>();
    lines.add("GET " + path + " HTTP/1.1");
    String address = socket.getInetAddress().getHostAddress();
    String host = address.contains(":") ? "[" + address + "]" : address;
    lines.add("Host: " + host + ":" + socket.getPort());
    lines.add("Connection: Upgrade");
    lines.add("Upgrade: websocket");
    lines.add("Sec-WebSocket-Version: 13");
    lines.add("Sec-WebSocket-Key: " + KEY);
    lines.addAll(List.of(headers));
    HttpAnswer answer = request(lines.toArray(String[]::new));
    if (answer.isUpgraded() && !answer.header("sec-websocket-accept").orElse("").equals(accept())) {
      throw new AssertionError("the server accepted another key than was sent: " + answer);
    }
    return answer;
  }

  /** Sends a request of these lines, the request line first, and reads its answer. */
  public HttpAnswer request(String... lines) {
    write((String.join("\r\n", lines) + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
    return readAnswer(lines[0].startsWith("HEAD "));
  }

  /** Reads the answer to a request that was written by hand. */
  public HttpAnswer readAnswer() {
    return readAnswer(false);
  }

  private HttpAnswer readAnswer(boolean withoutBody) {
    String status = line();
    if (!status.startsWith("HTTP/1.")) {
      throw new AssertionError("expected an answer in HTTP/1, got: " + status);
    }
    Map<String, List<String>> headers = new LinkedHashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers
          .computeIfAbsent(
              line.substring(0, colon).toLowerCase(Locale.ROOT), name -> new ArrayList<>())
          .add(line.substring(colon + 1).strip());
    }
    int length =
        withoutBody
            ? 0
            : Integer.parseInt(headers.getOrDefault("content-length", List.of("0")).get(0));
    String body = new String(octets(length), StandardCharsets.UTF_8);
    return new HttpAnswer(Integer.parseInt(status.substring(9, 12)), headers, body);
  }

  private String line() {
    var line = new ByteArrayOutputStream();
    for (byte b = octets(1)[0]; b != '\n'; b = octets(1)[0]) {
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(StandardCharsets.ISO_8859_1);
  }

  // RFC 6455, section 4.2.2, step 5.4
  private static String accept() {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-1")
              .digest((KEY + MAGIC).getBytes(StandardCharsets.US_ASCII));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /* ---- frames */

  /** Sends a frame. */
  public RawWebSocket write(WebSocketFrame frame) {
    return write(frame.bytes());
  }

  /** Sends octets at once: one TCP segment, if they fit into one. */
  public RawWebSocket write(byte[] octets) {
    try {
      var out = socket.getOutputStream();
      out.write(octets);
      out.flush();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends octets in pieces of this size, each in a write of its own. */
  public RawWebSocket writeInPieces(byte[] octets, int size) {
    for (int from = 0; from < octets.length; from += size) {
      write(java.util.Arrays.copyOfRange(octets, from, Math.min(from + size, octets.length)));
    }
    return this;
  }

  /**
   * The next frame.
   *
   * @throws AssertionError if none comes in time, or the connection ends first
   */
  public WebSocketFrame read() {
    WebSocketFrame frame = readOrEnd();
    if (frame == null) {
      throw new AssertionError("expected a frame, but the connection ended");
    }
    return frame;
  }

  /** The next frame, null at the end of the connection. */
  public @Nullable WebSocketFrame readOrEnd() {
    if (!fill(2)) {
      return null;
    }
    int first = buffer[start] & 0xff;
    int second = buffer[start + 1] & 0xff;
    int header = 2 + ((second & 0x7f) == 126 ? 2 : (second & 0x7f) == 127 ? 8 : 0);
    if (!fill(header)) {
      return null;
    }
    long length =
        switch (header) {
          case 4 -> ByteBuffer.wrap(buffer, start + 2, 2).getShort() & 0xffff;
          case 10 -> ByteBuffer.wrap(buffer, start + 2, 8).getLong();
          default -> second & 0x7f;
        };
    boolean masked = (second & 0x80) != 0;
    int maskStart = header;
    header += masked ? 4 : 0;
    if (length > Integer.MAX_VALUE - header || !fill(header + (int) length)) {
      return null;
    }
    byte @Nullable [] key = null;
    if (masked) {
      key = new byte[4];
      System.arraycopy(buffer, start + maskStart, key, 0, 4);
    }
    start += header;
    byte[] payload = octets((int) length);
    return new WebSocketFrame((first & 0x80) != 0, first >> 4 & 7, first & 0x0f, key, payload);
  }

  /**
   * Reads up to the close frame, skipping all else, answers it, and reads on to the end of the
   * connection.
   *
   * @return its code; 1006 if the connection ended without one
   */
  public int readClose() {
    while (true) {
      WebSocketFrame frame = readOrEnd();
      if (frame == null) {
        return 1006;
      }
      if (frame.opcode() == WebSocketFrame.CLOSE) {
        answerClose(frame);
        awaitEnd();
        return frame.closeCode();
      }
    }
  }

  private void answerClose(WebSocketFrame close) {
    try {
      write(WebSocketFrame.of(WebSocketFrame.CLOSE, close.payload()));
    } catch (UncheckedIOException e) {
      // The server has ended the connection already, which is what comes next anyway.
    }
  }

  /** Reads up to so many octets, at least one, and forgets them; returns how many. */
  public int skip(int most) {
    if (!fill(1)) {
      throw new AssertionError("expected more octets, but the connection ended");
    }
    int skipped = Math.min(most, end - start);
    start += skipped;
    return skipped;
  }

  /** Waits until the server ends the connection; what it still sends is dropped. */
  public void awaitEnd() {
    start = 0;
    end = 0;
    while (fill(1)) {
      start = 0;
      end = 0;
    }
  }

  /** So many octets, which have to come. */
  private byte[] octets(int count) {
    if (!fill(count)) {
      throw new AssertionError("expected more octets, but the connection ended");
    }
    var octets = new byte[count];
    System.arraycopy(buffer, start, octets, 0, count);
    start += count;
    return octets;
  }

  /** Reads until so many octets are there; false at the end of the connection. */
  private boolean fill(int count) {
    long deadline = System.nanoTime() + limit.toNanos();
    try {
      while (end - start < count) {
        if (start > 0) {
          System.arraycopy(buffer, start, buffer, 0, end - start);
          end -= start;
          start = 0;
        }
        if (count > buffer.length) {
          buffer = java.util.Arrays.copyOf(buffer, count + 8_192);
        }
        long left = (deadline - System.nanoTime()) / 1_000_000;
        socket.setSoTimeout((int) Math.max(1, left));
        int read = in.read(buffer, end, buffer.length - end);
        if (read < 0) {
          return false;
        }
        end += read;
      }
      return true;
    } catch (SocketTimeoutException e) {
      throw new AssertionError(
          "expected more from the server within " + limit.toMillis() + " ms; nothing came", e);
    } catch (SocketException e) {
      // Reset by the server, or closed by us: either way nothing more comes.
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /* ---- the end */

  /** Closes the TCP connection without a closing handshake. */
  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Resets the TCP connection, as a client that crashes. */
  public void reset() {
    try {
      socket.setSoLinger(true, 0);
    } catch (SocketException e) {
      throw new UncheckedIOException(e);
    }
    close();
  }
}
