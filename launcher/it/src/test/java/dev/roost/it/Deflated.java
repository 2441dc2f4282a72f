package dev.roost.it;

import dev.roost.testkit.client.WebSocketFrame;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** A client's side of permessage-deflate, without anything kept between messages. */
final class Deflated {

  static final String OFFER = "Sec-WebSocket-Extensions: permessage-deflate";

  private static final byte[] TAIL = {0, 0, (byte) 0xff, (byte) 0xff};

  private Deflated() {}

  /** A text message in one frame. */
  static WebSocketFrame text(String text) {
    return WebSocketFrame.of(WebSocketFrame.TEXT, message(text.getBytes(StandardCharsets.UTF_8)))
        .withRsv(4);
  }

  /** The payload of a message, in one frame or cut into several. */
  static byte[] message(byte[] body) {
    var deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    deflater.setInput(body);
    var out = new ByteArrayOutputStream();
    var chunk = new byte[65_536];
    int count;
    do {
      count = deflater.deflate(chunk, 0, chunk.length, Deflater.SYNC_FLUSH);
      out.write(chunk, 0, count);
    } while (count == chunk.length);
    deflater.end();
    byte[] flushed = out.toByteArray();
    return Arrays.copyOf(flushed, flushed.length - TAIL.length);
  }

  /** The frame as it would have come without compression. */
  static WebSocketFrame inflated(WebSocketFrame frame) {
    if (frame.rsv() != 4) {
      return frame;
    }
    var inflater = new Inflater(true);
    var out = new ByteArrayOutputStream();
    var chunk = new byte[65_536];
    try {
      for (byte[] piece : new byte[][] {frame.payload(), TAIL}) {
        inflater.setInput(piece);
        for (int count = inflater.inflate(chunk); count > 0; count = inflater.inflate(chunk)) {
          out.write(chunk, 0, count);
        }
      }
    } catch (DataFormatException e) {
      throw new AssertionError("the server sent no deflated data", e);
    } finally {
      inflater.end();
    }
    return new WebSocketFrame(frame.fin(), 0, frame.opcode(), frame.maskKey(), out.toByteArray());
  }
}
