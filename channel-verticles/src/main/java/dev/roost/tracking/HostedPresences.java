package dev.roost.tracking;

import dev.roost.application.Telemetry.Bound;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.PresenceMessage.Outcome;
import dev.roost.bus.RawPayload;
import dev.roost.hosting.PartitionTable;
import dev.roost.presence.PresenceOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is present in the topics that one host has, whoever tracks them. Used on the host's context
 * only. Nothing is kept of a topic in which nobody is present.
 */
public final class HostedPresences {

  private static final Logger log = LoggerFactory.getLogger(HostedPresences.class);

  /** So often is a host asked what it tracks here, lest the question be lost or come too soon. */
  private static final int SYNC_REQUESTS = 5;

  /** Between them, and after the last: 1 s. */
  private static final long SYNC_REQUEST_MS = 1_000;

  /** A gateway may know of a tenure before this host does: 5 s in all. */
  private static final int TENURE_ATTEMPTS = 50;

  private static final long TENURE_ATTEMPT_MS = 100;

  /** Beside a window and fetches, for handleMetas to be called: 1.5 s. */
  private static final long NOTICE_MS = 1_500;

  /** Gateways do not remember for longer than 15 s: 10 s. */
  private static final long MAX_NOTICE_MS = 10_000;

  private final TrackingContext context;
  private final TrackingSettings settings;
  private final Map<String, TopicPresence> topics = new HashMap<>();

  /** What the application has not been told of yet; outlives a tenure, so that the next waits. */
  private final Map<String, TopicCallbacks> reactions = new HashMap<>();

  /** Other hosts that have tracked somebody here, and were not known to be gone since. */
  private final Set<String> others = new HashSet<>();

  /** What a host that is sending all it has at ours has not named yet. */
  private final Map<String, Set<Name>> unnamed = new HashMap<>();

  /**
   * Hosts that were asked for all that they have here and have not begun, with the last request.
   */
  private final Map<String, Long> awaited = new HashMap<>();

  private final Promise<Void> told = Promise.promise();
  private boolean hasEnded;
  private long lastRequest;

  /** A presence of one host. */
  private record Name(long tracker, String topic, String key) {}

  public HostedPresences(TrackingContext context, TrackingSettings settings) {
    this.context = context;
    this.settings = settings;
  }

  /* ---- from those who track */

  /** A message of another host. */
  public void receive(String from, PresenceMessage message) {
    switch (message) {
      case PresenceMessage.Put m -> {
        Set<Name> stillUnnamed = unnamed.get(from);
        if (stillUnnamed != null) {
          stillUnnamed.remove(new Name(m.tracker(), m.topic(), m.key()));
        }
        var meta = new Meta(from, m.tracker(), m.ref(), m.meta());
        // Of a host that is not known to live, nobody would tell when it dies.
        Outcome outcome =
            context.isLive(from) ? put(m.topic(), m.epoch(), m.key(), meta) : Outcome.NOT_HOSTED;
        context.send(from, new PresenceMessage.Answer(m.request(), outcome));
      }
      case PresenceMessage.Untrack m -> {
        remove(m.topic(), from, m.tracker(), m.key(), m.hasDied());
        context.send(from, new PresenceMessage.Answer(m.request(), Outcome.DONE));
      }
      case PresenceMessage.SyncBegin() -> {
        awaited.remove(from);
        unnamed.put(from, named(from));
      }
      case PresenceMessage.SyncEnd() -> {
        Set<Name> gone = unnamed.remove(from);
        if (gone != null) {
          gone.forEach(name -> remove(name.topic(), from, name.tracker(), name.key(), false));
        }
      }
      case PresenceMessage.WentWithHost(var topic, var keys) ->
          wentWithHost(topic, keys, TENURE_ATTEMPTS);
      case PresenceMessage.Answer misdirected -> throw misdirected(misdirected);
      case PresenceMessage.Claim misdirected -> throw misdirected(misdirected);
      case PresenceMessage.Claimed misdirected -> throw misdirected(misdirected);
      case PresenceMessage.Release misdirected -> throw misdirected(misdirected);
      case PresenceMessage.SyncRequest misdirected -> throw misdirected(misdirected);
      case PresenceMessage.Query misdirected -> throw misdirected(misdirected);
      case PresenceMessage.Noticed misdirected -> throw misdirected(misdirected);
    }
  }

