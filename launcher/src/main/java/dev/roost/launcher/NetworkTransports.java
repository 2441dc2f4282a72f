package dev.roost.launcher;

import dev.roost.launcher.settings.Settings;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.transport.Transport;
import org.jspecify.annotations.Nullable;

/** Vert.x on the transport that the settings ask for. */
final class NetworkTransports {

  private NetworkTransports() {}

  /**
   * Starts Vert.x.
   *
   * @throws StartFailure if the transport is demanded and cannot be loaded
   */
  static Vertx vertx(Settings settings) {
    // Gateways and hosts share the event loops: a loop for each verticle of either kind would be
    // more
    // threads than processors, and a switch of threads for most messages.
    int loops = Math.max(settings.gatewayVerticles(), settings.channels().verticles());
    return Vertx.builder()
        .with(new VertxOptions().setEventLoopPoolSize(loops))
        .withTransport(transport(settings))
        .build();
  }

  private static Transport transport(Settings settings) {
    return switch (settings.transport()) {
      case NIO -> Transport.NIO;
      case EPOLL -> demand(settings, Transport.EPOLL);
      case AUTO -> {
        Transport loaded = Transport.nativeTransport();
        yield isAvailable(loaded) ? loaded : Transport.NIO;
      }
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

  /** The name of what Vert.x runs on: {@code epoll}, {@code nio}. */
  static String name(Vertx vertx) {
    Transport running =
        vertx.isNativeTransportEnabled() ? Transport.nativeTransport() : Transport.NIO;
    return running.name();
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
