package dev.roost.gateway.socket;

import dev.roost.gateway.protocol.Frame;

/**
 * A transport's end of one client; used on the gateway's context only. Of its end the socket is
 * told later, never within one of these calls.
 */
public interface Connection {

  /** Sends a message to this client alone. */
  void send(Frame frame);

  /** Sends a message that many clients get, prepared once for this kind of connection. */
  void send(SharedFrame frame);

  /**
   * Reads what {@link #send(SharedFrame)} is going to read. Asked of some connections in a row
   * before the first of them is sent to, it has their memory fetched all at once instead of one
   * after the other.
   *
   * @return a number that takes all these reads to know, so that none of them is left out
   */
  default int prefetch() {
    return 0;
  }

  /** Whether a binary message has a form here; one that has none is left out (G-71). */
  default boolean takesBinary() {
    return true;
  }

  /** Closes the connection with a WebSocket close code; the socket is told by its end. */
  void close(int code);

  /** Drops the connection without a word, for a client that does not answer a close. */
  void abort();

  /** Stops reading from the client until {@link #resume}. */
  void pause();

  void resume();

  /** Closes the connection if nothing came from the client for too long (W-1, W-2). */
  void checkIdle(long now);
}
