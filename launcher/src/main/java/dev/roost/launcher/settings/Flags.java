package dev.roost.launcher.settings;

import dev.roost.application.ChannelOptions;
import dev.roost.gateway.GatewayOptions;
import dev.roost.membership.BusTls;
import dev.roost.membership.ClusterOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The list of all settings: each field is an option, and by the same name a variable and a key in
 * the file. {@code docs/settings.md} tells more of each; a test compares the two.
 */
@Command(
    name = "roost",
    sortOptions = false,
    usageHelpAutoWidth = false,
    usageHelpWidth = 100,
    synopsisHeading = "Usage: ",
    customSynopsis = "roost [options]",
    description = "Starts Roost, a real-time server for Phoenix Channels clients.%n",
    footer = {
      "",
      "Each option is also a variable (ROOST_MAX_FRAME_BYTES for --max-frame-bytes) and a key in"
          + " the",
      "file (max-frame-bytes=65536). The command line goes before the environment, the environment",
      "before the file. Times are written 500ms, 10s, 2m or PT10S.",
      "",
      "SIGTERM, SIGINT and POST /drain on the admin port drain the node: it is not ready any more,"
          + " waits",
      "for --drain-delay, hands its partitions to other nodes (30s at most), closes its sockets in"
          + " batches",
      "with 1012 (--drain-timeout and --close-timeout at most), and ends within 4s more (10s in a"
          + " cluster).",
      "Exit code: 0 closed cleanly, 1 failed, 2 wrong settings."
    })
final class Flags {

