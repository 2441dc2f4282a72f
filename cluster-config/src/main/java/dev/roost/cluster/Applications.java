package dev.roost.cluster;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Every application that is deployed now, as a value: which paths there are, who decides on their
 * connections, and which application serves a topic. Immutable; changes give a new one.
 */
public final class Applications {

  /** A mount path and who decides on its connections. */
  public record Mount(
      String path, PathPattern websocket, SocketOptions options, String application) {}

  /** A mount that a request's path matched, with the values of the path's variables. */
  public record Matched(Mount mount, Map<String, String> variables) {}

  private static final Applications NONE = new Applications(Map.of());

  private final Map<String, Advertisement> byName;
  private final List<Mount> mounts;

  private Applications(Map<String, Advertisement> byName) {
    this.byName = byName;
    this.mounts =
        byName.values().stream()
            .flatMap(
                app ->
                    app.handled().entrySet().stream()
                        .map(e -> mount(e.getKey(), e.getValue(), app.application())))
            .toList();
  }

  private static Mount mount(String path, SocketOptions options, String application) {
    return new Mount(path, PathPattern.parse(path + options.websocketPath()), options, application);
  }

  /** No application at all. */
  public static Applications none() {
    return NONE;
  }

  /**
   * With one more application.
   *
   * @throws IllegalStateException if its name, a route or a socket handler conflicts with what is
   *     deployed, or two socket handlers of its own with each other; the message names both
   */
  public Applications with(Advertisement added) {
    var present = byName.get(added.application());
    if (present != null) {
      throw new IllegalStateException(
          "application \""
              + added.application()
              + "\" is deployed already: undeploy it first,"
              + " or give this one another name");
    }
    checkHandlers(added, added);
    for (Advertisement other : byName.values()) {
      checkHandlers(added, other);
      checkRoutes(added, other);
    }
    var all = new LinkedHashMap<>(byName);
    all.put(added.application(), added);
    return new Applications(all);
  }

  /** Without this application. */
  public Applications without(String application) {
    var rest = new LinkedHashMap<>(byName);
    rest.remove(application);
    return new Applications(rest);
  }

  private static void checkHandlers(Advertisement added, Advertisement other) {
    for (var mine : added.handled().entrySet()) {
      Mount mount = mount(mine.getKey(), mine.getValue(), added.application());
      for (var theirs : other.handled().entrySet()) {
        if (added.equals(other) && mine.getKey().equals(theirs.getKey())) {
          continue;
        }
        Mount present = mount(theirs.getKey(), theirs.getValue(), other.application());
        if (mount.websocket().overlaps(present.websocket())) {
          throw new IllegalStateException(
              "two socket handlers for one path: "
                  + mount.websocket()
                  + " of application \""
                  + added.application()
                  + "\" and "
                  + present.websocket()
                  + " of application \""
                  + other.application()
                  + "\"; keep one of them");
        }
      }
    }
  }

  private static void checkRoutes(Advertisement added, Advertisement other) {
    boolean together = added.paths().stream().anyMatch(other.paths()::contains);
    if (!together) {
      return;
    }
    for (RoutePattern mine : added.routes()) {
      for (RoutePattern theirs : other.routes()) {
        if (mine.overlaps(theirs)) {
          throw new IllegalStateException(
              "conflicting routes: \""
                  + mine
                  + "\" of application \""
                  + added.application()
                  + "\" and \""
                  + theirs
                  + "\" of application \""
                  + other.application()
                  + "\" serve the same topics; rename one of them");
        }
      }
    }
  }

  /** The mount whose WebSocket path this is (E-4). */
  public Optional<Matched> websocket(String path) {
    for (Mount mount : mounts) {
      Optional<Map<String, String>> variables = mount.websocket().match(path);
      if (variables.isPresent()) {
        return Optional.of(new Matched(mount, variables.get()));
      }
    }
    return Optional.empty();
  }

  /** The application that serves the topic to sockets of this path. */
  public Optional<String> route(String path, String topic) {
    for (Advertisement app : byName.values()) {
      if (app.paths().contains(path)) {
        for (RoutePattern route : app.routes()) {
          if (route.matches(topic)) {
            return Optional.of(app.application());
          }
        }
      }
    }
    return Optional.empty();
  }

  /** The application of this name. */
  public Optional<Advertisement> find(String application) {
    return Optional.ofNullable(byName.get(application));
  }

  /** Every mount, for the line that a node prints when it is ready. */
  public List<Mount> mounts() {
    return mounts;
  }
}
