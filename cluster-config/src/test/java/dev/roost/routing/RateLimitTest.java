package dev.roost.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
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
    var full = new AtomicLong(0);
    var taken = new AtomicInteger();
    Runnable taking =
        () -> {
          for (int i = 0; i < 20_000; i++) {
            if (RateLimit.tryTake(full, 10_000, 0)) {
              taken.incrementAndGet();
            }
          }
        };
    CompletableFuture.allOf(
            IntStream.range(0, 4)
                .mapToObj(thread -> CompletableFuture.runAsync(taking))
                .toArray(CompletableFuture[]::new))
        .join();
    assertEquals(20_000, taken.get());
    assertFalse(RateLimit.tryTake(full, 10_000, 0));
    assertTrue(RateLimit.tryTake(full, 10_000, SECOND / 10_000));
  }

  @Test
  void moreThanTheBucketHoldsIsADebt() {
    var limit = new RateLimit(0);
    assertEquals(8 * SECOND, limit.take(100, 10, 0));
    assertEquals(7 * SECOND, limit.take(0, 10, SECOND));
  }
}
