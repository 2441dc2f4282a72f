package dev.roost.gateway;

import dev.roost.cluster.ClusterNode;
import io.vertx.ext.web.Router;
import java.util.Optional;

/**
 * Brings HTTP routes (a page, a webhook) to a gateway node that has its jar on the class path;
 * found by {@link java.util.ServiceLoader}. Has a public constructor without parameters.
 */
public interface RoutesProvider {

  /**
   * The application that the routes belong to: where it is not among those that are asked for, they
   * are not mounted. Default empty: they are mounted everywhere.
   */
  default Optional<String> application() {
    return Optional.empty();
  }

  /** Adds routes behind the sockets'; called once for each gateway verticle, on its context. */
  void mount(Router router, ClusterNode node);
}
