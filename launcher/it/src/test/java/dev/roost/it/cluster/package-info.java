/** Clusters of real processes, and what happens to their clients when something breaks. */
@NullMarked
package dev.roost.it.cluster;

import org.jspecify.annotations.NullMarked;
