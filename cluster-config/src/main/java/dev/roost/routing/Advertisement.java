package dev.roost.routing;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a channel node offers: one application, its routes, the paths whose connections its socket
 * handlers decide on, and the inboxes of its host verticles. Plain data: it may cross the cluster.
 *
 * @param application name of the application, unique in the cluster
 * @param paths the path each route set belongs to; sockets of other paths do not see the routes
 * @param handled options of the paths for which this application has the socket handler
 * @param routes in order of declaration: the first match wins
 * @param inboxes addresses of the host verticles, in order
 */
public record Advertisement(
    String application,
    List<String> paths,
    Map<String, SocketOptions> handled,
    List<RoutePattern> routes,
    List<String> inboxes) {

  public Advertisement {
    Objects.requireNonNull(application, "application");
    paths = List.copyOf(paths);
    handled = Map.copyOf(handled);
    routes = List.copyOf(routes);
    inboxes = List.copyOf(inboxes);
    if (application.isBlank()) {
      throw new IllegalArgumentException("an application has a name, got a blank one");
    }
    if (inboxes.isEmpty()) {
      throw new IllegalArgumentException(
          "application " + application + " advertises no host verticle, at least one is needed");
    }
  }
}
