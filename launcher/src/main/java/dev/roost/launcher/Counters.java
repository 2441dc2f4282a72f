package dev.roost.launcher;

import dev.roost.application.Telemetry;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.admission.Places;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** What a node has counted since its start, for Prometheus. Safe for any thread. */
final class Counters implements GatewayMetrics, Telemetry {

  /*
   * Series whose label is known are there from the start, so that a page shows each with 0, and are
   * looked up once: counting is an addition to a LongAdder. Statuses and close codes have three or
   * four digits, so there are few; those are looked up by the library each time.
   */
  static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Gauge sockets;
  private final Counter opened;
  private final Counter dropped;
  private final Counter failedHandshakes;
  private final Counter refusedConnections;
  private final Counter closedSockets;
  private final Map<Limit, CounterDataPoint> limits = new EnumMap<>(Limit.class);
  private final Map<Telemetry.Bound, CounterDataPoint> bounds =
      new EnumMap<>(Telemetry.Bound.class);

  /**
   * Nothing counted.
   *
   * @param vertx that the node runs on
   */
  Counters(Vertx vertx) {
    Places places = Places.of(vertx);
    sockets =
        Gauge.builder()
            .name("roost_sockets")
            .help("WebSockets and long-poll sessions now")
            .withoutExemplars()
            .register(registry);
    gauge("roost_connections", "TCP connections and long-poll sessions now", places::taken);
    MessageBudget budget = MessageBudget.of(vertx, Long.MAX_VALUE); // Looked at, never asked.
    gauge("roost_unfinished_bytes", "bytes that unfinished large messages take now", budget::taken);
    MessageBudget queued = MessageBudget.ofQueued(vertx, Long.MAX_VALUE);
    gauge("roost_queued_bytes", "bytes of large messages that wait for clients now", queued::taken);
    gauge("roost_addresses", "client addresses that are known now", places::addresses);
    gauge(
        "roost_heap_bytes",
        "heap in use now",
        () -> ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    opened = counter("roost_sockets_opened_total", "sockets that were opened");
    dropped = counter("roost_messages_dropped_total", "messages without a form for their client");
    failedHandshakes =
        counter(
            "roost_handshakes_failed_total",
            "connections whose TLS handshake or PROXY header failed");
    refusedConnections =
        counter(
            "roost_connections_refused_total", "requests for a socket that were refused", "status");
    closedSockets = counter("roost_sockets_closed_total", "sockets that this node closed", "code");
    Counter reachedLimits =
        counter(
            "roost_limit_reached_total",
            "how often a limit of the gateways stopped a client",
            "limit");
    for (Limit limit : Limit.values()) {
      limits.put(limit, reachedLimits.labelValues(limit.option()));
    }
    Counter reachedBounds =
        counter(
            "roost_bound_reached_total", "how often a bound of the channels was reached", "bound");
    for (Telemetry.Bound bound : Telemetry.Bound.values()) {
      bounds.put(bound, reachedBounds.labelValues(bound.option()));
    }
  }

  private Counter counter(String name, String help, String... labels) {
    return Counter.builder()
        .name(name)
        .help(help)
        .labelNames(labels)
        .withoutExemplars()
        .register(registry);
  }

  private void gauge(String name, String help, LongSupplier now) {
    var unused =
        GaugeWithCallback.builder()
            .name(name)
            .help(help)
            .callback(gauge -> gauge.call((double) now.getAsLong()))
            .register(registry);
  }

  private static <E> void increment(Map<E, CounterDataPoint> counts, E key) {
    CounterDataPoint counter = counts.get(key);
    if (counter != null) {
      counter.inc();
    }
  }

  @Override
  public void socketOpened() {
    opened.inc();
    sockets.inc();
  }

  @Override
  public void socketClosed() {
    sockets.dec();
  }

  @Override
  public void connectionRefused(int status) {
    refusedConnections.labelValues(Integer.toString(status)).inc();
  }

  @Override
  public void messageDropped() {
    dropped.inc();
  }

  @Override
  public void handshakeFailed() {
    failedHandshakes.inc();
  }

  @Override
  public void limitReached(Limit limit) {
    increment(limits, limit);
  }

  @Override
  public void closedByServer(int code) {
    closedSockets.labelValues(Integer.toString(code)).inc();
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

  /** All of it as it is now, of {@link #CONTENT_TYPE}. */
  Buffer page() {
    var page = new ByteArrayOutputStream(8_192);
    try {
      writer.write(page, registry.scrape());
    } catch (IOException impossible) { // Memory does not fail.
      throw new UncheckedIOException(impossible);
    }
    return Buffer.buffer(page.toByteArray());
  }
}
