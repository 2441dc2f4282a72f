/**
 * Who may come in while there is room: connections, long-poll sessions and handshakes are counted
 * here, for each client address and in all, for every gateway of the process. {@link
 * dev.roost.gateway.GatewayVerticle} asks for each connection, the transports for each socket.
 */
@NullMarked
package dev.roost.gateway.admission;

import org.jspecify.annotations.NullMarked;
