/**
 * JSON Web Tokens, of whatever signs users in. Text that a client brought goes in at {@code
 * JwtVerifier}, made with {@code JwtSettings}; claims come out, or why there are none. Nimbus does
 * the work and is seen nowhere else. Applications and gateways call it, on virtual threads: keys
 * may have to be fetched.
 */
@NullMarked
package dev.roost.token.jwt;

import org.jspecify.annotations.NullMarked;
