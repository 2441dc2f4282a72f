package dev.roost.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateLimitTest {

  private static final long SECOND = 1_000_000_000L;

  /** Nano times start anywhere and overflow. */
  @ParameterizedTest
  @ValueSource(longs = {0, -5, Long.MAX_VALUE - 1, Long.MIN_VALUE})
  void twoSecondsWorthPassAtOnceAndThenTheRate(long start) {
    var limit = new RateLimit(start);
    for (int i = 0; i < 20; i++) {
      assertEquals(0, limit.take(1, 10, start), "token " + i);
    }
    assertEquals(SECOND / 10, limit.take(1, 10, start));
    assertEquals(SECOND / 5, limit.take(1, 10, start));
    assertEquals(0, limit.take(1, 10, start + SECOND));
  }

  @Test
  void aBucketIsNeverMoreThanFull() {
    var limit = new RateLimit(0);
    long later = 3_600 * SECOND;
    for (int i = 0; i < 4; i++) {
      assertTrue(limit.tryTake(2, later), "token " + i);
    }
    assertFalse(limit.tryTake(2, later));
    assertFalse(limit.tryTake(2, later + SECOND / 4));
    assertTrue(limit.tryTake(2, later + SECOND / 2));
    assertFalse(limit.tryTake(2, later + SECOND / 2));
  }

  @Test
  void aRefusedTokenCostsNothing() {
    var limit = new RateLimit(0);
    assertTrue(limit.tryTake(1, 0));
    assertTrue(limit.tryTake(1, 0));
    for (int i = 0; i < 100; i++) {
      assertFalse(limit.tryTake(1, 0));
    }
    assertTrue(limit.tryTake(1, SECOND));
  }

  @Test
  void itSaysWhenItIsFullAgain() {
    var limit = new RateLimit(7);
    assertEquals(7, limit.full());
    assertTrue(limit.tryTake(4, SECOND));
    assertEquals(SECOND + SECOND / 4, limit.full());
    assertTrue(limit.tryTake(4, SECOND));
    assertEquals(SECOND + SECOND / 2, limit.full());
  }

  @Test
  void oneThatThreadsShareGivesNoTokenTwice() {
    int rate = 1_000_000;
    int threads = 4;
    var full = new AtomicLong(0);
    var together = new CyclicBarrier(threads);
    try (var pool = Executors.newFixedThreadPool(threads)) {
      List<CompletableFuture<Integer>> takers =
          Stream.generate(
                  () -> CompletableFuture.supplyAsync(() -> takeAll(full, rate, together), pool))
              .limit(threads)
              .toList();
      assertEquals(2 * rate, takers.stream().mapToInt(CompletableFuture::join).sum());
    }
    assertTrue(RateLimit.tryTake(full, rate, SECOND / rate));
  }

  /** Until there are none. */
  private static int takeAll(AtomicLong full, int rate, CyclicBarrier together) {
    try {
      together.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new AssertionError(e);
    }
    int taken = 0;
    while (RateLimit.tryTake(full, rate, 0)) {
      taken++;
    }
    return taken;
  }

  @Test
  void moreThanTheBucketHoldsIsADebt() {
    var limit = new RateLimit(0);
    assertEquals(8 * SECOND, limit.take(100, 10, 0));
    assertEquals(7 * SECOND, limit.take(0, 10, SECOND));
  }
}
