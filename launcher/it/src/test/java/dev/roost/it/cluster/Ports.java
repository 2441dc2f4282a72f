package dev.roost.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/**
 * Ports for nodes. A node binds its own only seconds later, so that nobody listens on a port does
 * not say that it is free: each process that runs tests has a range of its own, and gives none of
 * it out twice before all others were.
 */
final class Ports {

  private static final int FIRST = 15_000;
  private static final int RANGE = 1_000;
  private static final int RANGES = 15;

  /** Who listens on a range's first port has the range, until the process ends. */
  private static final ServerSocket OWN = ownRange();

  private static int next = 1;

  private Ports() {}

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

  /** The number of this process among those that run tests at the same time, from 0. */
  static int process() {
    return (OWN.getLocalPort() - FIRST) / RANGE;
  }

  /** The first of so many free ports next to each other, which nobody else is given. */
  static synchronized int free(int count) throws IOException {
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

  private static boolean areFree(int first, int count) {
    for (int i = 0; i < count; i++) {
      try (ServerSocket probe = listen(first + i)) {
        probe.setReuseAddress(true);
      } catch (IOException taken) {
        return false;
      }
    }
    return true;
  }

  private static ServerSocket listen(int port) throws IOException {
    return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
  }
}
