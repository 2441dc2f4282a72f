package dev.roost.host;

import dev.roost.application.Application;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.application.Telemetry;
import dev.roost.bus.Contract;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.channel.Payload;
import dev.roost.routing.RateLimit;
import dev.roost.tracking.Thrown;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Runs the socket handler for connections, each on a virtual thread of its own. */
final class Connector {

  private static final Logger log = LoggerFactory.getLogger(SocketHandler.class);
  private static final Thread.Builder.OfVirtual THREADS = Thread.ofVirtual().name("roost-connect");

  private final HostRuntime runtime;
  private final Set<Running> running = new LinkedHashSet<>();
  private final AtomicLong told = new AtomicLong(System.nanoTime());
  private @Nullable Promise<Void> idle;

  Connector(HostRuntime runtime) {
    this.runtime = runtime;
  }

  /**
   * A socket handler at work.
   *
   * @param told whether its outcome was told of: once, whoever is first
   */
  private record Running(
      Thread thread, HostMessage.Connect connect, long since, AtomicBoolean told) {}

  void connect(String gateway, HostMessage.Connect connect) {
    var holder = new AtomicReference<Running>();
    Thread thread =
        THREADS.unstarted(
            () -> {
              GatewayMessage answer = failed(connect);
              try {
                answer = decide(holder.get());
              } finally { // Its gateway waits, and so does the end of the host.
                runtime.execute(() -> ended(holder.get()));
                runtime.send(gateway, answer);
              }
            });
    var started = new Running(thread, connect, System.nanoTime(), new AtomicBoolean());
    holder.set(started);
    running.add(started);
    thread.start();
  }

  private static GatewayMessage failed(HostMessage.Connect connect) {
    return new GatewayMessage.ConnectRefused(connect.request(), 500, Map.of(), "");
  }

  private void ended(Running handler) {
    running.remove(handler);
    if (idle != null && running.isEmpty()) {
      idle.tryComplete();
    }
  }

  /** Completes when all that run now have answered. */
  Future<Void> idle() {
    if (running.isEmpty()) {
      return Future.succeededFuture();
    }
    Promise<Void> whenIdle = Promise.promise();
    idle = whenIdle;
    return whenIdle.future();
  }

  /** Interrupts socket handlers that take too long; their gateways have given up on them. */
  void checkDeadlines(long now) {
    Duration limit = runtime.options().callbackTimeout();
    var outcomes = new LateOutcomes();
    end(now, limit, "within " + limit, outcomes);
    var unused = outcomes.tell();
  }

  /** Interrupts all that run: their host is about to be gone. */
  void endAll(LateOutcomes outcomes) {
    end(System.nanoTime(), Duration.ZERO, "before its host was closed", outcomes);
  }

  private void end(long now, Duration limit, String described, LateOutcomes outcomes) {
    int ended = 0;
    var paths = new TreeSet<String>();
    Iterator<Running> oldestFirst = running.iterator();
    while (oldestFirst.hasNext()) {
      Running late = oldestFirst.next();
      if (now - late.since() < limit.toNanos()) {
        break;
      }
      oldestFirst.remove();
      end(late, now, outcomes);
      ended++;
      paths.add(late.connect().path());
    }
    if (ended > 0) {
      log.error(
          "connect did not return {}, calls={} paths={}; their threads are interrupted",
          described,
          ended,
          paths);
    }
  }

  private void end(Running late, long now, LateOutcomes outcomes) {
    runtime.reached(late.connect().path(), Telemetry.Bound.CALLBACK_TIMEOUT);
    if (!late.told().getAndSet(true)) { // Before it can say something else.
      long took = now - late.since();
      outcomes.add(() -> tell(late.connect(), Telemetry.Outcome.CRASHED, took));
    }
    late.thread().interrupt();
  }

  /**
   * Any stranger can cause a line: one a second may stand where it is seen. Safe for any thread.
   */
  private Level telling() {
    return RateLimit.tryTake(told, 1, System.nanoTime()) ? Level.ERROR : Level.DEBUG;
  }

