package dev.roost.membership;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.TrustOptions;
import java.lang.reflect.Field;
import java.util.concurrent.TimeUnit;

/** How the event bus of a node listens, dials and trusts. */
final class BusTransport {

  /*
   * Vert.x makes the bus's client with host names unchecked, whatever the options say, and keeps no
   * trust manager of ours on the way from EventBusOptions to client and server: both are made from
   * the options' JSON. Client and server can be told better once they exist, by public methods
   * (updateSSLOptions), but only private fields lead to them. This is the one place that reads them;
   * where they are missing, the start fails. The node knows no address of a peer by then, so nothing
   * was dialled without the check. A peer that dials in these milliseconds is checked against the
   * authority, not yet by its name.
   */

  private static final int PING_MILLIS = 2_000;
  private static final int CONNECT_MILLIS = 3_000;

  /** Peers ping and answer more often: whoever says nothing for so long is none. */
  private static final int SILENCE_MILLIS = 10_000;

  private BusTransport() {}

  /** Options of the bus of this member. */
  static EventBusOptions options(ClusterMember member) {
    ClusterOptions options = member.options();
    int port = options.busPort() == 0 ? 0 : options.busPort() + member.portOffset();
    var bus =
        new EventBusOptions()
            .setHost(member.bind().getHostAddress())
            .setPort(port)
            .setClusterPublicHost(options.host())
            .setClusterPingInterval(PING_MILLIS)
            .setClusterPingReplyInterval(PING_MILLIS)
            .setConnectTimeout(CONNECT_MILLIS)
            .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
            .setReadIdleTimeout(SILENCE_MILLIS)
            .setTrustAll(false);
    BusTls tls = options.tls();
    return tls == null
        ? bus
        : bus.setSsl(true)
            .setClientAuth(ClientAuth.REQUIRED)
            .setKeyCertOptions(key(tls))
            .setTrustOptions(new PemTrustOptions().addCertPath(tls.authority().toString()));
  }

  private static PemKeyCertOptions key(BusTls tls) {
    return new PemKeyCertOptions()
        .addCertPath(tls.certificate().toString())
        .addKeyPath(tls.key().toString());
  }

  /** Java serialization has no part in the bus. */
  static void refuseSerialization(Vertx vertx) {
    vertx.eventBus().serializableChecker(type -> false).clusterSerializableChecker(type -> false);
  }

  /**
   * Has names checked both ways from now on. Call it before the first message.
   *
   * @return fails if this Vert.x is made differently: the bus is not to be used then
   */
  static Future<Void> checkNames(Vertx vertx, BusTls tls, BusCertificates certificates) {
    try {
      NetClient client = part(vertx.eventBus(), "client", NetClient.class);
      NetServer server = part(vertx.eventBus(), "server", NetServer.class);
      var trust = TrustOptions.wrap(certificates.trustManager());
      var dialling =
          new ClientSSLOptions()
              .setHostnameVerificationAlgorithm("HTTPS")
              .setTrustAll(false)
              .setKeyCertOptions(key(tls))
              .setTrustOptions(trust);
      var listening =
          new ServerSSLOptions()
              .setClientAuth(ClientAuth.REQUIRED)
              .setKeyCertOptions(key(tls))
              .setTrustOptions(trust);
      return Future.all(
              client.updateSSLOptions(dialling, true), server.updateSSLOptions(listening, true))
          .mapEmpty();
    } catch (ReflectiveOperationException | RuntimeException changed) {
      return Future.failedFuture(
          new JoinFailure(
              "this version of Vert.x gives no way to check host names on the bus: use the one"
                  + " that Roost was built with",
              changed));
    }
  }

  private static <T> T part(EventBus bus, String name, Class<T> type)
      throws ReflectiveOperationException {
    Field field = bus.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return type.cast(field.get(bus));
  }
}
