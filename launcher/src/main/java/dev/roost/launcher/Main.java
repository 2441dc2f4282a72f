package dev.roost.launcher;

import dev.roost.cluster.ClusterNode;
import dev.roost.launcher.settings.Invocation;
import dev.roost.launcher.settings.Settings;
import dev.roost.membership.JoinFailure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VertxBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The command line of Roost. {@code docs/settings.md} tells its settings, exit codes and signals.
 *
 * <p>SIGTERM and SIGINT drain the node and close it, as {@code POST /drain} does; the process ends
 * within {@link Node#drainLimit} and {@link #GRACE}, with 0 if everything was closed by then.
 * Further signals change nothing.
 */
public final class Main {

  /*
   * The node is drained and closed before the JVM's shutdown begins: see Signals. Whoever calls
   * System.exit, or a JVM that keeps its signals to itself, has it done by a shutdown hook, which
   * others run beside. The JVM is halted at the end, because otherwise the exit code would be 143 or
   * 130 after a clean end, and because nothing that hangs elsewhere may outlast the stated time:
   * shutdown hooks of applications run when the node is closed, and have FOR_HOOKS.
   */

  /** What is left may take so long once the node is drained: callbacks that still run. */
  static final Duration GRACE = Duration.ofSeconds(4);

  /** The same in a cluster, which Hazelcast takes up to 3 s and more to leave in good order. */
  static final Duration GRACE_IN_CLUSTER = Duration.ofSeconds(10);

  private static final Duration FOR_HOOKS = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(Main.class);

  private final Duration grace;
  private final Readiness readiness;
  private final Promise<JoinFailure> unfit = Promise.promise();
  private final Future<ClusterNode> joining;
  private final Future<Node> starting;
  private final AtomicInteger exitCode = new AtomicInteger();
  private final AtomicBoolean ending = new AtomicBoolean();
  private final CountDownLatch ended = new CountDownLatch(1);

  private Main(VertxBuilder vertx, Settings settings) {
    this.grace = settings.cluster() == null ? GRACE : GRACE_IN_CLUSTER;
    this.readiness =
        new Readiness(
            settings.role().hasGateways() ? settings.gateway().awaitApplications() : Set.of());
    this.joining = Node.join(vertx, settings, unfit::tryComplete);
    this.starting =
        joining.compose(
            cluster -> {
              var counters = new Counters(cluster.vertx());
              return admin(cluster, settings, counters)
                  .compose(ignored -> Node.start(cluster, settings, counters));
            });
    var unused = starting.onSuccess(ignored -> readiness.started());
  }

  private Future<Void> admin(ClusterNode cluster, Settings settings, Counters counters) {
    Settings.Admin admin = settings.admin();
    if (admin == null) {
      return Future.succeededFuture();
    }
    Optional<AdminToken> token = AdminToken.of(settings, System.getenv());
    Runnable drain = () -> Thread.ofPlatform().name("roost-drain").start(this::exit);
    String offered =
        token.isPresent() || admin.isLoopback()
            ? "health, metrics and drain"
            : "health, and without a token nothing else,";
    return AdminServer.open(cluster, settings, admin, token, readiness, counters, drain)
        .onSuccess(
            server -> log.info("{} at {} port {}", offered, admin.host(), server.actualPort()))
        .mapEmpty();
  }

  /** Starts what the arguments, the environment and the file ask for. */
  public static void main(String[] arguments) {
    switch (Invocation.read(List.of(arguments), System.getenv())) {
      case Invocation.Show(var text) -> System.out.print(text);
      case Invocation.Refuse(var text) -> {
        System.err.print(text);
        System.exit(StartFailure.WRONG_SETTINGS);
      }
      case Invocation.Start(var settings) -> start(settings);
    }
  }

  private static void start(Settings settings) {
    Logging.show(settings.logLevel());
    VertxBuilder vertx;
    try {
      vertx = NetworkTransports.builder(settings);
    } catch (StartFailure failure) {
      System.err.println("roost: " + failure.getMessage());
      System.exit(failure.exitCode());
      return;
    }
    var main = new Main(vertx, settings);
    Signals.on(main::exit);
    Runtime.getRuntime().addShutdownHook(new Thread(main::shutDown, "roost-end"));
    var unused = main.unfit.future().onSuccess(main::unfit);
    main.awaitStart();
  }

  /** Parts of the cluster have found each other, and this node has no place in it. */
  private void unfit(JoinFailure failure) {
    Thread.ofPlatform()
        .name("roost-drain")
        .start(
            () -> {
              log.error(
                  "this node ends, as its cluster has no place for it: {}", failure.getMessage());
              exitCode.set(StartFailure.FAILED);
              exit();
            });
  }

  private void awaitStart() {
    try {
      Node node = starting.toCompletionStage().toCompletableFuture().get();
      node.originWarning().ifPresent(log::info);
      System.out.println(node.readyLine());
    } catch (ExecutionException failed) {
      if (!ending.get()) { // A signal that comes while it starts is no failure.
        System.exit(explain(failed.getCause()));
      }
    } catch (InterruptedException interrupted) {
      System.exit(StartFailure.FAILED);
    }
  }

  private int explain(@Nullable Throwable cause) {
    if (cause instanceof StartFailure failure) {
      System.err.println("roost: " + failure.getMessage());
      log.debug("the reason", failure);
      exitCode.set(failure.exitCode());
    } else {
      log.error("Roost cannot start", cause);
      exitCode.set(StartFailure.FAILED);
    }
    return exitCode.get();
  }

  /** Ends the node, then the process; the first call does, any other changes nothing. */
  private void exit() {
    if (ending.compareAndSet(false, true)) {
      try {
        end();
      } catch (Throwable broken) {
        log.error("not closed cleanly", broken);
        exitCode.set(StartFailure.FAILED);
      } finally {
        Thread.ofPlatform().daemon().name("roost-halt").start(this::halt);
        ended.countDown();
      }
      System.exit(exitCode.get());
    }
  }

  /** What other shutdown hooks have not done by then is cut off. */
  private void halt() {
    try {
      Thread.sleep(FOR_HOOKS);
    } catch (InterruptedException nobodyDoes) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(exitCode.get());
  }

  /** The JVM ends, for whatever reason: the node first. */
  private void shutDown() {
    if (ending.compareAndSet(false, true)) {
      try {
        end();
      } finally {
        Runtime.getRuntime().halt(exitCode.get());
      }
    }
    try {
      ended.await();
    } catch (InterruptedException nobodyDoes) {
      Thread.currentThread().interrupt();
    }
  }

  private void end() {
    readiness.draining();
    if (starting.succeeded()) {
      Node node = starting.result();
      log.info(node.closingLine());
      Duration limit = node.drainLimit();
      await(node.drain(), limit);
      await(node.close(), grace.minus(FOR_HOOKS));
      log.info("closed");
    } else if (joining.succeeded()) { // A member that nobody relies on yet.
      ClusterNode cluster = joining.result();
      await(cluster.close().eventually(cluster.vertx()::close), grace.minus(FOR_HOOKS));
    }
  }

  private void await(Future<Void> step, Duration limit) {
    try {
      step.toCompletionStage().toCompletableFuture().get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      log.warn("not closed within {}: what is left is cut off", limit);
      exitCode.set(StartFailure.FAILED);
    } catch (ExecutionException failed) {
      log.error("not closed cleanly: {}", String.valueOf(failed.getCause()));
      exitCode.set(StartFailure.FAILED);
    } catch (InterruptedException interrupted) {
      exitCode.set(StartFailure.FAILED);
    }
  }
}
