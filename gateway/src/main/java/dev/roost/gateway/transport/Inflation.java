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
  private byte[] input = TAIL;
  private boolean isTailDue;
  private int lastBlocks;

  /** What became of a piece. */
  enum Progress {
    /** All of it is inflated. */
    DONE,
    /** There is more of it, and it would be more than asked for by now. */
    MORE,
    /** The message is too long with it; the rest is not inflated. */
    TOO_LONG
  }

  /** Takes the next piece of the message, when the one before is done. */
  void begin(byte[] piece, boolean isLast) {
    input = piece;
    isTailDue = isLast;
    inflater.setInput(piece);
  }

  /**
   * Appends what the piece inflates to, or some of it.
   *
   * @param enough bytes after which it may go on another time
   * @param most bytes of the whole message
   * @throws DataFormatException if that is no deflated data
   */
  Progress append(Buffer message, int enough, int most) throws DataFormatException {
    int inflated = 0;
    while (true) {
      int count = inflater.inflate(chunk);
      if (message.length() + count > most) {
        return Progress.TOO_LONG;
      }
      message.appendBytes(chunk, 0, count);
      inflated += count;
      if (count == 0 && !hasNextInput()) {
        return Progress.DONE;
      }
      if (inflated >= enough) {
        return Progress.MORE;
      }
    }
  }

  /** Goes on with what is behind a last block, or at the end of the message. */
  private boolean hasNextInput() throws DataFormatException {
    int left = inflater.getRemaining();
    if (inflater.finished() && left > 0) {
      if (++lastBlocks > MAX_LAST_BLOCKS) {
        throw new DataFormatException("over " + MAX_LAST_BLOCKS + " last blocks");
      }
      inflater.reset();
      inflater.setInput(input, input.length - left, left);
      return true;
    }
    if (isTailDue) {
      isTailDue = false;
      input = TAIL;
      inflater.setInput(TAIL);
      return true;
    }
    return false;
  }

  void reset() {
    inflater.reset();
    input = TAIL;
    isTailDue = false;
    lastBlocks = 0;
  }

  void end() {
    inflater.end();
  }
}
