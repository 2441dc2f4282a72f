package dev.roost.membership;

import dev.roost.cluster.ClusterNode;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a node finds its cluster and is reached by it. Immutable, every option has a default; {@code
 * with..} methods change one, and an invalid value is an IllegalArgumentException that names it.
 *
 * <p>Whoever reaches the cluster port is a member and may do everything: it belongs on a private
 * network. {@link #tls} protects the bus, over which all messages go, and not the cluster port.
 *
 * @param clusterName nodes of another name are no members; default {@code roost}
 * @param nodeName letters, digits, {@code -} and {@code _}, 63 at most; no other live node may have
 *     it; default null, which makes one up. {@link ClusterNode#name} adds a part that differs each
 *     time the node starts
 * @param host the only interface that is listened on, and what peers connect to: an address of this
 *     machine, or a name that resolves to one here and everywhere, or one that resolves to those of
 *     all nodes, of which this machine's is taken; default {@code 127.0.0.1}
 * @param clusterPort TCP port of membership; the first free one of {@link #PORTS} from here on, so
 *     that several nodes fit on one machine; default 5701
 * @param busPort TCP port of the messages, moved by as much as the cluster port was: a node on 5702
 *     has its bus on 5712; 0 is any free one; default 5711
 * @param seeds where to look for members: {@code host} (then the three cluster ports are tried) or
 *     {@code host:port}; a name may have several addresses; default none
 * @param dns a name that resolves to every node, looked up again and again: a headless Kubernetes
 *     service or a compose service; members are expected on {@link #clusterPort} exactly; default
 *     null
 * @param kubernetesService DNS name of a headless service, asked by Hazelcast's own Kubernetes
 *     discovery; as {@link #dns} otherwise; default null
 * @param tls mutual TLS of the bus; default null, which is plain TCP
 * @param heartbeatInterval how often members hear of each other, in whole seconds; default 1 s
 * @param heartbeatTimeout a member that was not heard of for so long is gone, in whole seconds, at
 *     least twice the interval; default 5 s. A pause of the JVM that is longer makes a node leave
 * @param joinTimeout what a node may take to find its cluster, in whole seconds; over it the start
 *     fails; default 30 s
 */
public record ClusterOptions(
    String clusterName,
    @Nullable String nodeName,
    String host,
    int clusterPort,
    int busPort,
    List<String> seeds,
    @Nullable String dns,
    @Nullable String kubernetesService,
    @Nullable BusTls tls,
    Duration heartbeatInterval,
    Duration heartbeatTimeout,
    Duration joinTimeout) {

  /** Ports that nodes of one machine share. */
  public static final int PORTS = 3;

  private static final int LAST_PORT = 65_535;
  private static final Pattern NODE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,62}");
  private static final Pattern CLUSTER_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  public ClusterOptions {
    Objects.requireNonNull(host, "host");
    seeds = List.copyOf(seeds);
    if (!isClusterName(clusterName)) {
      throw new IllegalArgumentException(
          "clusterName is up to 63 letters, digits, \".\", \"-\" and \"_\", got \""
              + (clusterName + "\""));
    }
    if (nodeName != null && !isNodeName(nodeName)) {
      throw new IllegalArgumentException(
          "nodeName is up to 63 letters, digits, \"-\" and \"_\", got \"" + nodeName + "\"");
    }
    if (clusterPort < 1 || clusterPort > LAST_PORT - PORTS + 1) {
      throw new IllegalArgumentException(
          "clusterPort is 1 to " + (LAST_PORT - PORTS + 1) + ", got " + clusterPort);
    }
    if (busPort < 0 || busPort > LAST_PORT - PORTS + 1) {
      throw new IllegalArgumentException(
          "busPort is 0 (any free one) to " + (LAST_PORT - PORTS + 1) + ", got " + busPort);
    }
    if (busPort > 0 && Math.abs(busPort - clusterPort) < PORTS) {
      throw new IllegalArgumentException(
          "the bus ports, "
              + (busPort + " to " + (busPort + PORTS - 1) + ", overlap the cluster ports, ")
              + (clusterPort + " to " + (clusterPort + PORTS - 1) + ": choose others for one"));
    }
    seeds.forEach(Seed::parse);
    wholeSeconds("heartbeatInterval", heartbeatInterval);
    wholeSeconds("heartbeatTimeout", heartbeatTimeout);
    wholeSeconds("joinTimeout", joinTimeout);
    if (heartbeatTimeout.compareTo(heartbeatInterval.multipliedBy(2)) < 0) {
      throw new IllegalArgumentException(
          "heartbeatTimeout is at least twice the heartbeatInterval of "
              + (heartbeatInterval + ", got " + heartbeatTimeout));
    }
  }

  /** Whether this may be a {@link #clusterName}. */
  public static boolean isClusterName(String text) {
    return CLUSTER_NAME.matcher(text).matches();
  }

  /** Whether this may be a {@link #nodeName}. */
  public static boolean isNodeName(String text) {
    return NODE_NAME.matcher(text).matches();
  }

  private static void wholeSeconds(String option, Duration value) {
    if (value.toSeconds() < 1 || value.toMillis() % 1_000 != 0) {
      throw new IllegalArgumentException(option + " is whole seconds, 1 or more, got " + value);
    }
  }

  /** A node that nobody outside its machine finds, and that looks for nobody. */
  public static ClusterOptions defaults() {
    return new ClusterOptions(
        "roost",
        null,
        "127.0.0.1",
        5701,
        5711,
        List.of(),
        null,
        null,
        null,
        Duration.ofSeconds(1),
        Duration.ofSeconds(5),
        Duration.ofSeconds(30));
  }

  public ClusterOptions withClusterName(String value) {
    return new ClusterOptions(
        value,
        nodeName,
        host,
        clusterPort,
        busPort,
        seeds,
        dns,
        kubernetesService,
        tls,
        heartbeatInterval,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withNodeName(@Nullable String value) {
    return new ClusterOptions(
        clusterName,
        value,
        host,
        clusterPort,
        busPort,
        seeds,
        dns,
        kubernetesService,
        tls,
        heartbeatInterval,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withHost(String value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        value,
        clusterPort,
        busPort,
        seeds,
        dns,
        kubernetesService,
        tls,
        heartbeatInterval,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withClusterPort(int value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        host,
        value,
        busPort,
        seeds,
        dns,
        kubernetesService,
        tls,
        heartbeatInterval,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withBusPort(int value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        host,
        clusterPort,
        value,
        seeds,
        dns,
        kubernetesService,
        tls,
        heartbeatInterval,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withSeeds(List<String> value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        host,
        clusterPort,
        busPort,
        value,
        dns,
        kubernetesService,
        tls,
        heartbeatInterval,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withDns(@Nullable String value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        host,
        clusterPort,
        busPort,
        seeds,
        value,
        kubernetesService,
        tls,
        heartbeatInterval,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withKubernetesService(@Nullable String value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        host,
        clusterPort,
        busPort,
        seeds,
        dns,
        value,
        tls,
        heartbeatInterval,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withTls(@Nullable BusTls value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        host,
        clusterPort,
        busPort,
        seeds,
        dns,
        kubernetesService,
        value,
        heartbeatInterval,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withHeartbeatInterval(Duration value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        host,
        clusterPort,
        busPort,
        seeds,
        dns,
        kubernetesService,
        tls,
        value,
        heartbeatTimeout,
        joinTimeout);
  }

  public ClusterOptions withHeartbeatTimeout(Duration value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        host,
        clusterPort,
        busPort,
        seeds,
        dns,
        kubernetesService,
        tls,
        heartbeatInterval,
        value,
        joinTimeout);
  }

  public ClusterOptions withJoinTimeout(Duration value) {
    return new ClusterOptions(
        clusterName,
        nodeName,
        host,
        clusterPort,
        busPort,
        seeds,
        dns,
        kubernetesService,
        tls,
        heartbeatInterval,
        heartbeatTimeout,
        value);
  }

  /** Whether there is anywhere to look for members. */
  boolean looksForMembers() {
    return !seeds.isEmpty() || dns != null || kubernetesService != null;
  }
}
