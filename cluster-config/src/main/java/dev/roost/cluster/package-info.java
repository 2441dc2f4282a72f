/**
 * The cluster every node is a member of. What applications advertise goes in at {@code
 * ClusterNode}; what comes out are its snapshots: which nodes live, which applications there are
 * with which routes, and which host owns each partition in which epoch. Inside, a {@code Keeper}
 * for each node reads and changes the {@code Registry} that all share, as {@code Decision} says.
 */
@NullMarked
package dev.roost.cluster;

import org.jspecify.annotations.NullMarked;
