package dev.roost.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryContext;
import io.vertx.core.eventbus.DeliveryOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On the event bus of a local Vert.x, where every endpoint belongs to a verticle. */
class BusEndpointTest {

  private static final DeliveryOptions CODEC =
      new DeliveryOptions().setCodecName(EnvelopeCodec.NAME);

  private final Vertx vertx = Vertx.vertx();

  @BeforeEach
  void teachTheContract() {
    BusEndpoint.registerCodec(vertx);
  }

  @AfterEach
  void close() throws Exception {
    await(vertx.close());
  }

  @Test
  void messagesOfALinkArriveInOrder() throws Exception {
    var sender = new Peer("sender");
    var receiver = new Peer("receiver");
    sender.run(
        () -> {
          for (int i = 1; i <= 1_000; i++) {
            sender.endpoint.send("receiver", new GatewayMessage.Closed(i));
          }
        });
    for (int i = 1; i <= 1_000; i++) {
      assertEquals("sender: " + new GatewayMessage.Closed(i), receiver.next());
    }
    receiver.assertNothingMore();
  }

  @Test
  void withinAProcessTheSameInstanceArrives() throws Exception {
    var sender = new Peer("sender");
    var receiver = new Peer("receiver");
    var message = new GatewayMessage.Joined(9, 1, RawPayload.binary(new byte[] {1, 2, 3}));
    sender.run(() -> sender.endpoint.send("receiver", message));
    receiver.next();
    assertSame(message, receiver.messages.get(0));
  }

  @Test
  void everyReceiverHasItsOwnNumbersFromOne() throws Exception {
    var sender = new Peer("sender");
    BlockingQueue<String> envelopes = new LinkedBlockingQueue<>();
    for (String address : List.of("a", "b")) {
      var consumer = vertx.eventBus().<Envelope>consumer(address);
      consumer.handler(
          mail -> envelopes.add(address + mail.body().sequence() + " from " + mail.body().from()));
      await(consumer.completion());
    }
    sender.run(
        () -> {
          for (String address : List.of("a", "b", "a", "a", "b")) {
            sender.endpoint.send(address, new GatewayMessage.Closed(1));
          }
        });
    var seen = new ArrayList<String>();
    for (int i = 0; i < 5; i++) {
      seen.add(envelopes.poll(10, TimeUnit.SECONDS));
    }
    assertEquals(
        List.of(
            "a1 from sender",
            "a2 from sender",
            "a3 from sender",
            "b1 from sender",
            "b2 from sender"),
        seen.stream().sorted().toList());
  }

  @Test
  void aGapIsReportedBeforeTheMessageBehindIt() throws Exception {
    var receiver = new Peer("receiver");
    deliver("receiver", new Envelope("host", 1, new GatewayMessage.Closed(1)));
    deliver("receiver", new Envelope("host", 3, new GatewayMessage.Closed(3)));
    deliver("receiver", new Envelope("host", 4, new GatewayMessage.Closed(4)));
    assertEquals("host: Closed[channel=1]", receiver.next());
    assertEquals("lost: host", receiver.next());
    assertEquals("host: Closed[channel=3]", receiver.next());
    assertEquals("host: Closed[channel=4]", receiver.next());
    receiver.assertNothingMore();
  }

  @Test
  void aLinkThatDoesNotBeginWithOneHasAGap() throws Exception {
    var receiver = new Peer("receiver");
    deliver("receiver", new Envelope("host", 2, new GatewayMessage.Closed(2)));
    assertEquals("lost: host", receiver.next());
    assertEquals("host: Closed[channel=2]", receiver.next());
    receiver.assertNothingMore();
  }

  @Test
  void aMessageOutOfOrderIsAGapToo() throws Exception {
    var receiver = new Peer("receiver");
    deliver("receiver", new Envelope("host", 1, new GatewayMessage.Closed(1)));
    deliver("receiver", new Envelope("host", 1, new GatewayMessage.Closed(1)));
    assertEquals("host: Closed[channel=1]", receiver.next());
    assertEquals("lost: host", receiver.next());
    assertEquals("host: Closed[channel=1]", receiver.next());
  }

