package dev.roost.bus;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
  private final Map<String, Counter> outbound = new HashMap<>();
  private final Map<String, Counter> inbound = new HashMap<>();
  private final List<MessageConsumer<Envelope>> consumers = new ArrayList<>(2);

  /** Opens the inbox at this address on the current context. */
  public BusEndpoint(Vertx vertx, String address, Receiver receiver) {
    this.bus = vertx.eventBus();
    this.address = address;
    this.receiver = receiver;
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
    long sequence = ++outbound.computeIfAbsent(to, Counter::new).value;
    bus.send(to, new Envelope(address, sequence, message), OPTIONS);
  }

  /** Hands on a published message as if it were mail. */
  public Future<Void> listen(String published) {
    MessageConsumer<Envelope> consumer = bus.consumer(published, this::handle);
    consumers.add(consumer);
    return consumer.completion();
  }

  /** Forgets the links with a peer that is gone for good. */
  public void forget(String peer) {
    outbound.remove(peer);
    inbound.remove(peer);
  }

  /** Number of peers with a link in either direction. */
  public int links() {
    return Math.max(outbound.size(), inbound.size());
  }

  /** Closes the inbox and stops to listen. */
  public Future<Void> close() {
    return Future.join(consumers.stream().map(MessageConsumer::unregister).toList()).mapEmpty();
  }

  private void handle(Message<Envelope> mail) {
    Envelope envelope = mail.body();
    String from = envelope.from();
    if (envelope.sequence() > 0) {
      Counter counter = inbound.computeIfAbsent(from, Counter::new);
      boolean gap = envelope.sequence() != ++counter.value;
      counter.value = envelope.sequence();
      if (gap) {
        receiver.lost(from);
      }
    }
    receiver.receive(from, envelope.message());
  }

  private static final class Counter {
    long value;

    Counter(String peer) {}
  }
}
