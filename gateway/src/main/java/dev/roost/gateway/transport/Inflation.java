package dev.roost.gateway.transport;

import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Inflates one message, piece by piece, up to a limit. */
final class Inflation {

  /** What senders leave out at the end of a message (RFC 7692, section 7.2.2). */
  private static final byte[] TAIL = {0, 0, (byte) 0xff, (byte) 0xff};

  /** A last block may be followed by more (section 7.2.3.4), not by millions. */
  private static final int MAX_LAST_BLOCKS = 1_024;

  /*
   * What comes of a piece says little of the work that it is: a block of 30 octets may hold nothing
   * but two tables of codes, and zlib builds them all before it returns. 10 MB of these took 0.9 s and
   * gave nothing. So it gets its input in slices: of a usual message, a slice inflates to a step.
   */
  private static final int SLICE = 4_096;

  private final Inflater inflater = new Inflater(true);
  private byte[] input = TAIL;

  /** Where the next slice of the input begins. */
  private int next = TAIL.length;

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

  /**
   * How much is inflated before it may go on another time.
   *
   * @param bytes that came of it
   * @param slices of 4 KiB of what it came of
   */
  record Step(int bytes, int slices) {}

  /** Takes the next piece of the message, when the one before is done. */
  void begin(byte[] piece, boolean isLast) {
    input = piece;
    next = 0;
    isTailDue = isLast;
  }

  /**
   * Appends what the piece inflates to, or some of it.
   *
   * @param most bytes of the whole message
   * @throws DataFormatException if that is no deflated data
   * @throws NoRoomException if there is none for what comes of it
   */
  Progress append(Assembly message, Step step, int most) throws DataFormatException {
    int begin = message.length();
    int slices = 0;
    while (true) {
      // One octet more than it may have tells that it is too long.
      int count = message.inflate(inflater, most - message.length() + 1);
      if (message.length() > most) {
        return Progress.TOO_LONG;
      }
      if (count > 0) {
        if (message.length() - begin >= step.bytes()) {
          return Progress.MORE;
        }
      } else if (!goesOnBehindLastBlock()) {
        if (next == input.length && !isTailDue) {
          forgetInput();
          return Progress.DONE;
        }
        if (next < input.length && slices++ == step.slices()) {
          return Progress.MORE;
        }
        feed();
      }
    }
  }

  private boolean goesOnBehindLastBlock() throws DataFormatException {
    int left = inflater.getRemaining();
    if (!inflater.finished() || left == 0) {
      return false;
    }
    if (++lastBlocks > MAX_LAST_BLOCKS) {
      throw new DataFormatException("over " + MAX_LAST_BLOCKS + " last blocks");
    }
    inflater.reset();
    inflater.setInput(input, next - left, left);
    return true;
  }

  /** Goes on with the next slice, or with the end of the message. */
  private void feed() {
    if (next == input.length) {
      isTailDue = false;
      input = TAIL;
      next = 0;
    }
    int length = Math.min(SLICE, input.length - next);
    inflater.setInput(input, next, length);
    next += length;
  }

  /** A piece may be large, and the next one may never come. */
  private void forgetInput() {
    input = TAIL;
    next = TAIL.length;
    inflater.setInput(TAIL, TAIL.length, 0);
  }

  void reset() {
    inflater.reset();
    forgetInput();
    isTailDue = false;
    lastBlocks = 0;
  }

  void end() {
    inflater.end();
  }
}