  @Test
  void aGapOnOneLinkDoesNotConcernAnother() throws Exception {
    var receiver = new Peer("receiver");
    deliver("receiver", new Envelope("one", 1, new GatewayMessage.Closed(11)));
    deliver("receiver", new Envelope("two", 1, new GatewayMessage.Closed(21)));
    deliver("receiver", new Envelope("one", 5, new GatewayMessage.Closed(15)));
    deliver("receiver", new Envelope("two", 2, new GatewayMessage.Closed(22)));
    assertEquals("one: Closed[channel=11]", receiver.next());
    assertEquals("two: Closed[channel=21]", receiver.next());
    assertEquals("lost: one", receiver.next());
    assertEquals("one: Closed[channel=15]", receiver.next());
    assertEquals("two: Closed[channel=22]", receiver.next());
    receiver.assertNothingMore();
  }

  @Test
  void aPeerThatWasForgottenBeginsAgain() throws Exception {
    var sender = new Peer("sender");
    var receiver = new Peer("receiver");
    sender.run(() -> sender.endpoint.send("receiver", new GatewayMessage.Closed(1)));
    receiver.next();
    receiver.run(() -> assertEquals(1, receiver.endpoint.links()));
    receiver.run(() -> receiver.endpoint.forget("sender"::equals));
    receiver.run(() -> assertEquals(0, receiver.endpoint.links()));
    sender.run(() -> sender.endpoint.forget("receiver"::equals));
    sender.run(() -> sender.endpoint.send("receiver", new GatewayMessage.Closed(2)));
    assertEquals("sender: Closed[channel=2]", receiver.next());
    receiver.assertNothingMore();
  }

  @Test
  void aPublishedMessageHasNoNumberAndReachesEveryGateway() throws Exception {
    var one = new Peer("gateway.1");
    var two = new Peer("gateway.2");
    for (Peer peer : List.of(one, two)) {
      peer.call(() -> peer.endpoint.listen(Addresses.ALL_GATEWAYS));
    }
    BlockingQueue<Long> numbers = new LinkedBlockingQueue<>();
    var consumer = vertx.eventBus().<Envelope>consumer(Addresses.ALL_GATEWAYS);
    consumer.handler(mail -> numbers.add(mail.body().sequence()));
    await(consumer.completion());

    BusEndpoint.publish(vertx, new GatewayMessage.Disconnect("users:42"));
    BusEndpoint.publish(vertx, new GatewayMessage.Disconnect("users:43"));

    for (Peer peer : List.of(one, two)) {
      assertEquals(": Disconnect[id=users:42]", peer.next());
      assertEquals(": Disconnect[id=users:43]", peer.next());
      peer.assertNothingMore();
      peer.run(() -> assertEquals(0, peer.endpoint.links()));
    }
    assertEquals(0, numbers.poll(10, TimeUnit.SECONDS));
  }

  @Test
  void aRequestForABroadcastIsAnsweredAndBelongsToNoLink() throws Exception {
    var host = new Peer("host");
    var request = new HostMessage.BroadcastRequest("lobby", "said", RawPayload.EMPTY_OBJECT);
    var elsewhere = new HostMessage.BroadcastRequest("attic", "said", RawPayload.EMPTY_OBJECT);
    await(BusEndpoint.request(vertx, "host", request));
    assertNotHosted(BusEndpoint.request(vertx, "host", elsewhere));
    assertEquals("request: " + request, host.next());
    assertEquals("request: " + elsewhere, host.next());
    host.assertNothingMore();
    host.run(() -> assertEquals(0, host.endpoint.links()));
  }

  @Test
  void aRequestToNobodyFails() {
    var request = new HostMessage.BroadcastRequest("lobby", "said", RawPayload.EMPTY_OBJECT);
    assertNotHosted(BusEndpoint.request(vertx, "nobody", request));
  }

