package dev.roost.it.model;

/**
 * One step of a client. Clients and topics stand in it as numbers and nothing of the state does, so
 * that any part of a sequence is a sequence again.
 */
sealed interface Command {

  int client();

  /** Which join ref goes with a message; version 1 knows none. */
  enum Refs {
    CURRENT,
    NONE,
    STALE
  }

  /** What becomes of a join. */
  enum Wish {
    OK,
    REFUSE,
    RAISE,
    PUSH_AFTERWARDS
  }

  /** What a channel is asked to do; its event has the same name. */
  enum Event {
    ECHO,
    BINARY_ECHO,
    ERROR,
    /** Answered after a while, during which the channel may be replaced. */
    SLOW_ECHO,
    SILENT,
    PUSH,
    BINARY_PUSH,
    BROADCAST,
    BINARY_BROADCAST,
    BROADCAST_FROM,
    INTERCEPTED,
    PUT,
    GET,
    STOP,
    STOP_WITH_REPLY,
    CRASH,
    /** None that the channel knows, which is a crash too (M-10). */
    UNKNOWN;

    boolean ends() {
      return this == STOP || this == STOP_WITH_REPLY || this == CRASH || this == UNKNOWN;
    }

    boolean broadcasts() {
      return this == BROADCAST
          || this == BINARY_BROADCAST
          || this == BROADCAST_FROM
          || this == INTERCEPTED;
    }
  }

  /** How a connection comes to its end. */
  enum Ending {
    CLOSE,
    RESET,
    GARBAGE,
    DISCONNECT
  }

  /** A POST that is refused as a whole. */
  enum Defect {
    TOO_MANY_LINES,
    NO_BASE64,
    FOREIGN_TOKEN
  }

  /** A join; a bare one has no join ref (J-15). */
  record Join(int client, int topic, Wish wish, boolean bare) implements Command {}

  record Leave(int client, int topic, Refs refs) implements Command {}

  record Send(int client, int topic, Event event, Refs refs) implements Command {}

  record Heartbeat(int client) implements Command {}

  /** A join of a topic that nobody serves. */
  record JoinNowhere(int client) implements Command {}

  /** The client reads, or polls, until it has what is due. */
  record Read(int client) implements Command {}

  /** The client connects once more with a token that is refused. */
  record ConnectInVain(int client) implements Command {}

  /** Of a client on a WebSocket nothing. */
  record PostInVain(int client, Defect defect) implements Command {}

  /** The connection ends; the client's next step is on a new one. */
  record End(int client, Ending ending) implements Command {}
}
