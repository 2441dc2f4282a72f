package dev.roost.tracking;

import dev.roost.application.Telemetry.Cause;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.PresenceMessage.Outcome;
import dev.roost.bus.RawPayload;
import dev.roost.hosting.PartitionTable;
import dev.roost.presence.PresenceException;
import dev.roost.presence.PresenceException.Reason;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What the trackers of one host track, in topics that are hosted here and elsewhere. Used on the
 * host's context only.
 */
public final class Trackers {

  /*
   * The host of a topic can die, give the topic away, or take this host for dead, so what is tracked
   * there is remembered here and told again: to the next host of the topic, and, after messages were
   * lost, all of it between SyncBegin and SyncEnd. A version of a meta keeps its ref for good, so what
   * is told twice changes nothing.
   */

  private static final Logger log = LoggerFactory.getLogger(Trackers.class);
  private static final long RETRY_MS = 50;

  /** Between two syncs with one host: over a bad link each would cause the next. */
  private static final long SYNC_PAUSE_MS = 1_000;

  /** How long somebody waits for the host of a topic: 5 s. */
  public static final long HOST_TIMEOUT_MS = 5_000;

  /** The same, with the gateway that is asked before; it is looked for claims each second. */
  public static final long TIMEOUT_MS = Claims.TIMEOUT_MS + 1_000 + HOST_TIMEOUT_MS;

  private final TrackingContext context;
  private final HostedPresences hosted;
  private final PresenceRefs refs;

  /** All but what channels track in their own topics: those share the channel's fate. */
  private final Set<Tracked> movable = new LinkedHashSet<>();

  private final Set<Tracked> unplaced = new LinkedHashSet<>();
  private final Map<Long, Tracked> asked = new HashMap<>();
  private final Map<Long, Untracking> untracking = new HashMap<>();

  /** Hosts that were told all a moment ago, and whether they are to be told again. */
  private final Map<String, Boolean> synchronizing = new HashMap<>();

  private final Claims claims;
  private long lastTracker;
  private long lastRequest;
  private boolean isRetryDue;

  /** Somebody waits until a host has forgotten a presence. */
  private record Untracking(String host, Promise<Void> done) {}

  public Trackers(TrackingContext context, HostedPresences hosted, TrackingSettings settings) {
    this.context = context;
    this.hosted = hosted;
    this.refs = new PresenceRefs(context);
    this.claims = new Claims(context, settings);
  }

  /* ---- trackers */

  /** A tracker of a channel, without presences; it ends with its topic's tenure. */
  public Tracker open(String topic, Tracker.Channel channel) {
    return new Tracker(++lastTracker, Optional.of(topic), Optional.of(channel));
  }

  /** The same of code that no client can reach; only limits of topics bind it. */
  public Tracker open() {
    return new Tracker(++lastTracker, Optional.empty(), Optional.empty());
  }

  /** A tracker has ended, and with it all that it tracked. */
  public void end(Tracker tracker) {
    end(tracker, false);
  }

  /** The same with a gateway that has died: whoever it tracked has been there too long already. */
  public void died(Tracker tracker) {
    end(tracker, true);
  }

  private void end(Tracker tracker, boolean hasDied) {
    var all = List.copyOf(tracker.tracked().values());
    tracker.end();
    for (Tracked tracked : all) {
      forget(tracked);
      withdraw(tracked, hasDied, Promise.promise());
      Tracked.Change change = tracked.change();
      if (change == null || change.before() != null) {
        left(tracked, Cause.ENDED);
      }
      if (change != null) {
        claims.forget(change.claim());
        tracked.settle();
        change.done().fail(ended());
      }
    }
  }

  /* ---- what they do */

  /**
   * Makes a tracker present.
   *
   * @param fields the meta without refs, a JSON object
   * @return the ref; fails with a PresenceException
   */
  public Future<String> track(Tracker tracker, String topic, String key, RawPayload fields) {
    var name = new Tracker.Name(topic, key);
    if (tracker.hasEnded()) {
      return Future.failedFuture(ended());
    }
    if (tracker.tracked().containsKey(name)) {
      return refused(
          Reason.ALREADY_TRACKED,
          "this channel is tracked under \"%s\" in \"%s\" already: update it"
              .formatted(key, topic));
    }
    var tracked = new Tracked(tracker, name, MetaVersion.of(refs.next(), fields, null));
    tracker.tracked().put(name, tracked);
    if (!tracker.ownTopic().equals(Optional.of(topic))) {
      movable.add(tracked);
    }
    return begin(tracked, null, tracked.version());
  }