  private static void assertNotHosted(Future<Void> answer) {
    var failure = assertThrows(ExecutionException.class, () -> await(answer));
    assertInstanceOf(BusEndpoint.NotHosted.class, failure.getCause());
  }

  @Test
  void aClosedEndpointHearsNothing() throws Exception {
    var gateway = new Peer("gateway");
    gateway.call(() -> gateway.endpoint.listen(Addresses.ALL_GATEWAYS));
    gateway.call(gateway.endpoint::close);
    var witness = new Peer("witness");
    witness.call(() -> witness.endpoint.listen(Addresses.ALL_GATEWAYS));

    deliver("gateway", new Envelope("host", 1, new GatewayMessage.Closed(1)));
    BusEndpoint.publish(vertx, new GatewayMessage.Disconnect("users:42"));

    assertEquals(": Disconnect[id=users:42]", witness.next());
    gateway.run(() -> assertEquals(List.of(), List.copyOf(gateway.events)));
  }

  @Test
  void whatHasNotArrivedYetIsInFlight() throws Exception {
    var sender = new Peer("sender");
    var receiver = new Peer("receiver");
    CountDownLatch busy = receiver.holdUp();
    sender.run(
        () -> {
          for (int i = 0; i < 3; i++) {
            sender.endpoint.send("receiver", new GatewayMessage.Closed(i));
          }
        });
    assertEquals(3, sender.endpoint.inFlight());
    assertEquals(0, receiver.endpoint.inFlight());
    busy.countDown();
    for (int i = 0; i < 3; i++) {
      assertEquals("sender: Closed[channel=" + i + "]", receiver.next());
    }
    assertEquals(0, sender.endpoint.inFlight());
  }

  @Test
  void whoAsksForBroadcastsIsHeldBackWhileTooMuchIsInFlight() throws Exception {
    var host = new Peer("host");
    var gateway = new Peer("gateway");
    CountDownLatch busy = gateway.holdUp();
    host.run(
        () -> {
          for (int i = 0; i < BusEndpoint.MAX_IN_FLIGHT; i++) {
            host.endpoint.send("gateway", new GatewayMessage.Closed(i));
          }
        });
    var request = new HostMessage.BroadcastRequest("lobby", "said", RawPayload.EMPTY_OBJECT);
    var elsewhere = new HostMessage.BroadcastRequest("attic", "said", RawPayload.EMPTY_OBJECT);
    Future<Void> answer = BusEndpoint.request(vertx, "host", request);
    assertNotHosted(BusEndpoint.request(vertx, "host", elsewhere)); // which holds nobody back
    assertFalse(answer.isComplete());
    busy.countDown();
    await(answer);
    await(BusEndpoint.request(vertx, "host", request));
  }

  @Test
  void whoIsHeldBackIsAnsweredWhenTheHostCloses() throws Exception {
    var host = new Peer("host");
    var gateway = new Peer("gateway");
    CountDownLatch busy = gateway.holdUp();
    host.run(
        () -> {
          for (int i = 0; i < BusEndpoint.MAX_IN_FLIGHT; i++) {
            host.endpoint.send("gateway", new GatewayMessage.Closed(i));
          }
        });
    var request = new HostMessage.BroadcastRequest("lobby", "said", RawPayload.EMPTY_OBJECT);
    Future<Void> answer = BusEndpoint.request(vertx, "host", request);
    assertEquals("request: " + request, host.next());
    host.call(host.endpoint::close);
    await(answer);
    busy.countDown();
  }

