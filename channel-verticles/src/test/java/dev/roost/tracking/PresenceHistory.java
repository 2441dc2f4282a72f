package dev.roost.tracking;

import dev.roost.bus.RawPayload;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A random history of one topic: trackers come, change and go, hosts die and tell again what they
 * track, windows end, clients join, get a list, are out for a while and join again. What each
 * client gets is recorded, diffs that come before its list as a gateway passes them on.
 */
final class PresenceHistory {

  private static final int STEPS = 40;

  private static final List<String> KEYS = List.of("ada", "bob", "1", "0", "é\"\\\u2028", "");

  /** What a client gets: a state, a diff, or a new join of its channel. */
  sealed interface Received {
    record State(RawPayload payload) implements Received {}

    record Diff(RawPayload payload) implements Received {}

    record Rejoin() implements Received {}
  }

  /** A client and its gateway. */
  private static final class Client {

    private enum Stage {
      OUT,
      JOINED,
      OVERDUE,
      LISTED
    }

    private final List<Received> received = new ArrayList<>();
    private final List<Received> early = new ArrayList<>();
    private Stage stage = Stage.OUT;

    void join() {
      received.add(new Received.Rejoin());
      stage = Stage.JOINED;
    }

    void diff(Received diff) {
      switch (stage) {
        case OUT -> {}
        case JOINED -> early.add(diff);
        case OVERDUE, LISTED -> received.add(diff);
      }
    }

    void list(RawPayload list) {
      received.add(new Received.State(list));
      release(Stage.LISTED);
    }

    /** Its list takes long: diffs wait no longer. */
    void overdue() {
      release(Stage.OVERDUE);
    }

    private void release(Stage next) {
      received.addAll(early);
      early.clear();
      stage = next;
    }

    /** Its join ends, whether a list came or not. */
    void end() {
      early.clear();
      stage = Stage.OUT;
    }
  }

  private final Random random;
  private final PresenceState state = new PresenceState();
  private final List<Meta> alive = new ArrayList<>();
  private final List<String> keys = new ArrayList<>();
  private final List<Client> clients = new ArrayList<>();
  private int refs;

  PresenceHistory(long seed) {
    random = new Random(seed);
  }

  /** Plays it; afterwards every member has been told everything. */
  PresenceHistory play() {
    int steps = 1 + random.nextInt(STEPS);
    for (int i = 0; i < steps; i++) {
      step();
    }
    for (Client client : clients) {
      if (client.stage == Client.Stage.OUT) {
        client.join();
      }
      answer(client);
    }
    tell();
    return this;
  }

  PresenceState state() {
    return state;
  }

  List<List<Received>> clients() {
    return clients.stream().map(client -> client.received).toList();
  }

  private void step() {
    switch (random.nextInt(14)) {
      case 0, 1, 2 -> track();
      case 3 -> update();
      case 4, 5 -> untrack();
      case 6 -> hostIsTakenForDead();
      case 7 -> toldAgain();
      case 8, 9 -> tell();
      case 10, 11 -> comeOrGo();
      default -> {
        if (!clients.isEmpty()) {
          answer(clients.get(random.nextInt(clients.size())));
        }
      }
    }
  }

  private void track() {
    String key = KEYS.get(random.nextInt(KEYS.size()));
    String host = "host" + random.nextInt(2);
    long tracker = random.nextInt(4);
    if (state.find(host, tracker, key) == null) {
      put(key, meta(host, tracker, ""));
    }
  }

  private void update() {
    if (!alive.isEmpty()) {
      int i = random.nextInt(alive.size());
      Meta old = alive.get(i);
      String key = keys.get(i);
      Meta meta = meta(old.host(), old.tracker(), ",\"phx_ref_prev\":\"" + old.ref() + "\"");
      alive.remove(i);
      keys.remove(i);
      put(key, meta);
    }
  }

  private void put(String key, Meta meta) {
    alive.add(meta);
    keys.add(key);
    state.put(key, meta);
  }

  private Meta meta(String host, long tracker, String more) {
    String ref = "r" + refs++;
    var json = "{\"mood\":" + random.nextInt(3) + ",\"phx_ref\":\"" + ref + "\"" + more + "}";
    return new Meta(host, tracker, ref, RawPayload.jsonText(json));
  }

  private void untrack() {
    if (!alive.isEmpty()) {
      int i = random.nextInt(alive.size());
      Meta gone = alive.remove(i);
      state.remove(gone.host(), gone.tracker(), keys.remove(i));
    }
  }

  /** Its trackers are alive, and will be told of again. */
  private void hostIsTakenForDead() {
    String host = "host" + random.nextInt(2);
    state.removeIf(meta -> meta.host().equals(host));
  }

  private void toldAgain() {
    for (int i = 0; i < alive.size(); i++) {
      if (random.nextInt(3) > 0) {
        state.put(keys.get(i), alive.get(i));
      }
    }
  }

  private void tell() {
    for (PresenceState.Diff diff : state.takeDiffs()) {
      clients.forEach(client -> client.diff(new Received.Diff(diff.payload())));
    }
  }

  private void comeOrGo() {
    if (clients.size() < 3) {
      clients.add(new Client());
    }
    Client client = clients.get(random.nextInt(clients.size()));
    switch (client.stage) {
      case OUT -> client.join();
      case JOINED -> {
        if (random.nextBoolean()) {
          client.end();
        } else {
          client.overdue();
        }
      }
      // What phoenix.js has got it never forgets, so a list has to follow.
      case OVERDUE -> {}
      case LISTED -> client.end();
    }
  }

  /** A client that has joined gets its list. */
  private void answer(Client client) {
    if (client.stage == Client.Stage.JOINED || client.stage == Client.Stage.OVERDUE) {
      client.list(state.list());
    }
  }
}
