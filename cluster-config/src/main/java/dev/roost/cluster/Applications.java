package dev.roost.cluster;

import dev.roost.routing.Advertisement;
import dev.roost.routing.PathPattern;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.Transport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Every application that is deployed now, as a value: which paths there are, who decides on their
 * connections, and which application serves a topic. A view of what all live nodes offer.
 */
public final class Applications {

  /** A mount path and who decides on its connections. */
  public record Mount(
      String path,
      Map<Transport, PathPattern> transports,
      SocketOptions options,
      String application) {

    static Mount of(String path, SocketOptions options, String application) {
      var transports = new EnumMap<Transport, PathPattern>(Transport.class);
      options.websocket(path).ifPresent(pattern -> transports.put(Transport.WEBSOCKET, pattern));
      options.longPoll(path).ifPresent(pattern -> transports.put(Transport.LONG_POLL, pattern));
      return new Mount(path, Collections.unmodifiableMap(transports), options, application);
    }
  }

  /** A mount whose path for a transport a request asked for, with the path's variables. */
  public record Matched(Mount mount, Transport transport, Map<String, String> variables) {}

  /** A route of some path; its application is wrapped once, since each join asks for it. */
  private record Served(RoutePattern route, Optional<String> application) {}

  private static final Applications NONE = new Applications(Map.of(), Set.of());

  private final Map<String, Advertisement> byName;
  private final Set<String> inboxes;
  private final List<Mount> mounts;
  private final Map<String, List<Served>> served;

  private Applications(Map<String, Advertisement> byName, Set<String> inboxes) {
    this.byName = byName;
    this.inboxes = Set.copyOf(inboxes);
    this.mounts =
        byName.values().stream()
            .flatMap(
                app ->
                    app.handled().entrySet().stream()
                        .map(e -> Mount.of(e.getKey(), e.getValue(), app.application())))
            .toList();
    this.served = new HashMap<>();
    for (Advertisement app : byName.values()) {
      Optional<String> name = Optional.of(app.application());
      for (String path : app.paths()) {
        List<Served> routes = served.computeIfAbsent(path, any -> new ArrayList<>());
        app.routes().forEach(route -> routes.add(new Served(route, name)));
      }
    }
  }

  /** No application at all. */
  public static Applications none() {
    return NONE;
  }

  /**
   * What these nodes offer together. An application is there as long as some node has it that is
   * not draining; while nodes run different versions of it, its routes are those of all of them.
   */
  static Applications of(Directory directory) {
    var byName = new TreeMap<String, Advertisement>();
    var inboxes = new LinkedHashSet<String>();
    for (Map<String, Offer> offers : directory.nodes().values()) {
      for (Offer offer : offers.values()) {
        inboxes.addAll(offer.advertisement().inboxes());
        if (!offer.draining()) {
          byName.merge(offer.application(), offer.advertisement(), Applications::together);
        }
      }
    }
    return new Applications(byName, inboxes);
  }

  private static Advertisement together(Advertisement one, Advertisement other) {
    var handled = new HashMap<>(other.handled());
    handled.putAll(one.handled());
    return new Advertisement(
        one.application(),
        joined(one.paths(), other.paths()),
        handled,
        joined(one.routes(), other.routes()),
        joined(one.inboxes(), other.inboxes()));
  }

  private static <T> List<T> joined(List<T> one, List<T> other) {
    var all = new LinkedHashSet<>(one);
    all.addAll(other);
    return List.copyOf(all);
  }

  /** The mount and transport that this path is (E-4). */
  public Optional<Matched> match(String path) {
    for (Mount mount : mounts) {
      for (var transport : mount.transports().entrySet()) {
        Optional<Map<String, String>> variables = transport.getValue().match(path);
        if (variables.isPresent()) {
          return Optional.of(new Matched(mount, transport.getKey(), variables.get()));
        }
      }
    }
    return Optional.empty();
  }

  /** The application that serves the topic to sockets of this path. */
  public Optional<String> route(String path, String topic) {
    List<Served> routes = served.get(path);
    if (routes != null) {
      for (int i = 0; i < routes.size(); i++) {
        Served candidate = routes.get(i);
        if (candidate.route().matches(topic)) {
          return candidate.application();
        }
      }
    }
    return Optional.empty();
  }

  /**
   * The application of this name; its inboxes are those of all live nodes that have it and are not
   * draining.
   */
  public Optional<Advertisement> find(String application) {
    return Optional.ofNullable(byName.get(application));
  }

  /** The names of all of them. */
  public Set<String> names() {
    return byName.keySet();
  }

  /** The inboxes of every host verticle on a live node, draining ones included. */
  public Set<String> inboxes() {
    return inboxes;
  }

  /** Every mount, for the line that a node prints when it is ready. */
  public List<Mount> mounts() {
    return mounts;
  }
}
