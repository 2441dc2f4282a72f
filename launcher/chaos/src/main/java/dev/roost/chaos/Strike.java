package dev.roost.chaos;

/**
 * When a fault struck, and when all that it broke was mended or started again, both ends included;
 * {@link System#nanoTime()}.
 */
record Strike(Fault fault, long at, long mended) {

  /** Whether the network between the nodes was split or lost packets then. */
  boolean breaksNetworkAt(long time) {
    return fault.breaksNetwork() && time >= at && time <= mended;
  }
}