  private GatewayMessage decide(Running started) {
    HostMessage.Connect connect = started.connect();
    long begun = System.nanoTime();
    try {
      Application.Mount mount = runtime.application().sockets().get(connect.path());
      if (mount == null) {
        throw new IllegalStateException(
            "application \""
                + runtime.application().name()
                + "\" has no socket handler for "
                + connect.path());
      }
      String origin = connect.origin();
      if (origin != null && !mount.handler().allowsOrigin(origin)) {
        log.atLevel(telling())
            .log("connection refused: origin {} is not allowed at {}", origin, connect.path());
        return new GatewayMessage.ConnectRefused(connect.request(), 403, Map.of(), "");
      }
      var mapper = runtime.application().mapper();
      ConnectResult result =
          mount
              .handler()
              .connect(
                  new Payload(connect.params(), mapper),
                  new ConnectInfo(new Payload(connect.info(), mapper)));
      long decided = System.nanoTime();
      return switch (result) {
        case ConnectResult.Accepted accepted -> {
          Optional<String> id = mount.handler().id(accepted);
          long ended = System.nanoTime();
          if (id == null) {
            log.atLevel(telling())
                .log("id returned null; return Optional.empty() for an anonymous socket");
            record(started, Telemetry.Outcome.CRASHED, ended - begun);
            yield new GatewayMessage.ConnectRefused(connect.request(), 403, Map.of(), "");
          }
          id.ifPresent(name -> Contract.requireText("a socket id", name));
          RawPayload assigns = runtime.writer().writeObject(accepted.assigns());
          record(started, Telemetry.Outcome.OK, ended - begun);
          yield new GatewayMessage.Connected(
              connect.request(),
              id.orElse(null),
              assigns,
              ChannelSocket.millis(accepted.expiresAt()));
        }
        case ConnectResult.Refused(var status, var headers, var body) -> {
          record(started, Telemetry.Outcome.REFUSED, decided - begun);
          yield new GatewayMessage.ConnectRefused(connect.request(), status, headers, body);
        }
        case null -> {
          log.atLevel(telling())
              .log("connect returned null; return ConnectResult.accept() or refuse()");
          record(started, Telemetry.Outcome.CRASHED, decided - begun);
          yield new GatewayMessage.ConnectRefused(connect.request(), 403, Map.of(), "");
        }
      };
    } catch (Throwable cause) {
      // A client's fault or the handler's, the connection is refused and nobody else is concerned.
      tellFailure(connect, cause);
      record(started, Telemetry.Outcome.CRASHED, System.nanoTime() - begun);
      return failed(connect);
    }
  }

  private void tellFailure(HostMessage.Connect connect, Throwable cause) {
    new Thrown(cause).log(log, telling(), "connect failed, path={}", connect.path());
  }

  /** Tells of an outcome, unless another one was told of: the handler came too late. */
  private void record(Running handler, Telemetry.Outcome outcome, long nanos) {
    if (!handler.told().getAndSet(true)) {
      tell(handler.connect(), outcome, nanos);
    }
  }

  private void tell(HostMessage.Connect connect, Telemetry.Outcome outcome, long nanos) {
    if (log.isDebugEnabled()) {
      log.debug(
          "{} {} in {}, transport={} vsn={} params={}",
          outcome == Telemetry.Outcome.OK ? "CONNECTED TO" : "REFUSED CONNECTION TO",
          connect.path(),
          HostRuntime.written(nanos),
          connect.transport(),
          connect.vsn(),
          runtime.shown(connect.params()));
    }
    if (runtime.telemetry().isEnabled()) {
      runtime.record(
          new Telemetry.Event.SocketConnected(
              connect.application(),
              connect.path(),
              connect.transport(),
              connect.vsn(),
              outcome,
              Duration.ofNanos(nanos)));
    }
  }
}
