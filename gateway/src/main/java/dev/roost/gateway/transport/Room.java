package dev.roost.gateway.transport;

import dev.roost.gateway.admission.MessageBudget;

/**
 * Room for a large message to clients as long as somebody is in it: who writes it, and each socket
 * that it waits for. So one that is shared counts once. Used on the gateway's context only.
 */
final class Room {

  private final MessageBudget.Share share;
  private final Runnable flush;
  private long bytes;
  private int occupants = 1;

  /**
   * None yet, for who writes.
   *
   * @param flush writes what only waits for the end of the turn, and is in nobody's way
   */
  Room(MessageBudget.Share share, Runnable flush) {
    this.share = share;
    this.flush = flush;
  }

  /**
   * Takes more.
   *
   * @throws NoRoomException if there is no more
   */
  void ask(int more) {
    if (!share.tryHold(bytes + more)) {
      flush.run();
      if (!share.tryHold(bytes + more)) {
        throw new NoRoomException();
      }
    }
    bytes += more;
  }

  void giveBack(int less) {
    bytes -= less;
    share.hold(bytes);
  }

  Room enter() {
    occupants++;
    return this;
  }

  /** The last one gives all of it back. */
  void leave() {
    if (--occupants == 0) {
      share.giveBack();
    }
  }
}
