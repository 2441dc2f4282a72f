package dev.roost.testkit;

import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.LinkMessage;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.SessionMessage;
import dev.roost.cluster.ClusterNode;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kit's end of the bus: what a gateway is to channel verticles, with tests in place of sockets.
 * Its public-looking methods are for the tests' threads, everything that the bus delivers runs on
 * the verticle's context.
 */
final class GatewayStandIn extends VerticleBase implements BusEndpoint.Receiver {

  private static final Logger log = LoggerFactory.getLogger(ChannelKit.class);

  private final ClusterNode node;
  private final Map<Long, CompletableFuture<GatewayMessage>> questions = new HashMap<>();
  private final Map<Long, TestChannel> channels = new HashMap<>();
  private final Map<Long, TestSocket> sockets = new HashMap<>();
  private @Nullable BusEndpoint endpoint;

  GatewayStandIn(ClusterNode node) {
    this.node = node;
  }

  @Override
  public Future<?> start() {
    var opened = new BusEndpoint(vertx, Addresses.gateway(node.name(), node.nextVerticle()), this);
    endpoint = opened;
    return Future.all(opened.ready(), opened.listen(Addresses.ALL_GATEWAYS));
  }

  /* ---- for tests; any thread, kept in the order of the calls of each */

  void open(TestSocket socket) {
    context.runOnContext(ignored -> sockets.put(socket.number(), socket));
  }

  void send(String host, HostMessage message) {
    context.runOnContext(ignored -> endpoint().send(host, message));
  }

  /** Asks a host; the answer is its Connected or ConnectRefused. */
  CompletableFuture<GatewayMessage> connect(String host, HostMessage.Connect connect) {
    return ask(connect.request(), host, connect);
  }

  /** Asks a host; the answer is its Joined, Refused or, if it goes away meanwhile, Crashed. */
  CompletableFuture<GatewayMessage> join(
      TestChannel channel, @Nullable TestChannel replaced, HostMessage.Join join) {
    context.runOnContext(
        ignored -> {
          if (replaced != null) {
            replaced.ended();
            tracksNoMore(replaced);
          }
          channels.put(channel.number(), channel);
        });
    return ask(channel.number(), channel.host(), join);
  }

  private CompletableFuture<GatewayMessage> ask(long number, String host, HostMessage question) {
    var answer = new CompletableFuture<GatewayMessage>();
    context.runOnContext(
        ignored -> {
          questions.put(number, answer);
          endpoint().send(host, question);
        });
    return answer;
  }

  /** The client's connection is over; its hosts are told. */
  void close(TestSocket socket, String detail) {
    context.runOnContext(ignored -> gone(socket, detail));
  }

  private void gone(TestSocket socket, String detail) {
    if (sockets.remove(socket.number()) == null) {
      return;
    }
    var byHost = new HashMap<String, List<Long>>();
    for (TestChannel channel : channels.values()) {
      if (channel.socket() == socket && channel.isAlive()) {
        channel.ended();
        byHost.computeIfAbsent(channel.host(), host -> new ArrayList<>()).add(channel.number());
      }
    }
    byHost.forEach(
        (host, numbers) -> endpoint().send(host, new HostMessage.SocketGone(numbers, detail)));
  }

  /* ---- from the bus */

