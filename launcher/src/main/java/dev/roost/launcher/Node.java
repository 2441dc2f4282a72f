package dev.roost.launcher;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.ChannelOptions;
import dev.roost.application.Telemetry;
import dev.roost.bus.Addresses;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.GatewayVerticle;
import dev.roost.gateway.RedirectPortFailure;
import dev.roost.gateway.RoutesProvider;
import dev.roost.gateway.tls.TlsFailure;
import dev.roost.host.ChannelVerticles;
import dev.roost.launcher.settings.Settings;
import dev.roost.launcher.settings.Settings.Role;
import dev.roost.launcher.settings.Suggestion;
import dev.roost.launcher.settings.Version;
import dev.roost.membership.ClusterJoin;
import dev.roost.membership.ClusterOptions;
import dev.roost.membership.JoinFailure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * One role or both in one process, running: applications from the class path, gateways that share a
 * port.
 */
final class Node {

  /** What a gateway may take beyond its sockets. */
  private static final Duration SPARE = Duration.ofMillis(500);

  /** What handing over may take: {@link ClusterNode#withdraw} gives up a little before. */
  private static final Duration HAND_OVER = Duration.ofSeconds(32);

  private static final Set<String> EVERY_INTERFACE = Set.of("0.0.0.0", "::");

  /** A gateway and what Vert.x calls its deployment. */
  private record Running(GatewayVerticle verticle, String deployment) {}

  /** An application's name and its hosts. */
  private record Hosted(String application, ChannelVerticles.Deployment deployment) {}

  private final ClusterNode cluster;
  private final Settings settings;
  private final List<Hosted> applications;
  private final List<Running> gateways;
  private final Set<Hosted> handedOver = ConcurrentHashMap.newKeySet();

  private Node(
      ClusterNode cluster, Settings settings, List<Hosted> applications, List<Running> gateways) {
    this.cluster = cluster;
    this.settings = settings;
    this.applications = List.copyOf(applications);
    this.gateways = List.copyOf(gateways);
  }

  /**
   * Vert.x on its own, or as a member of the cluster that the settings name.
   *
   * @param unfit told why the node has to end, should it not fit its cluster any more later on
   * @return fails with a {@link StartFailure} if the user can put it right; nothing is left then
   */
  static Future<ClusterNode> join(
      VertxBuilder vertx, Settings settings, Consumer<JoinFailure> unfit) {
    ClusterOptions options = settings.cluster();
    if (options == null) {
      return Future.succeededFuture(ClusterNode.local(vertx.build()));
    }
    return ClusterJoin.join(options, NetworkTransports.options(settings), vertx, unfit)
        .onSuccess(joined -> NetworkTransports.guardBus(joined.vertx()))
        .recover(
            cause ->
                Future.failedFuture(
                    cause instanceof JoinFailure
                        ? StartFailure.failed(String.valueOf(cause.getMessage()), cause)
                        : cause));
  }

  /**
   * Deploys what the role has of the applications, then of the gateways, so that the first client
   * finds everything.
   *
   * @return fails with a {@link StartFailure} if the user can put it right; what is deployed by
   *     then stays until the cluster's Vert.x is closed
   */
  static Future<Node> start(ClusterNode cluster, Settings settings) {
    return start(cluster, settings, new Counters(cluster.vertx()));
  }

  /**
   * The same.
   *
   * @param counters what the node counts with
   */
  static Future<Node> start(ClusterNode cluster, Settings settings, Counters counters) {
    Role role = settings.role();
    return Future.succeededFuture(role)
        .compose(
            ignored ->
                role.hasApplications()
                    ? deployApplications(cluster, settings, counters)
                    : Future.succeededFuture(List.<Hosted>of()))
        .compose(
            applications ->
                (role.hasGateways()
                        ? deployGateways(cluster, settings, counters)
                        : Future.succeededFuture(List.<Running>of()))
                    .map(gateways -> new Node(cluster, settings, applications, gateways)));
  }

