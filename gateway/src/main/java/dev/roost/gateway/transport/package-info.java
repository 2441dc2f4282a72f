/**
 * Where a client's bytes enter and leave: WebSocket and long polling, the origin check and the
 * limits. Frames go up to a socket, encoded frames come back from it.
 */
@NullMarked
package dev.roost.gateway.transport;

import org.jspecify.annotations.NullMarked;