  @Override
  public void receive(String from, BusMessage message) {
    switch (message) {
      case GatewayMessage.Connected m -> answer(m.request(), m);
      case GatewayMessage.ConnectRefused m -> answer(m.request(), m);
      case GatewayMessage.Joined m -> answer(m.channel(), m);
      case GatewayMessage.Refused m -> {
        tracksNoMore(channels.remove(m.channel()));
        answer(m.channel(), m);
      }
      case GatewayMessage.NotHosted(var number) -> ended(number, message, new Received.Crashed());
      case GatewayMessage.Push m -> {
        TestSocket socket = sockets.get(m.recipient().socket());
        if (socket != null) {
          socket.pushed(m);
        }
      }
      case GatewayMessage.Reply m -> {
        TestSocket socket = sockets.get(m.recipient().socket());
        if (socket != null) {
          socket.replied(m);
        }
      }
      case GatewayMessage.Left(var recipient, var ref) -> {
        TestSocket socket = sockets.get(recipient.socket());
        if (socket != null) {
          socket.replied(new GatewayMessage.Reply(recipient, ref, "ok", RawPayload.EMPTY_OBJECT));
        }
        ended(recipient.channel(), message, new Received.Closed());
      }
      case GatewayMessage.Broadcast m -> broadcast(m);
      case GatewayMessage.Closed(var number) -> ended(number, message, new Received.Closed());
      case GatewayMessage.Crashed(var number) -> ended(number, message, new Received.Crashed());
      case GatewayMessage.Disconnect(var id) -> disconnect(id);
      case GatewayMessage.Expiry(var number, var until) -> {
        TestSocket socket = sockets.get(number);
        if (socket != null) {
          socket.expiresAt(until);
        }
      }
      case HostMessage misdirected -> misdirected(from, misdirected);
      case PresenceMessage.Claim claim -> {
        TestChannel channel = channels.get(claim.channel());
        if (channel != null) {
          var ruling = channel.socket().presences().rule(claim, System.nanoTime());
          endpoint().send(from, new PresenceMessage.Claimed(claim.claim(), ruling));
        }
      }
      case PresenceMessage.Release freed -> {
        TestChannel channel = channels.get(freed.channel());
        if (channel != null) {
          channel.socket().presences().release(freed);
        }
      }
      case PresenceMessage.Noticed ofNoUse -> {}
      case PresenceMessage misdirected -> misdirected(from, misdirected);
      case SessionMessage misdirected -> misdirected(from, misdirected);
      case LinkMessage misdirected -> misdirected(from, misdirected);
    }
  }

  private static void misdirected(String from, BusMessage message) {
    log.warn("a gateway got a {} from {}", message.getClass().getSimpleName(), from);
  }

  private void answer(long number, GatewayMessage answer) {
    CompletableFuture<GatewayMessage> question = questions.remove(number);
    if (question != null) {
      // Before anything that follows on the link: the handle has to exist by then.
      TestChannel channel = channels.get(number);
      if (channel != null && answer instanceof GatewayMessage.Joined) {
        channel.joined();
      }
      question.complete(answer);
    }
  }

  private void broadcast(GatewayMessage.Broadcast broadcast) {
    for (TestChannel channel : channels.values()) {
      if (channel.isJoined()
          && channel.topic().equals(broadcast.topic())
          && channel.number() != broadcast.except()) {
        channel.received(
            new Received.Broadcast(
                broadcast.event(), channel.socket().kit().payload(broadcast.payload())));
      }
    }
  }

  private void ended(long number, BusMessage message, Received received) {
    TestChannel channel = channels.remove(number);
    tracksNoMore(channel);
    CompletableFuture<GatewayMessage> question = questions.remove(number);
    if (question != null) {
      question.complete((GatewayMessage) message);
    } else if (channel != null) {
      channel.received(received);
    }
  }

  private static void tracksNoMore(@Nullable TestChannel channel) {
    if (channel != null) {
      channel.socket().presences().end(channel.number());
    }
  }

  private void disconnect(String id) {
    for (TestSocket socket : List.copyOf(sockets.values())) {
      if (socket.id().filter(id::equals).isPresent()) {
        gone(socket, "disconnected");
        socket.disconnected();
      }
    }
  }

  @Override
  public void lost(String host) {
    throw new IllegalStateException("messages of " + host + " were lost within one process");
  }

  private BusEndpoint endpoint() {
    if (endpoint == null) {
      throw new IllegalStateException("the kit is not open yet");
    }
    return endpoint;
  }
}
