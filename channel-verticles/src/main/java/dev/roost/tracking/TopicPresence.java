package dev.roost.tracking;

import dev.roost.application.Telemetry.Bound;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.RawPayload;
import dev.roost.presence.PresenceDiff;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The presences of one topic in one tenure of its host: when members are told of changes, and what
 * the application does with them. Used on the host's context only.
 */
final class TopicPresence {

  /*
   * A change starts the window, at the end of which one diff tells all that happened in it. While the
   * application fetches for a diff the next one waits, however long its window: diffs go out in order,
   * and a fetch that is slow gets larger ones instead of more. In large topics the window is long, so
   * that their members are not told all the time; but nodes die seldom, and who went with one has been
   * there too long already: that is told as in small topics.
   *
   * Neither diffs nor fetches wait for reactions, which have a queue of their own: what happens while
   * one of them runs is gathered for the next (Gathered), which gets it in one call.
   *
   * In a burst of joins everybody tracks and asks for the list. A large one is not written for each of
   * them: it is written at most once each LIST_PAUSE, and all who asked meanwhile share it.
   *
   * However slow callbacks are, few wait: of each kind one, which takes all that is to be done when its
   * turn has come. The bound on what waits for handleMetas is far off: only past it diffs wait, too.
   */

  /** Lists up to this size are written at once: 64 KiB. */
  private static final int SMALL_LIST_BYTES = 64 << 10;

  private static final Duration LIST_PAUSE = Duration.ofMillis(20);

  /**
   * Who has gone with the topic's last host is told by several gateways, within this time: 10 s.
   */
  private static final Duration INHERITANCE = Duration.ofSeconds(10);

  private static final RawPayload NOBODY = RawPayload.jsonText("null");

  private final TrackingSettings settings;
  private final TrackingContext context;
  private final String topic;
  private final long epoch;
  private final Consumer<TopicPresence> whenQuiet;
  private final PresenceState state = new PresenceState();
  private final TopicCallbacks fetches;
  private final TopicCallbacks reactions;
  private final List<Promise<RawPayload>> asking = new ArrayList<>(0);
  private final Map<String, List<Promise<RawPayload>>> askingByKey = new LinkedHashMap<>(0);

  /** The end of the window that is open, by the clock of the context; empty if none is. */
  private OptionalLong windowEnd = OptionalLong.empty();

  private boolean isDiffDue;
  private boolean isFetching;

  /** What is being fetched for, and the list after it. */
  private List<PresenceState.Diff> untold = List.of();

  private RawPayload untoldList = RawPayload.EMPTY_OBJECT;

  /** What handleMetas has yet to be told of. */
  private Gathered gathered = new Gathered();

  private boolean isListDue;
  private boolean isWatcherDue;
  private boolean watcherKnowsOfSomebody;
  private boolean watcherWasTold;
  private boolean isInheriting;
  private boolean isOver;
  private long lastList;

  TopicPresence(
      TrackingSettings settings,
      TrackingContext context,
      String topic,
      long epoch,
      TopicCallbacks reactions,
      Consumer<TopicPresence> whenQuiet) {
    this.settings = settings;
    this.context = context;
    this.topic = topic;
    this.epoch = epoch;
    this.whenQuiet = whenQuiet;
    this.fetches =
        new TopicCallbacks(
            topic,
            context,
            settings.options().fetchTimeout(),
            Bound.PRESENCE_FETCH_TIMEOUT,
            this::callbacksDone);
    this.reactions = reactions;
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
        || (state.isEmpty()
            && !state.hasChanges()
            && fetches.isIdle()
            && reactions.isIdle()
            && asking.isEmpty()
            && !isInheriting);
  }

  /* ---- changes */

  /** False if the topic is full; nothing has changed then. */
  boolean put(String key, Meta meta) {
    Optional<Meta> old = Optional.ofNullable(state.find(meta.host(), meta.tracker(), key));
    int more = meta.json().size() - old.map(known -> known.json().size()).orElse(-key.length());
    if (old.isEmpty() && state.size() >= settings.options().topicPresences()) {
      context.reached(topic, Bound.PRESENCE_TOPIC_PRESENCES);
      return false;
    }
    if (more > 0 && state.bytes() + more > settings.options().topicBytes()) {
      context.reached(topic, Bound.PRESENCE_TOPIC_BYTES);
      return false;
    }
    state.put(key, meta);
    changed();
    return true;
  }

  /**
   * Somebody is gone.
   *
   * @param hasDied with a gateway that has died: that is told soon
   */
  void remove(String host, long tracker, String key, boolean hasDied) {
    if (!state.isEmpty()) {
      state.remove(host, tracker, key);
      if (hasDied) {
        watch();
        openWindow(settings.options().diffWindow());
      } else {
        changed();
      }
    }
  }

