package dev.roost.gateway.socket;

import java.util.HashSet;
import java.util.Set;

/**
 * In which topics clients get lists of presences, as far as this gateway verticle has seen: topics
 * that have the same text before their first colon are taken for alike.
 */
final class ListedTopics {

  /** Enough for any application; clients choose the text where a route is {@code *}. */
  static final int MOST = 1_000;

  private final Set<String> families = new HashSet<>();

  /** A list was sent. */
  void add(String topic) {
    if (families.size() < MOST) {
      families.add(family(topic));
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
