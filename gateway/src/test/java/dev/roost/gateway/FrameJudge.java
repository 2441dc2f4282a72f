package dev.roost.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.roost.gateway.protocol.ClientMessage;
import dev.roost.gateway.protocol.ProtocolException;
import dev.roost.gateway.protocol.Serializer;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * What RFC 6455 and RFC 7692 say to the octets of a client, read a second time and one by one: the
 * pings to answer, and the codes with which the connection may be closed.
 */
final class FrameJudge {

  /** Of a gateway that is judged. */
  record Bounds(int frameBytes, int messageBytes, int fragments, int topicBytes, int eventBytes) {}

  private static final int CONTINUATION = 0;
  private static final int TEXT = 1;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;

  private static final Set<Integer> VIOLATION = Set.of(1002);
  private static final Set<Integer> NO_TEXT = Set.of(1007);
  private static final Set<Integer> TOO_BIG = Set.of(1009);
  private static final Set<Integer> NO_MESSAGE = Set.of(1011);
  // Which of the two is found first depends on how much is inflated at a time.
  private static final Set<Integer> CANNOT_INFLATE = Set.of(1007, 1009);
  private static final int MAX_LAST_BLOCKS = 1_024;

  private final Serializer serializer;
  private final boolean deflates;
  private final Bounds bounds;
  private final List<String> pings = new ArrayList<>();
  private Set<Integer> closes = Set.of();

  // The frame that is coming.
  private final ByteArrayOutputStream header = new ByteArrayOutputStream();
  private int headerLength = 2;
  private final ByteArrayOutputStream payload = new ByteArrayOutputStream();
  private int payloadLength = -1;

  // The message that is coming.
  private boolean begun;
  private boolean isText;
  private boolean isDeflated;
  private int fragments;
  private final ByteArrayOutputStream message = new ByteArrayOutputStream();
  private final Inflater inflater = new Inflater(true);
  private int lastBlocks;

  FrameJudge(Serializer serializer, boolean deflates, Bounds bounds) {
    this.serializer = serializer;
    this.deflates = deflates;
    this.bounds = bounds;
  }

  /** Whether the connection is to be closed; nothing behind that counts. */
  boolean isOver() {
    return !closes.isEmpty();
  }

  /** With one of these. */
  Set<Integer> closes() {
    return closes;
  }

  /** What is in the pings before that, in Latin-1. */
  List<String> pings() {
    return pings;
  }

  boolean isWithinFrame() {
    return header.size() > 0;
  }

  void end() {
    inflater.end();
  }

  void take(byte octet) {
    if (payloadLength < 0) {
      header.write(octet);
      if (header.size() == 2) {
        begin();
      }
      if (!isOver() && header.size() == headerLength) {
        payloadLength = length();
      }
    } else {
      payload.write(octet);
    }
    if (!isOver() && payload.size() == payloadLength) {
      byte[] masked = payload.toByteArray();
      byte[] head = header.toByteArray();
      for (int i = 0; i < masked.length; i++) {
        masked[i] ^= head[headerLength - 4 + (i & 3)];
      }
      header.reset();
      headerLength = 2;
      payload.reset();
      payloadLength = -1;
      frame(head[0], masked);
    }
  }

  /* ---- a frame's head */

  private void begin() {
    byte[] head = header.toByteArray();
    int opcode = head[0] & 0x0f;
    boolean isFinal = head[0] < 0;
    boolean isMasked = head[1] < 0;
    int length = head[1] & 0x7f;
    boolean isControl = opcode >= CLOSE;
    boolean isKnown = isControl ? opcode <= PONG : opcode <= 2;
    boolean fits = isControl ? isFinal && length <= 125 : begun == (opcode == CONTINUATION);
    int reserved = head[0] >> 4 & 7;
    boolean isStray = (reserved & ~(deflates && !isControl && opcode != CONTINUATION ? 4 : 0)) != 0;
    if (!isMasked || !isKnown || !fits || isStray || (opcode == CLOSE && length == 1)) {
      closes = VIOLATION;
    }
    headerLength = 6 + (length == 126 ? 2 : length == 127 ? 8 : 0);
  }

