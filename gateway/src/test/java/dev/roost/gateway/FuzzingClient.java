package dev.roost.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** A client of a gateway that says what it is told, and takes nothing but good frames in answer. */
final class FuzzingClient implements AutoCloseable {

  private static final int LIMIT_MS = 20_000;
  private static final int MOST_BYTES = 1 << 18;

  private final Socket socket;
  private final DataInputStream in;
  private final boolean inflates;

  /** What the server sent, inflated. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares or changes it
  record Frame(int opcode, byte[] payload) {

    String text() {
      return new String(payload, UTF_8);
    }

    int closeCode() {
      return payload.length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xffff;
    }
  }

  private FuzzingClient(Socket socket, boolean inflates) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 4_096));
    this.inflates = inflates;
  }

  /** A client whose upgrade was answered. */
  static FuzzingClient open(int port, String vsn, boolean deflates) throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(LIMIT_MS);
    // Ports would run out if each waited for a minute.
    socket.setSoLinger(true, 0);
    var client = new FuzzingClient(socket, deflates);
    String request =
        "GET /socket/websocket?vsn="
            + vsn
            + " HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            + "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + (deflates ? "sec-websocket-extensions: permessage-deflate\r\n" : "")
            + "\r\n";
    socket.getOutputStream().write(request.getBytes(ISO_8859_1));
    String answer = client.readHead();
    if (!answer.startsWith("HTTP/1.1 101 ") || deflates != answer.contains("permessage-deflate")) {
      throw new AssertionError("no WebSocket: " + answer);
    }
    return client;
  }

  private String readHead() throws IOException {
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) in.readUnsignedByte());
    }
    return head.toString();
  }

  /** Sends these octets, each so many in a write of their own. */
  void write(byte[] octets, int each) throws IOException {
    OutputStream out = socket.getOutputStream();
    for (int from = 0; from < octets.length; from += each) {
      out.write(octets, from, Math.min(each, octets.length - from));
    }
  }

  /** The next frame; an error if it is not one that a server may send. */
  Frame read() throws IOException {
    int first = in.readUnsignedByte();
    int opcode = first & 0x0f;
    boolean isDeflated = inflates && opcode <= 2 && (first & 0x40) != 0;
    if ((first & 0xf0) != (isDeflated ? 0xc0 : 0x80)
        || (opcode != 1 && opcode != 2 && opcode != 8 && opcode != 10)) {
      throw new AssertionError("no frame of a server begins with " + first);
    }
    int second = in.readUnsignedByte();
    long length =
        switch (second) {
          case 126 -> in.readUnsignedShort();
          case 127 -> in.readLong();
          default -> second;
        };
    if (second > 127 || (opcode > 2 && second > 125) || length > MOST_BYTES) {
      throw new AssertionError("a server's frame of " + second + " and " + length + " octets");
    }
    byte[] payload = in.readNBytes((int) length);
    return new Frame(opcode, isDeflated ? inflated(payload) : payload);
  }

  private static byte[] inflated(byte[] payload) {
    var out = new ByteArrayOutputStream();
    var piece = new byte[4_096];
    var inflater = new Inflater(true);
    try {
      inflater.setInput(payload);
      for (int n = inflater.inflate(piece); n > 0; n = inflater.inflate(piece)) {
        out.write(piece, 0, n);
      }
      return out.toByteArray();
    } catch (DataFormatException e) {
      throw new AssertionError(e);
    } finally {
      inflater.end();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