  @Test
  void whatWentToAnInboxThatIsClosedIsForgottenAndNothingElse() throws Exception {
    var sender = new Peer("sender");
    var gone = new Peer("gone");
    var receiver = new Peer("receiver");
    sender.run(() -> sender.endpoint.send("gone", new GatewayMessage.Closed(1)));
    gone.next();
    gone.call(gone.endpoint::close);
    CountDownLatch busy = receiver.holdUp();
    sender.run(
        () -> {
          sender.endpoint.send("gone", new GatewayMessage.Closed(2));
          sender.endpoint.send("receiver", new GatewayMessage.Closed(3));
        });
    assertEquals(2, sender.endpoint.inFlight());
    for (int check = 0; check < 2; check++) {
      assertEquals(2, sender.endpoint.inFlight(), "its last words may still be on their way");
      sender.run(() -> sender.endpoint.checkLinks(peer -> true));
    }
    assertEquals(1, sender.endpoint.inFlight());
    sender.run(() -> assertEquals(1, sender.endpoint.links()));
    busy.countDown();
    assertEquals("sender: Closed[channel=3]", receiver.next());
    assertEquals(0, sender.endpoint.inFlight());
  }

  @Test
  void whoOnlyListenedToAnInboxThatIsClosedForgetsItToo() throws Exception {
    var sender = new Peer("sender");
    var receiver = new Peer("receiver");
    sender.run(() -> sender.endpoint.send("receiver", new GatewayMessage.Closed(1)));
    receiver.next();
    sender.call(sender.endpoint::close);
    receiver.run(() -> receiver.endpoint.checkLinks(peer -> true));
    receiver.run(() -> assertEquals(1, receiver.endpoint.links()));
    receiver.run(() -> receiver.endpoint.checkLinks(peer -> true));
    receiver.run(() -> assertEquals(0, receiver.endpoint.links()));
  }

  @Test
  void linksToNodesThatAreGoneAreForgottenAndTheOthersAreChecked() throws Exception {
    var gateway = new Peer("gateway");
    BlockingQueue<String> sent = new LinkedBlockingQueue<>();
    for (String address : List.of("far", "gone")) {
      var consumer = vertx.eventBus().<Envelope>consumer(address);
      consumer.handler(
          mail -> sent.add(address + " " + mail.body().sequence() + " " + mail.body().message()));
      await(consumer.completion());
    }
    gateway.run(
        () -> {
          gateway.endpoint.send("far", new GatewayMessage.Closed(1));
          gateway.endpoint.send("gone", new GatewayMessage.Closed(1));
          gateway.endpoint.checkLinks("far"::equals);
          gateway.endpoint.checkLinks("far"::equals);
          assertEquals(1, gateway.endpoint.links());
        });
    var seen = new ArrayList<String>();
    for (int i = 0; i < 4; i++) {
      seen.add(sent.poll(10, TimeUnit.SECONDS));
    }
    assertEquals(
        List.of(
            "far 1 Check[]",
            "far 1 Check[]",
            "far 1 Closed[channel=1]",
            "gone 1 Closed[channel=1]"),
        seen.stream().sorted().toList());
  }

  @Test
  void aCheckThatFollowsIsSilentAndOneThatDoesNotIsALossAtBothEnds() throws Exception {
    var receiver = new Peer("receiver");
    BlockingQueue<String> back = new LinkedBlockingQueue<>();
    var host = vertx.eventBus().<Envelope>consumer("host");
    host.handler(mail -> back.add(mail.body().sequence() + " " + mail.body().message()));
    await(host.completion());
    deliver("receiver", new Envelope("host", 1, new GatewayMessage.Closed(1)));
    deliver("receiver", new Envelope("host", 1, new LinkMessage.Check()));
    deliver("receiver", new Envelope("host", 3, new LinkMessage.Check()));
    deliver("receiver", new Envelope("host", 4, new GatewayMessage.Closed(4)));
    assertEquals("host: Closed[channel=1]", receiver.next());
    assertEquals("lost: host", receiver.next());
    assertEquals("host: Closed[channel=4]", receiver.next());
    receiver.assertNothingMore();
    assertEquals("1 Reset[]", back.poll(10, TimeUnit.SECONDS));
  }

