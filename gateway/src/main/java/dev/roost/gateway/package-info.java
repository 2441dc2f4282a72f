/**
 * The gateway role as a launcher sees it: options, metrics and the verticle that wires transport,
 * socket, protocol and bus. It holds client sockets and runs no application code.
 */
@NullMarked
package dev.roost.gateway;

import org.jspecify.annotations.NullMarked;
