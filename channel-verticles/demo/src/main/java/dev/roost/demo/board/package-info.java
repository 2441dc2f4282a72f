/**
 * A shared drawing board on the public API only: the demo's second application. It is deployed with
 * or without the chat, whose sockets it serves. Clients join {@code board:*}, draw together, and
 * see each other's hands; who comes later gets the drawing so far.
 */
@NullMarked
package dev.roost.demo.board;

import org.jspecify.annotations.NullMarked;
