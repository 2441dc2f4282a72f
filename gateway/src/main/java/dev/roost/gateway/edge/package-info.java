/**
 * What stands between a client and everything else that a gateway serves: the proxies in front, and
 * the way from http to https. A request comes in once, at {@link dev.roost.gateway.edge.Edge}, and
 * leaves it answered or with a {@link dev.roost.gateway.edge.ClientRequest}, which says who asks
 * and for what.
 */
@NullMarked
package dev.roost.gateway.edge;

import org.jspecify.annotations.NullMarked;