  private static IllegalArgumentException misdirected(PresenceMessage message) {
    return new IllegalArgumentException("not for those who host a topic: " + message);
  }

  private Set<Name> named(String host) {
    var names = new HashSet<Name>();
    topics.forEach(
        (topic, presence) ->
            presence
                .state()
                .forEach(
                    (key, meta) -> {
                      if (meta.host().equals(host)) {
                        names.add(new Name(meta.tracker(), topic, key));
                      }
                    }));
    return names;
  }

  /**
   * Takes in a presence, new, changed or known.
   *
   * @param epoch the tenure that the tracker believes in: in a later one than is known here it
   *     would be forgotten as soon as that is known
   */
  Outcome put(String topic, long epoch, String key, Meta meta) {
    Optional<PartitionTable.Owner> owner = tenure(topic).filter(mine -> mine.epoch() >= epoch);
    if (owner.isEmpty()) {
      return Outcome.NOT_HOSTED;
    }
    TopicPresence presence = presence(topic, owner.get().epoch());
    boolean fits = presence.put(key, meta);
    if (fits && !meta.host().equals(context.inbox())) {
      others.add(meta.host());
    }
    dropIfDone(presence);
    return fits ? Outcome.DONE : Outcome.TOPIC_FULL;
  }

  private TopicPresence presence(String topic, long epoch) {
    TopicPresence known = topics.get(topic);
    if (known != null && known.epoch() == epoch) {
      return known;
    }
    if (known != null) {
      known.end();
    }
    var presence =
        new TopicPresence(
            settings,
            context,
            topic,
            epoch,
            reactions.computeIfAbsent(topic, this::newReactions),
            this::dropIfDone);
    topics.put(topic, presence);
    return presence;
  }

  /** The application hears of those who went with the topic's last host, which has died. */
  private void wentWithHost(String topic, List<String> keys, int attempts) {
    if (hasEnded || !settings.isTold()) {
      return;
    }
    Optional<PartitionTable.Owner> owner = tenure(topic);
    if (owner.isPresent()) {
      presence(topic, owner.get().epoch()).wentWithHost(keys);
    } else if (attempts > 1) {
      context.after(TENURE_ATTEMPT_MS, () -> wentWithHost(topic, keys, attempts - 1));
    } else {
      passOn(topic, keys);
    }
  }

  /** The topic was handed over meanwhile. */
  private void passOn(String topic, List<String> keys) {
    Optional<PartitionTable.Owner> next =
        context.owner(topic).filter(other -> context.isLive(other.inbox()));
    if (next.isPresent()) {
      context.send(next.get().inbox(), new PresenceMessage.WentWithHost(topic, keys));
    } else {
      log.warn(
          "{} presences went with a host that died, and nobody is told: topic={} is not here",
          keys.size(),
          topic);
    }
  }

  /**
   * Tells a gateway that what was present through these channels is known to be over, once the
   * application has had the time to hear of it: what dies with this host before that is told by the
   * next one.
   */
  public void noticed(String gateway, List<Long> channels) {
    if (settings.isTold()) {
      context.after(
          noticeMillis(),
          () -> {
            if (context.isLive(gateway)) {
              context.send(gateway, new PresenceMessage.Noticed(channels));
            }
          });
    }
  }

  /** A diff may wait for a window and for the fetches of two lists and its own. */
  private long noticeMillis() {
    PresenceOptions options = settings.options();
    Duration fetches = settings.fetches() ? options.fetchTimeout().multipliedBy(3) : Duration.ZERO;
    long usual = NOTICE_MS + options.maxDiffWindow().plus(fetches).toMillis();
    return Math.min(usual, MAX_NOTICE_MS);
  }

  private TopicCallbacks newReactions(String topic) {
    return new TopicCallbacks(
        topic,
        context,
        settings.callbackTimeout(),
        Bound.CALLBACK_TIMEOUT,
        () -> reactionsDone(topic));
  }

  private void reactionsDone(String topic) {
    TopicPresence presence = topics.get(topic);
    if (presence == null) {
      reactions.remove(topic);
      if (hasEnded) {
        endIfTold();
      }
    } else {
      presence.callbacksDone();
    }
  }

  private void dropIfDone(TopicPresence presence) {
    if (presence.isDone() && topics.remove(presence.topic(), presence)) {
      dropReactions(presence.topic());
    }
  }