  /** The meta that a tracker has under a key, refs included; empty if it is not tracked. */
  public Optional<MetaVersion> find(Tracker tracker, String topic, String key) {
    return Optional.ofNullable(tracker.tracked().get(new Tracker.Name(topic, key)))
        .map(Tracked::version);
  }

  /**
   * Replaces the meta of a presence.
   *
   * @param fields the meta without refs, a JSON object
   * @param fromRef of the version that it was made from; null if it was made from none
   * @return the new ref; empty if the meta is not that one any more, and nothing has changed. Fails
   *     with a PresenceException
   */
  public Future<Optional<String>> update(
      Tracker tracker, String topic, String key, RawPayload fields, @Nullable String fromRef) {
    Tracked tracked = tracker.tracked().get(new Tracker.Name(topic, key));
    if (tracked == null) {
      return Future.failedFuture(notTracked(topic, key));
    }
    Promise<Optional<String>> answer = Promise.promise();
    tracked.whenSettled(() -> updateNow(tracked, fields, fromRef).onComplete(answer));
    return answer.future();
  }

  private Future<Optional<String>> updateNow(
      Tracked tracked, RawPayload fields, @Nullable String fromRef) {
    Tracker tracker = tracked.tracker();
    if (tracker.tracked().get(tracked.name()) != tracked) {
      return refused(Reason.NOT_TRACKED, "the presence has ended meanwhile");
    }
    MetaVersion before = tracked.version();
    if (fromRef != null && !fromRef.equals(before.ref())) {
      return Future.succeededFuture(Optional.empty());
    }
    return begin(tracked, before, MetaVersion.of(refs.next(), fields, before.ref()))
        .map(Optional::of);
  }

  /** Ends a presence; completes when it is in no list any more. */
  public Future<Void> untrack(Tracker tracker, String topic, String key) {
    Tracked tracked = tracker.tracked().get(new Tracker.Name(topic, key));
    Promise<Void> done = Promise.promise();
    if (tracked == null) {
      done.complete();
    } else {
      tracked.whenSettled(
          () -> {
            if (tracker.tracked().remove(tracked.name(), tracked)) {
              forget(tracked);
              release(tracked);
              withdraw(tracked, false, done);
              left(tracked, Cause.UNTRACKED);
            } else {
              done.complete();
            }
          });
    }
    return done.future();
  }

  private static <T> Future<T> refused(Reason reason, String message) {
    return Future.failedFuture(new PresenceException(reason, message));
  }

  /** What somebody is told who asks for a presence that the tracker does not have. */
  public static PresenceException notTracked(String topic, String key) {
    return new PresenceException(
        Reason.NOT_TRACKED,
        "this channel is not tracked under \"%s\" in \"%s\": track it first".formatted(key, topic));
  }

  private static PresenceException ended() {
    return new PresenceException(Reason.ENDED, "the channel, or whoever tracked, has ended");
  }

  /* ---- with the leave of the socket's gateway */

  private Future<String> begin(Tracked tracked, @Nullable MetaVersion before, MetaVersion after) {
    var change = new Tracked.Change(before, after, claims.next());
    tracked.begin(change);
    claims
        .ask(change.claim(), tracked.tracker(), tracked.name(), before == null)
        .onComplete(
            granted -> change(tracked, change), refusal -> refuse(tracked, change, refusal));
    return change.done().future();
  }

  private void change(Tracked tracked, Tracked.Change change) {
    tracked.version(change.after());
    if (change.before() == null) {
      tracked.claim(change.claim());
    }
    place(tracked);
    if (tracked.change() == change) {
      context.after(HOST_TIMEOUT_MS, () -> giveUp(tracked, change));
    }
  }