  private static List<Application> applications(Settings settings) {
    List<Application> present =
        load(ApplicationProvider.class).stream().map(Node::application).toList();
    Set<String> names =
        present.stream().map(Application::name).collect(Collectors.toCollection(TreeSet::new));
    if (names.isEmpty()) {
      throw StartFailure.failed(
          "no application is on the class path: add a jar that provides a "
              + ApplicationProvider.class.getName());
    }
    for (String missing : settings.applications().missing(names)) {
      throw StartFailure.wrongSettings(
          settings.origin("applications")
              + (": expected names of applications on the class path (" + String.join(", ", names))
              + ("), got \"" + missing + "\"")
              + Suggestion.closest(missing, names)
                  .map(close -> "; did you mean " + close + "?")
                  .orElse(""));
    }
    return present.stream()
        .filter(application -> settings.applications().includes(application.name()))
        .toList();
  }

  private static Application application(ApplicationProvider provider) {
    String call = provider.getClass().getName() + ".application()";
    String expected =
        ": expected the application to deploy, such as Application.named(\"chat\") with its routes;"
            + " mend it, or take its jar off the class path";
    Application made;
    try {
      made = provider.application();
    } catch (RuntimeException | LinkageError failure) {
      throw StartFailure.failed(
          call + " threw " + failure + expected + "; --log-level debug shows where", failure);
    }
    if (made == null) {
      throw StartFailure.failed(call + " returned null" + expected);
    }
    return made;
  }

  private static Consumer<Router> routes(ClusterNode cluster, Settings settings) {
    List<RoutesProvider> wanted =
        load(RoutesProvider.class).stream()
            .filter(
                routes ->
                    routes.application().isEmpty()
                        || settings.applications().includes(routes.application().get()))
            .toList();
    return router -> wanted.forEach(provider -> provider.mount(router, cluster));
  }

  private static Telemetry telemetry(Counters counters) {
    List<Telemetry> listeners = load(Telemetry.class);
    if (listeners.isEmpty()) {
      return counters;
    }
    var all = new ArrayList<Telemetry>(listeners);
    all.addFirst(counters);
    return new AllTelemetry(all);
  }

  private static GatewayMetrics metrics(Counters counters) {
    List<GatewayMetrics> found = load(GatewayMetrics.class);
    if (found.size() > 1) {
      throw StartFailure.failed(
          "two jars on the class path provide "
              + GatewayMetrics.class.getName()
              + (" (" + found.get(0).getClass().getName())
              + (" and " + found.get(1).getClass().getName())
              + "): keep one, which may pass on to others");
    }
    return found.isEmpty() ? counters : new BothMetrics(counters, found.getFirst());
  }

  private static <T> List<T> load(Class<T> service) {
    try {
      return ServiceLoader.load(service).stream().map(ServiceLoader.Provider::get).toList();
    } catch (ServiceConfigurationError wrong) {
      throw StartFailure.failed(
          "a jar on the class path is not as it should be: "
              + wrong.getMessage()
              + (wrong.getCause() == null ? "" : " (" + wrong.getCause() + ")"));
    }
  }

  private static Future<List<Hosted>> deployApplications(
      ClusterNode cluster, Settings settings, Counters counters) {
    ChannelOptions options = settings.channels().withTelemetry(telemetry(counters));
    return Future.all(
            applications(settings).stream()
                .map(application -> deploy(cluster, options, application))
                .toList())
        .map(deployed -> deployed.<Hosted>list())
        .recover(
            cause ->
                Future.failedFuture(
                    cause instanceof IllegalStateException
                        ? StartFailure.failed(String.valueOf(cause.getMessage()), cause)
                        : cause));
  }

  private static Future<Hosted> deploy(
      ClusterNode cluster, ChannelOptions options, Application application) {
    return ChannelVerticles.deploy(cluster, application, options)
        .map(deployment -> new Hosted(application.name(), deployment));
  }

  private static Future<List<Running>> deployGateways(
      ClusterNode cluster, Settings settings, Counters counters) {
    int verticles = settings.gatewayVerticles();
    GatewayOptions options = settings.gateway();
    options =
        options
            .withMetrics(metrics(counters))
            .withAuth(GatewayAuth.of(settings, System.getenv()))
            .withDrainSockets(Math.ceilDiv(options.drainSockets(), verticles));
    Consumer<Router> routes = routes(cluster, settings);
    var deployed = new ArrayList<Future<Running>>();
    try {
      GatewayOptions shared = onOnePort(options);
      for (int i = 0; i < settings.gatewayVerticles(); i++) {
        deployed.add(deployGateway(cluster, shared, routes));
      }
    } catch (IOException unavailable) {
      return Future.failedFuture(StartFailure.notListening(unavailable, settings));
    }
    return Future.all(deployed)
        .map(all -> all.<Running>list())
        .recover(cause -> Future.failedFuture(explained(cause, settings)));
  }