  /** Other hosts have died, and whoever they tracked is gone: their leaves are told soon. */
  void hostsGone(Predicate<Meta> isGone) {
    int present = state.size();
    state.removeIf(isGone);
    if (state.size() < present) {
      watch();
      openWindow(settings.options().diffWindow());
    }
  }

  /**
   * The topic's last host has died with these, and has told the application of nothing: it hears
   * now that they are gone. Those who are back by then are in the list that it gets.
   */
  void wentWithHost(List<String> keys) {
    if (!isInheriting) {
      isInheriting = true;
      context.after(
          INHERITANCE.toMillis(),
          () -> {
            isInheriting = false;
            whenQuiet.accept(this);
          });
      watcherKnowsOfSomebody |= !watcherWasTold;
    }
    watch();
    if (settings.reacts()) {
      react(PresenceState.Diff.unknownLeaves(keys), state.list());
    }
  }

  /** The tenure is over: its members join anew, perhaps elsewhere. */
  void end() {
    isOver = true;
    watch();
    partAll();
    var gone = new BusEndpoint.NotHosted();
    asking.forEach(asker -> asker.fail(gone));
    asking.clear();
    askingByKey.values().forEach(askers -> askers.forEach(asker -> asker.fail(gone)));
    askingByKey.clear();
  }

  /** Nobody is here any more, as far as the application goes; members are told by their rejoin. */
  private void partAll() {
    if (settings.reacts()) {
      publish(untold, untoldList);
      state.removeIf(meta -> true);
      publish(state.takeDiffs(), state.list());
    }
  }

  private void changed() {
    watch();
    if (windowEnd.isEmpty()) {
      openWindow(settings.options().window(context.members(topic)));
    }
  }

  /** Opens a window, or makes the one that is open shorter. */
  private void openWindow(Duration length) {
    if (isDiffDue || !state.hasChanges()) {
      return;
    }
    long millis = Math.max(1, length.toMillis());
    long end = context.nanoTime() + Duration.ofMillis(millis).toNanos();
    if (windowEnd.isEmpty() || end < windowEnd.getAsLong()) {
      windowEnd = OptionalLong.of(end);
      context.after(millis, () -> windowClosed(end));
    }
  }

  /**
   * Tells the application of a topic that is occupied or vacated, unless it soon is not any more.
   */
  private void watch() {
    if (settings.watchesTopics() && !isWatcherDue && isOccupied() != watcherKnowsOfSomebody) {
      isWatcherDue = true;
      reactions.call(isOccupied() ? "occupied" : "vacated", this::watcher, ignored -> {}, () -> {});
    }
  }

  private @Nullable Callable<Boolean> watcher() {
    isWatcherDue = false;
    boolean isOccupied = isOccupied();
    if (isOccupied == watcherKnowsOfSomebody) {
      return null;
    }
    watcherKnowsOfSomebody = isOccupied;
    watcherWasTold = true;
    return () -> {
      if (isOccupied) {
        settings.handler().occupied(topic);
      } else {
        settings.handler().vacated(topic);
      }
      return isOccupied;
    };
  }

  private boolean isOccupied() {
    return !isOver && !state.isEmpty();
  }

  /* ---- diffs */

  private void windowClosed(long end) {
    if (windowEnd.isPresent() && windowEnd.getAsLong() == end) {
      windowEnd = OptionalLong.empty();
      isDiffDue = true;
      tell();
    }
  }

  private void tell() {
    if (isFetching || gathered.isFull() || isOver) {
      return;
    }
    isDiffDue = false;
    if (settings.fetches()) {
      fetch();
    } else {
      publish(state.takeDiffs(), listForReactions());
      whenQuiet.accept(this);
    }
  }

  private RawPayload listForReactions() {
    return settings.reacts() ? state.list() : RawPayload.EMPTY_OBJECT;
  }

  private void fetch() {
    isFetching = true;
    fetches.call("fetch", this::beginFetch, this::fetched, () -> fetched(untold));
  }

  private @Nullable Callable<List<PresenceState.Diff>> beginFetch() {
    if (isOver) {
      return null;
    }
    List<PresenceState.Diff> diffs = state.takeDiffs();
    untold = diffs;
    untoldList = listForReactions();
    if (diffs.isEmpty()) {
      fetched(diffs);
      return null;
    }
    return () -> diffs.stream().map(this::enriched).toList();
  }

  private PresenceState.Diff enriched(PresenceState.Diff diff) {
    Enrichment enrichment = settings.enrichment();
    return new PresenceState.Diff(
        enrichment.enrich(topic, diff.joins()),
        enrichment.enrich(topic, diff.leaves()),
        diff.joined(),
        diff.left(),
        diff.unannounced());
  }

