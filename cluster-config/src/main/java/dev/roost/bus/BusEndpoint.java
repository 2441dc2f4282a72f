package dev.roost.bus;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.eventbus.MessageProducer;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.shareddata.LocalMap;
import io.vertx.core.shareddata.Shareable;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A verticle's own inbox, and its links to all others. What it sends is numbered per receiver; in
 * what it receives a gap in the numbers is reported as loss, at both ends of the link, before the
 * next message is handed on.
 *
 * <p>Used on the verticle's context only.
 */
public final class BusEndpoint {

  /*
   * The bus is at-most-once and tells nobody of a loss, so each link is numbered. A gap is seen with
   * the next message; one at the end with the next check (LinkMessage.Check), which also finds a peer
   * that has forgotten the link, for instance because it took this node for dead. A live peer from
   * which not even checks come is cut off: nothing says what it sent meanwhile. Within a process
   * nothing is lost: local links are not checked, and their two counters tell a sender how much is on
   * its way. Those live in the link's own object, so that a link that is dropped leaves nothing
   * behind.
   */

  /** What the verticle does with its mail. */
  public interface Receiver {

    /**
     * The next message of a link, in order.
     *
     * @param from the sender's inbox
     */
    void receive(String from, BusMessage message);

    /** Messages from or to this peer are missing: all that depends on them is to be closed. */
    void lost(String peer);

    /**
     * A request for a broadcast, from anywhere.
     *
     * @return false if the topic is hosted elsewhere
     */
    default boolean broadcast(HostMessage.BroadcastRequest request) {
      return false;
    }

    /**
     * A question who is present, from anywhere.
     *
     * @return JSON; fails with a {@link NotHosted} if the topic is hosted elsewhere
     */
    default Future<RawPayload> query(PresenceMessage.Query query) {
      return Future.failedFuture(new NotHosted());
    }
  }

