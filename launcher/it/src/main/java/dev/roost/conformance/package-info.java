/**
 * The fixture application of the conformance suite, on the public API only: what its scenarios and
 * the load generator talk to.
 */
@NullMarked
package dev.roost.conformance;

import org.jspecify.annotations.NullMarked;
