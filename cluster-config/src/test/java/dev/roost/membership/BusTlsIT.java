package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.bus.Contract;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who gets through mutual TLS, and who does not. */
@Timeout(60)
class BusTlsIT {

  private static final long SECONDS = 10;

  @TempDir private static Path folder;
  private static BusTls own;
  private static BusTls elsewhere;
  private static BusTls stranger;

  private final List<Vertx> open = new ArrayList<>();
  private ClusterOptions options;

  @BeforeAll
  static void makeAuthorities() throws Exception {
    var authority = new TestAuthority(folder, "authority");
    own = authority.issue("own", "ip:127.0.0.1");
    elsewhere = authority.issue("elsewhere", "dns:elsewhere.invalid");
    stranger = new TestAuthority(folder, "other").issue("stranger", "ip:127.0.0.1");
  }

  @BeforeEach
  void chooseFreePorts() throws Exception {
    options = ClusterPorts.options("tls");
  }

  @AfterEach
  void close() {
    open.forEach(vertx -> vertx.close().await());
  }

  private ClusterJoin.Joined join(BusTls tls) {
    var joined =
        ClusterJoin.open(
                options.withTls(tls),
                Contract.VERSION,
                unfit -> {},
                new VertxOptions().setEventLoopPoolSize(1),
                Vertx.builder())
            .await();
    open.add(joined.vertx());
    return joined;
  }

  private static BlockingQueue<String> receive(Vertx vertx, String address) {
    var received = new LinkedBlockingQueue<String>();
    MessageConsumer<String> consumer =
        vertx.eventBus().consumer(address, mail -> received.add(mail.body()));
    consumer.completion().await();
    return received;
  }

  @Test
  void nodesOfOneAuthorityUnderTheirOwnNamesReachEachOther() throws Exception {
    var a = join(own);
    var b = join(own);
    var atA = receive(a.vertx(), "a");
    var atB = receive(b.vertx(), "b");
    b.vertx().eventBus().send("a", "from b");
    a.vertx().eventBus().send("b", "from a");
    assertEquals("from b", atA.poll(SECONDS, TimeUnit.SECONDS));
    assertEquals("from a", atB.poll(SECONDS, TimeUnit.SECONDS));
  }

  @Test
  void aPeerThatAnswersUnderAnotherNameGetsNoMessage() throws Exception {
    var a = join(own);
    assertNothingGoesTo(a, elsewhere);
  }

  @Test
  void aPeerOfAnotherAuthorityGetsNoMessage() throws Exception {
    var a = join(own);
    assertNothingGoesTo(a, stranger);
  }

  @Test
  void aPeerWithoutTlsGetsNoMessage() throws Exception {
    var a = join(own);
    assertNothingGoesTo(a, null);
  }

  /** A member whose bus takes everybody, and shows this certificate. */
  private void assertNothingGoesTo(ClusterJoin.Joined node, @Nullable BusTls shown)
      throws InterruptedException {
    ClusterMember member = ClusterMember.join(options, Contract.VERSION, unfit -> {});
    var bus = new EventBusOptions().setHost("127.0.0.1");
    if (shown != null) {
      bus.setSsl(true)
          .setTrustAll(true)
          .setKeyCertOptions(
              new PemKeyCertOptions()
                  .addCertPath(shown.certificate().toString())
                  .addKeyPath(shown.key().toString()));
    }
    Vertx rogue =
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(bus))
            .withClusterManager(new HazelcastClusterManager(member.hazelcast()))
            .buildClustered()
            .await();
    try {
      BlockingQueue<String> atRogue = receive(rogue, "rogue");
      Future<Void> written = node.vertx().eventBus().sender("rogue").write("a secret");
      assertThrows(
          Exception.class,
          () -> written.toCompletionStage().toCompletableFuture().get(SECONDS, TimeUnit.SECONDS));
      assertNull(atRogue.poll(200, TimeUnit.MILLISECONDS));
    } finally {
      rogue.close().await();
      member.leave();
    }
  }

  @Test
  void oneThatDialsIsCutOffUnlessItHasACertificateOfALiveNodesHost() throws Exception {
    var a = join(own);
    int port = options.busPort() + a.member().portOffset();
    assertTrue(isCutOff(port, null), "without a certificate");
    assertTrue(isCutOff(port, stranger), "of another authority");
    assertTrue(isCutOff(port, elsewhere), "another name");
    assertFalse(isCutOff(port, own), "a node's own");
    assertNotNull(a.registry().nodes());
  }

  /** Dials the bus; with TLS 1.3 a client learns only afterwards that it was refused. */
  private boolean isCutOff(int port, @Nullable BusTls shown) throws Exception {
    var dialling =
        new NetClientOptions().setSsl(true).setTrustAll(true).setHostnameVerificationAlgorithm("");
    if (shown != null) {
      dialling.setKeyCertOptions(
          new PemKeyCertOptions()
              .addCertPath(shown.certificate().toString())
              .addKeyPath(shown.key().toString()));
    }
    Vertx vertx = Vertx.vertx();
    try {
      var cutOff = new CompletableFuture<Void>();
      // From its own event loop, where nothing can close the socket before it has its handler.
      vertx.runOnContext(
          ignored ->
              vertx
                  .createNetClient(dialling)
                  .connect(port, "127.0.0.1")
                  .onSuccess(socket -> socket.closeHandler(cutOff::complete))
                  .onFailure(
                      failure -> {
                        if (failure instanceof ConnectException) { // Nobody listens.
                          cutOff.completeExceptionally(failure);
                        } else {
                          cutOff.complete(null);
                        }
                      }));
      cutOff.get(2, TimeUnit.SECONDS);
      return true;
    } catch (TimeoutException stillOpen) {
      return false;
    } finally {
      vertx.close().await();
    }
  }

  @Test
  void ownCertificatesThatCannotWorkAreNamedBeforeAnythingStarts() throws Exception {
    String name = assertThrows(JoinFailure.class, () -> join(elsewhere)).getMessage();
    assertTrue(name.contains("is for elsewhere.invalid, and peers dial 127.0.0.1"), name);
    Path empty = Files.createFile(folder.resolve("empty.pem"));
    String none =
        assertThrows(JoinFailure.class, () -> join(new BusTls(own.certificate(), own.key(), empty)))
            .getMessage();
    assertTrue(none.contains("empty.pem holds no certificate"), none);
    String key =
        assertThrows(
                JoinFailure.class,
                () -> join(new BusTls(own.certificate(), folder.resolve("gone"), empty)))
            .getMessage();
    assertTrue(key.contains("gone cannot be read"), key);
  }
}
