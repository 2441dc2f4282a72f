package dev.roost.host;

import dev.roost.presence.PresenceException;
import dev.roost.tracking.Tracker;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.CloseFuture;
import java.util.Optional;
import java.util.function.Supplier;

/** A presence that code outside channels has tracked. Safe for any thread; never blocks. */
public final class Tracking {

  private final HostVerticle host;
  private final Tracker tracker;
  private final String topic;
  private final String key;
  private volatile String ref;

  private Tracking(HostVerticle host, Tracker tracker, String topic, String key, String ref) {
    this.host = host;
    this.tracker = tracker;
    this.topic = topic;
    this.key = key;
    this.ref = ref;
  }

  static Future<Tracking> begin(
      HostVerticle host, Optional<CloseFuture> verticle, String topic, String key, Object meta) {
    MetaWriter.requireTopic(topic);
    MetaWriter.requireKey(key);
    var fields = host.runtime().metas().fields(meta);
    return on(
        host,
        () -> {
          HostTracking tracking = host.runtime().tracking();
          Tracker tracker = tracking.open(verticle);
          return tracking
              .trackers()
              .track(tracker, topic, key, fields)
              .map(ref -> new Tracking(host, tracker, topic, key, ref))
              .onFailure(cause -> tracking.end(tracker));
        });
  }

  /** The {@code phx_ref} of its meta. */
  public String ref() {
    return ref;
  }

  /**
   * Replaces its meta (P-24).
   *
   * @return the new {@code phx_ref}; fails with a {@link PresenceException}
   * @throws IllegalArgumentException for a meta that cannot be
   */
  public Future<String> update(Object meta) {
    var fields = host.runtime().metas().fields(meta);
    return on(
            host,
            () -> host.runtime().tracking().trackers().update(tracker, topic, key, fields, null))
        .map(Optional::orElseThrow)
        .onSuccess(updated -> ref = updated);
  }

  /** Ends it; completes when it is in no list any more. A second call does nothing. */
  public Future<Void> untrack() {
    return on(
        host,
        () -> {
          HostTracking tracking = host.runtime().tracking();
          return tracking
              .trackers()
              .untrack(tracker, topic, key)
              .onComplete(done -> tracking.end(tracker));
        });
  }

  /** Carries a call to the host's context, and its answer back to the caller's, if it has one. */
  private static <T> Future<T> on(HostVerticle host, Supplier<Future<T>> call) {
    Context caller = Vertx.currentContext();
    Promise<T> answer = Promise.promise();
    host.context()
        .runOnContext(
            ignored ->
                call.get()
                    .onComplete(
                        result -> {
                          if (caller == null) {
                            answer.handle(result);
                          } else {
                            caller.runOnContext(back -> answer.handle(result));
                          }
                        }));
    return answer.future();
  }
}
