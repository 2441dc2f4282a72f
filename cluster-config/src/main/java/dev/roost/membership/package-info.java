/**
 * How a process becomes a member of a cluster of several: options go in at {@code ClusterJoin}, a
 * {@code ClusterNode} with its registry in Hazelcast comes out, or a {@code JoinFailure} that says
 * what to do. All that is Hazelcast's, and the bus's ports and certificates, is here.
 */
@NullMarked
package dev.roost.membership;

import org.jspecify.annotations.NullMarked;