  /** The topic asked about is hosted elsewhere, or nowhere. */
  public static final class NotHosted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NotHosted() {
      super("the topic is hosted elsewhere", null, false, false);
    }
  }

  /** Checks in a row, one each second, that a peer may miss, or that may wait to be written. */
  private static final int MAX_SILENCE = 6;

  private static final DeliveryOptions ANYWHERE =
      new DeliveryOptions().setCodecName(EnvelopeCodec.NAME);
  private static final DeliveryOptions ASKING = new DeliveryOptions(ANYWHERE).setSendTimeout(5_000);
  private static final DeliveryOptions HERE = new DeliveryOptions(ANYWHERE).setLocalOnly(true);

  /** Most bytes that may wait to be written to one inbox of another process: 64 MiB. */
  public static final int MAX_UNWRITTEN_BYTES = 64 * 1024 * 1024;

  /**
   * Messages on their way to inboxes of this process over which whoever sends is to be held back.
   */
  public static final int MAX_IN_FLIGHT = 65_536;

  private static final long HELD_BACK_MS = 5;

  private static final int ENVELOPE_BYTES = 256;

  /*
   * Not every write is watched: to be told of it wakes the event loop, which costs as much as the
   * write. One of so many bytes is, and one each so often; a loss in between shows with the next of
   * these, or as a gap in the numbers.
   */
  private static final int MARK_BYTES = 64 * 1024;

  private static final long MARK_NANOS = Duration.ofMillis(200).toNanos();

  /**
   * A number on a link is its position, and above these bits the link's generation. Without it, a
   * peer that has forgotten the link and begins it again could come to where it was, and what was
   * lost until then would not be missed.
   */
  private static final int POSITION_BITS = 40;

  /** Failure codes of an answer to a query. */
  private static final int NOT_HOSTED = 1;

  private static final int FAILED = 2;

  private final EventBus bus;
  private final Context context;
  private final int maxUnwrittenBytes;
  private final String address;
  private final Receiver receiver;
  private final LocalMap<String, Inbox> inboxes;
  private final Inbox inbox = new Inbox();
  private final Map<String, Outbound> outbound = new HashMap<>();
  private final Map<String, Inbound> inbound = new HashMap<>();
  private final List<MessageConsumer<Envelope>> consumers = new ArrayList<>(2);

  /** Answers to requests for broadcasts that wait until less is in flight. */
  private final Queue<Runnable> heldBack = new ArrayDeque<>();

  /**
   * Of the links that are opened now: one that was forgotten and is opened anew has a later one.
   */
  private long generation;

  /** Opens the inbox at this address on the current context. */
  public BusEndpoint(Vertx vertx, String address, Receiver receiver) {
    this(vertx, address, receiver, MAX_UNWRITTEN_BYTES);
  }

  BusEndpoint(Vertx vertx, String address, Receiver receiver, int maxUnwrittenBytes) {
    this.bus = vertx.eventBus();
    this.context = vertx.getOrCreateContext();
    this.maxUnwrittenBytes = maxUnwrittenBytes;
    this.address = address;
    this.receiver = receiver;
    this.inboxes = vertx.sharedData().getLocalMap("roost.inboxes");
    inboxes.put(address, inbox);
    consumers.add(bus.consumer(address, this::handle));
  }

  /** Teaches a Vert.x instance the contract; once for each, before any endpoint. */
  public static void registerCodec(Vertx vertx) {
    vertx.eventBus().registerCodec(new EnvelopeCodec());
  }

  /**
   * Asks a host for a broadcast, from any thread.
   *
   * @return completes when the host has given it its place in the topic's order, and has less than
   *     {@link #MAX_IN_FLIGHT} to pass on in its process. Fails with {@link NotHosted} if there is
   *     no such inbox or the topic is hosted elsewhere; with another exception if there is no
   *     answer within 5 s: then it may have been broadcast or not
   */
  public static Future<Void> request(
      Vertx vertx, String host, HostMessage.BroadcastRequest request) {
    return vertx
        .eventBus()
        .<Boolean>request(host, new Envelope("", 0, request), ASKING)
        .recover(cause -> Future.failedFuture(isNotHosted(cause) ? new NotHosted() : cause))
        .compose(
            answer ->
                answer.body() ? Future.succeededFuture() : Future.failedFuture(new NotHosted()));
  }

  /**
   * Asks a host who is present in a topic, from any thread.
   *
   * @return JSON: the whole state (P-1), or with a key its presence, {@code null} if absent. Fails
   *     with {@link NotHosted} if there is no such inbox or the topic is hosted elsewhere; with
   *     another exception if there is no answer within 5 s or the host could not tell
   */
  public static Future<RawPayload> ask(Vertx vertx, String host, PresenceMessage.Query query) {
    return vertx
        .eventBus()
        .<Buffer>request(host, new Envelope("", 0, query), ASKING)
        .map(answer -> RawPayload.json(answer.body().getBytes()))
        .recover(cause -> Future.failedFuture(isNotHosted(cause) ? new NotHosted() : cause));
  }

  private static boolean isNotHosted(Throwable cause) {
    return cause instanceof ReplyException reply
        && (reply.failureType() == ReplyFailure.NO_HANDLERS || reply.failureCode() == NOT_HOSTED);
  }

  /** Publishes one message to every gateway verticle, from any thread. */
  public static void publish(Vertx vertx, GatewayMessage.Disconnect message) {
    vertx.eventBus().publish(Addresses.ALL_GATEWAYS, new Envelope("", 0, message), ANYWHERE);
  }

  /** The inbox's address, which names this verticle to its peers. */
  public String address() {
    return address;
  }

  /** Completes when senders everywhere can reach the inbox. */
  public Future<Void> ready() {
    return consumers.get(0).completion();
  }

  /**
   * Sends the next message of the link to this inbox; nothing tells whether it arrived. To another
   * process: if it cannot be written, or {@link #MAX_UNWRITTEN_BYTES} wait for the peer already, it
   * is dropped and the link lost, which is told within a second.
   */
  public void send(String to, BusMessage message) {
    Outbound link = outbound.computeIfAbsent(to, this::open);
    if (link.far != null && message instanceof GatewayMessage.Push push) {
      push(to, link, push);
    } else {
      send(to, link, message);
    }
  }

  private void push(String to, Outbound link, GatewayMessage.Push push) {
    KeptPayloads.Kept kept = link.payloads.find(push.payload());
    if (kept == null) {
      send(to, link, push);
      return;
    }
    if (kept.isNew()) {
      send(to, link, new LinkMessage.Keep(kept.number(), push.payload()));
    }
    send(to, link, new LinkMessage.PushKept(push.recipient(), push.event(), kept.number()));
  }

  private void send(String to, Outbound link, BusMessage message) {
    var envelope = new Envelope(address, link.next(), message);
    if (link.far == null) {
      bus.send(to, envelope, HERE);
      return;
    }
    int bytes = ENVELOPE_BYTES + message.payloadBytes();
    if (link.unwritten > 0 && link.unwritten + bytes > maxUnwrittenBytes) {
      broken(to, link);
      return;
    }
    link.unwritten += bytes;
    link.unmarked += bytes;
    Future<Void> written = link.far.write(envelope);
    boolean isDue = link.unmarked >= MARK_BYTES || System.nanoTime() - link.marked > MARK_NANOS;
    // That a loss cannot be told is no loss of its own.
    if (isDue && !(message instanceof LinkMessage.Reset)) {
      mark(to, link, written);
    }
  }

  /** What was written before is written when this is, or lost with it. */
  private void mark(String to, Outbound link, Future<Void> write) {
    long bytes = link.unmarked;
    link.unmarked = 0;
    link.marked = System.nanoTime();
    var unused =
        write.onComplete(
            written -> {
              link.unwritten -= bytes;
              if (outbound.get(to) != link) {
                return;
              }
              if (written.failed()) {
                link.marked -= MARK_NANOS; // The next is watched.
                broken(to, link);
                return;
              }
              link.unwrittenChecks = 0; // They wait, but it goes on.
              if (link.unwritten == 0) {
                link.isBroken = false;
              }
            });
  }

  private static boolean isNowhere(@Nullable Throwable cause) {
    return cause instanceof ReplyException failure
        && failure.failureType() == ReplyFailure.NO_HANDLERS;
  }

  /** Later, since whoever sends is in the middle of something; once between two checks. */
  private void broken(String to, Outbound link) {
    link.payloads.clear();
    if (!link.isBroken) {
      link.isBroken = true;
      context.runOnContext(ignored -> receiver.lost(to));
    }
  }

  private Outbound open(String to) {
    Inbox peer = inboxes.get(to);
    var link = new Outbound(peer, peer == null ? bus.sender(to, ANYWHERE) : null, generation);
    if (peer != null) {
      inbox.links.put(to, link);
    }
    return link;
  }

  /** Hands on a published message as if it were mail. */
  public Future<Void> listen(String published) {
    MessageConsumer<Envelope> consumer = bus.consumer(published, this::handle);
    consumers.add(consumer);
    return consumer.completion();
  }

  /**
   * Forgets the links with peers that are gone. Should one come back, for instance because it was
   * only frozen, its next message or check is a loss to both ends.
   */
  public void forget(Predicate<String> isGone) {
    if (outbound.keySet().removeIf(isGone)) {
      generation++;
    }
    inbound.keySet().removeIf(isGone);
    inbox.links.keySet().removeIf(isGone);
  }

  /**
   * Looks after the links: those with peers that are gone are forgotten, the others checked. Call
   * it each second.
   *
   * @param isLive whether the node of a peer in another process is still there
   */
  public void checkLinks(Predicate<String> isLive) {
    for (var entry : List.copyOf(outbound.entrySet())) {
      String peer = entry.getKey();
      Outbound link = entry.getValue();
      if (link.isLocal() ? link.isClosed() : !isLive.test(peer)) {
        // At the second look: the last messages of the peer may still be on their way here.
        if (link.isGone) {
          forget(peer::equals);
        }
        link.isGone = true;
      } else if (link.nowhere > 1) { // There may never have been such an inbox.
        outbound.remove(peer);
        generation++;
        // A peer that has forgotten the link will not miss what was sent since the last loss was
        // told. If it is there all the same and not registered yet, its next check is a loss, of
        // which it is told then.
        inbound.remove(peer);
        receiver.lost(peer);
      } else if (link.far != null) {
        link.payloads.check();
        // What cannot be written from now on is a loss of its own: somebody may wait for it.
        link.isBroken = false;
        check(peer, link, link.far);
        if (link.unwrittenChecks > MAX_SILENCE) { // The bus has neither written nor refused them.
          link.unwrittenChecks = 0;
          receiver.lost(peer);
        }
      }
    }
    for (var entry : List.copyOf(inbound.entrySet())) {
      String peer = entry.getKey();
      if (entry.getValue().isCutOff() && isLive.test(peer)) {
        receiver.lost(peer);
      }
    }
    inbound
        .entrySet()
        .removeIf(
            entry ->
                !outbound.containsKey(entry.getKey())
                    && entry.getValue().isGone(entry.getKey(), isLive));
  }

  /**
   * If not even a check can be written, then what was written before it may have gone nowhere: the
   * connection took it and is dead by now. Nothing else tells that of a peer which never answered.
   */
  private void check(String to, Outbound link, MessageProducer<Envelope> far) {
    link.unwrittenChecks++;
    Future<Void> check =
        far.write(new Envelope(address, link.sent.get(), new LinkMessage.Check()))
            .andThen(
                written -> {
                  link.unwrittenChecks = 0;
                  link.nowhere = isNowhere(written.cause()) ? link.nowhere + 1 : 0;
                });
    mark(to, link, check);
  }

  /**
   * Messages on their way to inboxes of this process, so that a sender can hold back; any thread.
   */
  public long inFlight() {
    long messages = 0;
    for (Outbound link : inbox.links.values()) {
      messages += link.inFlight();
    }
    return messages;
  }

  /**
   * Whether this is an inbox of this node that is closed, or never was: what is sent there goes
   * nowhere, of which nobody is told.
   */
  public boolean isClosed(String inbox) {
    return Addresses.node(inbox).equals(Addresses.node(address)) && !inboxes.containsKey(inbox);
  }

  /** Number of peers with a link in either direction. */
  public int links() {
    return Math.max(outbound.size(), inbound.size());
  }

  /** Closes the inbox and stops to listen. */
  public Future<Void> close() {
    inboxes.remove(address);
    inbox.closed = true;
    answerAll();
    return Future.join(consumers.stream().map(MessageConsumer::unregister).toList()).mapEmpty();
  }

  private void handle(Message<Envelope> mail) {
    Envelope envelope = mail.body();
    String from = envelope.from();
    BusMessage message = envelope.message();
    if (envelope.sequence() > 0) {
      Inbound link = inbound.computeIfAbsent(from, this::accept);
      if (!link.follows(envelope.sequence(), message instanceof LinkMessage.Check)) {
        link.payloads.clear();
        forgetPayloads(from);
        receiver.lost(from);
        send(from, new LinkMessage.Reset());
      }
      if (message instanceof LinkMessage forLink) {
        handle(from, link, forLink);
        return;
      }
    }
    switch (message) {
      case LinkMessage unnumbered -> {}
      case HostMessage.BroadcastRequest request -> answer(mail, receiver.broadcast(request));
      case HostMessage forHost -> receiver.receive(from, forHost);
      case GatewayMessage forGateway -> receiver.receive(from, forGateway);
      case SessionMessage forGateway -> receiver.receive(from, forGateway);
      case PresenceMessage.Query query -> answer(mail, receiver.query(query));
      case PresenceMessage forHost -> receiver.receive(from, forHost);
    }
  }

  private void handle(String from, Inbound link, LinkMessage message) {
    switch (message) {
      case LinkMessage.Check() -> link.payloads.check();
      case LinkMessage.Reset() -> {
        forgetPayloads(from);
        receiver.lost(from);
      }
      case LinkMessage.Keep(var number, var payload) -> link.payloads.keep(number, payload);
      case LinkMessage.PushKept(var recipient, var event, var number) -> {
        RawPayload payload = link.payloads.get(number);
        // Else it was lost on the way, which was told.
        if (payload != null) {
          receiver.receive(from, new GatewayMessage.Push(recipient, event, payload));
        }
      }
    }
  }

  /** The peer may have forgotten them: it clears its own when it finds a loss. */
  private void forgetPayloads(String peer) {
    Outbound link = outbound.get(peer);
    if (link != null) {
      link.payloads.clear();
    }
  }

  /** Whoever waits for the answer is held back with it. */
  private void answer(Message<Envelope> request, boolean isHosted) {
    if (!isHosted || (heldBack.isEmpty() && inFlight() < MAX_IN_FLIGHT)) {
      request.reply(isHosted);
      return;
    }
    heldBack.add(() -> request.reply(true));
    if (heldBack.size() == 1) {
      answerLater();
    }
  }

  private void answerLater() {
    context
        .owner()
        .setTimer(
            HELD_BACK_MS,
            ignored -> {
              if (inFlight() < MAX_IN_FLIGHT) {
                answerAll();
              } else {
                answerLater();
              }
            });
  }

  private void answerAll() {
    for (Runnable answer = heldBack.poll(); answer != null; answer = heldBack.poll()) {
      answer.run();
    }
  }

  private static void answer(Message<Envelope> query, Future<RawPayload> answer) {
    answer
        .onSuccess(presences -> query.reply(Buffer.buffer(presences.bytes())))
        .onFailure(
            cause ->
                query.fail(
                    cause instanceof NotHosted ? NOT_HOSTED : FAILED,
                    "the host could not tell who is present; its log says why"));
  }

  private Inbound accept(String from) {
    Inbox sender = inboxes.get(from);
    return new Inbound(sender, sender == null ? null : sender.links.get(address));
  }

  /** What an endpoint shows to others in this process. */
  private static final class Inbox implements Shareable {
    final Map<String, Outbound> links = new ConcurrentHashMap<>();
    volatile boolean closed;
  }

  /** The sending end of a link; the peer is known if it lives in this process. */
  private static final class Outbound {
    final @Nullable Inbox peer;
    final @Nullable MessageProducer<Envelope> far;
    final KeptPayloads payloads = new KeptPayloads();
    final AtomicLong sent = new AtomicLong();
    final AtomicLong handled = new AtomicLong();
    long unwritten;
    long unmarked;
    long marked = System.nanoTime() - 2 * MARK_NANOS;
    int nowhere;
    int unwrittenChecks;
    boolean isBroken;
    boolean isGone;

    Outbound(@Nullable Inbox peer, @Nullable MessageProducer<Envelope> far, long generation) {
      this.peer = peer;
      this.far = far;
      sent.set(generation << POSITION_BITS);
      handled.set(generation << POSITION_BITS);
    }

    boolean isLocal() {
      return peer != null;
    }

    boolean isClosed() {
      return peer != null && peer.closed;
    }

    // One thread writes each counter.
    long next() {
      long number = sent.get() + 1;
      sent.lazySet(number);
      return number;
    }

    long inFlight() {
      return sent.get() - handled.get();
    }
  }

  /** The receiving end of a link. */
  private static final class Inbound {
    final @Nullable Inbox peer;
    final @Nullable Outbound other;
    final KeptPayloads payloads = new KeptPayloads();
    long received;
    int silence;
    boolean wasGone;

    Inbound(@Nullable Inbox peer, @Nullable Outbound other) {
      this.peer = peer;
      this.other = other;
    }

    /** Whether nothing is missing before the message of this number. */
    boolean follows(long number, boolean repeats) {
      // A peer that was just met begins at the first position, of whatever generation.
      long last = received > 0 ? received : number >> POSITION_BITS << POSITION_BITS;
      boolean follows = number == (repeats ? last : last + 1);
      received = number;
      silence = 0;
      if (other != null) {
        other.handled.lazySet(number);
      }
      return follows;
    }

    /** At a check: whether it is time to take what the peer may have sent for lost. */
    boolean isCutOff() {
      if (peer != null || ++silence <= MAX_SILENCE) {
        return false;
      }
      silence = 0;
      return true;
    }

    boolean isGone(String from, Predicate<String> isLive) {
      boolean before = wasGone;
      wasGone = peer == null ? !isLive.test(from) : peer.closed;
      return before && wasGone;
    }
  }
}
