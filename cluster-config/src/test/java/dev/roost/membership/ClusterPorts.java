package dev.roost.membership;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports next to each other that nobody listens on, away from those given out for port 0. They are
 * bound only later: so each process that runs tests has a range of its own, and goes on in it.
 */
final class ClusterPorts {

  private static final int RANGE = 2_500;
  private static final int START = 15_000 + (Integer.getInteger("roost.fork", 1) - 1) % 6 * RANGE;

  /** Not always the first: what another build on this machine has taken is mostly elsewhere. */
  private static int next = ThreadLocalRandom.current().nextInt(RANGE);

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

  private static synchronized int free(int count) throws IOException {
    for (int tries = 0; tries < RANGE; tries++) {
      if (next + count > RANGE) {
        next = 0;
      }
      int first = START + next;
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
        held.add(new ServerSocket(first + i, 1, InetAddress.getLoopbackAddress()));
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
}
