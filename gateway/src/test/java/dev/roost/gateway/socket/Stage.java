package dev.roost.gateway.socket;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.Envelope;
import dev.roost.bus.EnvelopeCodec;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.LinkMessage;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.auth.Identity;
import dev.roost.gateway.auth.TokenGate;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.workers.Workers;
import dev.roost.hosting.PartitionTable;
import dev.roost.routing.Advertisement;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketLimits;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.TokenSource;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A gateway's sockets between two scripted sides: clients whose connections write down what they
 * are sent, and hosts on a real local event bus that say what the test says.
 */
final class Stage {

  private final List<String> counted = new CopyOnWriteArrayList<>();
  private static final DeliveryOptions CODEC =
      new DeliveryOptions().setCodecName(EnvelopeCodec.NAME);

  private final Vertx vertx = Vertx.vertx();
  private final ClusterNode node = ClusterNode.local(vertx);
  private final MessageBudget budget = MessageBudget.of(1 << 20);
  private final Gateway gateway = new Gateway();
  private Advertisement offer;

  /** A stage with this many hosts of the application {@code chat} at {@code /socket}. */
  static Stage set(List<Host> hosts, String... routes) throws Exception {
    var stage = new Stage();
    await(stage.vertx.deployVerticle(stage.gateway));
    for (Host host : hosts) {
      stage.add(host);
    }
    stage.offer =
        new Advertisement(
            "chat",
            List.of("/socket"),
            Map.of("/socket", SocketOptions.defaults()),
            List.of(routes).stream().map(RoutePattern::new).toList(),
            hosts.stream().map(host -> host.address).toList());
    await(stage.node.advertise(stage.offer));
    return stage;
  }

  /** Takes the application away: no topic has a route any more. */
  void withdraw() throws Exception {
    await(node.withdraw("chat"));
  }

  /** Makes the partitions' next tenure begin, with a host that was not there before. */
  Host claimBy(Host host) throws Exception {
    add(host);
    claimAnew(List.of(host));
    return host;
  }

  private void add(Host host) throws Exception {
    host.stage = this;
    host.address = Addresses.host(node.name(), node.nextVerticle());
    await(vertx.deployVerticle(host));
  }

  /** Makes the partitions' next tenure begin, with these hosts. */
  void claimAnew(List<Host> hosts) throws Exception {
    if (node.snapshot().applications().find("chat").isPresent()) {
      withdraw();
    }
    await(
        node.advertise(
            new Advertisement(
                "chat",
                offer.paths(),
                offer.handled(),
                offer.routes(),
                hosts.stream().map(host -> host.address).toList())));
  }

  /** A topic {@code room:N} that lives on this host. */
  String topicOn(Host host) {
    return IntStream.range(0, 100)
        .mapToObj(i -> "room:" + i)
        .filter(topic -> isOn(host, topic))
        .findFirst()
        .orElseThrow();
  }

  /** Whether a topic lives on this host. */
  boolean isOn(Host host, String topic) {
    return node.snapshot()
        .partitions()
        .owner("chat", PartitionTable.partition(topic))
        .orElseThrow()
        .inbox()
        .equals(host.address);
  }

  /** What the gateway sees of the cluster. */
  ClusterNode.Snapshot snapshot() {
    return node.snapshot();
  }

  /** Opens a version 2 client with Phoenix's limit of channels. */
  Client client() throws Exception {
    return client("2.0.0", null, 100);
  }

  Client client(String vsn, String id, int maxChannels) throws Exception {
    return client(
        vsn,
        id,
        SocketLimits.defaults().withMaxChannels(maxChannels).withJoinsPerSecond(1_000_000));
  }

  /** Opens an anonymous version 2 client with these limits. */
  Client client(SocketLimits limits) throws Exception {
    return client("2.0.0", null, limits);
  }

  private Client client(String vsn, String id, SocketLimits limits) throws Exception {
    var client = new Client();
    var info = new ClientInfo("/socket", "websocket", id, RawPayload.jsonText("{\"role\":\"x\"}"));
    Serializer serializer = Serializer.negotiate(vsn).orElseThrow();
    client.socket = call(() -> gateway.table.open(client, serializer, info, limits));
    return client;
  }

  /** Asks the sockets something, on their context. */
  <T> T ask(java.util.function.Function<SocketTable, T> question) throws Exception {
    return call(() -> question.apply(gateway.table));
  }

  /** Publishes that all connections with this id are closed. */
  void disconnect(String id) {
    BusEndpoint.publish(vertx, new GatewayMessage.Disconnect(id));
  }

  /** What the sockets counted so far. */
  List<String> counted() {
    return List.copyOf(counted);
  }

  /** All counts of the sockets. */
  String counts() throws Exception {
    return ask(
        table ->
            "%d sockets, %d channels, %d topics, %d ids"
                .formatted(
                    table.socketCount(),
                    table.channelCount(),
                    table.topicCount(),
                    table.idCount()));
  }

