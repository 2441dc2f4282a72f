package dev.roost.gateway.socket;

import java.util.LinkedHashSet;
import java.util.SequencedSet;

/**
 * In which topics clients get lists of presences, as far as this gateway verticle has seen: topics
 * that have the same text before their first colon are taken for alike.
 */
final class ListedTopics {

  /** Enough for any application; clients choose the text where a route is {@code *}. */
  static final int MOST = 1_000;

  /** The last one that got a list is the last here. */
  private final SequencedSet<String> families = new LinkedHashSet<>();

  /** A list was sent. */
  void add(String topic) {
    families.addLast(family(topic));
    if (families.size() > MOST) {
      families.removeFirst();
    }
  }

  boolean contains(String topic) {
    return families.contains(family(topic));
  }

  private static String family(String topic) {
    int colon = topic.indexOf(':');
    return colon < 0 ? topic : topic.substring(0, colon);
  }
}
