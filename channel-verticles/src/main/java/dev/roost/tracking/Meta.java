package dev.roost.tracking;

import dev.roost.bus.RawPayload;

/**
 * One version of one presence.
 *
 * @param host inbox of the host that tracks it
 * @param tracker number there
 * @param ref {@code phx_ref}, which no other version of any presence has (P-4)
 * @param json the meta with its {@code phx_ref}
 */
record Meta(String host, long tracker, String ref, RawPayload json) {

  boolean isOf(String otherHost, long otherTracker) {
    return tracker == otherTracker && host.equals(otherHost);
  }
}
