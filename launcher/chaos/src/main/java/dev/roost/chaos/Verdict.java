package dev.roost.chaos;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * What {@link Checker} found.
 *
 * @param pushed messages handed to a connection
 * @param received messages that members received, all together
 * @param refused pushes answered with an error
 * @param reachedNobody messages that no member received; their publishers were signalled
 * @param missed pairs of a member and a message pushed while it was joined that it did not receive
 * @param slowestSignals for each fault by number, 0 before the first, the longest time from when
 *     somebody received a message to the signal to a member that missed it
 * @param oldestUnderWay longest time from when somebody received a message to when a member that
 *     missed it closed its socket itself
 */
record Verdict(
    long pushed,
    long received,
    long refused,
    long reachedNobody,
    long missed,
    Map<Integer, Duration> slowestSignals,
    Duration oldestUnderWay,
    List<Violation> violations) {

  Verdict {
    slowestSignals = Map.copyOf(slowestSignals);
    violations = List.copyOf(violations);
  }

  /** The longest of all, zero if nobody missed anything. */
  Duration slowestSignal() {
    return slowestSignals.values().stream().max(Comparator.naturalOrder()).orElse(Duration.ZERO);
  }
}
