/**
 * The protocol as a small model, and random sequences of steps that play it against a whole server:
 * both transports, both versions, several clients at a time.
 */
@NullMarked
package dev.roost.it.model;

import org.jspecify.annotations.NullMarked;
