package dev.roost.token.term;

import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * The external term format of Erlang, as far as data needs it (section 21.4 of the specification).
 *
 * <table>
 * <caption>Which Java value is which of Phoenix's</caption>
 * <tr><th>Java</th><th>Elixir</th></tr>
 * <tr><td>{@code Long}, {@code BigInteger} beyond it; {@code Integer}, {@code Short} and {@code
 * Byte} are written too</td><td>integer</td></tr>
 * <tr><td>{@code Double}; {@code Float} is written too</td><td>float</td></tr>
 * <tr><td>{@code String}</td><td>binary that is UTF-8</td></tr>
 * <tr><td>{@code byte[]}; read as a string if it happens to be UTF-8</td><td>any other
 * binary</td></tr>
 * <tr><td>{@code Boolean}, null</td><td>{@code true}, {@code false}, {@code nil}</td></tr>
 * <tr><td>{@code Symbol}</td><td>any other atom</td></tr>
 * <tr><td>{@code Tuple}, {@code List}, {@code Map}</td><td>tuple, list, map</td></tr>
 * </table>
 *
 * <p>A struct is a map with the key {@code new Symbol("__struct__")} (K-34). What is read cannot be
 * changed, but for the bytes of a {@code byte[]}; such an array as key of a map is found by
 * identity only. Everything else is refused: functions, processes, references, ports, lists with a
 * tail, bits, and what only one node can read (K-35).
 */
public final class Terms {

  /** Containers within one another at most, the outermost included. */
  public static final int MAX_DEPTH = 64;

  /** Bytes of a term at most, also of one that was compressed: 256 KiB. */
  public static final int MAX_BYTES = 256 * 1024;

  /** Bytes of an integer at most: 1 KiB. */
  public static final int MAX_INTEGER_BYTES = 1024;

  static final int VERSION = 131;
  static final int COMPRESSED = 80;

  // Deflate makes of one byte 1032 at most; a length beyond that is a lie.
  private static final int BEST_RATIO = 1032;

  private Terms() {}

  /**
   * The bytes that Phoenix reads as {@code data}.
   *
   * @throws IllegalArgumentException for a value that is not in the table, is not finite or not
   *     Unicode, or goes beyond a bound
   */
  public static byte[] encode(@Nullable Object data) {
    return new TermWriter().write(data);
  }

  /**
   * The value that Phoenix wrote as these bytes, compressed or not (K-30).
   *
   * @throws TermException if they are no term of the table, or go beyond a bound
   */
  public static @Nullable Object decode(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw new TermException("a term has at most " + MAX_BYTES + " bytes, got " + bytes.length);
    }
    var reader = new TermReader(bytes);
    int version = reader.octet();
    if (version != VERSION) {
      throw new TermException("a term begins with " + VERSION + ", got " + version);
    }
    return reader.at(COMPRESSED) ? new TermReader(inflate(reader)).only() : reader.only();
  }

  private static byte[] inflate(TermReader reader) {
    reader.octet();
    long length = reader.unsigned32();
    byte[] compressed = reader.rest();
    if (length > MAX_BYTES || length > (long) BEST_RATIO * compressed.length) {
      throw new TermException(
          "a compressed term has at most "
              + MAX_BYTES
              + " bytes, and "
              + BEST_RATIO
              + " for each it is sent as, got "
              + length
              + " from "
              + compressed.length);
    }
    var inflater = new Inflater();
    try {
      inflater.setInput(compressed);
      byte[] term = new byte[(int) length];
      int inflated = 0;
      while (inflated < term.length) {
        int more = inflater.inflate(term, inflated, term.length - inflated);
        if (more == 0) {
          throw new TermException("a compressed term ends before its length");
        }
        inflated += more;
      }
      // The checksum stands behind the last byte: it is read by asking for one more.
      if (inflater.inflate(new byte[1]) != 0
          || !inflater.finished()
          || inflater.getRemaining() != 0) {
        throw new TermException("a compressed term goes on after its length");
      }
      return term;
    } catch (DataFormatException e) {
      throw new TermException("a compressed term is zlib's, got other bytes");
    } finally {
      inflater.end();
    }
  }
}
