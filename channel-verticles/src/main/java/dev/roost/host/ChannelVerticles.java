package dev.roost.host;

import dev.roost.application.Application;
import dev.roost.application.Broadcaster;
import dev.roost.application.ChannelOptions;
import dev.roost.cluster.ClusterNode;
import dev.roost.routing.Advertisement;
import dev.roost.routing.SocketOptions;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Deploys applications. Safe for any thread. */
public final class ChannelVerticles {

  private ChannelVerticles() {}

  /** An application that is deployed on this node. */
  public static final class Deployment {

    private final ClusterNode node;
    private final Application application;
    private final List<HostVerticle> hosts;
    private final List<String> ids;

    private Deployment(
        ClusterNode node, Application application, List<HostVerticle> hosts, List<String> ids) {
      this.node = node;
      this.application = application;
      this.hosts = List.copyOf(hosts);
      this.ids = List.copyOf(ids);
    }

    /** Broadcasts to the application's topics from outside any channel. */
    public Broadcaster broadcaster() {
      return new Broadcaster(node, application);
    }

    /** Who is present in the application's topics, and the way to be, outside any channel. */
    public Presences presences() {
      return new Presences(node, application);
    }

    /** The host verticles, for tests and metrics that look inside. */
    public List<HostVerticle> hosts() {
      return hosts;
    }

    /**
     * Takes the application back: other nodes that have it take its partitions over, then its
     * channels end with {@link dev.roost.channel.TerminateReason.Draining}, their clients get
     * {@code phx_error}, no socket is closed.
     */
    public Future<Void> undeploy() {
      return node.withdraw(application.name())
          .transform(
              ignored -> {
                DeployedHosts.of(node).remove(application.name(), hosts);
                return undeployHosts(node, ids);
              });
    }
  }

  /** Deploys an application with the default options. */
  public static Future<Deployment> deploy(ClusterNode node, Application application) {
    return deploy(node, application, ChannelOptions.defaults());
  }

  /**
   * Deploys an application: starts its host verticles, then makes it known to every gateway.
   * Completes when all its topics have a host.
   *
   * @return fails with an IllegalStateException that names both if a route or socket handler
   *     conflicts with another application's, or with what kept a host verticle from starting;
   *     nothing stays deployed then
   */
  public static Future<Deployment> deploy(
      ClusterNode node, Application application, ChannelOptions options) {
    var hosts = new ArrayList<HostVerticle>();
    var deployed = new ArrayList<Future<String>>();
    for (int i = 0; i < options.verticles(); i++) {
      var host = new HostVerticle(node, application, options);
      hosts.add(host);
      deployed.add(node.vertx().deployVerticle((Deployable) host));
    }
    return Future.join(deployed)
        .recover(
            failure -> {
              var started = deployed.stream().filter(Future::succeeded).map(Future::result);
              return undeployHosts(node, started.toList())
                  .transform(ignored -> Future.failedFuture(failure));
            })
        .compose(
            all -> {
              List<String> ids = all.list();
              var deployment = new Deployment(node, application, hosts, ids);
              DeployedHosts.of(node).add(application.name(), hosts);
              return Future.succeededFuture(hosts)
                  .compose(started -> node.advertise(advertisement(application, started)))
                  .map(deployment)
                  .recover(
                      refused -> {
                        DeployedHosts.of(node).remove(application.name(), hosts);
                        return undeployHosts(node, ids)
                            .transform(ignored -> Future.failedFuture(refused));
                      });
            });
  }

  private static Future<Void> undeployHosts(ClusterNode node, List<String> ids) {
    return Future.join(ids.stream().map(node.vertx()::undeploy).toList()).mapEmpty();
  }

  private static Advertisement advertisement(Application application, List<HostVerticle> hosts) {
    Map<String, SocketOptions> handled = new LinkedHashMap<>();
    application.sockets().forEach((path, mount) -> handled.put(path, mount.options()));
    return new Advertisement(
        application.name(),
        List.copyOf(application.paths()),
        handled,
        application.patterns(),
        hosts.stream().map(HostVerticle::inbox).toList());
  }
}