  /** Of the payload; an end if it has too many octets, or is told with too many. */
  private int length() {
    byte[] head = header.toByteArray();
    int inHead = head[1] & 0x7f;
    long length =
        switch (inHead) {
          case 126 -> ByteBuffer.wrap(head).getShort(2) & 0xffff;
          case 127 -> ByteBuffer.wrap(head).getLong(2);
          default -> inHead;
        };
    if ((inHead == 126 && length < 126) || (inHead == 127 && length < 65_536)) {
      closes = VIOLATION;
    } else if (length > bounds.frameBytes()) {
      closes = TOO_BIG;
    }
    return (int) length;
  }

  /* ---- a frame */

  private void frame(byte first, byte[] data) {
    int opcode = first & 0x0f;
    int reserved = first >> 4 & 7;
    boolean begins = opcode == TEXT || opcode == 2;
    switch (opcode) {
      case PING -> pings.add(new String(data, ISO_8859_1));
      case PONG -> {}
      case CLOSE -> closes = close(data);
      default -> {
        if (begins) {
          begun = true;
          isText = opcode == TEXT;
          isDeflated = reserved != 0;
          fragments = 0;
          message.reset();
          inflater.reset();
          lastBlocks = 0;
        }
        append(data, first < 0);
      }
    }
  }

  private static Set<Integer> close(byte[] data) {
    if (data.length == 0) {
      return Set.of(1000, 1005);
    }
    int code = ByteBuffer.wrap(data).getShort() & 0xffff;
    boolean isDefined = code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
    if (!isDefined && code < 3000) {
      return VIOLATION;
    }
    byte[] reason = Arrays.copyOfRange(data, 2, data.length);
    if (!isUtf8(reason)) {
      return NO_TEXT;
    }
    var answers = new HashSet<>(List.of(1000, code));
    if (code > 4999) {
      answers.add(1002); // The RFC says nothing of these, and Roost takes them.
    }
    return answers;
  }

  /* ---- a message */

  private void append(byte[] data, boolean isLast) {
    boolean isWhole = isLast && fragments == 0 && !isDeflated;
    if (!isWhole && ++fragments > bounds.fragments()) {
      closes = TOO_BIG;
      return;
    }
    if (!isDeflated) {
      message.writeBytes(data);
    } else if (!inflate(data) || (isLast && !inflate(new byte[] {0, 0, -1, -1}))) {
      closes = CANNOT_INFLATE;
      return;
    }
    if (!isWhole && message.size() > bounds.messageBytes()) {
      closes = isDeflated ? CANNOT_INFLATE : TOO_BIG;
    } else if (isLast) {
      begun = false;
      decode(message.toByteArray());
    }
  }

  private boolean inflate(byte[] data) {
    var piece = new byte[512];
    inflater.setInput(data);
    try {
      while (message.size() <= bounds.messageBytes()) {
        int count = inflater.inflate(piece);
        message.write(piece, 0, count);
        if (count == 0) {
          int left = inflater.getRemaining();
          if (!inflater.finished() || left == 0) {
            return true;
          }
          if (++lastBlocks > MAX_LAST_BLOCKS) {
            return false;
          }
          inflater.reset();
          inflater.setInput(data, data.length - left, left);
        }
      }
      return false;
    } catch (DataFormatException e) {
      return false;
    }
  }

  private void decode(byte[] body) {
    if (isText && !isUtf8(body)) {
      closes = NO_TEXT;
      return;
    }
    try {
      ClientMessage decoded = isText ? serializer.decodeText(body) : serializer.decodeBinary(body);
      if (decoded.topic().getBytes(UTF_8).length > bounds.topicBytes()
          || decoded.event().getBytes(UTF_8).length > bounds.eventBytes()) {
        closes = NO_MESSAGE;
      }
    } catch (ProtocolException e) { // Which are messages, SerializerFuzzTest judges.
      closes = Set.of(e.closeCode());
    }
  }

  private static boolean isUtf8(byte[] octets) {
    try {
      UTF_8.newDecoder().decode(ByteBuffer.wrap(octets));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
