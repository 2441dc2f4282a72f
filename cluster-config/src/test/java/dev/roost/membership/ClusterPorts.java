package dev.roost.membership;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/**
 * Ports next to each other that nobody listens on. They are bound only later: so each process that
 * runs tests has a range of its own, and goes on in it.
 */
final class ClusterPorts {

  private static final int FIRST = 15_000;
  private static final int RANGE = 1_000;
  private static final int RANGES = 15;

  /** Who listens on a range's first port has the range, until the process ends. */
  private static final ServerSocket OWN = ownRange();

  private static int next = 1;

  private ClusterPorts() {}

  /** A cluster of its own on free ports of this machine. */
  static ClusterOptions options(String name) throws IOException {
    int first = free(10 + ClusterOptions.PORTS);
    return ClusterOptions.defaults()
        .withClusterName(name + "-" + first)
        .withClusterPort(first)
        .withBusPort(first + 10)
        .withSeeds(List.of("127.0.0.1"));
  }

  private static ServerSocket ownRange() {
    for (int i = 0; i < RANGES; i++) {
      try {
        return listen(FIRST + i * RANGE);
      } catch (IOException taken) {
        // By another process that runs tests.
      }
    }
    throw new UncheckedIOException(new IOException("all " + RANGES + " ranges of ports are taken"));
  }

  private static synchronized int free(int count) throws IOException {
    for (int tries = 0; tries < RANGE; tries++) {
      if (next + count > RANGE) {
        next = 1;
      }
      int first = OWN.getLocalPort() + next;
      if (areFree(first, count)) {
        next += count;
        return first;
      }
      next++;
    }
    throw new IOException("no " + count + " free ports next to each other");
  }

  private static boolean areFree(int first, int count) throws IOException {
    List<ServerSocket> held = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        held.add(listen(first + i));
      }
      return true;
    } catch (IOException taken) {
      return false;
    } finally {
      for (ServerSocket each : held) {
        each.close();
      }
    }
  }

  private static ServerSocket listen(int port) throws IOException {
    return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
  }
}
