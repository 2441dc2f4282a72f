package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.Route;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.Envelope;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import dev.roost.channel.JoinResult;
import dev.roost.cluster.ClusterNode;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TopicHomeTest {

  private static final String TOPIC = "room:1";
  private static final RawPayload PAYLOAD = RawPayload.jsonText("{\"n\":1}");

  private final Vertx vertx = Vertx.vertx();
  private final Route plain = Route.of("room:*", () -> (topic, payload, socket) -> JoinResult.ok());
  private BusEndpoint endpoint;
  private HostRuntime runtime;
  private long lastNumber;

  /** What a gateway got, in order. */
  private final class Gateway {

    private final String inbox;
    private final BlockingQueue<BusMessage> mail = new LinkedBlockingQueue<>();

    Gateway(String inbox) {
      this.inbox = inbox;
      vertx.eventBus().<Envelope>consumer(inbox, message -> mail.add(message.body().message()));
    }

    GatewayMessage.Broadcast next() throws InterruptedException {
      BusMessage message = mail.poll(20, TimeUnit.SECONDS);
      assertTrue(message instanceof GatewayMessage.Broadcast, () -> "got " + message);
      return (GatewayMessage.Broadcast) message;
    }

    /** A mark that tells that nothing came before it. */
    void expectNothingElse() throws InterruptedException {
      var mark = new GatewayMessage.Closed(0);
      endpoint.send(inbox, mark);
      assertSame(mark, mail.poll(20, TimeUnit.SECONDS));
    }
  }

  @BeforeEach
  void open() {
    ClusterNode node = ClusterNode.local(vertx);
    endpoint =
        new BusEndpoint(
            vertx,
            "host",
            new BusEndpoint.Receiver() {
              @Override
              public void receive(String from, BusMessage message) {}

              @Override
              public void lost(String from) {}
            });
    var context = vertx.getOrCreateContext();
    var app = Application.named("app");
    var options = ChannelOptions.defaults();
    var topics = new Topics(vertx, "app", endpoint, tracker -> {});
    runtime =
        new HostRuntime(
            context,
            app,
            options,
            endpoint,
            topics,
            new HostTracking(node, context, app, options, endpoint, topics));
  }

  @AfterEach
  void close() throws Exception {
    vertx.close().await(20, TimeUnit.SECONDS);
  }

  private ChannelProcess member(Gateway gateway, Route route) {
    return new ChannelProcess(
        runtime,
        gateway.inbox,
        ++lastNumber,
        7,
        new Recipient(lastNumber, 1, TOPIC, new Ref("\"1\"")),
        new ClientInfo("/socket", "websocket", null, RawPayload.EMPTY_OBJECT),
        route);
  }

  private TopicHome home(Route route) {
    return new TopicHome("app", TOPIC, route, 7);
  }

  @Test
  void aBroadcastIsOneMessageForEachInterestedGateway() throws InterruptedException {
    var one = new Gateway("gateway.1");
    var two = new Gateway("gateway.2");
    var none = new Gateway("gateway.3");
    TopicHome home = home(plain);
    home.add(member(one, plain));
    home.add(member(one, plain));
    home.add(member(two, plain));

    home.broadcast(endpoint, "said", PAYLOAD, "", 0);

    GatewayMessage.Broadcast message = one.next();
    assertEquals(new GatewayMessage.Broadcast("app", TOPIC, 7, 1, 0, "said", PAYLOAD), message);
    assertSame(message, two.next());
    for (Gateway gateway : List.of(one, two, none)) {
      gateway.expectNothingElse();
    }
  }

  @Test
  void theSequenceHasNoGapsWhoeverIsLeftOut() throws InterruptedException {
    var one = new Gateway("gateway.1");
    TopicHome home = home(plain);
    ChannelProcess member = member(one, plain);
    home.add(member);
    home.add(member(one, plain));
    for (int i = 1; i <= 3; i++) {
      home.broadcast(endpoint, "said", PAYLOAD, one.inbox, i == 2 ? member.number() : 0);
      assertEquals(i, one.next().sequence());
    }
  }

  @Test
  void onlyTheSendersGatewayIsToldWhomToLeaveOut() throws InterruptedException { // F-4
    var one = new Gateway("gateway.1");
    var two = new Gateway("gateway.2");
    TopicHome home = home(plain);
    ChannelProcess sender = member(one, plain);
    home.add(sender);
    home.add(member(two, plain));

    home.broadcast(endpoint, "said", PAYLOAD, one.inbox, sender.number());

    assertEquals(sender.number(), one.next().except());
    assertEquals(0, two.next().except());
  }

  @Test
  void aGatewayWithoutMembersIsNoLongerInterested() throws InterruptedException {
    var one = new Gateway("gateway.1");
    var two = new Gateway("gateway.2");
    TopicHome home = home(plain);
    ChannelProcess a = member(one, plain);
    ChannelProcess b = member(one, plain);
    ChannelProcess c = member(two, plain);
    home.add(a);
    home.add(b);
    home.add(c);

    home.remove(a);
    home.broadcast(endpoint, "said", PAYLOAD, "", 0);
    assertEquals(1, one.next().sequence());
    assertEquals(1, two.next().sequence());

    home.remove(b);
    home.broadcast(endpoint, "said", PAYLOAD, "", 0);
    assertEquals(2, two.next().sequence());
    one.expectNothingElse();

    assertFalse(home.isEmpty());
    home.remove(c);
    assertTrue(home.isEmpty());
  }

  @Test
  void anInterceptedEventGoesToTheMembersNotToTheirGateways() throws InterruptedException { // F-10
    var intercepting = plain.intercept("said");
    var one = new Gateway("gateway.1");
    TopicHome home = home(intercepting);
    ChannelProcess member = member(one, intercepting);
    home.add(member);

    home.broadcast(endpoint, "said", PAYLOAD, "", 0);
    home.broadcast(endpoint, "other", PAYLOAD, "", 0);

    assertEquals("other", one.next().event());
    one.expectNothingElse();
  }
}
