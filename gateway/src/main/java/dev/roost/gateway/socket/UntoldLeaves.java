package dev.roost.gateway.socket;

import dev.roost.bus.BusMessage;
import dev.roost.bus.Contract;
import dev.roost.bus.PresenceMessage;
import dev.roost.cluster.ClusterNode;
import dev.roost.hosting.PartitionTable;
import dev.roost.hosting.Partitions;
import java.util.ArrayList;
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

  /*
   * A host that dies takes no notice of what ends meanwhile: a socket that closes, or its own loss, if
   * a write to it fails before the cluster knows. So what has ended is kept until the host has said
   * that it took notice (Noticed), or is known to be dead.
   */

  private static final Logger log = LoggerFactory.getLogger(UntoldLeaves.class);

  /** A host that has not taken notice by then is known to be dead or frozen: 15 s. */
  static final long NOTICE_NANOS = TimeUnit.SECONDS.toNanos(15);

  /** Presences that are remembered, of those that have ended and of those to be told each. */
  private static final int MAX_PRESENCES = 100_000;

  /** What has ended here, by channel, those that ended first before others. */
  private final Map<Long, Ended> ended = new LinkedHashMap<>();

  private int endedPresences;

  /** Keys that went with a topic's host. */
  private final Map<Topic, Set<String>> untold = new LinkedHashMap<>();

  private int untoldKeys;

  /** Those for which there was no room. */
  private int dropped;

  private record Topic(String application, String name, String host) {}

  private record Presence(Topic topic, String key) {}

  private record Ended(List<Presence> presences, long at) {}

  /** A channel ends here, of which its host may not take notice. */
  void ended(ChannelRow row, Partitions now, long at) {
    List<PresenceMessage.Name> names = row.socket().tracked(row.channel());
    var presences = new ArrayList<Presence>(names.size());
    for (PresenceMessage.Name name : names) {
      host(row, name, now)
          .ifPresent(host -> presences.add(new Presence(topic(row, name, host), name.key())));
    }
    if (!presences.isEmpty()) {
      forgetUntil(at, presences.size());
      ended.put(row.channel(), new Ended(presences, at));
      endedPresences += presences.size();
    }
  }

  /** A host knows that these channels are over; in topics of others they are as they were. */
  void noticed(String host, List<Long> channels) {
    for (long channel : channels) {
      Ended known = ended.get(channel);
      if (known != null) {
        drop(known, presence -> presence.topic.host.equals(host));
        if (known.presences.isEmpty()) {
          ended.remove(channel);
        }
      }
    }
  }

  private void drop(Ended known, Predicate<Presence> isOver) {
    int before = known.presences.size();
    known.presences.removeIf(isOver);
    endedPresences -= before - known.presences.size();
  }

  private void forget(long channel) {
    Ended known = ended.remove(channel);
    if (known != null) {
      endedPresences -= known.presences.size();
    }
  }

  /** Makes room for so many. */
  private void forgetUntil(long now, int room) {
    while (!ended.isEmpty()) {
      var first = ended.entrySet().iterator().next();
      if (now - first.getValue().at < NOTICE_NANOS && endedPresences + room <= MAX_PRESENCES) {
        return;
      }
      forget(first.getKey());
    }
  }

  /** Some hosts are dead: what has ended meanwhile is untold. */
  void hostsGone(Predicate<String> isGone, Partitions before, long now) {
    forgetUntil(now, 0);
    for (Ended known : ended.values()) {
      for (Presence presence : known.presences) {
        Topic topic = presence.topic;
        // One that had given the topic away before has told the application itself.
        if (isGone.test(topic.host)
            && owner(before, topic.application, topic.name).equals(Optional.of(topic.host))) {
          add(topic, presence.key);
        }
      }
      drop(known, presence -> isGone.test(presence.topic.host));
    }
    ended.values().removeIf(known -> known.presences.isEmpty());
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
      dropped++;
    } else if (untold.computeIfAbsent(topic, any -> new LinkedHashSet<>(2)).add(key)) {
      untoldKeys++;
    }
  }

  /** Tells the hosts that topics have by now; what has none yet waits. */
  void tell(ClusterNode.Snapshot now, BiConsumer<String, BusMessage> send) {
    if (untold.isEmpty()) {
      return;
    }
    if (dropped > 0) {
      log.warn(
          "{} presences went with their hosts besides {} others: of them nobody is told",
          dropped,
          MAX_PRESENCES);
      dropped = 0;
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
