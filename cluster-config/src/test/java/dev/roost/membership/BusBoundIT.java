package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.Contract;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.RawPayload;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node whose peer, another node of the cluster, does not read. */
@Timeout(120)
class BusBoundIT {

  private static final int MIB = 1024 * 1024;
  private static final int SMALL_BUFFER = 64 * 1024;
  private static final long SECONDS = 20;

  /** Messages that fit between two inboxes: each is some bytes larger than its payload. */
  private static final int FIT = BusEndpoint.MAX_UNWRITTEN_BYTES / MIB - 1;

  /** Messages that the sockets of both nodes may have taken besides. */
  private static final int IN_SOCKETS = 2;

  private final List<Runnable> atTheEnd = new ArrayList<>();

  @AfterEach
  void leave() {
    atTheEnd.forEach(Runnable::run);
  }

  /**
   * A node whose sockets hold next to nothing. Its peer has a minute to answer a ping: before that
   * a connection is not closed for its silence, which would be a loss too.
   */
  private Vertx join(ClusterOptions options) {
    ClusterMember member = ClusterMember.join(options, Contract.VERSION, unfit -> {});
    var bus =
        new EventBusOptions()
            .setHost("127.0.0.1")
            .setClusterPingInterval(60_000)
            .setClusterPingReplyInterval(60_000)
            .setSendBufferSize(SMALL_BUFFER)
            .setReceiveBufferSize(SMALL_BUFFER);
    Vertx vertx =
        Vertx.builder()
            .with(new VertxOptions().setEventLoopPoolSize(1).setEventBusOptions(bus))
            .withClusterManager(new HazelcastClusterManager(member.hazelcast()))
            .buildClustered()
            .await();
    BusEndpoint.registerCodec(vertx);
    atTheEnd.add(
        () -> {
          vertx.close().await();
          member.leave();
        });
    return vertx;
  }

  @Test
  void whatWaitsForAPeerThatDoesNotReadIsBoundedAndItsLossIsTold() throws Exception {
    ClusterOptions options = ClusterPorts.options("bound");
    var receiver = new Peer(join(options), "receiver");
    var sender = new Peer(join(options), "sender");
    sender.send(0, 0);
    assertEquals("0 of 0 bytes", receiver.next());

    CountDownLatch busy = receiver.holdUp();
    atTheEnd.addFirst(busy::countDown); // Whatever fails, the node can be closed.
    int sent = 0;
    while (sent < 2 * FIT && sender.events.isEmpty()) {
      sender.send(++sent, MIB);
    }
    assertEquals("lost: receiver", sender.next());
    int accepted = sent - 1;
    assertTrue(accepted >= FIT && accepted <= FIT + IN_SOCKETS, accepted + " messages wait");
    for (int i = 0; i < FIT; i++) {
      sender.send(++sent, MIB);
    }
    assertNull(sender.events.poll(), "a loss is told once");

    busy.countDown();
    for (int i = 1; i <= accepted; i++) {
      assertEquals(i + " of " + MIB + " bytes", receiver.next());
    }
    // What came after the bound was nowhere: it is missing, which the next check tells both.
    sender.run(() -> sender.endpoint.checkLinks(peer -> true));
    assertEquals("lost: sender", receiver.next());
    assertEquals("lost: receiver", sender.next());

    for (int i = 0; i < FIT; i++) {
      sender.send(++sent, MIB);
      assertEquals(sent + " of " + MIB + " bytes", receiver.next());
    }
    assertNull(sender.events.poll());
  }

  /** An endpoint that writes down what it is handed. */
  private static final class Peer implements BusEndpoint.Receiver {

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final Context context;
    private final BusEndpoint endpoint;

    Peer(Vertx vertx, String address) {
      context = vertx.getOrCreateContext();
      endpoint = call(() -> Future.succeededFuture(new BusEndpoint(vertx, address, this)));
      endpoint.ready().await();
    }

    private <T> T call(Supplier<Future<T>> task) {
      return Future.<T>future(promise -> context.runOnContext(go -> task.get().onComplete(promise)))
          .await();
    }

    void run(Runnable task) {
      call(
          () -> {
            task.run();
            return Future.succeededFuture();
          });
    }

    void send(int number, int bytes) {
      var message = new GatewayMessage.Joined(number, 1, RawPayload.binary(new byte[bytes]));
      run(() -> endpoint.send("receiver", message));
      run(() -> {}); // A loss is told in the turn after it.
    }

    /** Keeps the node's only event loop from reading until the latch is released. */
    CountDownLatch holdUp() throws InterruptedException {
      var busy = new CountDownLatch(1);
      var held = new CountDownLatch(1);
      context.runOnContext(
          go -> {
            held.countDown();
            try {
              busy.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      held.await();
      return busy;
    }

    @Override
    public void receive(String from, BusMessage message) {
      var joined = (GatewayMessage.Joined) message;
      events.add(joined.channel() + " of " + joined.payloadBytes() + " bytes");
    }

    @Override
    public void lost(String peer) {
      events.add("lost: " + peer);
    }

    String next() throws InterruptedException {
      return events.poll(SECONDS, TimeUnit.SECONDS);
    }
  }
}