  private static Throwable explained(Throwable cause, Settings settings) {
    return switch (cause) {
      case TlsFailure files ->
          StartFailure.failed(
              files.getMessage()
                  + ("; set with " + settings.origin("tls-certificate") + " and ")
                  + settings.origin("tls-key"),
              files);
      case RedirectPortFailure redirects -> StartFailure.notListening(redirects, settings);
      default ->
          StartFailure.isNetworkFault(cause) ? StartFailure.notListening(cause, settings) : cause;
    };
  }

  /**
   * With ports that all gateways of this process can share: ones that are free now instead of 0.
   * Vert.x shares a port among servers that ask for the same one; those that ask for port 0 would
   * get one each.
   */
  private static GatewayOptions onOnePort(GatewayOptions options) throws IOException {
    Integer redirects = options.edge().httpRedirectPort();
    if (options.port() != 0 && (redirects == null || redirects != 0)) {
      return options;
    }
    // Both held at once: a port that was let go may be given again.
    try (ServerSocket one = onFreePort(options);
        ServerSocket other = onFreePort(options)) {
      return onOnePort(options, one.getLocalPort(), other.getLocalPort());
    }
  }

  /** With these two free ports, which are not the same, where any will do. */
  static GatewayOptions onOnePort(GatewayOptions options, int one, int other) {
    Integer redirects = options.edge().httpRedirectPort();
    int port = options.port();
    if (port == 0) {
      port = redirects != null && redirects == one ? other : one;
    }
    GatewayOptions shared = options.withPort(port);
    return redirects == null || redirects != 0
        ? shared
        : shared.withEdge(shared.edge().withHttpRedirectPort(port == one ? other : one));
  }

  private static ServerSocket onFreePort(GatewayOptions options) throws IOException {
    return new ServerSocket(0, 1, InetAddress.getByName(options.host()));
  }

  private static Future<Running> deployGateway(
      ClusterNode cluster, GatewayOptions options, Consumer<Router> routes) {
    var verticle = new GatewayVerticle(cluster, options, routes);
    return cluster.vertx().deployVerticle(verticle).map(id -> new Running(verticle, id));
  }

  /** The port that the gateways listen on. */
  int port() {
    return gateways.getFirst().verticle().port();
  }

  /** One line for whoever started: where to point a browser, and what runs here. */
  String readyLine() {
    return "Roost " + Version.number() + " is ready: " + where() + " (" + what() + ")";
  }

  /** One line if browsers are let in that perhaps should not be. */
  Optional<String> originWarning() {
    return OriginWarning.of(settings, cluster.snapshot().applications().mounts());
  }

  private String where() {
    return settings.role().hasGateways()
        ? "open " + url()
        : "channels of cluster " + clusterName() + " as " + cluster.name();
  }

  private String what() {
    var parts = new ArrayList<String>();
    if (settings.role().hasGateways()) {
      parts.add(sockets());
      gateways
          .getFirst()
          .verticle()
          .redirectPort()
          .ifPresent(redirects -> parts.add("redirects to https from port " + redirects));
    }
    if (settings.role().hasApplications()) {
      parts.add("applications " + names());
    }
    if (settings.cluster() != null && settings.role().hasGateways()) {
      parts.add("in cluster " + clusterName() + " as " + cluster.name());
    }
    parts.add(verticles());
    parts.add(NetworkTransports.name(settings));
    return String.join("; ", parts);
  }

  private String verticles() {
    return switch (settings.role()) {
      case ALL -> gateways.size() + " gateway and " + hosts() + " channel verticles";
      case GATEWAY -> gateways.size() + " gateway verticles";
      case CHANNELS -> hosts() + " channel verticles";
    };
  }

  private String clusterName() {
    ClusterOptions options = settings.cluster();
    return options == null ? "none" : options.clusterName();
  }

