package dev.roost.gateway.transport;

import dev.roost.bus.Addresses;
import dev.roost.bus.RawPayload;
import dev.roost.bus.SessionMessage;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.Admission;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.MessageArray;
import dev.roost.routing.LongPollOptions;
import io.netty.util.collection.LongObjectHashMap;
import io.vertx.core.Context;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The long-poll sessions that one gateway verticle holds, and what is asked of them through any
 * gateway. Used on the gateway's context only.
 */
final class LongPollSessions implements LongPollSession.Holder {

  /** The status of an answer that there is no such session. */
  static final int NOT_FOUND = 404;

  /** The status of an answer that there is no room for what was posted. */
  static final int NO_ROOM = 503;

  private final Context context;
  private final String node;
  private final int verticle;
  private final GatewayOptions options;
  private final MessageBudget budget;
  private final Answers answers;
  private final SecureRandom random = new SecureRandom();
  private final LongObjectHashMap<LongPollSession> sessions = new LongObjectHashMap<>();
  private long lastNumber;

  /** Where answers go: to the gateway that the request came through. */
  interface Answers {
    void send(String gateway, SessionMessage.Answer answer);
  }

  LongPollSessions(
      Context context,
      String node,
      int verticle,
      GatewayOptions options,
      MessageBudget budget,
      Answers answers) {
    this.context = context;
    this.node = node;
    this.verticle = verticle;
    this.options = options;
    this.budget = budget;
    this.answers = answers;
  }

  /** A new session, whose place is given back at its end. */
  LongPollSession open(LongPollOptions served, Admission.Place place) {
    var secret = new byte[LongPollToken.SECRET_BYTES];
    random.nextBytes(secret);
    long number = ++lastNumber;
    var session =
        new LongPollSession(
            context,
            this,
            LongPollToken.of(node, verticle, number, secret),
            served,
            options.limits().pollsPerSecond(),
            options.maxQueuedBytes(),
            options.metrics(),
            place);
    sessions.put(number, session);
    options.metrics().socketOpened();
    return session;
  }

  /** Whether the token is that of a session here. */
  boolean has(LongPollToken token) {
    return find(token.session(), token.secret()).isPresent();
  }

  int count() {
    return sessions.size();
  }

  /** Asks a session; a request for one that is not here is answered at once. */
  void receive(String gateway, SessionMessage message) {
    switch (message) {
      case SessionMessage.Poll(var request, var number, var secret) -> {
        var asker = new LongPollSession.Asker(gateway, request);
        find(number, secret).ifPresentOrElse(s -> s.poll(asker), () -> notFound(asker));
      }
      case SessionMessage.Publish(var request, var number, var secret, var batch, var body) -> {
        var asker = new LongPollSession.Asker(gateway, request);
        find(number, secret)
            .ifPresentOrElse(s -> publish(s, asker, batch, body), () -> notFound(asker));
      }
      case SessionMessage.Abandon(var request, var number) -> {
        // Nobody but the gateway that was asked can name the request.
        @Nullable LongPollSession session = sessions.get(number);
        if (session != null) {
          session.abandon(new LongPollSession.Asker(gateway, request));
        }
      }
      case SessionMessage.Delivered(var request, var number) -> {
        @Nullable LongPollSession session = sessions.get(number);
        if (session != null) {
          session.delivered(new LongPollSession.Asker(gateway, request));
        }
      }
      case SessionMessage.Answer misdirected ->
          throw new IllegalArgumentException("an answer is no question, got " + misdirected);
    }
  }

  /** What came through another gateway counts here until it is finished; there it does already. */
  private void publish(
      LongPollSession session, LongPollSession.Asker asker, boolean batch, RawPayload body) {
    MessageBudget.Share share = budget.share();
    boolean isOurs = Addresses.node(asker.gateway()).filter(node::equals).isPresent();
    if (isOurs || share.tryHold(body.size())) {
      session.publish(asker, batch, body, share);
    } else {
      options.metrics().limitReached(Limit.MAX_UNFINISHED_BYTES);
      answer(asker, NO_ROOM, MessageArray.NONE);
    }
  }

  private Optional<LongPollSession> find(long number, RawPayload secret) {
    @Nullable LongPollSession session = sessions.get(number);
    return session != null
            && MessageDigest.isEqual(session.token().secret().bytes(), secret.bytes())
        ? Optional.of(session)
        : Optional.empty();
  }

  private void notFound(LongPollSession.Asker asker) {
    answer(asker, NOT_FOUND, MessageArray.NONE);
  }

  @Override
  public void answer(LongPollSession.Asker to, int status, RawPayload messages) {
    answers.send(to.gateway(), new SessionMessage.Answer(to.request(), status, messages));
  }

  @Override
  public void ended(LongPollSession session) {
    if (sessions.remove(session.token().session()) != null) {
      session.place().giveBack();
      options.metrics().socketClosed();
    }
  }

  /** Messages from or to these gateways are missing, or they are no more. */
  void cutOff(Predicate<String> isCutOff) {
    List.copyOf(sessions.values()).forEach(session -> session.cutOff(isCutOff));
  }
}
