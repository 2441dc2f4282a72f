package dev.roost.it.model;

import dev.roost.testkit.client.PhoenixMessage;
import java.util.List;

/** A client's connection to the server under test. For one thread. */
interface Peer extends AutoCloseable {

  /** Sends a message, at the latest before the next one is read. */
  void send(PhoenixMessage message);

  /** Whatever was not sent yet is. */
  void flush();

  /** What comes next: at least one message, or none if nothing came for a while. */
  List<PhoenixMessage> read();

  /** Ends the connection, and checks how the server takes it. */
  void end(Command.Ending ending);

  /** A POST that is refused; of a WebSocket nothing. */
  void postInVain(Command.Defect defect);

  @Override
  void close();
}
