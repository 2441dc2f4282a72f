package dev.roost.tracking;

import dev.roost.bus.RawPayload;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A random history of one topic: trackers come, change and go, hosts die and tell again what they
 * track, windows end, clients join, get a list, and rejoin. What each client gets is recorded.
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

  private final Random random;
  private final PresenceState state = new PresenceState();
  private final List<Meta> alive = new ArrayList<>();
  private final List<String> keys = new ArrayList<>();
  private final List<List<Received>> clients = new ArrayList<>();
  private final List<Boolean> waiting = new ArrayList<>();
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
    for (int client = 0; client < clients.size(); client++) {
      answer(client);
    }
    tell();
    return this;
  }

  PresenceState state() {
    return state;
  }

  List<List<Received>> clients() {
    return clients;
  }

  private void step() {
    switch (random.nextInt(12)) {
      case 0, 1, 2 -> track();
      case 3 -> update();
      case 4, 5 -> untrack();
      case 6 -> hostIsTakenForDead();
      case 7 -> toldAgain();
      case 8, 9 -> tell();
      case 10 -> joinOrRejoin();
      default -> {
        if (!clients.isEmpty()) {
          answer(random.nextInt(clients.size()));
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
      clients.forEach(client -> client.add(new Received.Diff(diff.payload())));
    }
  }

  private void joinOrRejoin() {
    if (clients.size() < 3) {
      clients.add(new ArrayList<>());
      waiting.add(true);
    } else {
      int client = random.nextInt(clients.size());
      clients.get(client).add(new Received.Rejoin());
      waiting.set(client, true);
    }
  }

  /** A client that has joined gets its list. */
  private void answer(int client) {
    if (waiting.get(client)) {
      waiting.set(client, false);
      clients.get(client).add(new Received.State(state.list()));
    }
  }
}
