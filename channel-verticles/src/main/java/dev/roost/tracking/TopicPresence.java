package dev.roost.tracking;

import dev.roost.bus.BusEndpoint;
import dev.roost.bus.RawPayload;
import dev.roost.presence.PresenceDiff;
import dev.roost.presence.PresenceException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The presences of one topic in one tenure of its host: when members are told of changes, and what
 * the application does with them. Used on the host's context only.
 */
final class TopicPresence {

  /*
   * A change starts the window, at the end of which one diff tells all that happened in it. While the
   * application's callbacks are at work on a diff the next one waits, however long its window, so that
   * diffs go out in order and callbacks that are slow get larger ones instead of more.
   *
   * In a burst of joins everybody tracks and asks for the list. A large one is not written for each of
   * them: it is written at most once each LIST_PAUSE, and all who asked meanwhile share it.
   */

  /** Lists up to this size are written at once: 64 KiB. */
  private static final int SMALL_LIST_BYTES = 64 << 10;

  private static final Duration LIST_PAUSE = Duration.ofMillis(20);

  private final TrackingSettings settings;
  private final TrackingContext context;
  private final String topic;
  private final long epoch;
  private final Consumer<TopicPresence> whenQuiet;
  private final PresenceState state = new PresenceState();
  private final TopicCallbacks callbacks;
  private final List<Promise<RawPayload>> asking = new ArrayList<>(0);
  private boolean isWindowOpen;
  private boolean isDiffDue;
  private boolean isListDue;
  private boolean isOver;
  private long lastList;

  TopicPresence(
      TrackingSettings settings,
      TrackingContext context,
      String topic,
      long epoch,
      Consumer<TopicPresence> whenQuiet) {
    this.settings = settings;
    this.context = context;
    this.topic = topic;
    this.epoch = epoch;
    this.whenQuiet = whenQuiet;
    this.callbacks =
        new TopicCallbacks(topic, context, settings.callbackTimeout(), this::callbacksDone);
    this.lastList = context.nanoTime() - LIST_PAUSE.toNanos();
  }

  String topic() {
    return topic;
  }

  long epoch() {
    return epoch;
  }

  PresenceState state() {
    return state;
  }

  /** Whether nothing is left of it: nobody is there, nobody has to be told, no callback runs. */
  boolean isDone() {
    return isOver
        || (state.isEmpty() && !state.hasChanges() && callbacks.isIdle() && asking.isEmpty());
  }

  /* ---- changes */

  /** False if the topic is full; nothing has changed then. */
  boolean put(String key, Meta meta) {
    Optional<Meta> old = Optional.ofNullable(state.find(meta.host(), meta.tracker(), key));
    int more = meta.json().size() - old.map(known -> known.json().size()).orElse(-key.length());
    boolean isOneTooMany = old.isEmpty() && state.size() >= settings.options().topicPresences();
    boolean isTooLarge = more > 0 && state.bytes() + more > settings.options().topicBytes();
    if (isOneTooMany || isTooLarge) {
      return false;
    }
    boolean wasEmpty = state.isEmpty();
    state.put(key, meta);
    if (wasEmpty && settings.watchesTopics()) {
      callbacks.run("occupied", () -> settings.handler().occupied(topic));
    }
    changed();
    return true;
  }

  void remove(String host, long tracker, String key) {
    if (!state.isEmpty()) {
      state.remove(host, tracker, key);
      removed();
    }
  }

  void removeIf(Predicate<Meta> isGone) {
    if (!state.isEmpty()) {
      state.removeIf(isGone);
      removed();
    }
  }

  private void removed() {
    if (state.isEmpty() && settings.watchesTopics()) {
      callbacks.run("vacated", () -> settings.handler().vacated(topic));
    }
    changed();
  }

  /** The tenure is over: its members join anew, perhaps elsewhere. */
  void end() {
    if (!state.isEmpty() && settings.watchesTopics()) {
      callbacks.run("vacated", () -> settings.handler().vacated(topic));
    }
    isOver = true;
    asking.forEach(asker -> asker.fail(new BusEndpoint.NotHosted()));
    asking.clear();
  }

  /* ---- diffs */

  private void changed() {
    if (!isWindowOpen && !isDiffDue && state.hasChanges()) {
      isWindowOpen = true;
      Duration window = settings.options().window(context.members(topic));
      context.after(Math.max(1, window.toMillis()), this::windowClosed);
    }
  }

