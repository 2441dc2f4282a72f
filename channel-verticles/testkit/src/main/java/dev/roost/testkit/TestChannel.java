package dev.roost.testkit;

import dev.roost.bus.HostMessage;
import dev.roost.bus.Ref;
import dev.roost.channel.Payload;
import dev.roost.channel.StopReason;
import dev.roost.channel.TerminateReason;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A topic that a client in a test has joined: what it sends with, and what is asserted of what it
 * gets. Safe for any thread.
 *
 * <p>Each assertion waits for its message, by default up to a second, and takes it out; messages it
 * does not ask for stay for later ones. An expected payload is anything that can be sent (a Map, a
 * record, a {@code byte[]}) and matches what has at least its fields, at every depth; a predicate
 * decides for itself. A refutation fails as soon as its message comes, by default within 100 ms.
 *
 * {@snippet :
 * String ref = ada.push("new_msg", Map.of("body", "hello"));
 * ada.assertReply(ref, "ok");
 * bob.assertBroadcast("new_msg", Map.of("body", "hello"));
 * bob.refutePush("typing");
 * }
 */
public final class TestChannel {

  private enum State {
    JOINING,
    JOINED,
    ENDED
  }

  private final TestSocket socket;
  private final ChannelKit kit;
  private final long number;
  private final String topic;
  private final String host;
  private final CompletableFuture<TerminateReason> terminated;
  private final Inbox inbox = new Inbox();
  private volatile State state = State.JOINING;
  private volatile boolean crashAsserted;
  private final CompletableFuture<Void> crashed = new CompletableFuture<>();
  private volatile @Nullable Payload response;

  TestChannel(
      TestSocket socket,
      long number,
      String topic,
      String host,
      CompletableFuture<TerminateReason> terminated) {
    this.socket = socket;
    this.kit = socket.kit();
    this.number = number;
    this.topic = topic;
    this.host = host;
    this.terminated = terminated;
  }

  /** The joined topic. */
  public String topic() {
    return topic;
  }

  /** The client that joined it. */
  public TestSocket socket() {
    return socket;
  }

  /** What the join was answered with. */
  public Payload response() {
    Payload answered = response;
    if (answered == null) {
      throw new IllegalStateException("the join of \"" + topic + "\" was not accepted");
    }
    return answered;
  }

  /* ---- sending */

  /** Sends an event with {@code {}} as payload. */
  public String push(String event) {
    return push(event, Map.of());
  }

  /**
   * Sends an event for the channel's {@code handleIn}.
   *
   * @param payload any JSON value, or a {@code byte[]} for binary
   * @return its ref, for {@link #assertReply}
   */
  public String push(String event, @Nullable Object payload) {
    String ref = socket.nextRef();
    send(new HostMessage.Event(number, Ref.ofText(ref), event, kit.writer().write(payload)));
    return ref;
  }

  /** Sends an event that has no ref; its reply, if any, has none either (M-13). */
  public void pushWithoutRef(String event, @Nullable Object payload) {
    send(new HostMessage.Event(number, null, event, kit.writer().write(payload)));
  }

  /**
   * Leaves the topic, as a client does: the reply comes first, then the channel is closed (L-1).
   *
   * @return its ref, for {@link #assertReply}
   */
  public String leave() {
    String ref = socket.nextRef();
    send(new HostMessage.Leave(number, Ref.ofText(ref)));
    return ref;
  }

  private void send(HostMessage message) {
    kit.gateway().send(host, message);
  }

  /* ---- replies */

  /** Waits for the reply to a message and checks its status. */
  public Payload assertReply(String ref, String status) {
    return reply(ref, status, payload -> true, "");
  }

  /** The same, and its response has at least this. */
  public Payload assertReply(String ref, String status, Object response) {
    return reply(
        ref, status, payload -> kit.matches(response, payload), " and " + kit.describe(response));
  }

  /** The same, and the predicate accepts its response. */
  public Payload assertReply(String ref, String status, Predicate<Payload> response) {
    return reply(ref, status, response, " and a response that the predicate accepts");
  }

