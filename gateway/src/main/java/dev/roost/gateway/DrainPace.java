package dev.roost.gateway;

import java.time.Duration;

/**
 * How fast a gateway that goes sends its sockets away. Immutable.
 *
 * @param sockets how many at a time
 * @param interval from one batch to the next
 * @param limit from when on all that are left are one batch
 */
record DrainPace(int sockets, Duration interval, Duration limit) {

  static DrainPace of(GatewayOptions options) {
    return new DrainPace(options.drainSockets(), options.drainInterval(), options.drainTimeout());
  }

  /** How many sockets have had their turn when so much time has passed since the beginning. */
  long due(Duration elapsed) {
    return elapsed.compareTo(limit) >= 0
        ? Long.MAX_VALUE
        : sockets * (elapsed.dividedBy(interval) + 1);
  }
}
