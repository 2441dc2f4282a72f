package dev.roost.tracking;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.hosting.PartitionTable;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceOptions;
import dev.roost.routing.PresenceAllowance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Hosts and trackers of a cluster under a seed, with a clock of its own: trackers come and go,
 * hosts die, topics change their hosts, messages are lost, the cluster splits with and without
 * anybody claiming the other side's topics. Links are numbered as {@code BusEndpoint} does it: a
 * gap, or a peer that has forgotten the link, is told to both ends. Some trackers are channels of
 * sockets, whose gateway keeps limits that are soon reached, and is sometimes slow; so are those of
 * topics.
 */
final class TrackingSimulation {

  private static final int HOSTS = 4;
  private static final List<String> TOPICS = List.of("t0", "t1", "t2");
  private static final List<String> KEYS = List.of("ada", "bob");
  private static final String GATEWAY = "roost.gateway.g.1";
  private static final int SOCKETS = 2;
  private static final PresenceOptions OPTIONS =
      PresenceOptions.defaults()
          .withSocketPresences(4)
          .withSocketRate(1_000)
          .withTopicPresences(6)
          .withTopicBytes(1_024);
  private static final long MS = 1_000_000;
  private static final int POSITION_BITS = 40;

  /** Something that happens at a time; of two at the same time the first planned is first. */
  private record Event(long time, long number, Runnable action) {}

  private record Numbered(long sequence, Optional<PresenceMessage> message) {}

