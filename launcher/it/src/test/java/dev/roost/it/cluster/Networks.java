package dev.roost.it.cluster;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/**
 * Machines, as far as the network goes: network namespaces on one bridge, which this process can
 * always reach. Needs root.
 */
final class Networks implements AutoCloseable {

  private final String id =
      Integer.toHexString(ThreadLocalRandom.current().nextInt(0x1000, 0x10000));

  /* Chaos runs have the third number below 80: they may go on beside this. */
  private final String net =
      "10.%d.%d.".formatted(ThreadLocalRandom.current().nextInt(100, 250), 80 + Ports.process());

  private final List<String> names;
  private final List<String> cables;
  private final List<Integer> broken = new ArrayList<>();

  Networks(int count) {
    names = IntStream.range(0, count).mapToObj(i -> "roost-" + id + "-" + i).toList();
    cables = IntStream.range(0, count).mapToObj(i -> "rst" + id + i).toList();
    try {
      Shell.run("ip", "link", "add", bridge(), "type", "bridge");
      Shell.run("ip", "addr", "add", net + "254/24", "dev", bridge());
      Shell.run("ip", "link", "set", bridge(), "up");
      forward("-I"); // Where container engines are, nothing else may pass.
      for (int i = 0; i < count; i++) {
        add(i);
      }
    } catch (AssertionError unavailable) {
      close();
      throw unavailable;
    }
  }

  /** Leaves out a test where there can be none. */
  static void assumeAvailable() {
    assumeTrue(
        "root".equals(System.getProperty("user.name"))
            && System.getProperty("os.name").equals("Linux"),
        "network namespaces need root on Linux: run as root, as .ci/run does");
  }

  private void add(int i) {
    String name = names.get(i);
    String cable = cables.get(i);
    write(i, "nsswitch.conf", "hosts: files\n");
    resolve(i, "localhost", List.of("127.0.0.1"));
    Shell.run("ip", "netns", "add", name);
    Shell.run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name);
    Shell.run("ip", "link", "set", cable, "master", bridge(), "up");
    in(i, "ip", "addr", "add", host(i) + "/24", "dev", "eth0");
    in(i, "ip", "link", "set", "lo", "up");
    in(i, "ip", "link", "set", "eth0", "up");
  }

  private String bridge() {
    return "rstbr" + id;
  }

  private void forward(String change) {
    Shell.run("iptables", "-w", change, "FORWARD", "-i", bridge(), "-o", bridge(), "-j", "ACCEPT");
  }

  /** The address that this network and the others know it by. */
  String host(int i) {
    return net + (i + 1);
  }

  /** From now on a network knows this name, and no other, with these addresses: maybe none. */
  void resolve(int i, String name, List<String> addresses) {
    write(i, "hosts", addresses.stream().map(at -> at + " " + name + "\n").collect(joining()));
  }

  /* What is below its folder in /etc/netns, a process in a namespace finds in /etc. */
  private void write(int i, String file, String text) {
    try {
      Files.createDirectories(etc(i));
      Files.writeString(etc(i).resolve(file), text); // In place: running nodes see it as well.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path etc(int i) {
    return Path.of("/etc/netns", names.get(i));
  }

  private void in(int i, String... command) {
    var all = new ArrayList<>(List.of("ip", "netns", "exec", names.get(i)));
    all.addAll(List.of(command));
    Shell.run(all.toArray(String[]::new));
  }

  /** Where nodes of this network run. */
  Cluster.Place place(int i) {
    return new Cluster.Place(host(i), List.of("ip", "netns", "exec", names.get(i)));
  }

  /** Nothing passes between any two of them any more; this process still reaches them all. */
  void split() {
    for (String cable : cables) {
      Shell.run("bridge", "link", "set", "dev", cable, "isolated", "on");
    }
  }

  /** After {@link #split}. */
  void heal() {
    for (String cable : cables) {
      Shell.run("bridge", "link", "set", "dev", cable, "isolated", "off");
    }
  }

  /** Loses a share of the packets that reach a network from its peers. */
  void lose(int i, double share) {
    rule("-A", i, "-m", "statistic", "--mode", "random", "--probability", Double.toString(share));
    broken.add(i);
  }

  /** Drops whatever reaches this port of a network, or comes from it. */
  void block(int i, int port) {
    rule("-A", i, "-p", "tcp", "-m", "multiport", "--ports", Integer.toString(port));
    broken.add(i);
  }

  /** After {@link #lose} and {@link #block}. */
  void mend() {
    broken.forEach(i -> in(i, "iptables", "-w", "-F", "INPUT"));
    broken.clear();
  }

  private void rule(String change, int i, String... match) {
    var all = new ArrayList<>(List.of("iptables", "-w", change, "INPUT", "!", "-s", net + "254"));
    all.addAll(List.of(match));
    all.addAll(List.of("-i", "eth0", "-j", "DROP"));
    in(i, all.toArray(String[]::new));
  }

  @Override
  public void close() {
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      String etc = etc(i).toString();
      ignore(() -> Shell.run("ip", "netns", "del", name));
      ignore(() -> Shell.run("rm", "-rf", etc));
    }
    ignore(() -> forward("-D"));
    ignore(() -> Shell.run("ip", "link", "del", bridge()));
  }

  private static void ignore(Runnable command) {
    try {
      command.run();
    } catch (AssertionError neverMade) {
      System.err.println(neverMade.getMessage());
    }
  }
}