  private void dropReactions(String topic) {
    reactions.computeIfPresent(topic, (any, queue) -> queue.isIdle() ? null : queue);
  }

  void remove(String topic, String host, long tracker, String key, boolean hasDied) {
    TopicPresence presence = topics.get(topic);
    if (presence != null) {
      presence.remove(host, tracker, key, hasDied);
    }
  }

  /* ---- from those who ask */

  /**
   * Who is present: JSON in the shape of a list, or of one presence, null if absent.
   *
   * @return fails with {@link BusEndpoint.NotHosted}, or with a PresenceException
   */
  public Future<RawPayload> query(PresenceMessage.Query query) {
    if (tenure(query.topic()).isEmpty()) {
      return Future.failedFuture(new BusEndpoint.NotHosted());
    }
    @Nullable TopicPresence presence = topics.get(query.topic());
    if (presence == null) {
      return Future.succeededFuture(
          query.key().isPresent() ? RawPayload.jsonText("null") : RawPayload.EMPTY_OBJECT);
    }
    return query.key().map(presence::get).orElseGet(presence::list);
  }

  /** This host's tenure of a topic; empty if it is another's. */
  private Optional<PartitionTable.Owner> tenure(String topic) {
    return context.owner(topic).filter(owner -> owner.inbox().equals(context.inbox()));
  }

  /* ---- what happens around it */

  /**
   * Messages of a host are missing: it is asked for all that it tracks here. If it does not answer,
   * for instance because it was undeployed on a node that lives on, that was nothing.
   */
  public void lost(String peer) {
    if (!others.contains(peer)) {
      return;
    }
    // Of what it is just naming some may be missing, so that nothing follows from what it has not.
    unnamed.remove(peer);
    long request = ++lastRequest;
    awaited.put(peer, request);
    ask(peer, request, SYNC_REQUESTS);
  }

  private void ask(String peer, long request, int times) {
    if (!Long.valueOf(request).equals(awaited.get(peer))) {
      return;
    }
    if (times == 0) {
      awaited.remove(peer);
      end(peer);
    } else {
      context.send(peer, new PresenceMessage.SyncRequest());
      context.after(SYNC_REQUEST_MS, () -> ask(peer, request, times - 1));
    }
  }

  private void end(String host) {
    others.remove(host);
    for (TopicPresence presence : List.copyOf(topics.values())) {
      presence.hostsGone(meta -> meta.host().equals(host));
    }
  }

  /** Other hosts have died: what they tracked here ends. */
  public void nodesLeft() {
    unnamed.keySet().removeIf(host -> !context.isLive(host));
    awaited.keySet().removeIf(host -> !context.isLive(host));
    if (others.removeIf(host -> !context.isLive(host))) {
      for (TopicPresence presence : List.copyOf(topics.values())) {
        presence.hostsGone(
            meta -> !meta.host().equals(context.inbox()) && !context.isLive(meta.host()));
      }
    }
  }

  /** Topics may have got other hosts, or this one in a new tenure: what was here is over. */
  public void tenuresChanged() {
    for (var entry : List.copyOf(topics.entrySet())) {
      TopicPresence presence = entry.getValue();
      if (tenure(entry.getKey()).filter(owner -> owner.epoch() == presence.epoch()).isEmpty()) {
        presence.end();
        topics.remove(entry.getKey());
        dropReactions(entry.getKey());
      }
    }
  }

  /** The host goes: all its topics are over. Completes when the application knows of it. */
  public Future<Void> end() {
    hasEnded = true;
    topics.values().forEach(TopicPresence::end);
    topics.clear();
    reactions.values().removeIf(TopicCallbacks::isIdle);
    endIfTold();
    return told.future();
  }

  private void endIfTold() {
    if (topics.isEmpty() && reactions.isEmpty()) {
      told.tryComplete();
    }
  }

  /** Topics in which somebody is present, or was until just now. */
  public int topics() {
    return topics.size();
  }

  /** Whether anything is kept of a topic. */
  boolean holds(String topic) {
    return topics.containsKey(topic) || reactions.containsKey(topic);
  }

  /** Presences in all topics. */
  public int presences() {
    return topics.values().stream().mapToInt(presence -> presence.state().size()).sum();
  }
}
