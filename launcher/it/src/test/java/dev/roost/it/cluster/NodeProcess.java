package dev.roost.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A node of the distribution, running as its users run it: a process with a log. */
final class NodeProcess {

  private final Process process;
  private final Path log;
  private final String host;
  private final int port;

  NodeProcess(Process process, Path log, String host, int port) {
    this.process = process;
    this.log = log;
    this.host = host;
    this.port = port;
  }

  /** Where its clients connect, if it is a gateway. */
  String host() {
    return host;
  }

  int port() {
    return port;
  }

  NodeProcess ready() {
    Waiting.until(
        "the node is ready, see " + log, () -> log().contains(" is ready: ") || !isRunning());
    if (!log().contains(" is ready: ")) {
      throw new AssertionError("the node ended before it was ready:\n" + log());
    }
    return this;
  }

  /** Everything that it printed. */
  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean isRunning() {
    return process.isAlive();
  }

  /** Kills it at once: it tells nobody. */
  void kill() {
    process.destroyForcibly();
    exitCode();
  }

  /** SIGTERM: it leaves in order. */
  void terminate() {
    process.toHandle().destroy();
  }

  /** It is there, and does nothing any more. */
  void freeze() {
    signal("STOP");
  }

  /** After {@link #freeze}. */
  void thaw() {
    signal("CONT");
  }

  private void signal(String name) {
    Shell.run("kill", "-" + name, Long.toString(process.pid()));
  }

  int exitCode() {
    try {
      if (!process.waitFor(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("the node does not end, see " + log);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a node ended", e);
    }
    return process.exitValue();
  }

  /** Kills it if it still runs, frozen or not. */
  void end() {
    process.destroyForcibly();
  }
}
