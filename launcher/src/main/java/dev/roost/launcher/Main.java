package dev.roost.launcher;

import dev.roost.cluster.ClusterNode;
import dev.roost.launcher.settings.Invocation;
import dev.roost.launcher.settings.Settings;
import io.vertx.core.Future;
import io.vertx.core.VertxBuilder;
import java.time.Duration;
import java.util.List;
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
 * <p>SIGTERM and SIGINT close the node in order; the process ends within {@code close-timeout} and
 * {@link #GRACE} (and {@link #DRAIN} where it has topics to hand over), with 0 if everything was
 * closed by then. Further signals change nothing.
 */
public final class Main {

  /*
   * The JVM turns these signals into its shutdown, so the node is closed in a shutdown hook. The
   * hook ends the JVM itself, because otherwise the exit code would be 143 or 130 after a clean end,
   * and because nothing that hangs elsewhere may outlast the stated time. An application's own
   * shutdown hooks run beside this one and are cut off with it.
   */

  /** What everything but closing sockets may take at the end: callbacks that still run. */
  static final Duration GRACE = Duration.ofSeconds(4);

  /** For handing over what it hosts, in a cluster: 256 partitions of each application, paced. */
  static final Duration DRAIN = Duration.ofSeconds(15);

  private static final Logger log = LoggerFactory.getLogger(Main.class);

  private final Duration limit;
  private final Future<ClusterNode> joining;
  private final Future<Node> starting;
  private final AtomicInteger exitCode = new AtomicInteger();
  private final AtomicBoolean ending = new AtomicBoolean();

  private Main(VertxBuilder vertx, Settings settings) {
    boolean handsOver = settings.cluster() != null && settings.role().hasApplications();
    this.limit =
        settings.gateway().closeTimeout().plus(GRACE).plus(handsOver ? DRAIN : Duration.ZERO);
    this.joining = Node.join(vertx, settings);
    this.starting = joining.compose(cluster -> Node.start(cluster, settings));
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
    Runtime.getRuntime().addShutdownHook(new Thread(main::end, "roost-end"));
    main.awaitStart();
  }

  private void awaitStart() {
    try {
      System.out.println(starting.toCompletionStage().toCompletableFuture().get().readyLine());
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

  private void end() {
    ending.set(true);
    try {
      close()
          .toCompletionStage()
          .toCompletableFuture()
          .get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      log.warn("not closed within {}: what is left is cut off", limit);
      exitCode.set(StartFailure.FAILED);
    } catch (ExecutionException failed) {
      log.error("not closed cleanly: {}", String.valueOf(failed.getCause()));
      exitCode.set(StartFailure.FAILED);
    } catch (InterruptedException interrupted) {
      exitCode.set(StartFailure.FAILED);
    }
    Runtime.getRuntime().halt(exitCode.get());
  }

  private Future<Void> close() {
    if (!joining.succeeded()) { // Nothing is there, or a member that nobody relies on yet.
      return Future.succeededFuture();
    }
    if (!starting.succeeded()) {
      ClusterNode cluster = joining.result();
      return cluster.close().eventually(cluster.vertx()::close);
    }
    Node node = starting.result();
    log.info(node.closingLine());
    return node.stop().onSuccess(ignored -> log.info("closed"));
  }
}