  private <T> T call(Supplier<T> task) throws Exception {
    return await(
        Future.future(
            promise ->
                gateway.run(
                    () -> {
                      try {
                        promise.complete(task.get());
                      } catch (Throwable failure) {
                        promise.fail(failure);
                      }
                    })));
  }

  /** What the large messages of all clients take. */
  MessageBudget budget() {
    return budget;
  }

  /** What large messages are decoded by, for others to keep busy. */
  Workers workers() {
    return Workers.forMessages(vertx);
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  void close() throws Exception {
    await(node.close().eventually(vertx::close));
  }

  /** The verticle around the sockets, wired as the real one is. */
  private final class Gateway extends VerticleBase implements BusEndpoint.Receiver {

    private final String address = Addresses.gateway(node.name(), 1);
    private BusEndpoint endpoint;
    private SocketTable table;

    @Override
    public Future<?> start() {
      endpoint = new BusEndpoint(vertx, address, this);
      table =
          new SocketTable(node, endpoint, Workers.forMessages(vertx), budget, new Counts(), 100);
      return Future.all(endpoint.ready(), endpoint.listen(Addresses.ALL_GATEWAYS));
    }

    void run(Runnable task) {
      context.runOnContext(go -> task.run());
    }

    @Override
    public void receive(String from, BusMessage message) {
      switch (message) {
        case PresenceMessage.Claim claim -> table.rule(claim);
        case PresenceMessage.Release freed -> table.release(freed);
        case PresenceMessage.Noticed noticed -> table.noticed(from, noticed);
        default -> table.receive((GatewayMessage) message);
      }
    }

    @Override
    public void lost(String from) {
      table.lost(from);
    }
  }

  /** What the sockets counted, in order. */
  private final class Counts implements GatewayMetrics {

    @Override
    public void socketThrottled() {
      counted.add("throttled");
    }

    @Override
    public void joinRefused() {
      counted.add("join refused");
    }

    @Override
    public void messageDropped() {
      counted.add("message dropped");
    }

    @Override
    public void limitReached(Limit limit) {
      counted.add(limit.option());
    }
  }

  /** A channel verticle that does nothing of its own. */
  static final class Host extends VerticleBase {

    private final BlockingQueue<BusMessage> mail = new LinkedBlockingQueue<>();
    private Stage stage;
    private String address;
    private long sequence;

    /** Its inbox, once it is on a stage. */
    String address() {
      return address;
    }

    @Override
    public Future<?> start() {
      var consumer = vertx.eventBus().<Envelope>consumer(address);
      consumer.handler(
          received -> {
            assertEquals(stage.gateway.address, received.body().from());
            BusMessage message = received.body().message();
            if (!(message instanceof LinkMessage)) {
              mail.add(message);
            }
          });
      return consumer.completion();
    }

    /** The next message of this kind, which has to be the very next. */
    <T extends BusMessage> T next(Class<T> kind) throws Exception {
      BusMessage message = mail.poll(10, TimeUnit.SECONDS);
      assertNotNull(message, "no " + kind.getSimpleName() + " came");
      assertEquals(kind, message.getClass(), message.toString());
      return kind.cast(message);
    }

    /** Says this to the gateway. */
    void says(BusMessage message) {
      stage
          .vertx
          .eventBus()
          .send(stage.gateway.address, new Envelope(address, ++sequence, message), CODEC);
    }

    /** Messages that get lost on their way to the gateway. */
    void loses(int messages) {
      sequence += messages;
    }

    /** Accepts the next join and waits until the client has its answer. */
    HostMessage.Join accepts(Client client) throws Exception {
      HostMessage.Join join = next(HostMessage.Join.class);
      says(new GatewayMessage.Joined(join.channel(), join.epoch(), RawPayload.EMPTY_OBJECT));
      client.next();
      return join;
    }

    /** Nothing was sent here that was not looked at. */
    void assertNothing() throws Exception {
      stage.ask(
          table -> {
            table.send(
                address,
                new HostMessage.BroadcastRequest("marker", "marker", RawPayload.EMPTY_OBJECT));
            return true;
          });
      next(HostMessage.BroadcastRequest.class);
    }
  }

  /** A browser tab, seen from the gateway. */
  final class Client implements Connection {

    private final BlockingQueue<String> sent = new LinkedBlockingQueue<>();
    private final Map<Frame, Integer> shared = new HashMap<>();
    private ClientSocket socket;
    private volatile boolean takesBinary = true;
    private volatile boolean takesNothing;
    private volatile String held;

    /** From now on, as a long-poll session. */
    void takesTextOnly() {
      takesBinary = false;
    }

    /** A message that has been read and is handed on as soon as the connection goes on. */
    void holds(String message) {
      held = message;
    }

    /** From now on its connection fails on whatever it is to send. */
    void takesNothing() {
      takesNothing = true;
    }

    @Override
    public boolean takesBinary() {
      return takesBinary;
    }

    /** Sends a text message and waits until it is dealt with. */
    void sends(String... messages) throws Exception {
      call(
          () -> {
            for (String message : messages) {
              socket.receiveText(message.getBytes(UTF_8));
            }
            return true;
          });
    }

    /** Sends frames behind which a message goes on. */
    void fragments(int count) throws Exception {
      call(
          () -> {
            for (int i = 0; i < count; i++) {
              socket.receiveFragment();
            }
            return true;
          });
    }

    /** May stay as long as its token is good, of which nobody can verify another. */
    void showsToken(int renewalsPerSecond) throws Exception {
      call(
          () -> {
            var identity =
                new Identity(null, RawPayload.EMPTY_OBJECT, null, "ada", Duration.ofHours(1));
            var check = JwtCheck.of(TokenSource.param("jwt"));
            var gate =
                new TokenGate(
                    vertx.getOrCreateContext(), Map.of(), Workers.forSignatures(vertx), 1);
            socket.lease(Lease.of(check, gate, identity, renewalsPerSecond));
            return true;
          });
    }

    /** Posts what counts as so many messages and bytes besides those in it. */
    void posts(int messages, int bytes) throws Exception {
      call(
          () -> {
            socket.receivePost(messages, bytes);
            return true;
          });
    }

    /** Sends a ping, of which one a second may come. */
    void pings() throws Exception {
      call(
          () -> {
            var unused = socket.receivePing(0, 1);
            return true;
          });
    }

    /** Sends a text message and is gone before a worker could hand it back to the event loop. */
    void sendsAndEnds(String message) throws Exception {
      call(
          () -> {
            socket.receiveText(message.getBytes(UTF_8));
            socket.ended("closed");
            return true;
          });
    }

    /** Sends a text message that may be none. */
    void sendsText(byte[] octets) throws Exception {
      call(
          () -> {
            socket.receiveText(octets);
            return true;
          });
    }

    /** Sends a binary message, in hexadecimal. */
    void sendsBinary(String octets) throws Exception {
      call(
          () -> {
            socket.receiveBinary(HexFormat.ofDelimiter(" ").parseHex(octets));
            return true;
          });
    }

    /** Joins a topic as phoenix.js does, accepted by the host. */
    HostMessage.Join joins(String topic, String ref, Host host) throws Exception {
      sends("[\"%s\",\"%s\",\"%s\",\"phx_join\",{}]".formatted(ref, ref, topic));
      return host.accepts(this);
    }

    /** The next thing that happened to the connection. */
    String next() throws Exception {
      String next = sent.poll(10, TimeUnit.SECONDS);
      assertNotNull(next, "nothing came");
      return next;
    }

    /** Nothing was sent that was not looked at: the next thing is the answer to a heartbeat. */
    void assertNothing() throws Exception {
      sends("[null,\"marker\",\"phoenix\",\"heartbeat\",{}]");
      assertEquals(
          "[null,\"marker\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          next());
    }

    /** Nothing comes in this time. */
    void assertNothingFor(Duration time) throws Exception {
      assertNull(sent.poll(time.toMillis(), TimeUnit.MILLISECONDS));
    }

    /** The same of one that has ended, which nothing would answer: nothing has come so far. */
    void assertSilent() throws Exception {
      call(() -> true);
      assertNull(sent.poll());
    }

    /** What the host says before this arrives first: the gateway's inbox is in order. */
    void assertNothingFrom(Host host) throws Exception {
      host.says(
          new GatewayMessage.Push(
              new Recipient(0, socket.number(), "t", new Ref("0")),
              "marker",
              RawPayload.EMPTY_OBJECT));
      assertEquals("[0,null,\"t\",\"marker\",{}]", next());
    }

    long number() {
      return socket.number();
    }

    /** The transport reports the end of the connection. */
    void ends(String detail) throws Exception {
      call(
          () -> {
            socket.ended(detail);
            return true;
          });
    }

    @Override
    public void send(Frame frame) {
      if (takesNothing) {
        throw new IllegalStateException("on purpose");
      }
      String body =
          frame.binary()
              ? HexFormat.ofDelimiter(" ").formatHex(frame.body())
              : new String(frame.body(), UTF_8);
      sent.add(body);
    }

    @Override
    public void send(SharedFrame frame) {
      shared.merge(frame.frame(), 1, Integer::sum);
      send(frame.frame());
    }

    /** The frame objects that were shared with others. */
    Map<Frame, Integer> shared() {
      return shared;
    }

    @Override
    public void close(int code) {
      sent.add("close " + code);
    }

    @Override
    public void abort() {
      throw new IllegalStateException("aborted");
    }

    @Override
    public void pause() {
      sent.add("pause");
    }

    @Override
    public void resume() {
      sent.add("resume");
      if (held != null) {
        socket.receiveText(held.getBytes(UTF_8));
        held = null;
      }
    }

    @Override
    public void checkIdle(long now) {
      sent.add("checked at " + now);
    }
  }
}
