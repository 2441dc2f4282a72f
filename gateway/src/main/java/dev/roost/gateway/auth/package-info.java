/**
 * Who a client is, as far as the gateway itself can tell: sessions of Phoenix applications in
 * cookies, and JSON Web Tokens. Keys and secrets belong to the gateway and never cross the bus;
 * mounts say what they want. Transport asks.
 */
@NullMarked
package dev.roost.gateway.auth;

import org.jspecify.annotations.NullMarked;
