package dev.roost.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Nodes in processes of their own, from the built distribution, in one cluster with a name and
 * ports that no other has. Their logs stay in {@code target/cluster}.
 */
final class Cluster implements AutoCloseable {

  /**
   * Where a node runs.
   *
   * @param host the address that it listens on and is reached at
   * @param prefix what its command begins with, such as {@code ip netns exec NAME}
   */
  record Place(String host, List<String> prefix) {
    static final Place HERE = new Place("127.0.0.1", List.of());

    /** The host with a port behind it. */
    String at(int port) {
      return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
  }

  private static final Path RELEASE = Path.of("..", "target", "roost");
  private static final Path FIXTURE = Path.of("target", "roost-it-0.1.0-SNAPSHOT.jar");

  /** Cluster port with the two after it, and the public port. */
  private static final int PORTS_EACH = 4;

  private final String name;
  private final Path logs;
  private final List<Place> places;
  private final int firstPort;
  private final List<NodeProcess> nodes = new ArrayList<>();
  private String javaOptions = "";
  private Path release = RELEASE;
  private boolean hasArchive = true;
  private @Nullable String service;
  private int started;

  private Cluster(String name, List<Place> places) {
    this.name = name + "-" + Long.toHexString(ThreadLocalRandom.current().nextLong());
    this.logs = Path.of("target", "cluster", this.name).toAbsolutePath();
    this.places = List.copyOf(places);
    try {
      Files.createDirectories(logs);
      this.firstPort = Ports.free(places.size() * PORTS_EACH);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A cluster that at most so many nodes are started in, one after the other or together. */
  static Cluster of(String name, int most) {
    return new Cluster(name, Collections.nCopies(most, Place.HERE));
  }

  /** A cluster whose nodes run at these places, in this order. */
  static Cluster at(String name, Place... places) {
    return new Cluster(name, Arrays.asList(places));
  }

  String name() {
    return name;
  }

  /** The member port of the node that was started as this one, the first being 0. */
  int clusterPort(int node) {
    return service == null ? firstPort + node * PORTS_EACH : firstPort;
  }

  /**
   * Nodes look for each other by the name of a headless service and by nothing else. So all have
   * the same ports: each is at a place of its own.
   */
  Cluster byKubernetesService(String name) {
    service = name;
    return this;
  }

  /** Nodes that are started from now on have these options of the JVM, besides the usual ones. */
  Cluster withJavaOptions(String options) {
    javaOptions = " " + options;
    return this;
  }

  /** Nodes that are started from now on are of the distribution in this folder. */
  Cluster ofRelease(Path home) {
    release = home;
    return this;
  }

  /** And from now on of the one that was built, again. */
  Cluster ofThisRelease() {
    return ofRelease(RELEASE);
  }

  /** Its nodes start from the distribution's jars alone; one can tell then what it has loaded. */
  Cluster withoutArchive() {
    hasArchive = false;
    return withJavaOptions("-XX:+RecordDynamicDumpInfo");
  }

  /** Starts a node of both roles; it is not ready yet. */
  NodeProcess everything(String applications) {
    return start("all", "--applications=" + applications, "--port=0");
  }

  /** Starts a gateway; it is not ready yet. */
  NodeProcess gateway(String... more) {
    return start("gateway", more);
  }

  /** Starts a node with applications; it is not ready yet. */
  NodeProcess channels(String applications, String... more) {
    var all = new ArrayList<>(List.of("--applications=" + applications));
    all.addAll(List.of(more));
    return start("channels", all.toArray(String[]::new));
  }

  private NodeProcess start(String role, String... more) {
    int node = started++;
    Place place = places.get(node);
    int port = clusterPort(node) + PORTS_EACH - 1;
    var command = new ArrayList<>(place.prefix());
    command.add(release.resolve("bin").resolve("roost").toAbsolutePath().toString());
    command.addAll(
        List.of(
            "--role=" + role,
            "--cluster-name=" + name,
            "--cluster-host=" + place.host(),
            "--cluster-port=" + clusterPort(node),
            "--bus-port=0",
            service == null ? "--cluster-seeds=" + seeds() : "--kubernetes-service=" + service,
            role.equals("gateway") ? "--gateway-verticles=2" : "--channel-verticles=2"));
    if (role.equals("gateway")) {
      command.addAll(List.of("--host=" + place.host(), "--port=" + port));
    }
    command.addAll(List.of(more)); // The last of two counts.
    Path log = logs.resolve(role + "-" + node + ".log");
    var builder =
        new ProcessBuilder(withoutDoubles(command))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().keySet().removeIf(key -> key.startsWith("ROOST_"));
    builder.environment().put("ROOST_APPS", FIXTURE.toAbsolutePath().toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    // Quick to start: nothing here runs for long.
    String archive = hasArchive && release.equals(RELEASE) ? " " + ClassArchive.option() : "";
    builder
        .environment()
        .put("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -Xmx192m" + archive + javaOptions);
    try {
      var process = new NodeProcess(builder.start(), log, place.host(), port);
      nodes.add(process);
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> withoutDoubles(List<String> command) {
    var kept = new ArrayList<String>();
    for (int i = 0; i < command.size(); i++) {
      String option = command.get(i).replaceFirst("=.*", "=");
      boolean later =
          option.startsWith("--")
              && command.subList(i + 1, command.size()).stream()
                  .anyMatch(other -> other.startsWith(option));
      if (!later) {
        kept.add(command.get(i));
      }
    }
    return kept;
  }

  private String seeds() {
    return IntStream.range(0, places.size())
        .mapToObj(node -> places.get(node).at(clusterPort(node)))
        .collect(Collectors.joining(","));
  }

  @Override
  public void close() {
    nodes.forEach(NodeProcess::end);
    nodes.forEach(NodeProcess::exitCode);
  }
}
