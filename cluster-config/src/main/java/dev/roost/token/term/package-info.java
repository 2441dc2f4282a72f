/**
 * Data as a Phoenix application writes it into its tokens and cookies: Erlang's external term
 * format. {@code Terms} turns Java values into those bytes and back; what Java has no word for is a
 * {@code Symbol} or a {@code Tuple}. Bytes come from whoever knows the secret, never before that is
 * certain.
 */
@NullMarked
package dev.roost.token.term;

import org.jspecify.annotations.NullMarked;