  @Option(
      names = "--config",
      paramLabel = "FILE",
      converter = Values.File.class,
      description = "Properties file with settings. Default: none.")
  @Nullable Path config;

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      defaultValue = "all",
      converter = Values.RoleName.class,
      description =
          "all, gateway (sockets only) or channels (applications only); the last two are in a"
              + " cluster. Default: ${DEFAULT-VALUE}.")
  Settings.Role role;

  @Option(
      names = "--applications",
      paramLabel = "NAMES",
      defaultValue = Selection.ALL,
      converter = Values.Names.class,
      description =
          "Applications to deploy, with commas between them, or all on the class path."
              + " Default: ${DEFAULT-VALUE}.")
  Selection applications;

  @Option(
      names = "--await-applications",
      paramLabel = "NAMES",
      converter = Values.Awaited.class,
      description =
          "Applications, with commas between them, that a node with gateways has to have known once"
              + " to be ready. Default: none, any one will do.")
  @Nullable Set<String> awaitApplications;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      defaultValue = "0.0.0.0",
      converter = Values.Host.class,
      description = "Interface to listen on. Default: ${DEFAULT-VALUE}.")
  String host;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "4000",
      converter = Values.Port.class,
      description = "TCP port to listen on, 0 for any free one. Default: ${DEFAULT-VALUE}.")
  int port;

  @Option(
      names = "--public-host",
      paramLabel = "HOST",
      converter = Values.Host.class,
      description =
          "Host that browsers know this server by, for the origin check and redirects."
              + " Default: the one that each request names.")
  @Nullable String publicHost;

  @Mixin final EdgeFlags edge = new EdgeFlags();

  @Mixin final PresenceFlags presence = new PresenceFlags();
  @Mixin final AuthFlags auth = new AuthFlags();

  @Option(
      names = "--admin-host",
      paramLabel = "HOST",
      defaultValue = "127.0.0.1",
      converter = Values.Host.class,
      description = "Interface of the admin port. Default: ${DEFAULT-VALUE}.")
  String adminHost;

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      defaultValue = Values.AdminPort.OFF,
      converter = Values.AdminPort.class,
      description =
          "TCP port of health, metrics and drain, 0 for any free one, or off. Default:"
              + " ${DEFAULT-VALUE}.")
  int adminPort;

  @Option(
      names = "--admin-token-file",
      paramLabel = "FILE",
      converter = Values.File.class,
      description =
          "A file with the token that admin calls but health have to show; ROOST_ADMIN_TOKEN is"
              + " the token itself. Default: none.")
  @Nullable Path adminTokenFile;

  @Option(
      names = "--gateway-verticles",
      paramLabel = "NUMBER",
      defaultValue = Values.Verticles.PROCESSORS,
      converter = Values.Verticles.class,
      description =
          "Gateways in this process, each on an event loop. Default: ${DEFAULT-VALUE}, one for"
              + " each.")
  int gatewayVerticles;

  @Option(
      names = "--channel-verticles",
      paramLabel = "NUMBER",
      converter = Values.Verticles.class,
      description =
          "Hosts of each application, each on an event loop; processors is one for each. Default:"
              + " processors; half as many in a process without gateways, whose other half is for"
              + " the applications' threads.")
  @Nullable Integer channelVerticles;

  @Option(
      names = "--transport",
      paramLabel = "NAME",
      defaultValue = "auto",
      converter = Values.TransportName.class,
      description = "auto (epoll if it can be loaded), epoll or nio. Default: ${DEFAULT-VALUE}.")
  Settings.NetworkTransport transport;

  @Option(
      names = "--cluster",
      paramLabel = "WHEN",
      defaultValue = "auto",
      converter = Values.Switch.class,
      description =
          "on, off, or auto: if the role needs one or another cluster setting is set. "
              + "Default: ${DEFAULT-VALUE}.")
  Settings.ClusterSwitch cluster;

  @Option(
      names = "--cluster-name",
      paramLabel = "NAME",
      defaultValue = "roost",
      converter = Values.ClusterName.class,
      description = "Nodes of another name are no members. Default: ${DEFAULT-VALUE}.")
  String clusterName;

  @Option(
      names = "--node-name",
      paramLabel = "NAME",
      converter = Values.NodeName.class,
      description = "No other live node may have it. Default: one is made up.")
  @Nullable String nodeName;

  @Option(
      names = "--cluster-host",
      paramLabel = "HOST",
      defaultValue = "127.0.0.1",
      converter = Values.Host.class,
      description =
          "Only interface for cluster and bus; also what peers connect to. Default: "
              + "${DEFAULT-VALUE}.")
  String clusterHost;

  @Option(
      names = "--cluster-port",
      paramLabel = "PORT",
      defaultValue = "5701",
      converter = Values.PortRange.class,
      description =
          "First of three ports of membership; a node takes the first free one. Default: "
              + "${DEFAULT-VALUE}.")
  int clusterPort;

  @Option(
      names = "--bus-port",
      paramLabel = "PORT",
      defaultValue = "5711",
      converter = Values.BusPort.class,
      description =
          "First of three ports of messages between nodes, 0 for any free one. Default: "
              + "${DEFAULT-VALUE}.")
  int busPort;

  @Option(
      names = "--cluster-seeds",
      paramLabel = "HOSTS",
      converter = Values.Seeds.class,
      description =
          "Where to look for members: host or host:port, with commas between them. "
              + "Default: nowhere.")
  @Nullable List<String> clusterSeeds;

  @Option(
      names = "--cluster-dns",
      paramLabel = "NAME",
      converter = Values.Host.class,
      description = "A name that resolves to every node. Default: none.")
  @Nullable String clusterDns;

  @Option(
      names = "--kubernetes-service",
      paramLabel = "NAME",
      converter = Values.Host.class,
      description =
          "DNS name of a headless service, for Hazelcast's Kubernetes discovery. Default: "
              + "none.")
  @Nullable String kubernetesService;

  @Option(
      names = "--cluster-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Values.Seconds.class,
      description =
          "A node that was not heard of for so long is gone; whole seconds. Default: "
              + "${DEFAULT-VALUE}.")
  Duration clusterTimeout;

  @Option(
      names = "--bus-tls-certificate",
      paramLabel = "FILE",
      converter = Values.File.class,
      description =
          "This node's certificate for mutual TLS between nodes, PEM. Default: none, "
              + "plain TCP.")
  @Nullable Path busTlsCertificate;

  @Option(
      names = "--bus-tls-key",
      paramLabel = "FILE",
      converter = Values.File.class,
      description = "Its private key, PEM. Default: none.")
  @Nullable Path busTlsKey;

  @Option(
      names = "--bus-tls-ca",
      paramLabel = "FILE",
      converter = Values.File.class,
      description =
          "Certificates of whoever signs those of this cluster's nodes, PEM. Default: " + "none.")
  @Nullable Path busTlsCa;

  @Option(
      names = "--max-frame-bytes",
      paramLabel = "BYTES",
      defaultValue = "10000000",
      converter = Values.MessageBytes.class,
      description = "One WebSocket frame; over it close 1009. Default: ${DEFAULT-VALUE}.")
  int maxFrameBytes;

  @Option(
      names = "--max-message-bytes",
      paramLabel = "BYTES",
      defaultValue = "8000000",
      converter = Values.MessageBytes.class,
      description = "One message of several frames; over it close 1009. Default: ${DEFAULT-VALUE}.")
  int maxMessageBytes;

  @Option(
      names = "--compression",
      paramLabel = "WHEN",
      arity = "0..1",
      defaultValue = EdgeFlags.OFF,
      fallbackValue = EdgeFlags.ON,
      converter = EdgeFlags.SwitchName.class,
      description =
          "on: messages may be compressed (permessage-deflate), --max-message-bytes bounds what"
              + " they inflate to. Default: ${DEFAULT-VALUE}.")
  EdgeFlags.Switch compression;

  @Option(
      names = "--io-uring",
      paramLabel = "WHEN",
      arity = "0..1",
      defaultValue = EdgeFlags.ON,
      fallbackValue = EdgeFlags.ON,
      converter = EdgeFlags.SwitchName.class,
      description =
          "on: a broadcast is sent to many sockets by one system call, where the kernel lets the"
              + " process have io_uring. Default: ${DEFAULT-VALUE}.")
  EdgeFlags.Switch ioUring;

  @Option(
      names = "--max-request-line-bytes",
      paramLabel = "BYTES",
      defaultValue = "10000",
      converter = Values.Bytes.class,
      description = "HTTP request line with its query; over it 414. Default: ${DEFAULT-VALUE}.")
  int maxRequestLineBytes;

  @Option(
      names = "--max-header-bytes",
      paramLabel = "BYTES",
      defaultValue = "32768",
      converter = Values.Bytes.class,
      description = "All headers of an HTTP request; over it 431. Default: ${DEFAULT-VALUE}.")
  int maxHeaderBytes;

  @Mixin final LimitFlags limits = new LimitFlags();

  @Option(
      names = "--max-queued-bytes",
      paramLabel = "BYTES",
      defaultValue = "1048576",
      converter = Values.Bytes.class,
      description =
          "Unwritten bytes of one socket, besides its largest message; over it the socket is closed"
              + " as too slow. Default: ${DEFAULT-VALUE}.")
  int maxQueuedBytes;

  @Option(
      names = "--max-pending-connects",
      paramLabel = "NUMBER",
      defaultValue = "10000",
      converter = Values.Count.class,
      description =
          "Connects that wait on one gateway for their socket handler; over it 503."
              + " Default: ${DEFAULT-VALUE}.")
  int maxPendingConnects;

  @Option(
      names = "--mailbox-messages",
      paramLabel = "NUMBER",
      defaultValue = "1000",
      converter = Values.Count.class,
      description =
          "Messages that wait for one channel; over it an event is answered with an error."
              + " Default: ${DEFAULT-VALUE}.")
  int mailboxMessages;

  @Option(
      names = "--mailbox-bytes",
      paramLabel = "BYTES",
      defaultValue = "16777216",
      converter = Values.Bytes.class,
      description =
          "Payloads that wait for one channel, together; over it as for messages."
              + " Default: ${DEFAULT-VALUE}.")
  int mailboxBytes;

  @Option(
      names = "--mailbox-total-bytes",
      paramLabel = "BYTES",
      defaultValue = LimitFlags.HeapBytes.QUARTER,
      converter = LimitFlags.HeapBytes.class,
      description =
          "Events that wait, beyond 64 KiB for each channel, of all channels together; quarter is a"
              + " quarter of the heap, 32 MiB at least. Over it they are answered with an error."
              + " Default: ${DEFAULT-VALUE}.")
  long mailboxTotalBytes;

  @Option(
      names = "--handshake-timeout",
      paramLabel = "TIME",
      defaultValue = "15s",
      converter = Values.Time.class,
      description =
          "From the TCP connection to the end of the upgrade, and between plain requests; over it"
              + " the connection is closed. Default: ${DEFAULT-VALUE}.")
  Duration handshakeTimeout;

  @Option(
      names = "--connect-timeout",
      paramLabel = "TIME",
      defaultValue = "10s",
      converter = Values.Time.class,
      description = "What a socket handler may take; over it 503. Default: ${DEFAULT-VALUE}.")
  Duration connectTimeout;

  @Option(
      names = "--host-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Values.Time.class,
      description =
          "What a join may wait while its topic has no host; over it the join is refused."
              + " Default: ${DEFAULT-VALUE}.")
  Duration hostTimeout;

  @Option(
      names = "--callback-timeout",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = Values.Time.class,
      description =
          "What a callback of a channel may take; over it the channel crashes."
              + " Default: ${DEFAULT-VALUE}.")
  Duration callbackTimeout;

  @Option(
      names = "--replace-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Values.Time.class,
      description =
          "What a second join waits for the channel that it replaces; over it that is interrupted."
              + " Default: ${DEFAULT-VALUE}.")
  Duration replaceTimeout;

  @Option(
      names = "--write-timeout",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = Values.Time.class,
      description =
          "How long a socket may take nothing of what waits for it; over it it is cut off as too"
              + " slow. Default: ${DEFAULT-VALUE}.")
  Duration writeTimeout;

  @Option(
      names = "--close-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Values.Time.class,
      description =
          "What closing sockets are waited for at the end; over it they are cut off."
              + " Default: ${DEFAULT-VALUE}.")
  Duration closeTimeout;

  @Option(
      names = "--drain-delay",
      paramLabel = "TIME",
      defaultValue = "0s",
      converter = Values.Delay.class,
      description =
          "How long a node that says it is not ready any more goes on as before."
              + " Default: ${DEFAULT-VALUE}.")
  Duration drainDelay;

  @Option(
      names = "--drain-sockets",
      paramLabel = "NUMBER",
      defaultValue = "10000",
      converter = Values.Count.class,
      description = "Sockets of this process that are closed at a time. Default: ${DEFAULT-VALUE}.")
  int drainSockets;

  @Option(
      names = "--drain-interval",
      paramLabel = "TIME",
      defaultValue = "2s",
      converter = Values.Time.class,
      description = "From one such batch to the next. Default: ${DEFAULT-VALUE}.")
  Duration drainInterval;

  @Option(
      names = "--drain-timeout",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = Values.Time.class,
      description = "What batches may take; over it the rest is one. Default: ${DEFAULT-VALUE}.")
  Duration drainTimeout;

  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      defaultValue = "info",
      converter = Values.LevelName.class,
      description = "error, warn, info, debug or trace. Default: ${DEFAULT-VALUE}.")
  Level logLevel;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this and end.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version and end.")
  boolean version;

  /** The options' values, once they are parsed. */
  Settings settings(Map<String, String> origins) {
    var gateway =
        GatewayOptions.defaults()
            .withHost(host)
            .withPort(port)
            .withPublicHost(publicHost)
            .withMaxFrameBytes(maxFrameBytes)
            .withMaxMessageBytes(maxMessageBytes)
            .withCompression(compression == EdgeFlags.Switch.ON)
            .withIoUring(ioUring == EdgeFlags.Switch.ON)
            .withMaxRequestLineBytes(maxRequestLineBytes)
            .withMaxHeaderBytes(maxHeaderBytes)
            .withMaxQueuedBytes(maxQueuedBytes)
            .withMaxPendingConnects(maxPendingConnects)
            .withHandshakeTimeout(handshakeTimeout)
            .withConnectTimeout(connectTimeout)
            .withHostTimeout(hostTimeout)
            .withWriteTimeout(writeTimeout)
            .withCloseTimeout(closeTimeout)
            .withDrainSockets(drainSockets)
            .withDrainInterval(drainInterval)
            .withDrainTimeout(drainTimeout)
            .withAwaitApplications(awaitApplications == null ? Set.of() : awaitApplications)
            .withLimits(limits.limits())
            .withEdge(edge.options());
    var channels =
        ChannelOptions.defaults()
            .withVerticles(channelVerticles())
            .withMailboxMessages(mailboxMessages)
            .withMailboxBytes(mailboxBytes)
            .withMailboxTotalBytes(mailboxTotalBytes)
            .withCallbackTimeout(callbackTimeout)
            .withCallbackWarning(limits.callbackWarning)
            .withFilter(limits.filterParameters)
            .withReplaceTimeout(replaceTimeout)
            .withPresence(presence.options());
    return new Settings(
        role,
        applications,
        gatewayVerticles,
        gateway,
        channels,
        joinsCluster(origins) ? clusterOptions() : null,
        adminPort == Values.AdminPort.NONE
            ? null
            : new Settings.Admin(adminHost, adminPort, adminTokenFile),
        auth.settings(),
        drainDelay,
        transport,
        logLevel,
        origins);
  }

  /** Settings that make sense in a cluster only, so that setting one asks for it. */
  private static final Set<String> OF_CLUSTERS =
      Set.of(
          "cluster-name",
          "node-name",
          "cluster-host",
          "cluster-port",
          "bus-port",
          "cluster-seeds",
          "cluster-dns",
          "kubernetes-service",
          "cluster-timeout",
          "bus-tls-certificate",
          "bus-tls-key",
          "bus-tls-ca");

  private int channelVerticles() {
    if (channelVerticles != null) {
      return channelVerticles;
    }
    int processors = Runtime.getRuntime().availableProcessors();
    return role.hasGateways() ? processors : Math.max(1, processors / 2);
  }

  private boolean joinsCluster(Map<String, String> origins) {
    return switch (cluster) {
      case ON -> true;
      case OFF -> false;
      case AUTO ->
          role != Settings.Role.ALL || !Collections.disjoint(OF_CLUSTERS, origins.keySet());
    };
  }

  /** What is wrong with settings that are right each by itself. */
  List<String> conflicts(Map<String, String> origins) {
    UnaryOperator<String> origin = name -> origins.getOrDefault(name, "--" + name);
    var problems = new ArrayList<>(edge.conflicts(port, origin));
    problems.addAll(presence.conflicts(origin));
    problems.addAll(auth.conflicts(origin));
    if (cluster == Settings.ClusterSwitch.OFF && role != Settings.Role.ALL) {
      problems.add(
          origin.apply("role")
              + (": role " + Values.shown(role) + " needs a cluster, and ")
              + (origin.apply("cluster") + " is off: leave one of them out"));
    }
    long files = Stream.of(busTlsCertificate, busTlsKey, busTlsCa).filter(Objects::nonNull).count();
    if (files != 0 && files != 3) {
      problems.add(
          origin.apply("bus-tls-certificate")
              + ": expected bus-tls-certificate, bus-tls-key and bus-tls-ca together, got "
              + (files + " of the three"));
    }
    if (busPort > 0 && Math.abs(busPort - clusterPort) < ClusterOptions.PORTS) {
      problems.add(
          origin.apply("bus-port")
              + (": its three ports, from " + busPort + ", overlap those of cluster-port, from ")
              + (clusterPort + ": choose others"));
    }
    problems.addAll(sharedPorts(origins, origin));
    return problems;
  }

  /** Whatever their interfaces: two servers of a process on one port take turns at connections. */
  private List<String> sharedPorts(Map<String, String> origins, UnaryOperator<String> origin) {
    var problems = new ArrayList<String>();
    var ports = new LinkedHashMap<String, Integer>();
    if (role.hasGateways()) {
      ports.put("port", port);
      ports.put("http-redirect-port", edge.httpRedirectPort);
    }
    ports.forEach(
        (name, clients) -> {
          if (adminPort > 0 && adminPort == clients) {
            problems.add(
                origin.apply("admin-port")
                    + (": " + adminPort + " is what " + name + " is, where strangers come: ")
                    + "choose another");
          }
        });
    if (joinsCluster(origins)) {
      ports.put("admin-port", adminPort);
      ports.forEach(
          (name, single) -> {
            if (isAmong(single, clusterPort)) {
              problems.add(isOneOf(origin.apply(name), single, "cluster-port", clusterPort));
            }
            if (busPort > 0 && isAmong(single, busPort)) {
              problems.add(isOneOf(origin.apply(name), single, "bus-port", busPort));
            }
          });
    }
    return problems;
  }

  private static boolean isAmong(int port, int first) {
    return port >= first && port < first + ClusterOptions.PORTS;
  }

  private static String isOneOf(String name, int port, String range, int first) {
    return name
        + ": "
        + port
        + " is one of the three ports of "
        + range
        + ", from "
        + first
        + ": choose another";
  }

  private ClusterOptions clusterOptions() {
    return ClusterOptions.defaults()
        .withClusterName(clusterName)
        .withNodeName(nodeName)
        .withHost(clusterHost)
        .withClusterPort(clusterPort)
        .withBusPort(busPort)
        .withSeeds(clusterSeeds == null ? List.of() : clusterSeeds)
        .withDns(clusterDns)
        .withKubernetesService(kubernetesService)
        .withHeartbeatTimeout(clusterTimeout)
        .withTls(
            busTlsCertificate == null || busTlsKey == null || busTlsCa == null
                ? null
                : new BusTls(busTlsCertificate, busTlsKey, busTlsCa));
  }
}
