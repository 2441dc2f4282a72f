package dev.roost.host;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.Telemetry;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.RawPayload;
import dev.roost.channel.Channel;
import dev.roost.channel.PayloadWriter;
import io.vertx.core.Context;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.LoggerFactory;

/**
 * What channel processes may ask of their host verticle. Safe for any thread: calls are carried
 * over to the verticle's context in the order in which each thread makes them.
 */
final class HostRuntime {

  private static final int MAX_QUEUED = BusEndpoint.MAX_IN_FLIGHT;
  private static final long QUEUE_POLL_NANOS = 200_000;

  private final Context context;
  private final Application application;
  private final ChannelOptions options;
  private final PayloadWriter writer;
  private final MetaWriter metas;
  private final Topics topics;
  private final BusEndpoint endpoint;
  private final HostTracking tracking;
  private final MailboxBudget mailboxes;
  private final FaultLog faults =
      new FaultLog(LoggerFactory.getLogger(Channel.class), "channels failed", System::nanoTime);
  private final AtomicInteger queued = new AtomicInteger();

  HostRuntime(
      Context context,
      Application application,
      ChannelOptions options,
      BusEndpoint endpoint,
      Topics topics,
      HostTracking tracking) {
    this.context = context;
    this.application = application;
    this.options = options;
    this.writer = new PayloadWriter(application.mapper());
    this.metas =
        new MetaWriter(
            application,
            options.presence().metaBytes(),
            () -> reached("", Telemetry.Bound.PRESENCE_META_BYTES));
    this.mailboxes = MailboxBudget.of(context.owner(), options.mailboxTotalBytes());
    this.endpoint = endpoint;
    this.topics = topics;
    this.tracking = tracking;
  }

  Application application() {
    return application;
  }

  ChannelOptions options() {
    return options;
  }

  Topics topics() {
    return topics;
  }

  HostTracking tracking() {
    return tracking;
  }

  PayloadWriter writer() {
    return writer;
  }

  MetaWriter metas() {
    return metas;
  }

  MailboxBudget mailboxes() {
    return mailboxes;
  }

  FaultLog faults() {
    return faults;
  }

  Telemetry telemetry() {
    return options.telemetry();
  }

  void record(Telemetry.Event event) {
    options.telemetry().record(event);
  }

  /** Params or a payload as they may stand in the log. */
  String shown(RawPayload payload) {
    return payload.isBinary()
        ? payload.toString()
        : options.filter().show(payload.bytes(), application.mapper());
  }

  /** The time since then, as Phoenix writes it. */
  static String took(long started) {
    return written(System.nanoTime() - started);
  }

  static String written(long nanos) {
    long micros = nanos / 1_000;
    return micros > 1_000 ? micros / 1_000 + "ms" : micros + "µs";
  }

  /** A bound of the options was reached; told whether or not other events are. */
  void reached(String route, Telemetry.Bound bound) {
    record(new Telemetry.Event.BoundReached(application.name(), route, bound));
  }

  void execute(Runnable action) {
    awaitRoom();
    queued.incrementAndGet();
    context.runOnContext(
        ignored -> {
          queued.decrementAndGet();
          action.run();
        });
  }

  void send(String gateway, GatewayMessage message) {
    execute(() -> endpoint.send(gateway, message));
  }

  void broadcast(String topic, String event, RawPayload payload, String from, long except) {
    execute(() -> topics.broadcast(topic, event, payload, from, except));
  }

  /** Runs this for a process after a delay, unless the process is gone by then. */
  void after(long delayMillis, ChannelProcess process, Runnable action) {
    execute(() -> topics.after(delayMillis, process, action));
  }

  // A channel that sends faster than its host can pass on waits here; an event loop never does.
  private void awaitRoom() {
    while (queued.get() + endpoint.inFlight() >= MAX_QUEUED && Thread.currentThread().isVirtual()) {
      LockSupport.parkNanos(QUEUE_POLL_NANOS);
      if (Thread.currentThread().isInterrupted()) {
        return;
      }
    }
  }

  /* ---- on the context only */

  void joined(ChannelProcess process, RawPayload response) {
    long epoch = topics.joined(process);
    if (epoch != 0) {
      endpoint.send(
          process.gateway(), new GatewayMessage.Joined(process.number(), epoch, response));
    }
  }

  void end(ChannelProcess process, GatewayMessage farewell) {
    if (topics.remove(process)) {
      endpoint.send(process.gateway(), farewell);
    }
  }
}
