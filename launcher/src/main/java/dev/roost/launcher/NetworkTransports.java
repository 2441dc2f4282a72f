package dev.roost.launcher;

import dev.roost.launcher.settings.Settings;
import dev.roost.membership.ClusterOptions;
import io.netty.channel.uring.IoUring;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.transport.Transport;
import org.jspecify.annotations.Nullable;

/** Vert.x on the transport that the settings ask for. */
final class NetworkTransports {

  private NetworkTransports() {}

  /** Options of Vert.x for these settings. */
  static VertxOptions options(Settings settings) {
    // Gateways and hosts share the event loops: a loop for each verticle of either kind would be
    // more threads than processors, and a switch of threads for most messages.
    int gateways = settings.role().hasGateways() ? settings.gatewayVerticles() : 1;
    int hosts = settings.role().hasApplications() ? settings.channels().verticles() : 1;
    return new VertxOptions().setEventLoopPoolSize(Math.max(gateways, hosts));
  }

  /**
   * Vert.x on the transport, to be built.
   *
   * @throws StartFailure if the transport is demanded and cannot be loaded
   */
  static VertxBuilder builder(Settings settings) {
    return Vertx.builder()
        .with(options(settings))
        .withTransport(new NodeTransport(transport(settings), guard(settings)));
  }

  /** A bus with TLS needs none: strangers come no further than the handshake. */
  private static BusGuard guard(Settings settings) {
    ClusterOptions cluster = settings.cluster();
    return cluster == null || cluster.tls() != null ? BusGuard.ofNone() : BusGuard.ofAny();
  }

  /** This Vert.x has its bus, at a port that is known by now: other ports are not guarded. */
  static void guardBus(Vertx vertx) {
    if (vertx instanceof VertxInternal inside
        && inside.transport() instanceof NodeTransport.Wired wired
        && inside.clusterManager() != null) {
      wired.guard().port(inside.clusterManager().getNodeInfo().port());
    }
  }

  private static Transport transport(Settings settings) {
    return switch (settings.transport()) {
      case NIO -> Transport.NIO;
      case EPOLL -> demand(settings, Transport.EPOLL);
      case AUTO -> isAvailable(Transport.EPOLL) ? Transport.EPOLL : Transport.NIO;
    };
  }

  private static Transport demand(Settings settings, Transport transport) {
    if (isAvailable(transport)) {
      return transport;
    }
    String why = transport == null ? "its jar is missing" : rootCause(transport);
    throw StartFailure.wrongSettings(
        settings.origin("transport")
            + (": epoll cannot be loaded here (" + why + "); it needs Linux with glibc on x86_64")
            + " or aarch64: use auto or nio");
  }

  /** What Vert.x runs on with these settings, and what gateways send broadcasts with. */
  static String name(Settings settings) {
    Transport transport = transport(settings);
    boolean sendsAtOnce =
        transport.name().equals("epoll")
            && settings.role().hasGateways()
            && settings.gateway().ioUring()
            && IoUring.isAvailable();
    return sendsAtOnce ? transport.name() + " and io_uring" : transport.name();
  }

  private static boolean isAvailable(@Nullable Transport transport) {
    return transport != null && transport.available();
  }

  private static String rootCause(Transport transport) {
    Throwable cause = transport.unavailabilityCause();
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage()).lines().findFirst().orElse("no reason given");
  }
}
