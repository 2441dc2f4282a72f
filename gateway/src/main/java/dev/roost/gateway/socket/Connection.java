package dev.roost.gateway.socket;

import dev.roost.gateway.protocol.Frame;

/** A transport's end of one client; used on the gateway's context only. */
public interface Connection {

  /** Sends a message to this client alone. */
  void send(Frame frame);

  /** Sends a message that many clients get, prepared once for this kind of connection. */
  void send(SharedFrame frame);

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