  /** Ends a change that no host was told of. */
  private void refuse(Tracked tracked, Tracked.Change change, Throwable cause) {
    if (change.before() == null) {
      tracked.tracker().tracked().remove(tracked.name(), tracked);
      forget(tracked);
    }
    tracked.settle();
    change.done().fail(cause);
  }

  /** What was granted to a presence that is no more may go to another one of its socket. */
  private void release(Tracked tracked) {
    if (tracked.claim() != 0) {
      claims.release(tracked.tracker(), tracked.claim());
      tracked.claim(0);
    }
  }

  /** Gives up changes whose gateways do not answer; call it each second. */
  public void checkClaims() {
    claims.check();
  }

  /* ---- telling hosts */

  /** Tells the host of the topic what a presence is. */
  private void place(Tracked tracked) {
    asked.remove(tracked.request());
    tracked.request(0);
    PartitionTable.Owner owner = liveOwner(tracked.name().topic()).orElse(null);
    tracked.at(owner);
    if (owner == null) {
      retry(tracked);
    } else if (owner.inbox().equals(context.inbox())) {
      MetaVersion version = tracked.version();
      var meta =
          new Meta(context.inbox(), tracked.tracker().number(), version.ref(), version.json());
      answered(
          tracked, hosted.put(tracked.name().topic(), owner.epoch(), tracked.name().key(), meta));
    } else {
      send(tracked, owner);
    }
  }

  /** A dead host may be the owner until another has claimed the partition, or it is back. */
  private Optional<PartitionTable.Owner> liveOwner(String topic) {
    return context.owner(topic).filter(owner -> context.isLive(owner.inbox()));
  }

  private void send(Tracked tracked, PartitionTable.Owner owner) {
    long request = ++lastRequest;
    asked.remove(tracked.request());
    asked.put(request, tracked);
    tracked.request(request);
    context.send(
        owner.inbox(),
        new PresenceMessage.Put(
            request,
            tracked.tracker().number(),
            tracked.name().topic(),
            owner.epoch(),
            tracked.name().key(),
            tracked.version().ref(),
            tracked.version().json()));
  }

  private void answered(Tracked tracked, Outcome outcome) {
    switch (outcome) {
      case DONE -> {
        Tracked.Change change = tracked.change();
        // Else this is what was there before, told again while the change waits for leave.
        if (change != null && change.after().ref().equals(tracked.version().ref())) {
          if (change.before() == null) {
            context.tracked(tracked.name().topic(), tracked.name().key());
          }
          tracked.settle();
          change.done().complete(tracked.version().ref());
        }
      }
      case NOT_HOSTED -> retry(tracked);
      case TOPIC_FULL ->
          revert(
              tracked,
              new PresenceException(
                  Reason.TOPIC_FULL,
                  "\"%s\" has as many presences as it may have (topicPresences, topicBytes)"
                      .formatted(tracked.name().topic())));
    }
  }

  private void giveUp(Tracked tracked, Tracked.Change change) {
    if (tracked.change() == change) {
      revert(
          tracked,
          new PresenceException(
              Reason.UNAVAILABLE,
              "no host of \"%s\" answered within %d s"
                  .formatted(tracked.name().topic(), HOST_TIMEOUT_MS / 1_000)));
    }
  }

  /** A change could not be made: what was before it stays. */
  private void revert(Tracked tracked, PresenceException cause) {
    Tracked.Change change = tracked.change();
    if (change == null) {
      log.atLevel(context.level(Level.ERROR)).log("a presence is lost: {}", cause.getMessage());
      tracked.tracker().tracked().remove(tracked.name(), tracked);
      forget(tracked);
      release(tracked);
      left(tracked, Cause.LOST);
      return;
    }
    claims.forget(change.claim());
    MetaVersion before = change.before();
    if (before == null) {
      tracked.tracker().tracked().remove(tracked.name(), tracked);
      forget(tracked);
      release(tracked);
      withdraw(tracked, false, Promise.promise());
    } else {
      tracked.version(before);
    }
    tracked.settle();
    change.done().fail(cause);
    // What waited for the change may have ended it meanwhile.
    boolean isThere = tracked.tracker().tracked().get(tracked.name()) == tracked;
    if (isThere && tracked.version().equals(before) && tracked.at() != null) {
      place(tracked);
    }
  }

