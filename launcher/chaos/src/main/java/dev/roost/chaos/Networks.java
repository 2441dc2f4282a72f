package dev.roost.chaos;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Machines, as far as the network goes: network namespaces on one bridge, which this process always
 * reaches. Needs root on Linux, {@code ip} and {@code iptables}. Safe for any thread.
 */
final class Networks implements AutoCloseable {

  private final String id =
      Integer.toHexString(ThreadLocalRandom.current().nextInt(0x1000, 0x10000));
  private final String net = "10." + ThreadLocalRandom.current().nextInt(100, 250) + ".79.";
  private final int count;
  private boolean isClosed;

  private Networks(int count) {
    this.count = count;
  }

  /**
   * So many machines.
   *
   * @throws IllegalStateException if they cannot be made here; then nothing is left of them
   */
  static Networks create(int count) throws InterruptedException {
    var networks = new Networks(count);
    try {
      networks.make();
    } catch (IllegalStateException e) {
      networks.close();
      throw new IllegalStateException(
          "no networks for the nodes, which takes root on Linux, ip and iptables: "
              + e.getMessage(),
          e);
    }
    return networks;
  }

  private synchronized void make() throws InterruptedException {
    run("ip", "link", "add", bridge(), "type", "bridge");
    run("ip", "addr", "add", net + "254/24", "dev", bridge());
    run("ip", "link", "set", bridge(), "up");
    forward("-I"); // Where container engines are, nothing else may pass.
    for (int i = 0; i < count; i++) {
      String cable = "rsc" + id + i;
      run("ip", "netns", "add", name(i));
      run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name(i));
      run("ip", "link", "set", cable, "master", bridge(), "up");
      in(i, "ip", "addr", "add", host(i) + "/24", "dev", "eth0");
      in(i, "ip", "link", "set", "lo", "up");
      in(i, "ip", "link", "set", "eth0", "up");
    }
  }

  private String bridge() {
    return "rscbr" + id;
  }

  private String name(int i) {
    return "roost-chaos-" + id + "-" + i;
  }

  private void forward(String change) throws InterruptedException {
    run("iptables", "-w", change, "FORWARD", "-i", bridge(), "-o", bridge(), "-j", "ACCEPT");
  }

  /** The address of a machine. */
  String host(int i) {
    return net + (i + 1);
  }

  /** What a command that runs there begins with. */
  List<String> prefix(int i) {
    return List.of("ip", "netns", "exec", name(i));
  }

  /** Nothing passes any more between these machines and the others. */
  synchronized void split(Set<Integer> side) throws InterruptedException {
    for (int here = 0; here < count; here++) {
      for (int there = 0; there < count; there++) {
        if (side.contains(here) != side.contains(there)) {
          in(here, "iptables", "-w", "-A", "INPUT", "-s", host(there), "-j", "DROP");
        }
      }
    }
  }

  /** Each machine loses a share of the packets that come from the others. */
  synchronized void lose(int percent) throws InterruptedException {
    String probability = Double.toString(percent / 100.0);
    for (int i = 0; i < count; i++) {
      in(
          i,
          "iptables -w -A INPUT -i eth0 ! -s %s -m statistic --mode random --probability %s -j DROP"
              .formatted(net + "254", probability)
              .split(" "));
    }
  }

  /** Everything passes again. */
  synchronized void mend() throws InterruptedException {
    for (int i = 0; i < count; i++) {
      in(i, "iptables", "-w", "-F", "INPUT");
    }
  }

  private void in(int i, String... command) throws InterruptedException {
    var all = new ArrayList<>(prefix(i));
    all.addAll(List.of(command));
    run(all.toArray(String[]::new));
  }

  private static void run(String... command) throws InterruptedException {
    String called = String.join(" ", command);
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int exitCode = process.waitFor();
      if (exitCode != 0) {
        throw new IllegalStateException(called + " ended with " + exitCode + ": " + said.strip());
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot run " + called + ": " + e.getMessage(), e);
    }
  }

  /** Takes them away; whatever still runs there has no network any more. */
  @Override
  public synchronized void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    for (int i = 0; i < count; i++) {
      String name = name(i);
      remove(() -> run("ip", "netns", "del", name));
    }
    remove(() -> forward("-D"));
    remove(() -> run("ip", "link", "del", bridge()));
  }

  /** What was never made cannot be removed. */
  private static void remove(Step step) {
    try {
      step.run();
    } catch (IllegalStateException neverMade) {
      // As said.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private interface Step {
    void run() throws InterruptedException;
  }
}
