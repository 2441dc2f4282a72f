package dev.roost.gateway.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MessageBudgetTest {

  private static final int FREE = MessageBudget.FREE_BYTES;
  private static final int MOST = 100_000;

  private final MessageBudget budget = MessageBudget.of(MOST);
  private final MessageBudget.Share share = budget.share();

  @Test
  void theFirstKibibytesOfEachAreFree() {
    assertTrue(share.tryHold(FREE));
    assertEquals(0, budget.taken());
    assertTrue(share.tryHold(FREE + 1));
    assertEquals(1, budget.taken());
  }

  @Test
  void asMuchAsThereIsMayBeHadAndNoMore() {
    var other = budget.share();
    assertTrue(other.tryHold(FREE + 40_000));
    assertTrue(share.tryHold(FREE + 60_000));
    assertEquals(MOST, budget.taken());
    assertFalse(share.tryHold(FREE + 60_001));
    assertEquals(MOST, budget.taken()); // as before
    assertTrue(budget.share().tryHold(FREE)); // costs nobody anything

    other.giveBack();
    other.giveBack();
    assertEquals(60_000, budget.taken());
    assertTrue(share.tryHold(FREE + 60_001));
    assertTrue(share.tryHold(FREE + 10));
    assertEquals(10, budget.taken());
    share.giveBack();
    assertEquals(0, budget.taken());
  }

  @Test
  void whatIsThereAlreadyIsCountedWithoutAsking() {
    share.hold(FREE + 2 * MOST);
    assertEquals(2 * MOST, budget.taken());
    assertFalse(budget.share().tryHold(FREE + 1));
    assertTrue(share.tryHold(FREE + MOST + 1)); // less than it has
    share.hold(FREE + 5);
    assertEquals(5, budget.taken());
    share.giveBack();
    assertEquals(0, budget.taken());
  }

  @Test
  void allOfOneVertxCountTogetherEachByItsOwnLimit() throws Exception {
    Vertx vertx = Vertx.vertx();
    try {
      var large = MessageBudget.of(vertx, 2 * MOST);
      var small = MessageBudget.of(vertx, MOST);
      assertTrue(large.share().tryHold(FREE + MOST));
      assertEquals(MOST, small.taken());
      assertFalse(small.share().tryHold(FREE + 1));
      assertTrue(large.share().tryHold(FREE + 1));
    } finally {
      vertx.close().await(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void threadsNeverHaveMoreThanThereIs() throws Exception {
    var granted = new AtomicInteger();
    try (var threads = Executors.newFixedThreadPool(4)) {
      var all = new ArrayList<Future<?>>();
      for (int thread = 0; thread < 4; thread++) {
        int bytes = 20_000 + 7_000 * thread;
        all.add(
            threads.submit(
                () -> {
                  var own = budget.share();
                  for (int i = 0; i < 50_000; i++) {
                    for (int step = 1; step < 4 && own.tryHold(FREE + step * bytes); step++) {
                      granted.incrementAndGet();
                      assertTrue(budget.taken() <= MOST);
                    }
                    own.giveBack();
                  }
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
    assertTrue(granted.get() > 0);
    assertEquals(0, budget.taken());
  }
}
