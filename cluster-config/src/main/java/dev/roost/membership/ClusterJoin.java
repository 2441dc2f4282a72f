package dev.roost.membership;

import dev.roost.bus.Contract;
import dev.roost.cluster.ClusterNode;
import dev.roost.cluster.Registry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.spi.cluster.NodeInfo;
import java.net.BindException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way into a cluster of several processes: member first, since whether this node fits is known
 * only then; the bus after it.
 */
public final class ClusterJoin {

  /** A member with its bus; closing {@code vertx} leaves the cluster too. */
  record Joined(Vertx vertx, ClusterMember member, Registry registry) {}

  private static final Logger log = LoggerFactory.getLogger(ClusterJoin.class);

  /** Each may take Hazelcast's call timeout, some 20 s. */
  private static final int ATTEMPTS = 3;

  private final ClusterMember member;
  private final @Nullable BusCertificates certificates;

  private ClusterJoin(ClusterMember member, @Nullable BusCertificates certificates) {
    this.member = member;
    this.certificates = certificates;
  }

  /**
   * Joins the cluster that the options name, or starts it if nobody is there, and logs which of the
   * two it was. Once for each process as a rule; {@link ClusterNode#close}, then closing {@link
   * ClusterNode#vertx} leaves. Safe for any thread; blocks a thread of its own. Should the node not
   * fit its cluster any more, since parts that were apart have found each other, it is logged why,
   * and both are closed.
   *
   * @param vertx options of the Vert.x instance to build; those of its event bus are replaced
   * @param builder the instance's transport, metrics and tracer; its options and its cluster
   *     manager are replaced
   * @return fails with a {@link JoinFailure} that says what to do; nothing is left running then
   */
  public static Future<ClusterNode> join(
      ClusterOptions options, VertxOptions vertx, VertxBuilder builder) {
    Promise<JoinFailure> unfit = Promise.promise();
    return join(options, vertx, builder, unfit::tryComplete)
        .onSuccess(node -> unfit.future().onSuccess(failure -> leave(node, failure)));
  }

  private static void leave(ClusterNode node, JoinFailure failure) {
    log.error("node {} leaves its cluster: {}", node.name(), failure.getMessage());
    node.close()
        .eventually(node.vertx()::close)
        .onFailure(cause -> log.error("node {} has not left in order", node.name(), cause));
  }

  /**
   * As {@link #join(ClusterOptions, VertxOptions, VertxBuilder)}, for whoever ends a node that does
   * not fit any more himself.
   *
   * @param unfit told at most once, on a thread of its own, that this node has to end, and why: two
   *     parts of a cluster have found each other, and this node has a name that an older one has,
   *     or speaks another version of the contract. It does no harm until it is closed. Nobody is
   *     told before the node is there, and it may be told before the future is complete
   */
  public static Future<ClusterNode> join(
      ClusterOptions options,
      VertxOptions vertx,
      VertxBuilder builder,
      Consumer<JoinFailure> unfit) {
    return open(options, Contract.VERSION, unfit, vertx, builder)
        .compose(
            joined -> ClusterNode.join(joined.vertx(), joined.member().name(), joined.registry()));
  }

  /** As {@link #join}, of any version, without a node yet. */
  static Future<Joined> open(
      ClusterOptions options,
      int contract,
      Consumer<JoinFailure> unfit,
      VertxOptions vertx,
      VertxBuilder builder) {
    Promise<Joined> joined = Promise.promise();
    Thread.ofPlatform()
        .name("roost-join")
        .start(
            () -> {
              try {
                joined.complete(keepTrying(options, contract, unfit, vertx, builder));
              } catch (Throwable failed) {
                joined.fail(failed);
              }
            });
    return joined.future();
  }

  /** What fails because the network loses much may succeed the next time. */
  private static Joined keepTrying(
      ClusterOptions options,
      int contract,
      Consumer<JoinFailure> unfit,
      VertxOptions vertx,
      VertxBuilder builder) {
    for (int attempt = 1; ; attempt++) {
      try {
        return openHere(options, contract, unfit, new VertxOptions(vertx), builder).await();
      } catch (JoinFailure failed) {
        if (attempt == ATTEMPTS || !failed.isBus()) {
          throw failed;
        }
        log.warn("{}; trying again", failed.getMessage());
      }
    }
  }

  private static Future<Joined> openHere(
      ClusterOptions given,
      int contract,
      Consumer<JoinFailure> unfit,
      VertxOptions vertx,
      VertxBuilder builder) {
    ClusterOptions options = OwnAddress.chosen(given);
    // Trust reads the live nodes when a peer dials, which is after the member is there.
    var self = new ClusterMember[1];
    BusTls tls = options.tls();
    BusCertificates certificates =
        tls == null ? null : BusCertificates.of(tls, options.host(), () -> self[0].busHosts());
    self[0] = ClusterMember.join(options, contract, unfit);
    return new ClusterJoin(self[0], certificates).open(vertx, builder);
  }

  private Future<Joined> open(VertxOptions options, VertxBuilder builder) {
    var manager = new BusRegistrations(member);
    return builder
        .with(options.setEventBusOptions(BusTransport.options(member)))
        .withClusterManager(manager)
        .buildClustered()
        .recover(this::notOpen)
        .compose(
            vertx ->
                secured(vertx)
                    .map(ignored -> opened(vertx, manager))
                    .recover(cause -> vertx.close().transform(ignored -> failed(cause))));
  }

  private static Future<Joined> failed(Throwable cause) {
    return Future.failedFuture(cause);
  }

  private Future<Vertx> notOpen(Throwable cause) {
    member.leave();
    if (cause instanceof BindException) {
      int port = member.options().busPort() + member.portOffset();
      return Future.failedFuture(
          new JoinFailure(
              ("the bus port " + port + " of " + member.options().host() + " is in use: stop what ")
                  + "listens there, or choose another",
              cause));
    }
    return Future.failedFuture(
        JoinFailure.ofBus("the bus cannot be opened: " + cause.getMessage(), cause));
  }

  private Future<Void> secured(Vertx vertx) {
    BusTransport.refuseSerialization(vertx);
    BusTls tls = member.options().tls();
    if (tls == null || certificates == null) {
      return Future.succeededFuture();
    }
    return BusTransport.checkNames(vertx, tls, certificates);
  }

  private Joined opened(Vertx vertx, BusRegistrations registrations) {
    NodeInfo bus = registrations.getNodeInfo();
    registrations.keep();
    String how = certificates == null ? "plain TCP" : "mutual TLS";
    var address = new Seed(bus.host(), bus.port()).toString();
    vertx.exceptionHandler(new BusGarbage(address));
    member.report(address + " (" + how + ")");
    return new Joined(vertx, member, new HazelcastRegistry(member));
  }
}
