package dev.roost.membership;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Ports next to each other that nobody listens on, away from those given out for port 0. */
final class ClusterPorts {

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

  private static int free(int count) throws IOException {
    for (int attempt = 0; attempt < 100; attempt++) {
      int first = ThreadLocalRandom.current().nextInt(15_000, 30_000);
      if (areFree(first, count)) {
        return first;
      }
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
