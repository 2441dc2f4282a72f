package dev.roost.it.model;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One sequence of steps, which a seed is all of; if it fails, the shortest of it that still does.
 */
record Play(ModelServer server, long seed) {

  private static final int LENGTH = 200;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** While a failure is made shorter; what is missing then is waited for this long. */
  private static final Duration SHORT_LIMIT = Duration.ofSeconds(5);

  private static final Duration SHRINKING = Duration.ofSeconds(60);
  private static final int TRACE = 60;
  private static final AtomicLong NUMBER = new AtomicLong();

  /** A play that went wrong. */
  private record Failure(List<Command> commands, AssertionError cause, List<String> trace) {}

  /**
   * Plays it.
   *
   * @return the number of steps
   * @throws AssertionError if the server answers otherwise than the model, with the seed, the steps
   *     and what was sent and came
   */
  long run() {
    var generator = new Generator(new SplittableRandom(~seed), Player.CLIENTS, Player.TOPICS);
    List<Command> commands = generator.commands(LENGTH);
    var steps = new AtomicLong();
    Failure failure = failure(commands, LIMIT, steps);
    if (failure != null) {
      throw told(shrunk(failure));
    }
    return steps.get();
  }

  private @Nullable Failure failure(List<Command> commands, Duration limit, AtomicLong steps) {
    String name = Long.toString(NUMBER.incrementAndGet(), Character.MAX_RADIX);
    var trace = new ArrayList<String>();
    try (var player = new Player(server, name, seed, limit, trace)) {
      commands.forEach(player::play);
      player.finish();
      steps.set(player.steps());
      return null;
    } catch (AssertionError | RuntimeException e) {
      AssertionError cause = e instanceof AssertionError error ? error : new AssertionError(e);
      return new Failure(commands, cause, trace);
    }
  }

  /** Leaves out ever smaller parts for as long as it still fails. */
  private Failure shrunk(Failure failure) {
    long deadline = System.nanoTime() + SHRINKING.toNanos();
    Failure shortest = failure;
    int part = failure.commands().size() / 2;
    while (part > 0) {
      boolean shorter = false;
      for (int from = 0; from < shortest.commands().size(); ) {
        if (System.nanoTime() > deadline) {
          return shortest;
        }
        var rest = new ArrayList<>(shortest.commands());
        rest.subList(from, Math.min(from + part, rest.size())).clear();
        Failure again = failure(rest, SHORT_LIMIT, new AtomicLong());
        if (again != null) {
          shortest = again;
          shorter = true;
        } else {
          from += part;
        }
      }
      part = shorter ? part : part / 2;
    }
    return shortest;
  }

  private AssertionError told(Failure failure) {
    List<String> trace = failure.trace();
    int hidden = Math.max(0, trace.size() - TRACE);
    return new AssertionError(
        """
        the server answers otherwise than the model: %s
        play it again with -Droost.model.play=%d
        %d steps are left of %d:
          %s
        sent (>) and got (<) by client%s:
          %s\
        """
            .formatted(
                failure.cause().getMessage(),
                seed,
                failure.commands().size(),
                LENGTH,
                String.join("\n  ", failure.commands().stream().map(Object::toString).toList()),
                hidden == 0 ? "" : ", without the first " + hidden,
                String.join("\n  ", trace.subList(hidden, trace.size()))),
        failure.cause());
  }
}
