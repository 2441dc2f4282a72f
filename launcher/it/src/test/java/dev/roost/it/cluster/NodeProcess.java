package dev.roost.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A node of the distribution, running as its users run it: a process with a log. */
final class NodeProcess {

  private static final Pattern ADMIN =
      Pattern.compile("health, metrics and drain at \\S+ port (\\d+)");

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

  /** Where it is administered, if it was started with {@code --admin-port}. */
  int adminPort() {
    Matcher line = ADMIN.matcher(log());
    if (!line.find()) {
      throw new AssertionError("the node names no admin port:\n" + log());
    }
    return Integer.parseInt(line.group(1));
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

  long pid() {
    return process.pid();
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
    Shell.run("kill", "-" + name, Long.toString(pid()));
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
