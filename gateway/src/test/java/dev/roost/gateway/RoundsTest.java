package dev.roost.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Rounds whose clock goes on with each look, and stands still else. */
@ExtendWith(VertxExtension.class)
class RoundsTest {

  private static final long MICROSECOND = 1_000;
  private static final int ALL = 20;
  private static final List<Integer> NUMBERS = IntStream.range(0, ALL).boxed().toList();

  /** How many were looked at in each turn of the first round, after what all have looked at. */
  private record Seen(List<Integer> all, List<Integer> turns) {}

  private final List<Integer> all = new ArrayList<>();
  private final List<Integer> turns = new ArrayList<>();
  private Rounds<Integer> rounds;
  private long clock;
  private long turn = -1;

  @Test
  void lookForHalfAMillisecondInATurn(Vertx vertx) throws Exception {
    Seen seen = run(vertx, 100 * MICROSECOND, 1_000, number -> {});
    assertEquals(List.of(5, 5, 5, 5), seen.turns());
    assertEquals(NUMBERS, seen.all().subList(0, ALL));
    assertEquals(NUMBERS, seen.all().subList(ALL, 2 * ALL));
  }

  @Test
  void lookAtOneIfThatTakesLonger(Vertx vertx) throws Exception {
    Seen seen = run(vertx, 501 * MICROSECOND, 1_000, number -> {});
    assertEquals(ALL, seen.turns().size());
  }

  @Test
  void takeMoreTheLongerTheyOutliveTheirPeriod(Vertx vertx) throws Exception {
    // Of a period of 1 ms: two turns of half a millisecond, and one of twice that.
    Seen seen = run(vertx, 100 * MICROSECOND, 1, number -> {});
    assertEquals(List.of(5, 5, 10), seen.turns());
  }

  @Test
  void goOnBehindALookThatFails(Vertx vertx) throws Exception {
    Seen seen =
        run(
            vertx,
            100 * MICROSECOND,
            1_000,
            number -> {
              if (number % 7 == 0) {
                throw new IllegalStateException("one of many, on purpose");
              }
            });
    assertEquals(NUMBERS, seen.all().subList(0, ALL));
    assertEquals(NUMBERS, seen.all().subList(ALL, 2 * ALL));
  }

  @Test
  void lookAtNothingOnceTheyAreStopped(Vertx vertx) throws Exception {
    Context context = vertx.getOrCreateContext();
    var stopped = new CompletableFuture<Integer>();
    context.runOnContext(
        ignored ->
            rounds =
                new Rounds<>(
                    vertx,
                    1,
                    () -> NUMBERS,
                    (number, now) -> {
                      all.add(number);
                      rounds.stop();
                      vertx.setTimer(50, later -> stopped.complete(all.size()));
                    }));
    assertEquals(1, stopped.get(30, TimeUnit.SECONDS));
  }

  /** Two rounds, each look of which takes so long. */
  private Seen run(Vertx vertx, long nanos, long periodMs, IntConsumer whatElse) throws Exception {
    var done = new CompletableFuture<Seen>();
    Context context = vertx.getOrCreateContext();
    context.exceptionHandler(ignored -> {});
    context.runOnContext(
        ignored ->
            rounds =
                new Rounds<>(
                    vertx,
                    periodMs,
                    () -> NUMBERS,
                    (number, now) -> {
                      clock += nanos;
                      looked(number, now);
                      if (all.size() == 2 * ALL) {
                        rounds.stop();
                        done.complete(new Seen(List.copyOf(all), List.copyOf(turns)));
                      }
                      whatElse.accept(number);
                    },
                    () -> clock));
    return done.get(30, TimeUnit.SECONDS);
  }

  private void looked(int number, long now) {
    if (all.size() < ALL) {
      if (turn != now) {
        turn = now;
        turns.add(0);
      }
      turns.set(turns.size() - 1, turns.getLast() + 1);
    }
    all.add(number);
  }
}
