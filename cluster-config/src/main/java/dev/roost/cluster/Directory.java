package dev.roost.cluster;

import dev.roost.hosting.Hosts;
import dev.roost.routing.Advertisement;
import dev.roost.routing.PathPattern;
import dev.roost.routing.RoutePattern;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Who offers what, as a value: the offers of each node, by application. Immutable; changes give a
 * new one.
 */
record Directory(Map<String, Map<String, Offer>> nodes) {

  private static final Directory EMPTY = new Directory(Map.of());

  Directory {
    var sorted = new TreeMap<String, Map<String, Offer>>();
    nodes.forEach(
        (node, offers) -> {
          if (!offers.isEmpty()) {
            sorted.put(node, Collections.unmodifiableMap(new TreeMap<>(offers)));
          }
        });
    nodes = Collections.unmodifiableMap(sorted);
  }

  /** Nobody offers anything. */
  static Directory empty() {
    return EMPTY;
  }

  /** The offers of one node, by application. */
  Map<String, Offer> offers(String node) {
    return nodes.getOrDefault(node, Map.of());
  }

  /** Whether the node offers this application. */
  boolean has(String node, String application) {
    return offers(node).containsKey(application);
  }

  /**
   * With one more offer of a node, or a changed one.
   *
   * @throws IllegalStateException if a route or a socket handler conflicts with another
   *     application's, or two socket handlers of its own with each other; the message names both
   */
  Directory with(String node, Offer offer) {
    check(offer.advertisement());
    var offers = new TreeMap<>(offers(node));
    offers.put(offer.application(), offer);
    return with(node, offers);
  }

  /**
   * With exactly these offers of a node: what was lost is put back, what is left over taken out.
   *
   * @param conflict told of an offer that cannot be put back: another application took its place
   */
  Directory withExactly(
      String node, Map<String, Offer> own, Consumer<IllegalStateException> conflict) {
    if (offers(node).equals(own)) {
      return this;
    }
    Directory changed = with(node, Map.of());
    for (Offer offer : own.values()) {
      try {
        changed = changed.with(node, offer);
      } catch (IllegalStateException taken) {
        conflict.accept(taken);
      }
    }
    return changed;
  }

  /** Without this application on the node. */
  Directory without(String node, String application) {
    var offers = new TreeMap<>(offers(node));
    offers.remove(application);
    return with(node, offers);
  }

  private Directory with(String node, Map<String, Offer> offers) {
    var all = new TreeMap<>(nodes);
    all.put(node, offers);
    return new Directory(all);
  }

  /** Without the offers of nodes that are gone. */
  Directory onlyOf(Set<String> live) {
    if (live.containsAll(nodes.keySet())) {
      return this;
    }
    var rest = new TreeMap<>(nodes);
    rest.keySet().retainAll(live);
    return new Directory(rest);
  }

  /** Names of all applications, those that are about to go included. */
  Set<String> names() {
    var names = new TreeSet<String>();
    nodes.values().forEach(offers -> names.addAll(offers.keySet()));
    return names;
  }

  /** The host verticles of an application. */
  Hosts hosts(String application) {
    var staying = new HashSet<String>();
    var leaving = new HashSet<String>();
    for (Map<String, Offer> offers : nodes.values()) {
      Offer offer = offers.get(application);
      if (offer != null) {
        (offer.draining() ? leaving : staying).addAll(offer.advertisement().inboxes());
      }
    }
    return new Hosts(staying, leaving);
  }

  private void check(Advertisement added) {
    checkHandlers(added, "", added);
    nodes.forEach(
        (node, offers) -> {
          for (Offer other : offers.values()) {
            // Several nodes may run one application, in two versions of it while it is deployed.
            if (!other.application().equals(added.application())) {
              String on = " on node " + node;
              checkHandlers(added, on, other.advertisement());
              checkRoutes(added, on, other.advertisement());
            }
          }
        });
  }

  private static void checkHandlers(Advertisement added, String on, Advertisement other) {
    for (var mine : added.handled().entrySet()) {
      var mount = Applications.Mount.of(mine.getKey(), mine.getValue(), added.application());
      for (var theirs : other.handled().entrySet()) {
        if (added.equals(other) && mine.getKey().equals(theirs.getKey())) {
          continue;
        }
        var present =
            Applications.Mount.of(theirs.getKey(), theirs.getValue(), other.application());
        checkPaths(mount, on, present);
      }
    }
  }

  private static void checkPaths(Applications.Mount mount, String on, Applications.Mount present) {
    for (PathPattern mine : mount.transports().values()) {
      for (PathPattern theirs : present.transports().values()) {
        if (mine.overlaps(theirs)) {
          throw new IllegalStateException(
              "two socket handlers for one path: "
                  + (mine + " of application \"" + mount.application())
                  + ("\" and " + theirs + " of application \"" + present.application())
                  + ("\"" + on + "; keep one of them"));
        }
      }
    }
  }

  private static void checkRoutes(Advertisement added, String on, Advertisement other) {
    List<String> theirPaths = other.paths();
    if (added.paths().stream().noneMatch(theirPaths::contains)) {
      return;
    }
    for (RoutePattern mine : added.routes()) {
      for (RoutePattern theirs : other.routes()) {
        if (mine.overlaps(theirs)) {
          throw new IllegalStateException(
              "conflicting routes: \""
                  + (mine + "\" of application \"" + added.application())
                  + ("\" and \"" + theirs + "\" of application \"" + other.application())
                  + ("\"" + on + " serve the same topics; rename one of them"));
        }
      }
    }
  }
}