  private void left(Tracked tracked, Cause cause) {
    context.left(tracked.name().topic(), tracked.name().key(), cause);
  }

  private void forget(Tracked tracked) {
    movable.remove(tracked);
    unplaced.remove(tracked);
    asked.remove(tracked.request());
  }

  /** Tells a host that a presence has ended. */
  private void withdraw(Tracked tracked, boolean hasDied, Promise<Void> done) {
    PartitionTable.Owner at = tracked.at();
    Tracker.Name name = tracked.name();
    long tracker = tracked.tracker().number();
    if (at == null || !context.isLive(at.inbox())) {
      done.complete();
    } else if (at.inbox().equals(context.inbox())) {
      hosted.remove(name.topic(), context.inbox(), tracker, name.key(), hasDied);
      done.complete();
    } else {
      long request = ++lastRequest;
      untracking.put(request, new Untracking(at.inbox(), done));
      context.send(
          at.inbox(),
          new PresenceMessage.Untrack(request, tracker, name.topic(), name.key(), hasDied));
    }
  }

  private void retry(Tracked tracked) {
    tracked.at(null);
    unplaced.add(tracked);
    if (!isRetryDue) {
      isRetryDue = true;
      context.after(
          RETRY_MS,
          () -> {
            isRetryDue = false;
            var again = List.copyOf(unplaced);
            unplaced.clear();
            again.forEach(this::place);
          });
    }
  }

  /* ---- what happens around it */

  /** A message of a host that was told something, or of a gateway that was asked. */
  public void receive(String from, PresenceMessage message) {
    switch (message) {
      case PresenceMessage.Answer(var request, var outcome) -> {
        Tracked tracked = asked.remove(request);
        Untracking untracked = untracking.remove(request);
        if (tracked != null) {
          tracked.request(0);
          answered(tracked, outcome);
        }
        if (untracked != null) {
          untracked.done().complete();
        }
      }
      case PresenceMessage.SyncRequest() -> synchronize(from);
      case PresenceMessage.Claimed claimed -> claims.receive(claimed);
      default -> throw new IllegalArgumentException("not for those who track: " + message);
    }
  }

  /** Messages from or to a host are missing: it is told all that is tracked there. */
  public void lost(String peer) {
    complete(peer);
    if (movable.stream().anyMatch(tracked -> isAt(tracked, peer))) {
      synchronize(peer);
    }
  }

  private void synchronize(String peer) {
    if (synchronizing.replace(peer, true) != null) {
      return;
    }
    synchronizing.put(peer, false);
    context.send(peer, new PresenceMessage.SyncBegin());
    for (Tracked tracked : movable) {
      PartitionTable.Owner at = tracked.at();
      if (at != null && isAt(tracked, peer)) {
        send(tracked, at);
      }
    }
    context.send(peer, new PresenceMessage.SyncEnd());
    context.after(
        SYNC_PAUSE_MS,
        () -> {
          boolean again = Boolean.TRUE.equals(synchronizing.remove(peer));
          if (again && context.isLive(peer)) {
            synchronize(peer);
          }
        });
  }

  private static boolean isAt(Tracked tracked, String peer) {
    PartitionTable.Owner at = tracked.at();
    return at != null && at.inbox().equals(peer);
  }

  /** The cluster has changed: what is tracked in a topic that has another host is told to that. */
  public void changed() {
    for (Tracked tracked : List.copyOf(movable)) {
      PartitionTable.Owner at = tracked.at();
      if (at != null && !liveOwner(tracked.name().topic()).equals(Optional.of(at))) {
        place(tracked);
      }
    }
    untracking.values().stream()
        .map(Untracking::host)
        .distinct()
        .filter(host -> !context.isLive(host))
        .toList()
        .forEach(this::complete);
  }

  /** Nobody has to wait for a host that has no part in it any more. */
  private void complete(String host) {
    for (var entry : List.copyOf(untracking.entrySet())) {
      if (entry.getValue().host().equals(host)) {
        untracking.remove(entry.getKey());
        entry.getValue().done().complete();
      }
    }
  }

  /** Presences that are tracked in topics other than their channel's own. */
  public int movable() {
    return movable.size();
  }
}
