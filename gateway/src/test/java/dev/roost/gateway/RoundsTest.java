package dev.roost.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class RoundsTest {

  private static final int ALL = 1_000;
  private static final List<Integer> NUMBERS = IntStream.range(0, ALL).boxed().toList();

  /** What rounds have looked at; on their context. */
  private final List<Integer> seen = new ArrayList<>();

  /** How many of them there were each time that others had their turn. */
  private final List<Integer> turns = new ArrayList<>();

  private final CompletableFuture<Void> done = new CompletableFuture<>();

  @Test
  void lookAtAFewInATurn(Vertx vertx) throws Exception {
    run(vertx, (one, now) -> seen(vertx, one, 2 * ALL, false));
    assertEquals(NUMBERS, seen.subList(0, ALL));
    assertEquals(NUMBERS, seen.subList(ALL, 2 * ALL));
    assertEquals(List.of(256, 512, 768, ALL), turns.subList(0, 4));
  }

  @Test
  void endFewerInATurn(Vertx vertx) throws Exception {
    run(vertx, (one, now) -> seen(vertx, one, ALL, one < 20));
    assertEquals(
        List.of(8, 16, 272),
        turns.subList(0, 3)); // 4 in the third, and as many looks as there are in one.
  }

  @Test
  void goOnBehindALookThatFails(Vertx vertx) throws Exception {
    run(
        vertx,
        (one, now) -> {
          seen(vertx, one, 2 * ALL, false);
          if (one % 100 == 0) {
            throw new IllegalStateException("one of many, on purpose");
          }
          return false;
        });
    assertEquals(NUMBERS, seen.subList(0, ALL));
    assertEquals(NUMBERS, seen.subList(ALL, 2 * ALL));
  }

  @Test
  void endWithTheOneThatGoesOn(Vertx vertx) throws Exception {
    Context context = vertx.getOrCreateContext();
    var rounds = new ArrayList<Rounds<Integer>>();
    context.runOnContext(
        ignored ->
            rounds.add(
                new Rounds<>(
                    vertx,
                    1,
                    () -> NUMBERS,
                    (one, now) -> {
                      rounds.getFirst().stop();
                      return seen(vertx, one, ALL, false);
                    })));
    done.get(30, TimeUnit.SECONDS);
    var later = new CompletableFuture<Integer>();
    context.runOnContext(ignored -> vertx.setTimer(50, tick -> later.complete(seen.size())));
    assertEquals(ALL, later.get(30, TimeUnit.SECONDS));
  }

  private boolean seen(Vertx vertx, int one, int until, boolean deed) {
    if (turns.isEmpty() || turns.getLast() >= 0) {
      turns.add(-1);
      vertx.runOnContext(ignored -> turns.set(turns.size() - 1, seen.size()));
    }
    seen.add(one);
    if (seen.size() == until) {
      vertx.runOnContext(ignored -> done.complete(null)); // Behind the last turn's count.
    }
    return deed;
  }

  private void run(Vertx vertx, Rounds.Look<Integer> look) throws Exception {
    Context context = vertx.getOrCreateContext();
    context.exceptionHandler(ignored -> {});
    var stopped = new CompletableFuture<Void>();
    context.runOnContext(
        ignored -> {
          var rounds = new Rounds<>(vertx, 1, () -> NUMBERS, look);
          done.whenComplete(
              (nothing, failure) -> {
                rounds.stop();
                stopped.complete(null);
              });
        });
    stopped.get(30, TimeUnit.SECONDS);
  }
}