  /** What it sent before, and what it has sent since in vain, are equally many. */
  @Test
  void aPeerThatHasBegunAnewIsALossWhereverItIs() throws Exception {
    var receiver = new Peer("receiver");
    var far = elsewhere("far");
    var sender = new Peer("sender");
    sender.run(() -> sender.endpoint.send("far", new GatewayMessage.Closed(1)));
    Envelope first = far.poll(10, TimeUnit.SECONDS);
    sender.run(() -> sender.endpoint.forget("far"::equals));
    sender.run(() -> sender.endpoint.send("far", new GatewayMessage.Closed(2)));
    far.poll(10, TimeUnit.SECONDS); // It is lost.
    sender.run(() -> sender.endpoint.checkLinks(peer -> true));
    Envelope check = far.poll(10, TimeUnit.SECONDS);
    assertEquals(new LinkMessage.Check(), check.message());
    for (Envelope envelope : List.of(first, check, check)) {
      deliver("receiver", new Envelope("host", envelope.sequence(), envelope.message()));
    }
    assertEquals("host: Closed[channel=1]", receiver.next());
    assertEquals("lost: host", receiver.next());
    receiver.assertNothingMore();
  }

  @Test
  void whoIsMetForTheFirstTimeMayHaveForgottenOthers() throws Exception {
    var receiver = new Peer("receiver");
    long third = 3L << 40;
    deliver("receiver", new Envelope("host", third, new LinkMessage.Check()));
    deliver("receiver", new Envelope("host", third + 1, new GatewayMessage.Closed(1)));
    deliver("receiver", new Envelope("other", third + 1, new GatewayMessage.Closed(2)));
    deliver("receiver", new Envelope("late", third + 2, new GatewayMessage.Closed(3)));
    assertEquals("host: Closed[channel=1]", receiver.next());
    assertEquals("other: Closed[channel=2]", receiver.next());
    assertEquals("lost: late", receiver.next());
    assertEquals("late: Closed[channel=3]", receiver.next());
    receiver.assertNothingMore();
  }

  @Test
  void whatCannotBeWrittenIsALossAndSaidOnceBetweenTwoChecks() throws Exception {
    var sender = new Peer("sender");
    sender.run(
        () -> {
          sender.endpoint.send("nobody", new GatewayMessage.Closed(1));
          sender.endpoint.send("nobody", new GatewayMessage.Closed(2));
        });
    assertEquals("lost: nobody", sender.next());
    sender.assertNothingMore();
    // Whoever tries again later is told again, or would wait for ever.
    sender.run(() -> sender.endpoint.checkLinks(peer -> true));
    sender.run(() -> sender.endpoint.send("nobody", new GatewayMessage.Closed(3)));
    assertEquals("lost: nobody", sender.next());
    sender.assertNothingMore();
  }

  @Test
  void aLinkToAnInboxThatIsNotThereIsGivenUp() throws Exception {
    var sender = new Peer("sender");
    sender.run(() -> sender.endpoint.send("nobody", new GatewayMessage.Closed(1)));
    assertEquals("lost: nobody", sender.next());
    for (int check = 0; check < 2; check++) {
      sender.run(() -> sender.endpoint.checkLinks(peer -> true));
      assertEquals("lost: nobody", sender.next(), "nor can the check be written");
    }
    sender.run(() -> sender.endpoint.send("nobody", new GatewayMessage.Closed(2)));
    sender.run(() -> sender.endpoint.checkLinks(peer -> true));
    // Were it somebody who has forgotten the link, he would not miss the second one.
    assertEquals("lost: nobody", sender.next());
    sender.run(() -> assertEquals(0, sender.endpoint.links()));
    sender.assertNothingMore();
  }

  /** A node that comes back sends before others can reach it: its bus is registered last. */
  @Test
  void whoeverSendsAndCouldNotBeReachedIsToldOfTheLossOnceItCan() throws Exception {
    var host = new Peer("host");
    deliver("host", new Envelope("gateway", 1, new GatewayMessage.Closed(1)));
    assertEquals("gateway: Closed[channel=1]", host.next());
    host.run(() -> host.endpoint.send("gateway", new GatewayMessage.Closed(2)));
    assertEquals("lost: gateway", host.next());
    for (int check = 0; check < 2; check++) {
      host.run(() -> host.endpoint.checkLinks(peer -> true));
      assertEquals("lost: gateway", host.next());
    }
    host.run(() -> host.endpoint.checkLinks(peer -> true));
    assertEquals("lost: gateway", host.next());
    host.assertNothingMore();

    var gateway = elsewhere("gateway");
    deliver("host", new Envelope("gateway", 1, new LinkMessage.Check()));
    assertEquals("lost: gateway", host.next());
    assertEquals(new LinkMessage.Reset(), gateway.poll(10, TimeUnit.SECONDS).message());
    host.assertNothingMore();
  }