  private void fetched(List<PresenceState.Diff> diffs) {
    if (isOver) {
      return;
    }
    isFetching = false;
    publish(diffs, untoldList);
    untold = List.of();
    untoldList = RawPayload.EMPTY_OBJECT;
    tellIfDue();
  }

  private void publish(List<PresenceState.Diff> diffs, RawPayload after) {
    for (PresenceState.Diff diff : diffs) {
      if (!isOver) {
        RawPayload payload = diff.payload();
        context.broadcast(topic, "presence_diff", payload);
        context.told(topic, diff.joined(), diff.left(), payload.size());
      }
      if (settings.reacts()) {
        // Who has just been told of in the list that went with the last host's is known.
        react(isInheriting ? diff.announced() : diff, after);
      }
    }
  }

  private void react(PresenceState.Diff diff, RawPayload after) {
    boolean isFirst = gathered.isEmpty();
    gathered.add(diff, after);
    if (isFirst) {
      reactions.call("handleMetas", this::reaction, ignored -> {}, () -> {});
    }
  }

  private Callable<Boolean> reaction() {
    Gathered diffs = gathered;
    gathered = new Gathered();
    if (isDiffDue) {
      context.execute(this::tellIfDue);
    }
    return () -> {
      Optional<PresenceDiff> change = diffs.merged(settings.mapper());
      change.ifPresent(
          diff -> settings.handler().handleMetas(topic, diff, settings.list(diffs.after())));
      return change.isPresent();
    };
  }

  private void tellIfDue() {
    if (isDiffDue) {
      tell();
    }
  }

  /** No callback of one kind runs or waits any more. */
  void callbacksDone() {
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
    var askers = new ArrayList<Promise<RawPayload>>();
    if (settings.fetches()) {
      fetches.call(
          "fetch",
          () -> {
            takeAskers(askers);
            if (askers.isEmpty()) {
              return null;
            }
            RawPayload list = state.list();
            return () -> settings.enrichment().enrich(topic, list);
          },
          enriched -> askers.forEach(asker -> asker.complete(enriched)),
          () -> askers.forEach(asker -> answer(asker, state::list)));
    } else {
      takeAskers(askers);
      RawPayload list = state.list();
      askers.forEach(asker -> asker.complete(list));
      whenQuiet.accept(this);
    }
  }

  private void takeAskers(List<Promise<RawPayload>> askers) {
    isListDue = false;
    lastList = context.nanoTime();
    askers.addAll(asking);
    asking.clear();
  }

  /** The presence of a key, enriched; JSON null if there is none. */
  Future<RawPayload> get(String key) {
    Optional<RawPayload> presence = state.get(key);
    if (presence.isEmpty() || !settings.fetches()) {
      return Future.succeededFuture(presence.orElse(NOBODY));
    }
    Promise<RawPayload> asker = Promise.promise();
    boolean isFirst = askingByKey.isEmpty();
    askingByKey.computeIfAbsent(key, any -> new ArrayList<>(1)).add(asker);
    if (isFirst) {
      fetchByKey();
    }
    return asker.future();
  }

  /** One call for all who have asked when its turn has come. */
  private void fetchByKey() {
    var askers = new LinkedHashMap<String, List<Promise<RawPayload>>>();
    fetches.call(
        "fetch",
        () -> {
          askers.putAll(askingByKey);
          askingByKey.clear();
          return askers.isEmpty() ? null : enrichedByKey(askers.keySet());
        },
        presences ->
            askers.forEach(
                (key, all) -> all.forEach(a -> a.complete(presences.getOrDefault(key, NOBODY)))),
        () ->
            askers.forEach(
                (key, all) -> all.forEach(a -> answer(a, () -> state.get(key).orElse(NOBODY)))));
  }

  /** Without additions, if the topic is still here: nobody is to take it for empty. */
  private void answer(Promise<RawPayload> asker, Supplier<RawPayload> presences) {
    if (isOver) {
      asker.fail(new BusEndpoint.NotHosted());
    } else {
      asker.complete(presences.get());
    }
  }

  private Callable<Map<String, RawPayload>> enrichedByKey(Set<String> keys) {
    var text = new JsonText(256 * keys.size()).open();
    for (String key : keys) {
      state.get(key).ifPresent(presence -> text.member(JsonText.quoted(key)).value(presence));
    }
    RawPayload asked = text.close().raw();
    return () -> {
      var found = new HashMap<String, RawPayload>();
      RawPayload enriched = settings.enrichment().enrich(topic, asked);
      for (var presence : settings.list(enriched).presences().entrySet()) {
        byte[] json = settings.mapper().writeValueAsBytes(presence.getValue());
        found.put(presence.getKey(), RawPayload.json(json));
      }
      return found;
    };
  }
}
