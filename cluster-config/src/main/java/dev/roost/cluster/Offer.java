package dev.roost.cluster;

import dev.roost.routing.Advertisement;

/**
 * An application on one node.
 *
 * @param draining whether the node is about to take it back: it gives its partitions away and gets
 *     no new ones
 */
record Offer(Advertisement advertisement, boolean draining) {

  String application() {
    return advertisement.application();
  }
}
