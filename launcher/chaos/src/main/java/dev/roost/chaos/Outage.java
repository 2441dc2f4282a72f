package dev.roost.chaos;

/**
 * A time in which the network between the nodes was split or lost packets, both ends included;
 * {@link System#nanoTime()}.
 */
record Outage(long from, long to) {

  boolean covers(long at) {
    return at >= from && at <= to;
  }
}
