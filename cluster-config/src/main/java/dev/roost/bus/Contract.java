package dev.roost.bus;

/** Version and bounds of everything that crosses the bus. */
public final class Contract {

  /** First octet of every message; a receiver refuses any other. */
  public static final int VERSION = 1;

  /** Longest topic, event, ref, id or address: 64 KiB. */
  public static final int MAX_TEXT_BYTES = 64 * 1024;

  /** Largest payload: 16 MiB. */
  public static final int MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

  /** Most channels one {@code SocketGone} names; a socket with more sends several. */
  public static final int MAX_CHANNELS_PER_MESSAGE = 10_000;

  private Contract() {}
}