  private final Random random;
  private final Queue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::time).thenComparingLong(Event::number));
  private final List<Host> hosts = new ArrayList<>();
  private final Gateway gateway = new Gateway();
  private final Map<String, PartitionTable.Owner> owners = new LinkedHashMap<>();
  private final Map<Host, Integer> sides = new LinkedHashMap<>();
  private final Set<String> claiming = new LinkedHashSet<>();
  private final Map<String, PartitionTable.Owner> claims = new LinkedHashMap<>();
  private long now;
  private long planned;
  private long epochs = 1;
  private double loss;
  private boolean isGatewaySlow;

  TrackingSimulation(long seed) {
    random = new Random(seed);
    for (int i = 0; i < HOSTS; i++) {
      hosts.add(new Host("roost.host.n" + i + ".1"));
    }
    TOPICS.forEach(topic -> owners.put(topic, owner(hosts.get(random.nextInt(HOSTS)))));
    hosts.forEach(Host::learn);
  }

  private PartitionTable.Owner owner(Host host) {
    return new PartitionTable.Owner(host.inbox, epochs++);
  }

  /** Plays faults, lets the cluster come to rest, and returns what is wrong then. */
  List<String> play() {
    for (int i = 0; i < 60; i++) {
      plan(random.nextInt(6_000), this::fault);
    }
    hosts.forEach(host -> plan(random.nextInt(1_000), host::check));
    run(6_000);
    heal();
    run(now / MS + 12_000);
    var clients = new LinkedHashMap<String, ClientPresence>();
    TOPICS.forEach(
        topic -> {
          var client = new ClientPresence();
          clients.put(topic, client);
          hosted(topic).members.put(topic, client);
          hosted(topic).list(topic).ifPresent(client::state);
        });
    for (int i = 0; i < 20; i++) {
      plan(random.nextInt(1_000), this::use);
    }
    run(now / MS + 10_000);
    return verdict(clients);
  }

  private Host hosted(String topic) {
    return host(owners.get(topic).inbox());
  }

  private Host host(String inbox) {
    return hosts.stream().filter(host -> host.inbox.equals(inbox)).findFirst().orElseThrow();
  }

  private List<String> verdict(Map<String, ClientPresence> clients) {
    var wrong = new ArrayList<String>();
    for (String topic : TOPICS) {
      var truth = new TreeMap<String, Set<String>>();
      for (Host host : hosts) {
        if (host.isAlive) {
          host.truth(topic, truth);
        }
        if (host.isAlive && host != hosted(topic) && host.holds(topic)) {
          wrong.add(host.inbox + " still holds " + topic);
        }
      }
      Optional<RawPayload> list = hosted(topic).list(topic);
      if (list.isEmpty()) {
        wrong.add("no list of " + topic);
        continue;
      }
      var told = ClientPresence.list(list.get());
      var refs = new TreeMap<String, Set<String>>();
      told.forEach((key, metas) -> refs.put(key, new TreeSet<>(metas.keySet())));
      if (!refs.equals(truth)) {
        wrong.add(topic + " is " + refs + " and should be " + truth);
      }
      if (!clients.get(topic).list().equals(told)) {
        wrong.add("a client of " + topic + " has " + clients.get(topic).list() + ", not " + told);
      }
    }
    for (int socket = 0; socket < SOCKETS; socket++) {
      int counted = gateway.allowances.get(socket).presences();
      int tracked = 0;
      for (Host host : hosts) {
        tracked += host.isAlive ? host.tracks(socket) : 0;
      }
      if (counted != tracked) {
        wrong.add("socket " + socket + " tracks " + tracked + ", counted are " + counted);
      }
    }
    return wrong;
  }

  /* ---- what happens */

  private void fault() {
    switch (random.nextInt(11)) {
      case 10 -> isGatewaySlow = random.nextBoolean();
      case 0 -> moveTopic();
      case 1 -> loss = random.nextInt(3) * 0.2;
      case 2 -> split();
      case 3 -> heal();
      case 4 -> {
        if (random.nextInt(4) == 0) {
          kill();
        }
      }
      default -> use();
    }
  }

  private void use() {
    Host host = hosts.get(random.nextInt(HOSTS));
    if (host.isAlive) {
      host.use();
    }
  }

  private void moveTopic() {
    String topic = TOPICS.get(random.nextInt(TOPICS.size()));
    Host next = hosts.get(random.nextInt(HOSTS));
    if (next.isAlive) {
      owners.put(topic, owner(next));
      tellAll();
    }
  }

  private void kill() {
    Host victim = hosts.get(random.nextInt(HOSTS));
    if (hosts.stream().filter(host -> host.isAlive).count() > 2 && victim.isAlive) {
      victim.isAlive = false;
      plan(random.nextInt(300), () -> gateway.gone(victim));
      owners.replaceAll(
          (topic, owner) -> owner.inbox().equals(victim.inbox) ? owner(living()) : owner);
      tellAll();
    }
  }

  private Host living() {
    return hosts.stream().filter(host -> host.isAlive).findAny().orElseThrow();
  }

  /**
   * Two sides that cannot talk and take each other for dead; sometimes both host what they want.
   */
  private void split() {
    heal();
    TOPICS.stream().filter(topic -> random.nextBoolean()).forEach(claiming::add);
    hosts.forEach(host -> sides.put(host, random.nextInt(2)));
    tellAll();
  }

  /** What was claimed by two has one owner then, in a tenure that is later than both. */
  private void heal() {
    claiming.forEach(
        topic -> owners.computeIfPresent(topic, (same, owner) -> owner(host(owner.inbox()))));
    claiming.clear();
    claims.clear();
    sides.clear();
    loss = 0;
    isGatewaySlow = false;
    tellAll();
  }

  /** Each host learns of it in its own time. */
  private void tellAll() {
    hosts.forEach(host -> plan(random.nextInt(300), host::learn));
  }

  private boolean canTalk(Host one, Host other) {
    return one.isAlive
        && other.isAlive
        && sides.getOrDefault(one, 0).equals(sides.getOrDefault(other, 0));
  }

  private void plan(long inMillis, Runnable action) {
    events.add(new Event(now + inMillis * MS, planned++, action));
  }

  private void run(long untilMillis) {
    while (!events.isEmpty() && events.element().time() <= untilMillis * MS) {
      Event next = events.remove();
      now = next.time();
      next.action().run();
    }
    now = untilMillis * MS;
  }

  /** Knows which channels are open, and what each socket has. Its links lose nothing. */
  private final class Gateway {

    private final List<PresenceAllowance> allowances = new ArrayList<>();
    private final Map<Long, Integer> sockets = new LinkedHashMap<>();
    private final Map<Long, Host> at = new LinkedHashMap<>();
    private long lastChannel;

    Gateway() {
      for (int i = 0; i < SOCKETS; i++) {
        allowances.add(new PresenceAllowance(0));
      }
    }

    Tracker.Channel open(Host host) {
      long channel = ++lastChannel;
      sockets.put(channel, random.nextInt(SOCKETS));
      at.put(channel, host);
      return new Tracker.Channel(GATEWAY, channel);
    }

    boolean isOf(int socket, Tracker.Channel channel) {
      return sockets.getOrDefault(channel.number(), -1) == socket;
    }

    void end(long channel) {
      at.remove(channel);
      Integer socket = sockets.remove(channel);
      if (socket != null) {
        allowances.get(socket).end(channel);
      }
    }

    void gone(Host host) {
      at.entrySet().stream()
          .filter(entry -> entry.getValue() == host)
          .map(Map.Entry::getKey)
          .toList()
          .forEach(this::end);
    }

    void receive(Host from, PresenceMessage message) {
      switch (message) {
        case PresenceMessage.Claim claim -> {
          Integer socket = sockets.get(claim.channel());
          if (socket != null) {
            var ruling = allowances.get(socket).rule(claim, now);
            from.fromGateway(
                () ->
                    from.trackers.receive(
                        GATEWAY, new PresenceMessage.Claimed(claim.claim(), ruling)));
          }
        }
        case PresenceMessage.Release freed -> {
          Integer socket = sockets.get(freed.channel());
          if (socket != null) {
            allowances.get(socket).release(freed);
          }
        }
        default -> throw new AssertionError("not for a gateway: " + message);
      }
    }
  }

  /** One host, with its own view of the cluster. */
  private final class Host implements TrackingContext {

    private final String inbox;
    private final Map<String, PartitionTable.Owner> view = new LinkedHashMap<>();
    private final Set<String> live = new LinkedHashSet<>();
    private final Map<Host, Long> sent = new LinkedHashMap<>();
    private final Map<Host, Long> received = new LinkedHashMap<>();
    private final Map<Host, Integer> silence = new LinkedHashMap<>();
    private final Map<String, ClientPresence> members = new LinkedHashMap<>();
    private final Map<Tracker, Map<Tracker.Name, String>> tracked = new LinkedHashMap<>();
    private final HostedPresences hosted;
    private final Trackers trackers;
    private boolean isAlive = true;
    private long generation;
    private long lastDelivery;
    private long lastToGateway;
    private long lastFromGateway;

    Host(String inbox) {
      this.inbox = inbox;
      hosts.forEach(host -> live.add(host.inbox));
      var settings =
          new TrackingSettings(
              OPTIONS,
              PresenceHandler.none(),
              Duration.ofSeconds(30),
              JsonMapper.builder().build());
      this.hosted = new HostedPresences(this, settings);
      this.trackers = new Trackers(this, hosted, settings);
    }

    /** What the registry says now, as far as this host can see it. */
    void learn() {
      if (!isAlive) {
        return;
      }
      var nowLive = new LinkedHashSet<String>();
      hosts.stream()
          .filter(host -> host == this || canTalk(this, host))
          .forEach(host -> nowLive.add(host.inbox));
      boolean nodesLeft = !nowLive.containsAll(live);
      live.clear();
      live.addAll(nowLive);
      if (nodesLeft) {
        if (sent.keySet().removeIf(host -> !live.contains(host.inbox))) {
          generation++;
        }
        received.keySet().removeIf(host -> !live.contains(host.inbox));
      }
      var before = Map.copyOf(view);
      owners.forEach((topic, owner) -> view.put(topic, seen(topic, owner)));
      if (nodesLeft) {
        hosted.nodesLeft();
      }
      if (!before.equals(view)) {
        hosted.tenuresChanged();
      }
      trackers.changed();
    }

    /** A side that does not see the owner of a topic claims it, or has no time to. */
    private PartitionTable.Owner seen(String topic, PartitionTable.Owner owner) {
      if (live.contains(owner.inbox()) || !claiming.contains(topic)) {
        return owner;
      }
      return claims.computeIfAbsent(
          topic + sides.get(this),
          ignored -> {
            String first = live.stream().min(Comparator.naturalOrder()).orElseThrow();
            return new PartitionTable.Owner(first, epochs++);
          });
    }

    void use() {
      String topic = TOPICS.get(random.nextInt(TOPICS.size()));
      String key = KEYS.get(random.nextInt(KEYS.size()));
      var all = List.copyOf(tracked.keySet());
      if (all.isEmpty() || random.nextInt(3) == 0) {
        Tracker opened =
            random.nextBoolean()
                ? trackers.open()
                : trackers.open("a topic of its own", gateway.open(this));
        tracked.put(opened, new LinkedHashMap<>());
        return;
      }
      Tracker tracker = all.get(random.nextInt(all.size()));
      var name = new Tracker.Name(topic, key);
      var fields =
          RawPayload.jsonText(
              "{\"n\":%d,\"x\":\"%s\"}"
                  .formatted(random.nextInt(9), "x".repeat(random.nextInt(300))));
      switch (random.nextInt(8)) {
        case 0 -> end(tracker);
        case 1, 2 -> {
          var unused = trackers.untrack(tracker, topic, key);
        }
        case 3, 4 -> {
          var unused = trackers.update(tracker, topic, key, fields, null);
        }
        default -> {
          var unused =
              trackers
                  .track(tracker, topic, key, fields)
                  .onSuccess(
                      ref -> tracked.getOrDefault(tracker, new LinkedHashMap<>()).put(name, ref));
        }
      }
      if (random.nextInt(4) == 0) {
        var unused = trackers.untrack(tracker, topic, key);
      }
    }

    /** A channel ends by its host's will or, as often, by its gateway's. */
    private void end(Tracker tracker) {
      Runnable here =
          () -> {
            tracked.remove(tracker);
            trackers.end(tracker);
          };
      Tracker.Channel channel = tracker.channel().orElse(null);
      if (channel == null) {
        here.run();
      } else if (random.nextBoolean()) {
        here.run();
        toGateway(() -> gateway.end(channel.number()));
      } else {
        gateway.end(channel.number());
        fromGateway(here);
      }
    }

    /** In order, as on any link. */
    private void toGateway(Runnable message) {
      lastToGateway = Math.max(lastToGateway, now + gatewayDelay());
      events.add(new Event(lastToGateway, planned++, message));
    }

    private void fromGateway(Runnable message) {
      lastFromGateway = Math.max(lastFromGateway, now + gatewayDelay());
      events.add(
          new Event(
              lastFromGateway,
              planned++,
              () -> {
                if (isAlive) {
                  message.run();
                }
              }));
    }

    private long gatewayDelay() {
      return (1 + random.nextInt(isGatewaySlow ? 7_000 : 20)) * MS;
    }

    /** Presences of a socket, of all its channels here. */
    int tracks(int socket) {
      int count = 0;
      for (Tracker tracker : tracked.keySet()) {
        if (tracker.channel().filter(channel -> gateway.isOf(socket, channel)).isPresent()) {
          count += tracker.tracked().size();
        }
      }
      return count;
    }

    /** What its trackers are sure to have tracked. */
    void truth(String topic, Map<String, Set<String>> truth) {
      for (Tracker tracker : tracked.keySet()) {
        for (String key : KEYS) {
          trackers
              .find(tracker, topic, key)
              .ifPresent(
                  version ->
                      truth.computeIfAbsent(key, ignored -> new TreeSet<>()).add(version.ref()));
        }
      }
    }

    Optional<RawPayload> list(String topic) {
      var answer = hosted.query(new PresenceMessage.Query(topic, Optional.empty()));
      return answer.succeeded() ? Optional.of(answer.result()) : Optional.empty();
    }

    boolean holds(String topic) {
      return hosted.holds(topic);
    }

    /** Each second: a gap at the end of a link is seen with a check, a dead link by its silence. */
    void check() {
      if (isAlive) {
        trackers.checkClaims();
        List.copyOf(received.keySet()).stream()
            .filter(host -> live.contains(host.inbox) && silence.merge(host, 1, Integer::sum) > 6)
            .forEach(
                host -> {
                  silence.put(host, 0);
                  lost(host);
                });
        List.copyOf(sent.keySet()).stream()
            .filter(host -> live.contains(host.inbox))
            .forEach(host -> transmit(host, new Numbered(sent.get(host), Optional.empty())));
        plan(1_000, this::check);
      }
    }

    private void transmit(Host to, Numbered message) {
      if (random.nextDouble() < loss) {
        return;
      }
      // In order: no message overtakes another to the same host.
      to.lastDelivery = Math.max(to.lastDelivery, now + (1 + random.nextInt(5)) * MS);
      events.add(
          new Event(
              to.lastDelivery,
              planned++,
              () -> {
                if (canTalk(this, to)) {
                  to.deliver(this, message);
                }
              }));
    }

    private void deliver(Host from, Numbered message) {
      long first = message.sequence() >> POSITION_BITS << POSITION_BITS;
      long last = received.getOrDefault(from, first);
      boolean follows = message.sequence() == (message.message().isEmpty() ? last : last + 1);
      received.put(from, message.sequence());
      silence.put(from, 0);
      if (!follows) {
        lost(from);
        // The other end is told by a message that may be lost itself: then its checks go on to
        // fail.
        transmitReset(from);
      }
      message.message().ifPresent(content -> receive(from, content));
    }

    private void transmitReset(Host to) {
      if (random.nextDouble() >= loss) {
        plan(
            3,
            () -> {
              if (canTalk(this, to)) {
                to.lost(this);
              }
            });
      } else {
        received.put(to, -1L);
      }
    }

    private void lost(Host peer) {
      hosted.lost(peer.inbox);
      trackers.lost(peer.inbox);
    }

    private void receive(Host from, PresenceMessage message) {
      switch (message) {
        case PresenceMessage.Answer answer -> trackers.receive(from.inbox, answer);
        case PresenceMessage.SyncRequest request -> trackers.receive(from.inbox, request);
        default -> hosted.receive(from.inbox, message);
      }
    }

    /* ---- the context */

    @Override
    public String inbox() {
      return inbox;
    }

    @Override
    public Optional<PartitionTable.Owner> owner(String topic) {
      return Optional.ofNullable(view.get(topic));
    }

    @Override
    public boolean isLive(String address) {
      return address.equals(inbox) || live.contains(address);
    }

    @Override
    public void send(String to, PresenceMessage message) {
      if (to.equals(GATEWAY)) {
        toGateway(() -> gateway.receive(this, message));
        return;
      }
      Host peer = hosts.stream().filter(host -> host.inbox.equals(to)).findFirst().orElseThrow();
      long sequence = sent.merge(peer, (generation << POSITION_BITS) + 1, (last, any) -> last + 1);
      transmit(peer, new Numbered(sequence, Optional.of(message)));
    }

    @Override
    public void broadcast(String topic, String event, RawPayload payload) {
      ClientPresence client = members.get(topic);
      if (client != null) {
        client.diff(payload);
      }
    }

    @Override
    public int members(String topic) {
      return 1;
    }

    @Override
    public void after(long millis, Runnable action) {
      plan(
          millis,
          () -> {
            if (isAlive) {
              action.run();
            }
          });
    }

    @Override
    public void execute(Runnable action) {
      after(0, action);
    }

    @Override
    public long nanoTime() {
      return now;
    }
  }
}
