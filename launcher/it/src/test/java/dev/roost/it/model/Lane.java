package dev.roost.it.model;

import dev.roost.testkit.client.PhoenixMessage;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What one client has yet to get of one topic from one sender, in its order. Between lanes there is
 * none: two channels answer when they like.
 */
final class Lane {

  private final Deque<Expected> expected = new ArrayDeque<>();

  /**
   * A message that is to come.
   *
   * @param fromChannel whether the channel sends it, and not the gateway
   * @param optional whether the channel may have been replaced before it did: then nothing that the
   *     channel would have sent later comes either
   */
  private record Expected(PhoenixMessage message, boolean fromChannel, boolean optional) {}

  void expect(PhoenixMessage message, boolean fromChannel) {
    expected.add(new Expected(message, fromChannel, false));
  }

  /**
   * The channel is replaced: of what it was still to send some may come, the first first (J-40).
   */
  void replaceChannel() {
    var all = new ArrayDeque<>(expected);
    expected.clear();
    for (Expected each : all) {
      expected.add(new Expected(each.message(), each.fromChannel(), each.fromChannel()));
    }
  }

  /** Whether a message is the next that may come. */
  boolean accepts(PhoenixMessage message) {
    while (!expected.isEmpty()) {
      Expected next = expected.poll();
      if (next.message().equals(message)) {
        return true;
      }
      if (!next.optional()) {
        expected.addFirst(next);
        return false;
      }
      while (!expected.isEmpty() && expected.peek().optional()) {
        expected.poll();
      }
    }
    return false;
  }

  /** Whether something has to come. */
  boolean isDue() {
    return expected.stream().anyMatch(each -> !each.optional());
  }

  @Override
  public String toString() {
    return expected.toString();
  }
}
