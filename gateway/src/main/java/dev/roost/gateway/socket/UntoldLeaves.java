package dev.roost.gateway.socket;

import dev.roost.bus.BusMessage;
import dev.roost.bus.Contract;
import dev.roost.bus.PresenceMessage;
import dev.roost.cluster.ClusterNode;
import dev.roost.hosting.PartitionTable;
import dev.roost.hosting.Partitions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Presences of which no host has told the application that they ended, since it died with them: the
 * topic's next host does. Used on the gateway's context only.
 */
final class UntoldLeaves {

  private static final Logger log = LoggerFactory.getLogger(UntoldLeaves.class);

  /** A host that takes no notice of a closed socket is known to be dead or frozen by then: 15 s. */
  static final long NOTICE_NANOS = TimeUnit.SECONDS.toNanos(15);

  /** Presences that are remembered, of those that were closed and of those to be told each. */
  private static final int MAX_PRESENCES = 100_000;

  /** Presences of sockets that have closed, with a host that may not have taken notice. */
  private final Deque<Closed> closed = new ArrayDeque<>();

  /** Keys that went with a topic's host. */
  private final Map<Topic, Set<String>> untold = new LinkedHashMap<>();

  private int untoldKeys;

  private record Topic(String application, String name, String host) {}

  private record Closed(Topic topic, String key, long at) {}

  /** A socket has closed while one of its topics was joined. */
  void closed(ChannelRow row, Partitions now, long at) {
    forgetUntil(at);
    for (PresenceMessage.Name name : row.socket().tracked(row.channel())) {
      host(row, name, now)
          .ifPresent(host -> closed.add(new Closed(topic(row, name, host), name.key(), at)));
    }
  }

  private void forgetUntil(long now) {
    while (!closed.isEmpty()
        && (now - closed.getFirst().at > NOTICE_NANOS || closed.size() >= MAX_PRESENCES)) {
      closed.removeFirst();
    }
  }

  /** Some hosts are dead: those of sockets that closed meanwhile are untold. */
  void hostsGone(Predicate<String> isGone, Partitions before, long now) {
    forgetUntil(now);
    closed.removeIf(
        presence -> {
          Topic topic = presence.topic;
          if (!isGone.test(topic.host)) {
            return false;
          }
          // One that had given the topic away before has told the application itself.
          if (owner(before, topic.application, topic.name).equals(Optional.of(topic.host))) {
            add(topic, presence.key);
          }
          return true;
        });
  }

  /** The host of this row is dead: what was present through it is untold. */
  void hostGone(ChannelRow row, Predicate<String> isGone, Partitions before) {
    for (PresenceMessage.Name name : row.socket().tracked(row.channel())) {
      // In another topic, whose host may live and end them.
      host(row, name, before)
          .filter(isGone)
          .ifPresent(host -> add(topic(row, name, host), name.key()));
    }
  }

  private static Topic topic(ChannelRow row, PresenceMessage.Name name, String host) {
    return new Topic(row.application(), name.topic(), host);
  }

  /** Who hosts a topic in which a channel is present. */
  private static Optional<String> host(
      ChannelRow row, PresenceMessage.Name name, Partitions partitions) {
    return name.topic().equals(row.topic())
        ? Optional.of(row.host())
        : owner(partitions, row.application(), name.topic());
  }

  private static Optional<String> owner(Partitions partitions, String application, String topic) {
    return partitions
        .owner(application, PartitionTable.partition(topic))
        .map(PartitionTable.Owner::inbox);
  }

  private void add(Topic topic, String key) {
    if (untoldKeys >= MAX_PRESENCES) {
      log.warn(
          "more than {} presences went with their hosts: of one nobody is told, topic={}",
          MAX_PRESENCES,
          topic.name);
    } else if (untold.computeIfAbsent(topic, any -> new LinkedHashSet<>(2)).add(key)) {
      untoldKeys++;
    }
  }

  /** Tells the hosts that topics have by now; what has none yet waits. */
  void tell(ClusterNode.Snapshot now, BiConsumer<String, BusMessage> send) {
    if (untold.isEmpty()) {
      return;
    }
    untold
        .entrySet()
        .removeIf(
            entry -> {
              Topic topic = entry.getKey();
              Optional<String> host =
                  owner(now.partitions(), topic.application, topic.name).filter(now::isLive);
              // One that is back has lost sight of this gateway meanwhile, and ended them itself.
              host.filter(next -> !next.equals(topic.host))
                  .ifPresent(next -> tell(next, topic.name, entry.getValue(), send));
              if (host.isPresent()) {
                untoldKeys -= entry.getValue().size();
              }
              return host.isPresent();
            });
  }

  private static void tell(
      String host, String topic, Set<String> keys, BiConsumer<String, BusMessage> send) {
    List<String> all = new ArrayList<>(keys);
    for (int from = 0; from < all.size(); from += Contract.MAX_KEYS_PER_MESSAGE) {
      int to = Math.min(from + Contract.MAX_KEYS_PER_MESSAGE, all.size());
      send.accept(host, new PresenceMessage.WentWithHost(topic, all.subList(from, to)));
    }
  }
}
