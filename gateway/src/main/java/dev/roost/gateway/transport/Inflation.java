package dev.roost.gateway.transport;

import io.vertx.core.buffer.Buffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Inflates one message, piece by piece, up to a limit. */
final class Inflation {

  /** What senders leave out at the end of a message (RFC 7692, section 7.2.2). */
  private static final byte[] TAIL = {0, 0, (byte) 0xff, (byte) 0xff};

  /** A last block may be followed by more (section 7.2.3.4), not by millions. */
  private static final int MAX_LAST_BLOCKS = 1_024;

  private final Inflater inflater = new Inflater(true);
  private final byte[] chunk = new byte[8_192];
  private int lastBlocks;

  /**
   * Appends what a piece inflates to.
   *
   * @param last whether the message ends with it
   * @param most bytes of the whole message
   * @return false if there are more: the rest is not inflated
   * @throws DataFormatException if that is no deflated data
   */
  boolean append(byte[] piece, boolean last, Buffer message, int most) throws DataFormatException {
    return inflate(piece, message, most) && (!last || inflate(TAIL, message, most));
  }

  private boolean inflate(byte[] piece, Buffer message, int most) throws DataFormatException {
    inflater.setInput(piece);
    while (true) {
      int count = inflater.inflate(chunk);
      if (message.length() + count > most) {
        return false;
      }
      message.appendBytes(chunk, 0, count);
      if (count > 0) {
        continue;
      }
      int left = inflater.getRemaining();
      if (!inflater.finished() || left == 0) {
        return true;
      }
      if (++lastBlocks > MAX_LAST_BLOCKS) {
        throw new DataFormatException("over " + MAX_LAST_BLOCKS + " last blocks");
      }
      inflater.reset();
      inflater.setInput(piece, piece.length - left, left);
    }
  }

  void reset() {
    inflater.reset();
    lastBlocks = 0;
  }

  void end() {
    inflater.end();
  }
}
