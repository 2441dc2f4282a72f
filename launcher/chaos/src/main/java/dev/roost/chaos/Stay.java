package dev.roost.chaos;

import dev.roost.chaos.Checker.Message;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** From the answer to a join to the next signal, or to the end of the log. */
final class Stay {

  private final long start;
  private final List<Entry.Received> received;
  private final Entry.@Nullable Signal signal;
  private final Map<Integer, TreeSet<Integer>> numbers = new HashMap<>();

  Stay(long start, List<Entry.Received> received, Entry.@Nullable Signal signal) {
    this.start = start;
    this.received = List.copyOf(received);
    this.signal = signal;
    for (Entry.Received got : received) {
      numbers.computeIfAbsent(got.publisher(), publisher -> new TreeSet<>()).add(got.number());
    }
  }

  long start() {
    return start;
  }

  /** When the signal came, or the end of time. */
  long end() {
    return signal == null ? Long.MAX_VALUE : signal.at();
  }

  List<Entry.Received> received() {
    return received;
  }

  /** What ended it, null if it lasts. */
  Entry.@Nullable Signal signal() {
    return signal;
  }

  boolean has(Message message) {
    return numbersOf(message).contains(message.number());
  }

  /** The lowest number above this message's that came from its publisher, null if none did. */
  @Nullable Integer nextOf(Message message) {
    return numbersOf(message).higher(message.number());
  }

  private NavigableSet<Integer> numbersOf(Message message) {
    return numbers.getOrDefault(message.publisher(), new TreeSet<>());
  }
}
