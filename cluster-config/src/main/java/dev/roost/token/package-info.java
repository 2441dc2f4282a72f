/**
 * The tokens and session cookies of Phoenix applications. Text that a client brought goes in at
 * {@code Tokens} or {@code SessionCookie}, what the application once put into it comes out, or that
 * it is missing, invalid or expired; tokens are made here too, for Phoenix to read. Applications
 * call it from channels and socket handlers, gateways before they ask one.
 */
@NullMarked
package dev.roost.token;

import org.jspecify.annotations.NullMarked;
