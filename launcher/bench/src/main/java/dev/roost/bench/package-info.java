/**
 * Microbenchmarks of the paths that every message takes; run.py beside this module measures whole
 * nodes.
 */
@NullMarked
package dev.roost.bench;

import org.jspecify.annotations.NullMarked;
