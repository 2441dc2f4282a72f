package dev.roost.testkit.client;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * One frame of RFC 6455, section 5.2, with every bit in the caller's hand: legal ones come from the
 * factories, illegal ones from the {@code with..} methods.
 *
 * @param fin whether it is the last of its message
 * @param rsv the three reserved bits, 0 to 7
 * @param opcode 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong; others are reserved
 * @param maskKey four octets, null for an unmasked frame, as servers send them
 * @param payload the octets before masking
 */
@SuppressWarnings("ArrayRecordComponent") // a value of tests; nobody compares or changes it
public record WebSocketFrame(
    boolean fin, int rsv, int opcode, byte @Nullable [] maskKey, byte[] payload) {

  public static final int CONTINUATION = 0;
  public static final int TEXT = 1;
  public static final int BINARY = 2;
  public static final int CLOSE = 8;
  public static final int PING = 9;
  public static final int PONG = 10;

  private static final byte[] KEY = {0x5a, 0x21, (byte) 0xc3, 0x7e};

  /** A masked text message in one frame. */
  public static WebSocketFrame text(String text) {
    return of(TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  /** A masked binary message in one frame. */
  public static WebSocketFrame binary(byte[] payload) {
    return of(BINARY, payload);
  }

  /** A further fragment; the last one unless {@link #withoutFin}. */
  public static WebSocketFrame continuation(byte[] payload) {
    return of(CONTINUATION, payload);
  }

  public static WebSocketFrame ping(String data) {
    return of(PING, data.getBytes(StandardCharsets.UTF_8));
  }

  public static WebSocketFrame pong(String data) {
    return of(PONG, data.getBytes(StandardCharsets.UTF_8));
  }

  /** A close frame with a code and a reason. */
  public static WebSocketFrame close(int code, String reason) {
    byte[] text = reason.getBytes(StandardCharsets.UTF_8);
    return of(CLOSE, ByteBuffer.allocate(2 + text.length).putShort((short) code).put(text).array());
  }

  /** Any masked frame. */
  public static WebSocketFrame of(int opcode, byte[] payload) {
    return new WebSocketFrame(true, 0, opcode, KEY, payload);
  }

  /** The same, not the last of its message. */
  public WebSocketFrame withoutFin() {
    return new WebSocketFrame(false, rsv, opcode, maskKey, payload);
  }

  /** The same with reserved bits set: 4 is RSV1, 2 is RSV2, 1 is RSV3. */
  public WebSocketFrame withRsv(int bits) {
    return new WebSocketFrame(fin, bits, opcode, maskKey, payload);
  }

  /** The same unmasked, which a client may not send. */
  public WebSocketFrame unmasked() {
    return new WebSocketFrame(fin, rsv, opcode, null, payload);
  }

  /** The payload as text. */
  public String text() {
    return new String(payload, StandardCharsets.UTF_8);
  }

  /** The code of a close frame; 1005 if it has none. */
  public int closeCode() {
    return payload.length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xffff;
  }

  /** The frame as it goes over the wire, with the shortest possible length field. */
  public byte[] bytes() {
    var out = new ByteArrayOutputStream(payload.length + 14);
    out.write((fin ? 0x80 : 0) | rsv << 4 | opcode);
    int masked = maskKey == null ? 0 : 0x80;
    if (payload.length < 126) {
      out.write(masked | payload.length);
    } else if (payload.length < 65_536) {
      out.write(masked | 126);
      out.writeBytes(ByteBuffer.allocate(2).putShort((short) payload.length).array());
    } else {
      out.write(masked | 127);
      out.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
    }
    byte @Nullable [] key = maskKey;
    if (key == null) {
      out.writeBytes(payload);
      return out.toByteArray();
    }
    out.writeBytes(key);
    var hidden = new byte[payload.length];
    for (int i = 0; i < hidden.length; i++) {
      hidden[i] = (byte) (payload[i] ^ key[i & 3]);
    }
    out.writeBytes(hidden);
    return out.toByteArray();
  }

  @Override
  public String toString() {
    String body =
        opcode == TEXT
            ? text()
            : HexFormat.of().formatHex(payload, 0, Math.min(payload.length, 64));
    return "frame[fin=" + fin + " rsv=" + rsv + " opcode=" + opcode + " " + body + "]";
  }
}
