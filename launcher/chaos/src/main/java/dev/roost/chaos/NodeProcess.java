package dev.roost.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One Roost process that can be ended, frozen and started again. Used by one thread. */
final class NodeProcess {

  /** What Roost prints when it is ready. */
  private static final String READY = "Roost ";

  private static final Duration START_LIMIT = Duration.ofMinutes(5);
  private static final Duration END_LIMIT = Duration.ofMinutes(1);

  private final String name;
  private final List<String> command;
  private final Map<String, String> environment;
  private final Path logs;
  private @Nullable Process process;
  private int starts;

  NodeProcess(String name, List<String> command, Map<String, String> environment, Path logs) {
    this.name = name;
    this.command = command;
    this.environment = environment;
    this.logs = logs;
  }

  String name() {
    return name;
  }

  /** Starts it and does not wait; each start has a file of its own for what it prints. */
  void start() {
    starts++;
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(output().toFile());
    builder.environment().putAll(environment);
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + name, e);
    }
  }

  /** Waits until it says that it is ready. */
  void awaitReady() throws InterruptedException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (!isReady()) {
      if (!running().isAlive()) {
        throw new IllegalStateException(name + " ended at its start, see " + output());
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            name + " was not ready after " + START_LIMIT + ", see " + output());
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private boolean isReady() {
    try (var lines = Files.lines(output())) {
      return lines.anyMatch(line -> line.startsWith(READY));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path output() {
    return logs.resolve(name + "-" + starts + ".log");
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    awaitEnd(running().destroyForcibly());
  }

  /** SIGTERM, without waiting. */
  void terminate() {
    running().destroy();
  }

  /** Waits for the end after {@link #terminate}. */
  void awaitEnd() throws InterruptedException {
    awaitEnd(running());
  }

  private void awaitEnd(Process ending) throws InterruptedException {
    if (!ending.waitFor(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException(name + " still runs " + END_LIMIT + " after its signal");
    }
  }

  /** SIGSTOP. */
  void freeze() throws InterruptedException {
    signal("STOP");
  }

  /** SIGCONT. */
  void thaw() throws InterruptedException {
    signal("CONT");
  }

  private void signal(String signal) throws InterruptedException {
    var command = List.of("kill", "-" + signal, String.valueOf(pid()));
    try {
      int exitCode = new ProcessBuilder(command).inheritIO().start().waitFor();
      if (exitCode != 0) {
        throw new IllegalStateException(command + " ended with " + exitCode);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long pid() {
    return running().pid();
  }

  /** Ends it whatever state it is in; for the end of the run. */
  void destroy() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  private Process running() {
    if (process == null) {
      throw new IllegalStateException(name + " was never started");
    }
    return process;
  }
}
