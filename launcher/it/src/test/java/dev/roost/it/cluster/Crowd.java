package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.PhoenixMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Sockets that are all members of the same topics, and join again as phoenix.js does when a channel
 * ends with an error. They talk to each other, number what they say, and find out whether anything
 * is missing, twice, or out of order without an error in between. Safe for any thread.
 */
final class Crowd implements AutoCloseable {

  private static final Duration REJOIN = Duration.ofMillis(200);
  private static final Duration ROUND = Duration.ofSeconds(10);

  private static final AtomicInteger crowds = new AtomicInteger();

  private final List<String> topics;
  private final List<Seat> seats = new ArrayList<>();
  private final List<PhoenixClient> clients = new ArrayList<>();
  private final List<Integer> closeCodes = new ArrayList<>();
  private final List<String> faults = new ArrayList<>();
  private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(2);
  private boolean talking;
  private int turn;
  private int spoken;
  private int rounds;

  /** With so many topics, which no other crowd has. */
  Crowd(String application, int topics) {
    String own = application + ":crowd-" + crowds.incrementAndGet() + "-";
    this.topics = IntStream.range(0, topics).mapToObj(i -> own + i).toList();
    var unused = clock.scheduleWithFixedDelay(this::talkInTurn, 5, 5, TimeUnit.MILLISECONDS);
    unused = clock.scheduleWithFixedDelay(this::beat, 15, 15, TimeUnit.SECONDS);
  }

  /** One socket in one topic. */
  private final class Seat {
    final int number;
    final PhoenixClient client;
    final String topic;
    final Map<Integer, Said> heard = new HashMap<>();
    final Map<Integer, Integer> marks = new HashMap<>();
    String joinRef = "";
    boolean joined;
    boolean open = true;
    int lives;
    int errors;
    int said;
    int asked; // Since it was joined, as is the refusal.
    String refusal = "none";

    Seat(int number, PhoenixClient client, String topic) {
      this.number = number;
      this.client = client;
      this.topic = topic;
    }

    void join() {
      if (open) {
        joinRef = client.nextRef();
        asked++;
        client.send(joinRef, joinRef, topic, "phx_join", Map.of());
      }
    }

    void say(int mark) {
      client.send(
          joinRef,
          client.nextRef(),
          topic,
          "shout",
          Map.of("who", number, "life", lives, "n", ++said, "mark", mark));
    }

    void hear(JsonNode payload) {
      int who = payload.path("who").asInt();
      var now = new Said(payload.path("life").asInt(), payload.path("n").asInt());
      Said last = heard.put(who, now);
      if (!joined) {
        fault("got a message without being joined: " + payload);
      } else if (last != null && !now.follows(last)) {
        fault("heard " + now + " of " + who + " after " + last);
      }
      marks.put(who, payload.path("mark").asInt());
    }

    void fault(String what) {
      faults.add("seat " + number + " in " + topic + ", life " + lives + ", " + what);
    }

    @Override
    public String toString() {
      String seat = topic + " of socket " + clients.indexOf(client);
      return joined
          ? seat
          : seat + ", not joined: asked " + asked + " times, the last refusal " + refusal;
    }
  }

  /** The n-th message of somebody since he joined for the life-th time. */
  private record Said(int life, int n) {
    boolean follows(Said last) {
      return life == last.life ? n == last.n + 1 : life > last.life;
    }
  }

  /**
   * Connects so many sockets, each of which joins all topics. A gateway hears of an application a
   * moment after its node is ready; who is refused with a 503 until then comes again, as phoenix.js
   * does.
   */
  Crowd connect(NodeProcess gateway, int sockets) {
    var options =
        ClientOptions.port(gateway.port()).withHost(gateway.host()).withLimit(Duration.ofDays(1));
    Waiting.until(
        "the gateway has an application",
        () -> PhoenixClient.handshake(options.withLimit(Waiting.LIMIT)).status() != 503);
    for (int i = 0; i < sockets; i++) {
      PhoenixClient client = PhoenixClient.connect(options);
      synchronized (this) {
        clients.add(client);
        for (String topic : topics) {
          var seat = new Seat(seats.size(), client, topic);
          seats.add(seat);
          seat.join();
        }
      }
      Thread.ofVirtual().start(() -> read(client));
    }
    return this;
  }

  private void read(PhoenixClient client) {
    try {
      while (true) {
        received(client, client.next());
      }
    } catch (AssertionError closed) {
      int code = client.awaitClose();
      synchronized (this) {
        closeCodes.add(code);
        seats.stream().filter(seat -> seat.client == client).forEach(seat -> seat.open = false);
      }
    }
  }

  private synchronized void received(PhoenixClient client, PhoenixMessage message) {
    Seat seat = seat(client, message.topic());
    if (seat == null) {
      return;
    }
    // As in phoenix.js: an answer that nobody but the socket gave has no join ref.
    boolean current = message.joinRef().isNull() || message.joinRef().asText().equals(seat.joinRef);
    switch (message.event()) {
      case "phx_reply" -> {
        if (current && message.ref().asText().equals(seat.joinRef)) {
          answered(seat, message);
        }
      }
      case "phx_error" -> {
        if (current && seat.joined) {
          seat.errors++;
          seat.joined = false;
          again(seat);
        }
      }
      case "phx_close" -> seat.fault("was closed");
      case "shout" -> seat.hear(message.payload());
      default -> seat.fault("got " + message);
    }
  }

