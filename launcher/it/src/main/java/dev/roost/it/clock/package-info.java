/**
 * A wall clock that tests move, for nodes in processes of their own: Hazelcast reads it in place of
 * the system's, and a file says how far it is off.
 */
@NullMarked
package dev.roost.it.clock;

import org.jspecify.annotations.NullMarked;
