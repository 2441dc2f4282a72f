package dev.roost.it.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for nodes, away from those that the system gives out for port 0. A node binds its own only
 * seconds later, so that nobody listens on a port does not say that it is free: each process that
 * runs tests has a range of its own, and goes on in it.
 */
final class Ports {

  private static final int FIRST = 15_000;

  /** For each process: several times what all tests together take. */
  private static final int RANGE = 2_500;

  private static final int PROCESSES = 6;

  private static final int START = FIRST + (fork() - 1) % PROCESSES * RANGE;

  /** Not always the first: what another build on this machine has taken is mostly elsewhere. */
  private static int next = ThreadLocalRandom.current().nextInt(RANGE);

  private Ports() {}

  /** The number of this process among those that run tests at the same time, from 1. */
  static int fork() {
    return Integer.getInteger("roost.fork", 1);
  }

  /** The first of so many free ports next to each other, which nobody else is given. */
  static synchronized int free(int count) throws IOException {
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