  private Payload reply(String ref, String status, Predicate<Payload> wanted, String also) {
    Received.Reply reply =
        take(
            message ->
                message instanceof Received.Reply answer && ref.equals(answer.ref())
                    ? answer
                    : null,
            "a reply to ref " + ref + " with status " + status + also);
    if (!reply.status().equals(status) || !wanted.test(reply.payload())) {
      throw new AssertionError(
          "expected a reply to ref "
              + ref
              + " with status "
              + status
              + also
              + ", got "
              + kit.text(reply));
    }
    return reply.payload();
  }

  /** Nothing answers this message. */
  public void refuteReply(String ref) {
    refute(
        message -> message instanceof Received.Reply answer && ref.equals(answer.ref()),
        "no reply to ref " + ref);
  }

  /* ---- pushes */

  /** Waits for a push of this event. */
  public Payload assertPush(String event) {
    return push(event, payload -> true, "");
  }

  /** Waits for a push of this event whose payload has at least this. */
  public Payload assertPush(String event, Object payload) {
    return push(event, came -> kit.matches(payload, came), " with " + kit.describe(payload));
  }

  /** Waits for a push of this event whose payload the predicate accepts. */
  public Payload assertPush(String event, Predicate<Payload> payload) {
    return push(event, payload, " that the predicate accepts");
  }

  private Payload push(String event, Predicate<Payload> wanted, String also) {
    return take(
        message ->
            message instanceof Received.Push(var name, var payload)
                    && name.equals(event)
                    && wanted.test(payload)
                ? payload
                : null,
        "a push \"" + event + "\"" + also);
  }

  /** No push of this event comes. */
  public void refutePush(String event) {
    refute(
        message -> message instanceof Received.Push(var name, var came) && name.equals(event),
        "no push \"" + event + "\"");
  }

  /** No push of this event comes whose payload has at least this. */
  public void refutePush(String event, Object payload) {
    refute(
        message ->
            message instanceof Received.Push(var name, var came)
                && name.equals(event)
                && kit.matches(payload, came),
        "no push \"" + event + "\" with " + kit.describe(payload));
  }

  /* ---- broadcasts */

  /** Waits for a broadcast of this event to reach this client. */
  public Payload assertBroadcast(String event) {
    return broadcast(event, payload -> true, "");
  }

  /** Waits for a broadcast of this event whose payload has at least this. */
  public Payload assertBroadcast(String event, Object payload) {
    return broadcast(event, came -> kit.matches(payload, came), " with " + kit.describe(payload));
  }

  /** Waits for a broadcast of this event whose payload the predicate accepts. */
  public Payload assertBroadcast(String event, Predicate<Payload> payload) {
    return broadcast(event, payload, " that the predicate accepts");
  }

  private Payload broadcast(String event, Predicate<Payload> wanted, String also) {
    return take(
        message ->
            message instanceof Received.Broadcast(var name, var payload)
                    && name.equals(event)
                    && wanted.test(payload)
                ? payload
                : null,
        "a broadcast \"" + event + "\"" + also);
  }

  /** No broadcast of this event reaches this client. */
  public void refuteBroadcast(String event) {
    refute(
        message -> message instanceof Received.Broadcast(var name, var came) && name.equals(event),
        "no broadcast \"" + event + "\"");
  }

  /** No broadcast of this event reaches this client whose payload has at least this. */
  public void refuteBroadcast(String event, Object payload) {
    refute(
        message ->
            message instanceof Received.Broadcast(var name, var came)
                && name.equals(event)
                && kit.matches(payload, came),
        "no broadcast \"" + event + "\" with " + kit.describe(payload));
  }

  /* ---- the end */

  /** Waits for the channel's orderly end, which a real client sees as {@code phx_close}. */
  public void assertClosed() {
    var unused =
        take(
            message -> message instanceof Received.Closed closed ? closed : null,
            "the channel to be closed");
  }

  /**
   * Waits for the channel's crash, which a real client sees as {@code phx_error}, and so announces
   * that it was to be: one that no test asks for fails the test when the kit is closed.
   */
  public void assertCrashed() {
    crashAsserted = true;
    var unused =
        take(
            message -> message instanceof Received.Crashed crashed ? crashed : null,
            "the channel to crash");
  }

