package dev.roost.chaos;

import dev.roost.chaos.Entry.Joined;
import dev.roost.chaos.Entry.Kind;
import dev.roost.chaos.Entry.Signal;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A fault and its consequences up to the next one, as the members' logs tell them. Members that
 * only moved to another gateway of their own accord do not count.
 *
 * @param signalled members that were signalled
 * @param errors signals that were a {@code phx_error}
 * @param closed signals that were the end of a socket
 * @param longestAway longest time from a signal until its member had joined again
 * @param lastBack from the blow until the last of them had joined again
 */
record Suffered(
    Fault fault, int signalled, int errors, int closed, Duration longestAway, Duration lastBack) {

  /** Reads the logs from the blow to the next one, in nanoseconds. */
  static Suffered read(Fault fault, long from, long to, Map<Member, List<Entry>> logs) {
    int signalled = 0;
    int errors = 0;
    int closed = 0;
    long away = 0;
    long back = from;
    for (List<Entry> log : logs.values()) {
      Signal waiting = null;
      boolean wasSignalled = false;
      for (Entry entry : log) {
        if (entry instanceof Signal signal && signal.at() >= from && signal.at() < to) {
          if (signal.kind() != Kind.MOVED) {
            waiting = signal;
            wasSignalled = true;
            errors += signal.kind() == Kind.PHX_ERROR ? 1 : 0;
            closed += signal.kind() == Kind.SOCKET_CLOSED ? 1 : 0;
          }
        } else if (entry instanceof Joined joined && waiting != null) {
          away = Math.max(away, joined.at() - waiting.at());
          back = Math.max(back, joined.at());
          waiting = null;
        }
      }
      signalled += wasSignalled ? 1 : 0;
    }
    return new Suffered(
        fault, signalled, errors, closed, Duration.ofNanos(away), Duration.ofNanos(back - from));
  }
}
