/**
 * Who may come in while there is room: connections, long-poll sessions and handshakes are counted
 * here, for each client address and in all, and the bytes of large messages, for every gateway of
 * the process. {@link dev.roost.gateway.GatewayVerticle} asks for each connection, the transports
 * for each socket and for each chunk of a large message.
 */
@NullMarked
package dev.roost.gateway.admission;

import org.jspecify.annotations.NullMarked;