  /** A dead connection takes what is written; that may be all that a peer was ever sent. */
  @Test
  void aCheckThatCannotBeWrittenIsALossOfWhatWasWrittenBefore() throws Exception {
    var sender = new Peer("sender");
    var far = new LinkedBlockingQueue<Envelope>();
    var consumer = vertx.eventBus().<Envelope>consumer("far");
    consumer.handler(message -> far.add(message.body()));
    await(consumer.completion());
    sender.run(() -> sender.endpoint.send("far", new GatewayMessage.Closed(1)));
    assertEquals(new GatewayMessage.Closed(1), far.poll(10, TimeUnit.SECONDS).message());
    sender.run(() -> sender.endpoint.checkLinks(peer -> true));
    assertEquals(new LinkMessage.Check(), far.poll(10, TimeUnit.SECONDS).message());
    sender.assertNothingMore();

    await(consumer.unregister());
    sender.run(() -> sender.endpoint.checkLinks(peer -> true));
    assertEquals("lost: far", sender.next());
    sender.assertNothingMore();
  }

  /** As where the bus waits for an answer of the cluster that never comes. */
  @Test
  void whatIsNeitherWrittenNorRefusedIsALossInTheEnd() throws Exception {
    var sender = new Peer("sender");
    var far = elsewhere("far");
    Handler<DeliveryContext<Object>> stuck =
        sent -> {
          if (!sent.message().address().equals("far")) {
            sent.next();
          }
        };
    vertx.eventBus().addOutboundInterceptor(stuck);
    sender.run(() -> sender.endpoint.send("far", new GatewayMessage.Closed(1)));
    for (int i = 0; i < 6; i++) {
      sender.run(() -> sender.endpoint.checkLinks(peer -> true));
    }
    sender.assertNothingMore();
    sender.run(() -> sender.endpoint.checkLinks(peer -> true));
    assertEquals("lost: far", sender.next());

    vertx.eventBus().removeOutboundInterceptor(stuck);
    for (int i = 0; i < 8; i++) {
      sender.run(() -> sender.endpoint.checkLinks(peer -> true));
      assertEquals(new LinkMessage.Check(), far.poll(10, TimeUnit.SECONDS).message());
    }
    sender.assertNothingMore();
  }

  @Test
  void aResetIsALoss() throws Exception {
    var receiver = new Peer("receiver");
    deliver("receiver", new Envelope("host", 1, new LinkMessage.Reset()));
    assertEquals("lost: host", receiver.next());
    receiver.assertNothingMore();
  }

  /* ---- large payloads that go out again and again */

  private static final Recipient SOMEBODY = new Recipient(1, 1, "lounge:7", null);

  private static RawPayload large(int salt) {
    var bytes = new byte[20_000];
    bytes[0] = (byte) salt;
    return RawPayload.binary(bytes);
  }

  private static GatewayMessage.Push push(RawPayload payload) {
    return new GatewayMessage.Push(SOMEBODY, "list", payload);
  }

  /** What comes to an address that is no endpoint of this process, as if it were of another one. */
  private BlockingQueue<Envelope> elsewhere(String address) throws Exception {
    var mail = new LinkedBlockingQueue<Envelope>();
    var consumer = vertx.eventBus().<Envelope>consumer(address);
    consumer.handler(message -> mail.add(message.body()));
    await(consumer.completion());
    return mail;
  }

