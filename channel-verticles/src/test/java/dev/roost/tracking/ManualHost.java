package dev.roost.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.application.Telemetry.Bound;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.RawPayload;
import dev.roost.hosting.PartitionTable;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A host whose clock and context are the test's. */
final class ManualHost implements TrackingContext {

  /** Inbox of a host on another node. */
  static final String PEER = "roost.host.peer.1";

  final List<String> sent = new ArrayList<>();
  final BlockingQueue<Runnable> posted = new LinkedBlockingQueue<>();
  final List<Timer> timers = new ArrayList<>();
  final List<String> broadcasts = new ArrayList<>();
  final List<Bound> reached = new ArrayList<>();
  private long now;
  long epoch = 1;
  int members = 1;
  boolean isPeerLive = true;
  boolean isHosting = true;
  @Nullable String hostElsewhere;

  record Timer(long at, Runnable action) {}

  @Override
  public String inbox() {
    return "roost.host.own.1";
  }

  @Override
  public Optional<PartitionTable.Owner> owner(String topic) {
    return isHosting
        ? Optional.of(new PartitionTable.Owner(inbox(), epoch))
        : Optional.ofNullable(hostElsewhere)
            .map(other -> new PartitionTable.Owner(other, epoch + 1));
  }

  @Override
  public boolean isLive(String inbox) {
    return isPeerLive || !inbox.equals(PEER);
  }

  @Override
  public void send(String inbox, PresenceMessage message) {
    sent.add(message.getClass().getSimpleName());
  }

  @Override
  public void broadcast(String topic, String event, RawPayload payload) {
    broadcasts.add(new String(payload.bytes(), StandardCharsets.UTF_8));
  }

  @Override
  public int members(String topic) {
    return members;
  }

  @Override
  public void after(long millis, Runnable action) {
    timers.add(new Timer(now + millis * 1_000_000, action));
  }

  @Override
  public void execute(Runnable action) {
    posted.add(action);
  }

  @Override
  public long nanoTime() {
    return now;
  }

  @Override
  public void reached(String topic, Bound bound) {
    reached.add(bound);
  }

  /** Lets time pass and fires the timers that are due, in their order. */
  void pass(Duration time) {
    long until = now + time.toNanos();
    while (true) {
      Optional<Timer> next =
          timers.stream()
              .filter(timer -> timer.at <= until)
              .min(Comparator.comparingLong(Timer::at));
      if (next.isEmpty()) {
        now = until;
        return;
      }
      timers.remove(next.get());
      now = Math.max(now, next.get().at);
      next.get().action.run();
    }
  }

  /** Does what the next callback that ends has to say. */
  void runNext() throws InterruptedException {
    Runnable action = posted.poll(20, TimeUnit.SECONDS);
    assertTrue(action != null, "no callback ended");
    action.run();
  }

  /** The presences of this host. */
  HostedPresences presences(PresenceHandler handler) {
    var settings =
        new TrackingSettings(
            PresenceOptions.defaults(), handler, Duration.ofSeconds(30), new JsonMapper());
    return new HostedPresences(this, settings);
  }

  /** Somebody of this host is present in topic {@code t}, in a version named like the key. */
  void put(HostedPresences presences, String key) {
    var meta = new Meta(inbox(), 1, key, meta(key));
    assertEquals(PresenceMessage.Outcome.DONE, presences.put("t", epoch, key, meta));
  }

  static RawPayload meta(String ref) {
    return RawPayload.jsonText("{\"phx_ref\":\"" + ref + "\"}");
  }
}
