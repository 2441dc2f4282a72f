package dev.roost.host;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.channel.Payload;
import dev.roost.presence.Presence;
import dev.roost.presence.PresenceException;
import dev.roost.presence.PresenceException.Reason;
import dev.roost.presence.PresenceList;
import dev.roost.tracking.MetaVersion;
import dev.roost.tracking.Tracker;
import dev.roost.tracking.Trackers;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Presences of one topic for one channel: each call waits for the host's context. */
final class ChannelPresence implements Presence {

  private static final long WAIT_MS = Trackers.TIMEOUT_MS + 1_000;

  private final ChannelProcess process;
  private final HostRuntime runtime;
  private final String topic;

  ChannelPresence(ChannelProcess process, String topic) {
    this.process = process;
    this.runtime = process.runtime();
    this.topic = topic;
  }

  @Override
  public String track(String key, Object meta) {
    return trackRaw(MetaWriter.requireKey(key), runtime.metas().fields(meta));
  }

  /** With a key and meta that were looked at before. */
  String trackRaw(String key, RawPayload fields) {
    return await(
        tracking(
            tracker -> runtime.tracking().trackers().track(tracker, topic, key, fields), ended()));
  }

  @Override
  public String update(String key, Object meta) {
    RawPayload fields = runtime.metas().fields(meta);
    return update(key, fields, null).orElseThrow();
  }

  @Override
  public String update(String key, UnaryOperator<ObjectNode> change) {
    while (true) {
      MetaVersion old = current(key);
      RawPayload fields = runtime.metas().fields(change.apply(runtime.metas().object(old.json())));
      Optional<String> ref = update(key, fields, old.ref());
      if (ref.isPresent()) {
        return ref.get();
      }
    }
  }

  private MetaVersion current(String key) {
    return await(
        tracking(
            tracker ->
                runtime
                    .tracking()
                    .trackers()
                    .find(tracker, topic, key)
                    .map(Future::succeededFuture)
                    .orElseGet(() -> Future.failedFuture(Trackers.notTracked(topic, key))),
            ended()));
  }

  private Optional<String> update(String key, RawPayload fields, @Nullable String fromRef) {
    return await(
        tracking(
            tracker -> runtime.tracking().trackers().update(tracker, topic, key, fields, fromRef),
            ended()));
  }

  @Override
  public void untrack(String key) {
    var unused =
        await(
            tracking(
                tracker ->
                    runtime
                        .tracking()
                        .trackers()
                        .untrack(tracker, topic, key)
                        .map(Optional.<String>empty()),
                Future.succeededFuture(Optional.empty())));
  }

  @Override
  public PresenceList list() {
    return new PresenceList(query(Optional.empty()), runtime.application().mapper());
  }

  @Override
  public Optional<ObjectNode> getByKey(String key) {
    RawPayload presence = query(Optional.of(key));
    return new Payload(presence, runtime.application().mapper()).tree() instanceof ObjectNode found
        ? Optional.of(found)
        : Optional.empty();
  }

  /** Mostly the topic is the channel's own, and so hosted here. */
  private RawPayload query(Optional<String> key) {
    var query = new PresenceMessage.Query(topic, key);
    return await(
        () ->
            runtime
                .tracking()
                .query(query)
                .recover(
                    cause ->
                        cause instanceof BusEndpoint.NotHosted
                            ? runtime.tracking().ask(query)
                            : Future.failedFuture(cause)));
  }

  private static <T> Future<T> ended() {
    return Future.failedFuture(
        new PresenceException(Reason.ENDED, "the channel has ended, and its presences with it"));
  }

  /** What a call does with the channel's tracker, or its answer if the channel is gone. */
  private <T> Supplier<Future<T>> tracking(Function<Tracker, Future<T>> call, Future<T> ifGone) {
    return () -> {
      if (runtime.topics().find(process.gateway(), process.number()) != process) {
        return ifGone;
      }
      Tracker tracker = process.tracker();
      if (tracker == null) {
        var channel = new Tracker.Channel(process.gateway(), process.number());
        tracker = runtime.tracking().trackers().open(process.recipient().topic(), channel);
        process.tracker(tracker);
      }
      return call.apply(tracker);
    };
  }

  private <T> T await(Supplier<Future<T>> call) {
    if (Context.isOnEventLoopThread()) {
      throw new IllegalStateException(
          "presence() waits for its host and may not be called on an event loop: use the"
              + " presences() of the deployment there");
    }
    var answer = new CompletableFuture<T>();
    runtime.execute(() -> answerTo(call, answer));
    try {
      return answer.get(WAIT_MS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof PresenceException cause
          ? cause
          : new IllegalStateException("a presence failed", e.getCause());
    } catch (TimeoutException e) {
      throw new PresenceException(
          Reason.UNAVAILABLE, "the host did not answer within " + WAIT_MS / 1_000 + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PresenceException(Reason.ENDED, "interrupted while waiting for the host");
    }
  }

  private static <T> void answerTo(Supplier<Future<T>> call, CompletableFuture<T> answer) {
    call.get()
        .onComplete(
            (value, failure) -> {
              if (failure == null) {
                answer.complete(value);
              } else {
                answer.completeExceptionally(failure);
              }
            });
  }
}