  private static String form(Envelope envelope) {
    return switch (envelope.message()) {
      case GatewayMessage.Push push -> "push of " + push.payload().bytes()[0];
      case LinkMessage.Keep keep -> "keep " + keep.number() + " " + keep.payload().bytes()[0];
      case LinkMessage.PushKept kept -> "push of kept " + kept.number();
      case LinkMessage.Check() -> "check";
      default -> envelope.toString();
    };
  }

  private static List<String> forms(BlockingQueue<Envelope> mail, int count) throws Exception {
    var forms = new ArrayList<String>();
    for (int i = 0; i < count; i++) {
      forms.add(form(mail.poll(10, TimeUnit.SECONDS)));
    }
    return forms;
  }

  @Test
  void aLargePayloadGoesTwiceAndIsNamedFromThenOn() throws Exception {
    var sender = new Peer("sender");
    var far = elsewhere("far");
    RawPayload list = large(1);
    RawPayload other = large(2);
    sender.run(
        () -> {
          for (RawPayload payload : List.of(list, list, other, list, other, list)) {
            sender.endpoint.send("far", push(payload));
          }
        });
    assertEquals(
        List.of(
            "push of 1",
            "keep 1 1",
            "push of kept 1",
            "push of 2",
            "push of kept 1",
            "keep 2 2",
            "push of kept 2",
            "push of kept 1"),
        forms(far, 8));
  }

