package dev.roost.it.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Random sequences of steps against a whole server and a model of the protocol. {@code
 * -Droost.model.steps=1000000} plays longer, {@code -Droost.model.seed=N} plays others, {@code
 * -Droost.model.play=N} plays the one that failed.
 */
class ModelIT {

  private static final long STEPS = Long.getLong("roost.model.steps", 50_000);
  private static final long SEED = Long.getLong("roost.model.seed", 1);
  private static final int AT_A_TIME = 4;

  @Test
  void theServerAnswersAsTheModelDoes() throws Exception {
    // Every crash is logged, and there are many.
    ((Logger) LoggerFactory.getLogger("dev.roost")).setLevel(Level.OFF);
    try (var server = new ModelServer()) {
      Long one = Long.getLong("roost.model.play");
      if (one != null) {
        var unused = new Play(server, one).run();
        return;
      }
      long began = System.nanoTime();
      long steps = play(server);
      System.out.printf(
          "model: %d steps in %d s, seed %d%n",
          steps, (System.nanoTime() - began) / 1_000_000_000, SEED);
      assertTrue(steps >= STEPS, () -> "expected " + STEPS + " steps, got " + steps);
      server.awaitNoChannels();
    } finally {
      ((Logger) LoggerFactory.getLogger("dev.roost")).setLevel(null);
    }
  }

  private static long play(ModelServer server) throws InterruptedException {
    var steps = new AtomicLong();
    var failed = new AtomicBoolean();
    var seeds = new SplittableRandom(SEED);
    var players = new ArrayList<Future<?>>();
    try (var threads = Executors.newFixedThreadPool(AT_A_TIME)) {
      for (int i = 0; i < AT_A_TIME; i++) {
        SplittableRandom own = seeds.split();
        players.add(
            threads.submit(
                () -> {
                  while (steps.get() < STEPS && !failed.get()) {
                    try {
                      steps.addAndGet(new Play(server, own.nextLong()).run());
                    } catch (Throwable e) {
                      failed.set(true);
                      throw e;
                    }
                  }
                  return null;
                }));
      }
    }
    awaitAll(players);
    return steps.get();
  }

  private static void awaitAll(List<Future<?>> players) throws InterruptedException {
    for (Future<?> player : players) {
      try {
        player.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof AssertionError error) {
          throw error;
        }
        throw new AssertionError(e.getCause());
      }
    }
  }
}
