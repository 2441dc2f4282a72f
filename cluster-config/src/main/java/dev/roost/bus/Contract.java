package dev.roost.bus;

/** Version and bounds of everything that crosses the bus. */
public final class Contract {

  /**
   * What nodes of one cluster have to agree on, one more with each change to it: messages, the
   * directory of applications, tables of partitions. First octet of every message; a receiver
   * refuses any other. Nodes of different versions are never in one cluster for long, and share no
   * values.
   */
  public static final int VERSION = 5;

  /** Longest topic, event, ref, id or address: 64 KiB. */
  public static final int MAX_TEXT_BYTES = 64 * 1024;

  /** Most characters of a text: each has up to three bytes, a pair of surrogates four. */
  public static final int MAX_TEXT_CHARACTERS = MAX_TEXT_BYTES / 3;

  /** Largest payload: 16 MiB. */
  public static final int MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

  /** Most channels one {@code SocketGone} names; a socket with more sends several. */
  public static final int MAX_CHANNELS_PER_MESSAGE = 10_000;

  /** Most keys one {@code WentWithHost} names; of more there are several. */
  public static final int MAX_KEYS_PER_MESSAGE = 1_000;

  /** Most headers of a refusal. */
  public static final int MAX_HEADERS = 32;

  private Contract() {}

  /**
   * The text, if the bus carries it.
   *
   * @param what its name in the message of the error
   * @throws IllegalArgumentException if it has more than {@link #MAX_TEXT_CHARACTERS}
   */
  public static String requireText(String what, String text) {
    if (text.length() > MAX_TEXT_CHARACTERS) {
      throw new IllegalArgumentException(
          what + " has at most " + MAX_TEXT_CHARACTERS + " characters, got " + text.length());
    }
    return text;
  }
}
