package dev.roost.host;

import dev.roost.application.Route;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.RawPayload;
import dev.roost.tracking.Tracker;
import io.netty.util.collection.LongObjectHashMap;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Every topic home and channel process of one host. Used on the host's context only. Nothing is
 * kept of a topic without members or of a gateway without channels.
 */
final class Topics {

  private final Vertx vertx;
  private final String application;
  private final BusEndpoint endpoint;
  private final Consumer<Tracker> whenGone;
  private final Map<String, TopicHome> homes = new HashMap<>();
  private final Map<String, LongObjectHashMap<ChannelProcess>> processes = new HashMap<>();
  private final Set<ChannelProcess> leaving = new HashSet<>();

  /**
   * @param whenGone told of what tracked presences for a process that is removed
   */
  Topics(Vertx vertx, String application, BusEndpoint endpoint, Consumer<Tracker> whenGone) {
    this.vertx = vertx;
    this.application = application;
    this.endpoint = endpoint;
    this.whenGone = whenGone;
  }

  /** Takes in a process whose join has yet to be answered. */
  void add(ChannelProcess process) {
    processes
        .computeIfAbsent(process.gateway(), gateway -> new LongObjectHashMap<>())
        .put(process.number(), process);
  }

  /** Whether a gateway has a process here already. */
  boolean knows(String gateway) {
    return processes.containsKey(gateway);
  }

  @Nullable ChannelProcess find(String gateway, long channel) {
    LongObjectHashMap<ChannelProcess> ofGateway = processes.get(gateway);
    return ofGateway == null ? null : ofGateway.get(channel);
  }

  /** Makes a process a member of its topic; the epoch of the home, or 0 if the process is gone. */
  long joined(ChannelProcess process) {
    if (find(process.gateway(), process.number()) != process) {
      return 0;
    }
    TopicHome home =
        homes.computeIfAbsent(
            process.recipient().topic(), topic -> home(topic, process.route(), process.epoch()));
    home.reaches(process.epoch());
    home.add(process);
    process.member(true);
    return home.epoch();
  }

  private TopicHome home(String topic, Route route, long epoch) {
    return new TopicHome(application, topic, route, epoch);
  }

  /** Forgets a process and, with its last member, the topic; false if it was gone already. */
  boolean remove(ChannelProcess process) {
    LongObjectHashMap<ChannelProcess> ofGateway = processes.get(process.gateway());
    if (ofGateway == null || ofGateway.get(process.number()) != process) {
      return false;
    }
    ofGateway.remove(process.number());
    cancelTimers(process);
    if (!process.isOver()) {
      leaving.add(process);
    }
    if (ofGateway.isEmpty()) {
      processes.remove(process.gateway());
    }
    if (process.member()) {
      process.member(false);
      String topic = process.recipient().topic();
      TopicHome home = homes.get(topic);
      if (home != null) {
        home.remove(process);
        if (home.isEmpty()) {
          homes.remove(topic);
        }
      }
    }
    Tracker tracker = process.tracker();
    if (tracker != null) {
      whenGone.accept(tracker);
    }
    return true;
  }

  /** A timer of a process; those that are left when it goes are cancelled. */
  void after(long delayMillis, ChannelProcess process, Runnable action) {
    if (find(process.gateway(), process.number()) != process) {
      return;
    }
    if (process.timers().isEmpty()) {
      process.timers(new HashSet<>(2));
    }
    Set<Long> timers = process.timers();
    timers.add(
        vertx.setTimer(
            delayMillis,
            id -> {
              timers.remove(id);
              action.run();
            }));
  }

  private void cancelTimers(ChannelProcess process) {
    process.timers().forEach(vertx::cancelTimer);
    process.timers(Set.of());
  }

  /** Members of a topic. */
  int members(String topic) {
    TopicHome home = homes.get(topic);
    return home == null ? 0 : home.size();
  }

  void broadcast(String topic, String event, RawPayload payload, String from, long except) {
    TopicHome home = homes.get(topic);
    if (home != null) {
      home.broadcast(endpoint, event, payload, from, except);
    }
  }

  /** All processes of one gateway, in no order. */
  List<ChannelProcess> ofGateway(String gateway) {
    LongObjectHashMap<ChannelProcess> ofGateway = processes.get(gateway);
    return ofGateway == null ? List.of() : new ArrayList<>(ofGateway.values());
  }

  /** All processes, in no order. */
  List<ChannelProcess> all() {
    var all = new ArrayList<ChannelProcess>(channels());
    processes.values().forEach(ofGateway -> all.addAll(ofGateway.values()));
    return all;
  }

  /** Processes that were removed and whose last callback is still to return. */
  List<ChannelProcess> leaving() {
    leaving.removeIf(ChannelProcess::isOver);
    return List.copyOf(leaving);
  }

  /** All processes, and those removed whose last callback is still to return. */
  void forEachRunning(Consumer<ChannelProcess> action) {
    processes.values().forEach(ofGateway -> ofGateway.values().forEach(action));
    leaving.removeIf(ChannelProcess::isOver);
    leaving.forEach(action);
  }

  /** Live topics. */
  int topics() {
    return homes.size();
  }

  /** Channel processes, joining or joined. */
  int channels() {
    return processes.values().stream().mapToInt(LongObjectHashMap::size).sum();
  }
}