  /** The largest that a message may have is the one that is worst to send again and again. */
  @Test
  void thatGoesForTheLargestToo() throws Exception {
    var sender = new Peer("sender");
    var far = elsewhere("far");
    RawPayload list = RawPayload.binary(new byte[Contract.MAX_PAYLOAD_BYTES]);
    sender.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            sender.endpoint.send("far", push(list));
          }
        });
    assertEquals(
        List.of("push of 0", "keep 1 0", "push of kept 1", "push of kept 1"), forms(far, 4));
    sender.assertNothingMore();
  }

  @Test
  void aPayloadThatNobodyNamesBetweenTwoChecksIsForgotten() throws Exception {
    var sender = new Peer("sender");
    var far = elsewhere("far");
    RawPayload list = large(1);
    Runnable push = () -> sender.endpoint.send("far", push(list));
    Runnable check = () -> sender.endpoint.checkLinks(peer -> true);
    for (Runnable step : List.of(push, push, check, push, check, check, push)) {
      sender.run(step);
    }
    assertEquals(
        List.of(
            "push of 1",
            "keep 1 1",
            "push of kept 1",
            "check",
            "push of kept 1",
            "check",
            "check",
            "keep 2 1",
            "push of kept 2"),
        forms(far, 9));
  }

  @Test
  void aNamedPayloadArrivesAsAPushUnlessItWasForgottenOrLost() throws Exception {
    var receiver = new Peer("receiver");
    var push = push(large(1));
    var kept = new LinkMessage.PushKept(SOMEBODY, "list", 1);
    deliver("receiver", new Envelope("host", 1, new LinkMessage.Keep(1, push.payload())));
    deliver("receiver", new Envelope("host", 2, kept));
    deliver("receiver", new Envelope("host", 2, new LinkMessage.Check()));
    deliver("receiver", new Envelope("host", 3, kept));
    assertEquals("host: " + push, receiver.next());
    assertEquals("host: " + push, receiver.next());
    deliver("receiver", new Envelope("host", 3, new LinkMessage.Check()));
    deliver("receiver", new Envelope("host", 3, new LinkMessage.Check()));
    deliver("receiver", new Envelope("host", 4, kept));
    deliver("receiver", new Envelope("host", 5, new LinkMessage.Keep(1, push.payload())));
    deliver("receiver", new Envelope("host", 7, kept));
    assertEquals("lost: host", receiver.next());
    receiver.assertNothingMore();
  }

  @Test
  void afterALossPayloadsAreToldAnew() throws Exception {
    var sender = new Peer("sender");
    var far = elsewhere("far");
    RawPayload list = large(1);
    Runnable push = () -> sender.endpoint.send("far", push(list));
    sender.run(push);
    sender.run(push);
    deliver("sender", new Envelope("far", 1, new LinkMessage.Reset()));
    assertEquals("lost: far", sender.next());
    sender.run(push);
    assertEquals(
        List.of("push of 1", "keep 1 1", "push of kept 1", "keep 2 1", "push of kept 2"),
        forms(far, 5));
  }

  /** The reset that tells of it may be lost as well. */
  @Test
  void afterALossInTheOtherDirectionPayloadsAreToldAnewToo() throws Exception {
    var sender = new Peer("sender");
    var far = elsewhere("far");
    RawPayload list = large(1);
    Runnable push = () -> sender.endpoint.send("far", push(list));
    sender.run(push);
    sender.run(push);
    deliver("sender", new Envelope("far", 2, new GatewayMessage.Closed(2)));
    assertEquals("lost: far", sender.next());
    sender.run(push);
    assertEquals(List.of("push of 1", "keep 1 1", "push of kept 1"), forms(far, 3));
    assertInstanceOf(LinkMessage.Reset.class, far.poll(10, TimeUnit.SECONDS).message());
    assertEquals(List.of("keep 2 1", "push of kept 2"), forms(far, 2));
  }

  @Test
  void onlyAnInboxOfThisNodeCanBeSeenToBeClosed() throws Exception {
    String here = Addresses.gateway("node", 1);
    var peer = new Peer(here);
    assertFalse(peer.endpoint.isClosed(here));
    assertTrue(peer.endpoint.isClosed(Addresses.gateway("node", 2)));
    assertFalse(peer.endpoint.isClosed(Addresses.gateway("another", 1)));
    peer.call(peer.endpoint::close);
    assertTrue(peer.endpoint.isClosed(here));
  }

  @Test
  void anEndpointIsNamedByItsAddress() throws Exception {
    assertEquals("roost.gateway.n1.2", new Peer(Addresses.gateway("n1", 2)).endpoint.address());
    assertEquals("roost.host.n1.3", new Peer(Addresses.host("n1", 3)).endpoint.address());
  }

  private void deliver(String to, Envelope envelope) {
    vertx.eventBus().send(to, envelope, CODEC);
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  /** A verticle whose endpoint writes down what it is handed. */
  private final class Peer extends VerticleBase implements BusEndpoint.Receiver {

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final List<BusMessage> messages = Collections.synchronizedList(new ArrayList<>());
    private final String address;
    private BusEndpoint endpoint;
    private Thread thread;

    Peer(String address) throws Exception {
      this.address = address;
      await(BusEndpointTest.this.vertx.deployVerticle(this));
    }

    @Override
    public Future<?> start() {
      thread = Thread.currentThread();
      endpoint = new BusEndpoint(vertx, address, this);
      return endpoint.ready();
    }

    <T> T call(Supplier<Future<T>> task) throws Exception {
      return await(
          Future.future(promise -> context.runOnContext(go -> task.get().onComplete(promise))));
    }

    /** Keeps the verticle's thread busy until the latch is released. */
    CountDownLatch holdUp() {
      var latch = new CountDownLatch(1);
      context.runOnContext(
          go -> {
            try {
              latch.await(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      return latch;
    }

    void run(Runnable task) throws Exception {
      call(
          () -> {
            task.run();
            return Future.succeededFuture();
          });
    }

    @Override
    public void receive(String from, BusMessage message) {
      messages.add(message);
      events.add(Thread.currentThread() == thread ? from + ": " + message : "on a wrong thread");
    }

    @Override
    public boolean broadcast(HostMessage.BroadcastRequest request) {
      events.add("request: " + request);
      return request.topic().equals("lobby");
    }

    @Override
    public void lost(String from) {
      events.add("lost: " + from);
    }

    String next() throws InterruptedException {
      return events.poll(10, TimeUnit.SECONDS);
    }

    /** What was sent before is here when a message behind it is. */
    void assertNothingMore() throws Exception {
      deliver(address, new Envelope("marker", 0, new GatewayMessage.Closed(0)));
      assertEquals("marker: Closed[channel=0]", next());
    }
  }
}
