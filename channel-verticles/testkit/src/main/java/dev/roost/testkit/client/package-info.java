/**
 * A Phoenix client for tests over real sockets, with a codec of its own, and beneath it a WebSocket
 * that sends any bytes and shows what comes back. It shares no class with the server, so that no
 * mistake can cancel itself out; tests of any Phoenix server may use it.
 */
@NullMarked
package dev.roost.testkit.client;

import org.jspecify.annotations.NullMarked;