  private void windowClosed() {
    isWindowOpen = false;
    isDiffDue = true;
    if (!needsCallbacks() || callbacks.isIdle()) {
      tell();
    }
  }

  private boolean needsCallbacks() {
    return settings.fetches() || settings.reacts();
  }

  private void tell() {
    isDiffDue = false;
    if (isOver) {
      return;
    }
    List<PresenceState.Diff> diffs = state.takeDiffs();
    RawPayload after = settings.reacts() ? state.snapshot() : RawPayload.EMPTY_OBJECT;
    for (PresenceState.Diff diff : diffs) {
      if (settings.fetches()) {
        callbacks.call(
            "fetch",
            () -> enriched(diff),
            enriched -> publish(enriched, after),
            () -> publish(diff, after));
      } else {
        publish(diff, after);
      }
    }
    whenQuiet.accept(this);
  }

  private PresenceState.Diff enriched(PresenceState.Diff diff) {
    Enrichment enrichment = settings.enrichment();
    return new PresenceState.Diff(
        enrichment.enrich(topic, diff.joins()),
        enrichment.enrich(topic, diff.leaves()),
        diff.joined(),
        diff.left());
  }

  private void publish(PresenceState.Diff diff, RawPayload after) {
    if (!isOver) {
      RawPayload payload = diff.payload();
      context.broadcast(topic, "presence_diff", payload);
      context.told(topic, diff.joined(), diff.left(), payload.size());
    }
    if (settings.reacts()) {
      var change = new PresenceDiff(settings.list(diff.joins()), settings.list(diff.leaves()));
      callbacks.run(
          "handleMetas", () -> settings.handler().handleMetas(topic, change, settings.list(after)));
    }
  }

  private void callbacksDone() {
    if (isDiffDue) {
      tell();
    }
    changed();
    whenQuiet.accept(this);
  }

  /* ---- lists */

  /** All who are present, enriched; soon, if it is a large list. */
  Future<RawPayload> list() {
    if (!settings.fetches() && (state.isEncoded() || state.bytes() < SMALL_LIST_BYTES)) {
      return Future.succeededFuture(state.list());
    }
    Promise<RawPayload> asker = Promise.promise();
    asking.add(asker);
    if (!isListDue) {
      isListDue = true;
      long since = context.nanoTime() - lastList;
      long wait = LIST_PAUSE.toNanos() - since;
      boolean isSmall = state.bytes() < SMALL_LIST_BYTES;
      if (isSmall || wait <= 0) {
        context.execute(this::writeList);
      } else {
        context.after(Math.max(1, Duration.ofNanos(wait).toMillis()), this::writeList);
      }
    }
    return asker.future();
  }

  private void writeList() {
    isListDue = false;
    lastList = context.nanoTime();
    var askers = List.copyOf(asking);
    asking.clear();
    if (askers.isEmpty()) {
      return;
    }
    RawPayload list = state.list();
    if (settings.fetches()) {
      callbacks.call(
          "fetch",
          () -> settings.enrichment().enrich(topic, list),
          enriched -> askers.forEach(asker -> asker.complete(enriched)),
          () -> askers.forEach(asker -> asker.fail(fetchFailed())));
    } else {
      askers.forEach(asker -> asker.complete(list));
    }
  }

  /** The presence of a key, enriched; JSON null if there is none. */
  Future<RawPayload> get(String key) {
    Optional<RawPayload> presence = state.get(key);
    if (presence.isEmpty() || !settings.fetches()) {
      return Future.succeededFuture(presence.orElse(RawPayload.jsonText("null")));
    }
    RawPayload alone =
        new JsonText(presence.get().size() + 64)
            .open()
            .member(JsonText.quoted(key))
            .value(presence.get())
            .close()
            .raw();
    Promise<RawPayload> asker = Promise.promise();
    callbacks.call(
        "fetch",
        () -> {
          RawPayload enriched = settings.enrichment().enrich(topic, alone);
          var only = settings.list(enriched).presences().get(key);
          return RawPayload.json(settings.mapper().writeValueAsBytes(only));
        },
        asker::complete,
        () -> asker.fail(fetchFailed()));
    return asker.future();
  }

  private PresenceException fetchFailed() {
    return new PresenceException(
        PresenceException.Reason.FETCH_FAILED,
        "fetch failed for the presences of \"" + topic + "\"; the host's log says why");
  }
}
