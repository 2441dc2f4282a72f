package dev.roost.application;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.channel.Channel;
import dev.roost.presence.PresenceHandler;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketOptions;
import io.vertx.core.json.jackson.VertxModule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What is deployed together: a name, the paths it is reached through, at most one socket handler
 * for each, and the routes from topics to channels. A value; each method gives a changed copy.
 *
 * {@snippet :
 * Application chat =
 *     Application.named("chat")
 *         .socket("/socket", SocketHandler.acceptAll())
 *         .route("room:*", RoomChannel::new);
 * }
 */
public final class Application {

  /** The socket handler of a path and its options. */
  public record Mount(SocketHandler handler, SocketOptions options) {}

  private final String name;
  private final Map<String, Mount> sockets;
  private final Set<String> paths;
  private final List<Route> routes;
  private final PresenceHandler presence;
  private final ObjectMapper mapper;

  private Application(
      String name,
      Map<String, Mount> sockets,
      Set<String> paths,
      List<Route> routes,
      PresenceHandler presence,
      ObjectMapper mapper) {
    this.name = name;
    this.sockets = sockets;
    this.paths = paths;
    this.routes = routes;
    this.presence = presence;
    this.mapper = mapper;
  }

  /** An application without anything yet. */
  public static Application named(String name) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("an application has a name, got a blank one");
    }
    return new Application(
        name, Map.of(), Set.of(), List.of(), PresenceHandler.none(), defaultMapper());
  }

  /*
   * Callbacks run on virtual threads, most of which read one payload and end: buffers kept for each
   * thread, as Jackson 2 does unless told, would be new ones every time.
   */
  private static ObjectMapper defaultMapper() {
    var pool = JsonRecyclerPools.sharedConcurrentDequePool();
    JsonFactory factory = JsonFactory.builder().recyclerPool(pool).build();
    return JsonMapper.builder(factory).addModule(new VertxModule()).build();
  }

  /** Mounts sockets at a path with the default options. */
  public Application socket(String path, SocketHandler handler) {
    return socket(path, handler, SocketOptions.defaults());
  }

  /**
   * Mounts sockets at a path: {@code /socket} is reached at {@code /socket/websocket}. The path may
   * have variables ({@code /t/:tenant}), which connect gets as params.
   *
   * @throws IllegalArgumentException if this application has a handler for the path already
   */
  public Application socket(String path, SocketHandler handler, SocketOptions options) {
    var mounts = new LinkedHashMap<>(sockets);
    if (mounts.put(path, new Mount(handler, options)) != null) {
      throw new IllegalArgumentException(
          "application \"" + name + "\" has two socket handlers for " + path + "; keep one");
    }
    var all = new LinkedHashSet<>(paths);
    all.add(path);
    return new Application(name, mounts, all, routes, presence, mapper);
  }

  /** Serves the sockets of a path whose handler belongs to another application. */
  public Application path(String path) {
    var all = new LinkedHashSet<>(paths);
    all.add(path);
    return new Application(name, sockets, all, routes, presence, mapper);
  }

  /** Serves the topics of a pattern, each join with a new channel. */
  public Application route(String pattern, Supplier<? extends Channel> channel) {
    return route(Route.of(pattern, channel));
  }

  /** Serves topics through a route with options. Routes are tried in the order of declaration. */
  public Application route(Route route) {
    var all = new ArrayList<>(routes);
    all.add(Objects.requireNonNull(route, "route"));
    return new Application(name, sockets, paths, List.copyOf(all), presence, mapper);
  }

  /** Adds to the presences of all its topics, and reacts to them. */
  public Application presence(PresenceHandler handler) {
    return new Application(
        name, sockets, paths, routes, Objects.requireNonNull(handler, "handler"), mapper);
  }

  /**
   * Reads and writes payloads with this mapper instead of the default, which is Jackson's own with
   * {@link VertxModule}, so that it knows JsonObject, JsonArray, Buffer and Instant, and with
   * {@link JsonRecyclerPools#sharedConcurrentDequePool()}: callbacks run on virtual threads, for
   * which buffers by thread are of no use.
   */
  public Application mapper(ObjectMapper custom) {
    return new Application(
        name, sockets, paths, routes, presence, Objects.requireNonNull(custom, "mapper"));
  }

  public String name() {
    return name;
  }

  public Map<String, Mount> sockets() {
    return sockets;
  }

  public Set<String> paths() {
    return paths;
  }

  public List<Route> routes() {
    return routes;
  }

  /** The route of a topic: the first whose pattern matches. */
  public Optional<Route> route(String topic) {
    return routes.stream().filter(route -> route.pattern().matches(topic)).findFirst();
  }

  public PresenceHandler presence() {
    return presence;
  }

  public ObjectMapper mapper() {
    return mapper;
  }

  /** The patterns of the routes, as they are advertised. */
  public List<RoutePattern> patterns() {
    return routes.stream().map(Route::pattern).toList();
  }
}
