package dev.roost.it.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for nodes, away from those that the system gives out for port 0. A node binds its own only
 * seconds later, so that nobody listens on a port does not say that it is free: none is given out
 * twice before all others were.
 */
final class Ports {

  private static final int FIRST = 15_000;
  private static final int RANGE = 15_000;

  /** Not always the first: what another build on this machine has taken is mostly elsewhere. */
  private static int next = ThreadLocalRandom.current().nextInt(RANGE);

  private Ports() {}

  /** The first of so many free ports next to each other, which nobody else is given. */
  static synchronized int free(int count) throws IOException {
    for (int tries = 0; tries < RANGE; tries++) {
      if (next + count > RANGE) {
        next = 0;
      }
      int first = FIRST + next;
      if (areFree(first, count)) {
        next += count;
        return first;
      }
      next++;
    }
    throw new IOException("no " + count + " free ports next to each other");
  }

  private static boolean areFree(int first, int count) {
    for (int i = 0; i < count; i++) {
      try (var probe = new ServerSocket(first + i, 1, InetAddress.getLoopbackAddress())) {
        probe.setReuseAddress(true);
      } catch (IOException taken) {
        return false;
      }
    }
    return true;
  }
}
