/**
 * One client's connection: heartbeat, join table, stale refs, and the subscriptions that fan a
 * topic out to its sockets. Messages come in from the protocol and from the bus, and leave to the
 * other side.
 */
@NullMarked
package dev.roost.gateway.socket;

import org.jspecify.annotations.NullMarked;
