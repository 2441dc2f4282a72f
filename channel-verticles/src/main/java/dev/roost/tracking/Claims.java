package dev.roost.tracking;

import dev.roost.application.Telemetry.Bound;
import dev.roost.bus.PresenceMessage;
import dev.roost.presence.PresenceException;
import dev.roost.presence.PresenceException.Reason;
import dev.roost.presence.PresenceOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What this host asks gateways before a channel tracks or updates: a socket's limits are kept
 * there, since its other channels may be anywhere. Used on the host's context only.
 */
final class Claims {

  /** Longer than it takes to find out that a gateway is frozen: its channels end then. */
  static final long TIMEOUT_MS = 10_000;

  private final TrackingContext context;
  private final PresenceOptions options;
  private final boolean isNamed;

  /** In the order of their age. */
  private final Map<Long, Claim> open = new LinkedHashMap<>();

  private long last;

  private record Claim(Tracker.Channel channel, String topic, long since, Promise<Void> granted) {}

  Claims(TrackingContext context, TrackingSettings settings) {
    this.context = context;
    this.options = settings.options();
    this.isNamed = settings.isTold();
  }

  /** A number that no other claim of this host has. */
  long next() {
    return ++last;
  }

  /**
   * Asks for a tracker to have one presence more, or to change one. Of code that no client can
   * reach nobody has to be asked.
   *
   * @return fails with a PresenceException; is never completed if it is forgotten before
   */
  Future<Void> ask(long claim, Tracker tracker, Tracker.Name name, boolean isNew) {
    Optional<Tracker.Channel> channel = tracker.channel();
    if (channel.isEmpty()) {
      return Future.succeededFuture();
    }
    Promise<Void> granted = Promise.promise();
    open.put(claim, new Claim(channel.get(), name.topic(), context.nanoTime(), granted));
    context.send(
        channel.get().gateway(),
        new PresenceMessage.Claim(
            claim,
            channel.get().number(),
            isNew,
            options.socketPresences(),
            options.socketRate(),
            isNamed && isNew
                ? Optional.of(new PresenceMessage.Name(name.topic(), name.key()))
                : Optional.empty()));
    return granted.future();
  }

  /** Nobody waits for the answer any more. */
  void forget(long claim) {
    open.remove(claim);
  }

  /** What was granted to a tracker is free again. */
  void release(Tracker tracker, long claim) {
    tracker.channel().ifPresent(channel -> release(channel, claim));
  }

  private void release(Tracker.Channel channel, long claim) {
    context.send(channel.gateway(), new PresenceMessage.Release(channel.number(), claim));
  }

  void receive(PresenceMessage.Claimed answer) {
    Claim claim = open.remove(answer.claim());
    if (claim == null) {
      return;
    }
    switch (answer.ruling()) {
      case GRANTED -> claim.granted().complete();
      case TOO_MANY ->
          refuse(
              claim,
              Bound.PRESENCE_SOCKET_PRESENCES,
              "a socket has at most %d presences (socketPresences)"
                  .formatted(options.socketPresences()));
      case TOO_OFTEN ->
          refuse(
              claim,
              Bound.PRESENCE_SOCKET_RATE,
              "a socket may track and update %d times a second (socketRate)"
                  .formatted(options.socketRate()));
    }
  }

  private void refuse(Claim claim, Bound bound, String message) {
    context.reached(claim.topic(), bound);
    claim.granted().fail(new PresenceException(Reason.SOCKET_LIMIT, message));
  }

  /** Gives up what gateways leave without an answer; call it each second. */
  void check() {
    long oldest = context.nanoTime() - TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
    while (!open.isEmpty()) {
      var first = open.entrySet().iterator().next();
      Claim claim = first.getValue();
      if (claim.since() - oldest > 0) {
        return;
      }
      open.remove(first.getKey());
      // It may be granted all the same, later.
      release(claim.channel(), first.getKey());
      claim
          .granted()
          .fail(
              new PresenceException(
                  Reason.UNAVAILABLE,
                  "the gateway of the channel did not answer within %d s"
                      .formatted(TIMEOUT_MS / 1_000)));
    }
  }

  /** Claims without an answer. */
  int open() {
    return open.size();
  }
}