  /** What is going to happen at the end. */
  String closingLine() {
    String first =
        hostedElsewhere().isEmpty() ? "draining" : "draining: partitions go to other nodes";
    return settings.role().hasGateways()
        ? first + "; clients are sent elsewhere with 1012"
        : first + "; channels end";
  }

  private String url() {
    String host = settings.gateway().host();
    String reachable = EVERY_INTERFACE.contains(host) ? "localhost" : host;
    String bracketed = reachable.contains(":") ? "[" + reachable + "]" : reachable;
    String scheme = settings.gateway().edge().tls() == null ? "http" : "https";
    return scheme + "://" + bracketed + ":" + port() + "/";
  }

  private String sockets() {
    List<String> paths =
        cluster.snapshot().applications().mounts().stream()
            .flatMap(mount -> mount.transports().values().stream())
            .map(Object::toString)
            .sorted()
            .toList();
    return paths.isEmpty() ? "no sockets" : "sockets at " + String.join(", ", paths);
  }

  private String names() {
    return applications.stream()
        .map(Hosted::application)
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private int hosts() {
    return applications.stream().mapToInt(hosted -> hosted.deployment().hosts().size()).sum();
  }

  /**
   * What {@link #drain} takes at most, whatever others do: with other nodes there, or still to come
   * during the delay, handing over; the batches of sockets, and what closing the last of them is
   * waited for.
   */
  Duration drainLimit() {
    Duration limit = settings.drainDelay().plus(SPARE);
    if (settings.role().hasApplications() && settings.cluster() != null) {
      limit = limit.plus(HAND_OVER);
    }
    return settings.role().hasGateways() ? limit.plus(gatewayLimit()) : limit;
  }

  private Duration gatewayLimit() {
    return settings.gateway().drainTimeout().plus(settings.gateway().closeTimeout()).plus(SPARE);
  }

  /** Those of its applications that another node is there for. */
  private List<Hosted> hostedElsewhere() {
    var known = cluster.snapshot().applications();
    return applications.stream()
        .filter(
            hosted ->
                known.find(hosted.application()).stream()
                    .flatMap(application -> application.inboxes().stream())
                    .flatMap(inbox -> Addresses.node(inbox).stream())
                    .anyMatch(node -> !node.equals(cluster.name())))
        .toList();
  }

  /**
   * Sends everybody elsewhere: first the partitions of applications that other nodes have too,
   * while this node's gateways still serve; then the sockets. The other applications stay until
   * {@link #close}, so that clients see one close and no errors before it.
   *
   * @return fails if something did not go; everything was tried then
   */
  Future<Void> drain() {
    return delay()
        .compose(ignored -> handOver())
        .timeout(settings.drainDelay().plus(HAND_OVER).toMillis(), TimeUnit.MILLISECONDS)
        .eventually(this::closeGateways);
  }

  private Future<Void> delay() {
    long millis = settings.drainDelay().toMillis();
    if (millis == 0) {
      return Future.succeededFuture();
    }
    Promise<Void> over = Promise.promise();
    cluster.vertx().setTimer(millis, timer -> over.complete());
    return over.future();
  }

  private Future<Void> handOver() {
    List<Hosted> elsewhere = hostedElsewhere();
    handedOver.addAll(elsewhere);
    return undeploy(elsewhere);
  }

  private static Future<Void> undeploy(List<Hosted> some) {
    return some.isEmpty()
        ? Future.succeededFuture()
        : Future.join(some.stream().map(hosted -> hosted.deployment().undeploy()).toList())
            .mapEmpty();
  }

  private Future<Void> closeGateways() {
    Vertx vertx = cluster.vertx();
    return Future.join(
            gateways.stream().map(gateway -> vertx.undeploy(gateway.deployment())).toList())
        .timeout(gatewayLimit().toMillis(), TimeUnit.MILLISECONDS)
        .mapEmpty();
  }

  /**
   * Ends the applications that are left, leaves the cluster, and closes Vert.x.
   *
   * @return fails if something did not close; everything was tried then
   */
  Future<Void> close() {
    return undeploy(applications.stream().filter(hosted -> !handedOver.contains(hosted)).toList())
        .eventually(cluster::close)
        .eventually(cluster.vertx()::close);
  }
}
