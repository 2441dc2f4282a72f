package dev.roost.bus;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.shareddata.LocalMap;
import io.vertx.core.shareddata.Shareable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A verticle's own inbox, and its links to all others. What it sends is numbered per receiver; in
 * what it receives a gap in the numbers is reported as loss before the next message is handed on.
 *
 * <p>Used on the verticle's context only.
 */
public final class BusEndpoint {

  /** What the verticle does with its mail. */
  public interface Receiver {

    /**
     * The next message of a link, in order.
     *
     * @param from the sender's inbox
     */
    void receive(String from, BusMessage message);

    /** Messages from this sender are missing: all that depends on them is to be closed. */
    void lost(String from);
  }

  private static final DeliveryOptions OPTIONS =
      new DeliveryOptions().setCodecName(EnvelopeCodec.NAME);

  private final EventBus bus;
  private final String address;
  private final Receiver receiver;
  private final LocalMap<String, InFlight> local;
  private final InFlight inFlight = new InFlight();
  private final Map<String, Counter> outbound = new HashMap<>();
  private final Map<String, Counter> inbound = new HashMap<>();
  private final List<MessageConsumer<Envelope>> consumers = new ArrayList<>(2);

  /** Opens the inbox at this address on the current context. */
  public BusEndpoint(Vertx vertx, String address, Receiver receiver) {
    this.bus = vertx.eventBus();
    this.address = address;
    this.receiver = receiver;
    this.local = vertx.sharedData().getLocalMap("roost.inboxes");
    local.put(address, inFlight);
    consumers.add(bus.consumer(address, this::handle));
  }

  /** Teaches a Vert.x instance the contract; once for each, before any endpoint. */
  public static void registerCodec(Vertx vertx) {
    vertx.eventBus().registerCodec(new EnvelopeCodec());
  }

  /** Sends one message that belongs to no link, from any thread. */
  public static void post(Vertx vertx, String to, HostMessage message) {
    vertx.eventBus().send(to, new Envelope("", 0, message), OPTIONS);
  }

  /** Publishes one message to every gateway verticle, from any thread. */
  public static void publish(Vertx vertx, GatewayMessage.Disconnect message) {
    vertx.eventBus().publish(Addresses.ALL_GATEWAYS, new Envelope("", 0, message), OPTIONS);
  }

  /** The inbox's address, which names this verticle to its peers. */
  public String address() {
    return address;
  }

  /** Completes when senders everywhere can reach the inbox. */
  public Future<Void> ready() {
    return consumers.get(0).completion();
  }

  /** Sends the next message of the link to this inbox; nothing tells whether it arrived. */
  public void send(String to, BusMessage message) {
    Counter link = outbound.computeIfAbsent(to, peer -> new Counter(local.get(peer)));
    if (link.peer != null) {
      inFlight.messages.incrementAndGet();
    }
    bus.send(to, new Envelope(address, ++link.value, message), OPTIONS);
  }

  /** Hands on a published message as if it were mail. */
  public Future<Void> listen(String published) {
    MessageConsumer<Envelope> consumer = bus.consumer(published, this::handle);
    consumers.add(consumer);
    return consumer.completion();
  }

  /** Everybody that there is a link with. */
  public Set<String> peers() {
    var peers = new HashSet<>(outbound.keySet());
    peers.addAll(inbound.keySet());
    return peers;
  }

  /** Forgets the links with a peer that is gone for good. */
  public void forget(String peer) {
    outbound.remove(peer);
    inbound.remove(peer);
  }

  /**
   * Messages on their way to inboxes of this process, so that a sender can hold back; any thread.
   */
  public int inFlight() {
    return inFlight.messages.get();
  }

  /**
   * Forgets what is on its way if nothing has arrived since the last call: it went to an inbox that
   * is closed. Call it every now and then.
   */
  public void checkInFlight() {
    if (!inFlight.progress) {
      inFlight.messages.set(0);
    }
    inFlight.progress = false;
  }

  /** Number of peers with a link in either direction. */
  public int links() {
    return Math.max(outbound.size(), inbound.size());
  }

  /** Closes the inbox and stops to listen. */
  public Future<Void> close() {
    local.remove(address);
    return Future.join(consumers.stream().map(MessageConsumer::unregister).toList()).mapEmpty();
  }

  private void handle(Message<Envelope> mail) {
    Envelope envelope = mail.body();
    String from = envelope.from();
    if (envelope.sequence() > 0) {
      Counter counter = inbound.computeIfAbsent(from, peer -> new Counter(local.get(peer)));
      if (counter.peer != null) {
        // Never below 0: what was given up on (checkInFlight) may arrive all the same.
        counter.peer.messages.updateAndGet(count -> Math.max(count - 1, 0));
        counter.peer.progress = true;
      }
      boolean gap = envelope.sequence() != ++counter.value;
      counter.value = envelope.sequence();
      if (gap) {
        receiver.lost(from);
      }
    }
    receiver.receive(from, envelope.message());
  }

  /** One end of a link; the peer is known if it lives in this process. */
  private static final class Counter {
    final @Nullable InFlight peer;
    long value;

    Counter(@Nullable InFlight peer) {
      this.peer = peer;
    }
  }

  /** What an endpoint has sent to others in this process and they have not handled yet. */
  private static final class InFlight implements Shareable {
    final AtomicInteger messages = new AtomicInteger();
    volatile boolean progress;
  }
}
