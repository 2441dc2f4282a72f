package dev.roost.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.application.Telemetry.Bound;
import dev.roost.bus.PresenceMessage;
import dev.roost.bus.PresenceMessage.Claimed;
import dev.roost.bus.PresenceMessage.Release;
import dev.roost.bus.PresenceMessage.Ruling;
import dev.roost.bus.RawPayload;
import dev.roost.hosting.PartitionTable;
import dev.roost.presence.PresenceException;
import dev.roost.presence.PresenceException.Reason;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceOptions;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ClaimsTest {

  private static final Tracker CHANNEL =
      new Tracker(1, Optional.of("room:1"), Optional.of(new Tracker.Channel("gateway", 7)));
  private static final Tracker CODE = new Tracker(2, Optional.empty(), Optional.empty());

  private static final Tracker.Name ADA = new Tracker.Name("room:1", "ada");

  private final Stage stage = new Stage();
  private final Claims claims = new Claims(stage, settings(PresenceHandler.none()));

  private static TrackingSettings settings(PresenceHandler handler) {
    return new TrackingSettings(
        PresenceOptions.defaults().withSocketPresences(3).withSocketRate(2),
        handler,
        Duration.ofSeconds(30),
        new JsonMapper());
  }

  private Future<Void> ask(boolean isNew) {
    return claims.ask(claims.next(), CHANNEL, ADA, isNew);
  }

  /** Its gateway is the only one who can tell of its end when this host dies. */
  @Test
  void whereTheApplicationHearsOfPresencesTheGatewayLearnsWhatIsNew() {
    var watched =
        new Claims(
            stage,
            settings(
                new PresenceHandler() {
                  @Override
                  public void vacated(String topic) {}
                }));
    watched.ask(1, CHANNEL, ADA, true);
    watched.ask(2, CHANNEL, ADA, false);
    assertEquals(
        List.of(
            new PresenceMessage.Claim(
                1, 7, true, 3, 2, Optional.of(new PresenceMessage.Name("room:1", "ada"))),
            new PresenceMessage.Claim(2, 7, false, 3, 2, Optional.empty())),
        stage.sent);
  }

  private void assertRefused(Reason reason, Future<Void> claim) {
    assertEquals(reason, ((PresenceException) claim.cause()).reason());
  }

  @Test
  void theGatewayIsAskedAndRules() {
    var track = ask(true);
    var update = ask(false);
    assertEquals(
        List.of(
            new PresenceMessage.Claim(1, 7, true, 3, 2, Optional.empty()),
            new PresenceMessage.Claim(2, 7, false, 3, 2, Optional.empty())),
        stage.sent);
    assertFalse(track.isComplete());
    claims.receive(new Claimed(2, Ruling.GRANTED));
    assertTrue(update.succeeded());
    claims.receive(new Claimed(1, Ruling.GRANTED));
    assertTrue(track.succeeded());
    assertEquals(0, claims.open());
  }

  @Test
  void aRefusalIsToldAndCounted() {
    var many = ask(true);
    var often = ask(false);
    claims.receive(new Claimed(1, Ruling.TOO_MANY));
    claims.receive(new Claimed(2, Ruling.TOO_OFTEN));
    assertRefused(Reason.SOCKET_LIMIT, many);
    assertRefused(Reason.SOCKET_LIMIT, often);
    assertEquals(
        List.of(Bound.PRESENCE_SOCKET_PRESENCES, Bound.PRESENCE_SOCKET_RATE), stage.reached);
  }

  @Test
  void codeThatNoClientReachesHasNobodyToAsk() {
    assertTrue(claims.ask(claims.next(), CODE, ADA, true).succeeded());
    claims.release(CODE, 1);
    assertEquals(List.of(), stage.sent);
  }

  /** The gateway may grant it all the same, later: it is told at once not to count that. */
  @Test
  void whatHasNoAnswerInTimeIsGivenUpAndReleased() {
    var first = ask(true);
    stage.now += TimeUnit.SECONDS.toNanos(6);
    var second = ask(true);
    stage.now += TimeUnit.SECONDS.toNanos(4);
    claims.check();
    assertRefused(Reason.UNAVAILABLE, first);
    assertFalse(second.isComplete());
    assertEquals(new Release(7, 1), stage.sent.getLast());
    claims.receive(new Claimed(1, Ruling.GRANTED));
    assertEquals(1, claims.open());
  }

  @Test
  void whatIsForgottenIsNeverAnswered() {
    var claim = ask(true);
    claims.forget(1);
    claims.receive(new Claimed(1, Ruling.GRANTED));
    claims.check();
    assertFalse(claim.isComplete());
    assertEquals(0, claims.open());
  }

  /** A host without topics and with a clock of its own. */
  private static final class Stage implements TrackingContext {

    private final List<PresenceMessage> sent = new ArrayList<>();
    private final List<Bound> reached = new ArrayList<>();
    private long now = Long.MAX_VALUE; // nano times start anywhere, and may overflow

    @Override
    public String inbox() {
      return "host";
    }

    @Override
    public Optional<PartitionTable.Owner> owner(String topic) {
      return Optional.empty();
    }

    @Override
    public boolean isLive(String inbox) {
      return true;
    }

    @Override
    public void send(String inbox, PresenceMessage message) {
      assertEquals("gateway", inbox);
      sent.add(message);
    }

    @Override
    public void broadcast(String topic, String event, RawPayload payload) {
      throw new AssertionError("nobody to broadcast to");
    }

    @Override
    public int members(String topic) {
      return 0;
    }

    @Override
    public void reached(String topic, Bound bound) {
      reached.add(bound);
    }

    @Override
    public void after(long millis, Runnable action) {
      throw new AssertionError("nothing to wait for");
    }

    @Override
    public void execute(Runnable action) {
      action.run();
    }

    @Override
    public long nanoTime() {
      return now;
    }
  }
}
