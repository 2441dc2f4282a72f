package dev.roost.launcher;

import dev.roost.application.Telemetry;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.Places;
import io.vertx.core.Vertx;
import java.lang.management.ManagementFactory;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/**
 * What a node has counted since its start, as a page in Prometheus' text format. Safe for any
 * thread; counting takes no lock.
 */
final class Counters implements GatewayMetrics, Telemetry {

  /** Any status and close code has three or four digits, so these maps stay small. */
  private final Map<Integer, LongAdder> refusedConnections = new ConcurrentSkipListMap<>();

  private final Map<Integer, LongAdder> closedSockets = new ConcurrentSkipListMap<>();
  private final Map<Limit, LongAdder> limits = new EnumMap<>(Limit.class);
  private final Map<Telemetry.Bound, LongAdder> bounds = new EnumMap<>(Telemetry.Bound.class);
  private final LongAdder opened = new LongAdder();
  private final LongAdder closed = new LongAdder();
  private final LongAdder dropped = new LongAdder();

  Counters() {
    // All of them from the start, so that a page shows each with 0, and nothing changes the maps.
    for (Limit limit : Limit.values()) {
      limits.put(limit, new LongAdder());
    }
    for (Telemetry.Bound bound : Telemetry.Bound.values()) {
      bounds.put(bound, new LongAdder());
    }
  }

  private static void count(Map<Integer, LongAdder> counts, int key) {
    counts.computeIfAbsent(key, ignored -> new LongAdder()).increment();
  }

  private static <E> void increment(Map<E, LongAdder> counts, E key) {
    LongAdder counter = counts.get(key);
    if (counter != null) {
      counter.increment();
    }
  }

  @Override
  public void socketOpened() {
    opened.increment();
  }

  @Override
  public void socketClosed() {
    closed.increment();
  }

  @Override
  public void connectionRefused(int status) {
    count(refusedConnections, status);
  }

  @Override
  public void messageDropped() {
    dropped.increment();
  }

  @Override
  public void limitReached(Limit limit) {
    increment(limits, limit);
  }

  @Override
  public void closedByServer(int code) {
    count(closedSockets, code);
  }

  @Override
  public void record(Event event) {
    if (event instanceof Event.BoundReached reached) {
      increment(bounds, reached.bound());
    }
  }

  /** Bounds are told always; the rest is not worth making for this. */
  @Override
  public boolean isEnabled() {
    return false;
  }

  /** The page. */
  String page(Vertx vertx) {
    var page = new Page();
    Places places = Places.of(vertx);
    page.gauge(
        "roost_sockets", "WebSockets and long-poll sessions now", opened.sum() - closed.sum());
    page.gauge("roost_connections", "TCP connections and long-poll sessions now", places.taken());
    page.gauge("roost_addresses", "client addresses that are known now", places.addresses());
    page.gauge(
        "roost_heap_bytes",
        "heap in use now",
        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    page.counter("roost_sockets_opened_total", "sockets that were opened", opened.sum());
    page.counter(
        "roost_messages_dropped_total", "messages without a form for their client", dropped.sum());
    page.counters(
        "roost_connections_refused_total",
        "requests for a socket that were refused",
        "status",
        refusedConnections,
        String::valueOf);
    page.counters(
        "roost_sockets_closed_total",
        "sockets that this node closed",
        "code",
        closedSockets,
        String::valueOf);
    page.counters(
        "roost_limit_reached_total",
        "how often a limit of the gateways stopped a client",
        "limit",
        limits,
        Limit::option);
    page.counters(
        "roost_bound_reached_total",
        "how often a bound of the channels was reached",
        "bound",
        bounds,
        Telemetry.Bound::option);
    return page.text.toString();
  }

  /** Text in the format that Prometheus reads. */
  private static final class Page {

    private final StringBuilder text = new StringBuilder(4_096);

    void gauge(String name, String help, long value) {
      head(name, help, "gauge").append(name).append(' ').append(value).append('\n');
    }

    void counter(String name, String help, long value) {
      head(name, help, "counter").append(name).append(' ').append(value).append('\n');
    }

    <E> void counters(
        String name, String help, String label, Map<E, LongAdder> counts, Function<E, String> of) {
      head(name, help, "counter");
      counts.forEach(
          (key, count) ->
              text.append(name)
                  .append('{')
                  .append(label)
                  .append("=\"")
                  .append(of.apply(key))
                  .append("\"} ")
                  .append(count.sum())
                  .append('\n'));
    }

    private StringBuilder head(String name, String help, String type) {
      return text.append("# HELP ")
          .append(name)
          .append(' ')
          .append(help)
          .append("\n# TYPE ")
          .append(name)
          .append(' ')
          .append(type)
          .append('\n');
    }
  }
}