  /**
   * The same, and it was this exception that crashed it.
   *
   * @return the exception that a callback threw
   */
  public <T extends Throwable> T assertCrashed(Class<T> cause) {
    assertCrashed();
    Throwable thrown = cause();
    if (!cause.isInstance(thrown)) {
      throw new AssertionError(
          "expected the channel to crash with a " + cause.getName() + ", got " + thrown, thrown);
    }
    return cause.cast(thrown);
  }

  /**
   * Waits until the channel's {@code terminate} has returned.
   *
   * @return what it was told
   */
  public TerminateReason assertTerminated() {
    return await(terminated, kit.assertLimit());
  }

  /* ---- everything */

  /** The next message, whatever it is: for tests of the order in which things come. */
  public Received next() {
    return take(message -> message, "another message");
  }

  /** Everything that came so far, in order, asked for or not. */
  public List<Received> received() {
    return inbox.all();
  }

  private <T> T take(Function<Received, @Nullable T> wanted, String expected) {
    @Nullable T found = inbox.take(wanted, kit.assertLimit());
    if (found == null) {
      throw new AssertionError(
          "expected "
              + expected
              + " on \""
              + topic
              + "\" within "
              + kit.assertLimit().toMillis()
              + " ms; "
              + leftOver());
    }
    return found;
  }

  private void refute(Predicate<Received> unwanted, String expected) {
    @Nullable Received found =
        inbox.take(message -> unwanted.test(message) ? message : null, kit.refuteLimit());
    if (found != null) {
      throw new AssertionError(
          "expected " + expected + " on \"" + topic + "\", got " + kit.text(found));
    }
  }

  private String leftOver() {
    List<Received> pending = inbox.pending();
    String came =
        pending.isEmpty()
            ? "nothing else came"
            : "what came instead: " + pending.stream().map(kit::text).toList();
    return isAlive() ? came : came + "; the channel is over";
  }

  /* ---- for the kit */

  long number() {
    return number;
  }

  String host() {
    return host;
  }

  boolean isJoined() {
    return state == State.JOINED;
  }

  boolean isAlive() {
    return state != State.ENDED;
  }

  void joined() {
    state = State.JOINED;
  }

  void ended() {
    state = State.ENDED;
  }

  void response(Payload answered) {
    response = answered;
  }

  void received(Received message) {
    inbox.add(message);
    if (message instanceof Received.Closed || message instanceof Received.Crashed) {
      ended();
    }
    if (message instanceof Received.Crashed) {
      crashed.complete(null);
    }
  }

  /** Waits for the last callback; there is none of a channel that was ended from outside. */
  void awaitEnd(Duration limit) {
    if (!crashed.isDone()) {
      var either = CompletableFuture.anyOf(terminated, crashed);
      var unused = await(either, limit);
    }
  }

  private <T> T await(CompletableFuture<T> end, Duration limit) {
    try {
      return end.get(Math.max(0, limit.toNanos()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(
          "expected terminate on \""
              + topic
              + "\" to have returned by now; is a callback still busy?");
    } catch (ExecutionException e) {
      throw new AssertionError("the end of \"" + topic + "\" is not known", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for terminate", e);
    }
  }

  private @Nullable Throwable cause() {
    return terminated.getNow(null) instanceof TerminateReason.Crashed(var cause) ? cause : null;
  }

  /** The crash that no test asked for; empty if all is well. */
  @Nullable AssertionError unannouncedCrash() {
    boolean failed =
        terminated.getNow(null) instanceof TerminateReason.Stopped(StopReason.Failure(var ignored));
    Throwable cause = cause();
    boolean wrong = cause != null || failed || crashed.isDone();
    if (!wrong || crashAsserted) {
      return null;
    }
    String why =
        cause != null
            ? cause.toString()
            : failed ? "it stopped with a failure" : "it was ended from outside";
    return new AssertionError(
        "the channel of \""
            + topic
            + "\" crashed: "
            + why
            + "; if that is what the test is about, say so with assertCrashed()",
        cause);
  }
}
