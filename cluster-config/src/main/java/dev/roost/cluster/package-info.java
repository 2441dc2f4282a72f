/**
 * The cluster every node is a member of. A {@code ClusterNode} starts and stops from settings; what
 * comes out is who joined and left, which applications are advertised with which routes, and which
 * host owns each partition in which epoch.
 */
@NullMarked
package dev.roost.cluster;

import org.jspecify.annotations.NullMarked;
