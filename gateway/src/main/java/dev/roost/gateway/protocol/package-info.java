/**
 * The wire format: serializers for versions 1 and 2, text and binary, which turn a frame into a
 * message and back. Pure functions over bytes; the payload is validated and sliced, never built
 * into a tree.
 */
@NullMarked
package dev.roost.gateway.protocol;

import org.jspecify.annotations.NullMarked;