  private @Nullable Seat seat(PhoenixClient client, String topic) {
    for (Seat seat : seats) {
      if (seat.client == client && seat.topic.equals(topic)) {
        return seat;
      }
    }
    return null;
  }

  private void answered(Seat seat, PhoenixMessage answer) {
    if (!answer.status().equals("ok")) {
      seat.refusal = answer.response().toString();
      again(seat);
      return;
    }
    seat.joined = true;
    seat.asked = 0;
    seat.refusal = "none";
    seat.lives++;
    seat.said = 0;
    seat.heard.clear();
  }

  private void again(Seat seat) {
    var unused =
        clock.schedule(
            () -> {
              synchronized (this) {
                seat.join();
              }
            },
            REJOIN.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  /** As phoenix.js does: a socket that says nothing for a minute is closed. */
  private synchronized void beat() {
    for (PhoenixClient client : clients) {
      if (seats.stream().anyMatch(seat -> seat.client == client && seat.open)) {
        try {
          client.send(null, client.nextRef(), "phoenix", "heartbeat", Map.of());
        } catch (RuntimeException closing) {
          // The reader finds out why.
        }
      }
    }
  }

  private synchronized void talkInTurn() {
    if (!talking || seats.isEmpty()) {
      return;
    }
    Seat seat = seats.get(turn++ % seats.size());
    if (seat.joined && seat.open) {
      try {
        seat.say(0);
        spoken++;
      } catch (RuntimeException closing) {
        seat.open = false; // The reader finds out why.
      }
    }
  }

  /** From now on they talk all the time. */
  synchronized void talk() {
    talking = true;
  }

  /** Waits until they have said so much more. */
  void awaitTalk(int messages) {
    int until = spoken() + messages;
    Waiting.until("they have talked", () -> spoken() >= until);
  }

  private synchronized int spoken() {
    return spoken;
  }

  /** Waits until they all are members, or have been told for the last time that they are not. */
  Crowd awaitJoined() {
    Waiting.until(() -> "all are joined: " + seats, () -> all(seat -> seat.joined));
    return this;
  }

  private synchronized boolean all(Predicate<Seat> condition) {
    return seats.stream().filter(seat -> seat.open).allMatch(condition);
  }

  /** Waits until some channels have ended with an error. */
  void awaitErrors(int atLeast) {
    Waiting.until("at least " + atLeast + " channels end with an error", () -> errors() >= atLeast);
  }

  /** Channels that ended with an error so far, whoever's. */
  synchronized int errors() {
    return seats.stream().mapToInt(seat -> seat.errors).sum();
  }

  /** Channels that ended with an error so far, of one socket. */
  synchronized int errors(int socket) {
    return seats.stream()
        .filter(seat -> seat.client == clients.get(socket))
        .mapToInt(seat -> seat.errors)
        .sum();
  }

  /** Members that no error has told yet that they have missed something. */
  synchronized List<String> untold() {
    return seats.stream().filter(seat -> seat.errors == 0).map(Seat::toString).toList();
  }

  synchronized int channels() {
    return seats.size();
  }

  /** Codes of the sockets that were closed so far. */
  synchronized List<Integer> closeCodes() {
    return List.copyOf(closeCodes);
  }

  /**
   * Waits until everybody is joined and hears everybody of his topic: so each topic has one host.
   * Then nothing may have been lost, doubled or turned round without an error at any time.
   */
  void assertAllHearEachOther() {
    synchronized (this) {
      talking = false;
    }
    long deadline = System.nanoTime() + Waiting.LIMIT.toNanos();
    List<String> deaf;
    do {
      awaitJoined();
      int mark = sayAll();
      deaf = listen(mark, System.nanoTime() + ROUND.toNanos());
    } while (!deaf.isEmpty() && System.nanoTime() < deadline);
    assertEquals(List.of(), deaf, "do not hear each other");
    synchronized (this) {
      assertEquals(List.of(), faults, "messages were lost or doubled without an error");
    }
  }

  private synchronized int sayAll() {
    rounds++;
    seats.stream().filter(seat -> seat.open && seat.joined).forEach(seat -> seat.say(rounds));
    return rounds;
  }

  private List<String> listen(int mark, long deadline) {
    List<String> deaf;
    do {
      deaf = deaf(mark);
      LockSupport.parkNanos(20_000_000);
    } while (!deaf.isEmpty() && System.nanoTime() < deadline);
    return deaf;
  }

  private synchronized List<String> deaf(int mark) {
    var deaf = new ArrayList<String>();
    for (Seat listener : seats) {
      for (Seat speaker : seats) {
        if (listener.open
            && speaker.open
            && listener.topic.equals(speaker.topic)
            && listener.marks.getOrDefault(speaker.number, 0) != mark) {
          deaf.add(listener + " to " + speaker);
        }
      }
    }
    return deaf;
  }

  @Override
  public void close() {
    clock.shutdownNow();
    List.copyOf(clients).forEach(PhoenixClient::close);
  }
}
