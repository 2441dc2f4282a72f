package dev.roost.host;

import dev.roost.application.ChannelOptions;
import dev.roost.application.Telemetry;
import dev.roost.channel.Channel;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One look at the callbacks that run: says which takes long, of which route, for how long already
 * and where it is, and ends the channel of one that takes too long. Used on the host's context
 * only.
 */
final class Watchdog {

  private static final Logger log = LoggerFactory.getLogger(Channel.class);

  /** Lines of one look: what hangs may hang everywhere at once. */
  private static final int MAX_LINES = 10;

  private static final int FRAMES = 6;

  private final ChannelOptions options;
  private final long now;
  private final LateOutcomes outcomes = new LateOutcomes();
  private int slow;
  private int starved;

  /** A look as of now, by {@link System#nanoTime}. */
  Watchdog(ChannelOptions options, long now) {
    this.options = options;
    this.now = now;
  }

  void check(ChannelProcess process) {
    long started = process.runningSince();
    if (started == 0) {
      return;
    }
    long running = now - started;
    if (running >= options.callbackTimeout().toNanos()) {
      process.endLate("within " + options.callbackTimeout(), outcomes);
    } else if (running >= options.callbackWarning().toNanos()
        && process.running().warnsFirst(started)) {
      if (++slow <= MAX_LINES) {
        warn(process, Duration.ofNanos(running));
      }
      process.reached(Telemetry.Bound.CALLBACK_WARNING);
    }
  }

  /** For channels that wait, once no callback of this process can begin. */
  void checkStarved(ChannelProcess process) {
    if (process.isStarved()) {
      starved++;
      process.abandonLate();
    }
  }

  private void warn(ChannelProcess process, Duration running) {
    log.warn(
        "callback slow: {} has run for {} ms and is ended after {} ms, topic={} socket={}; it is"
            + " {}",
        process.describeRunning(),
        running.toMillis(),
        options.callbackTimeout().toMillis(),
        process.recipient().topic(),
        process.client().id(),
        at(process.running().stack()));
  }

  /** The innermost frame, then those that are not Java's own. */
  private static String at(List<StackTraceElement> stack) {
    if (stack.isEmpty()) {
      return "over by now";
    }
    Stream<StackTraceElement> others =
        stack.stream()
            .skip(1)
            .filter(frame -> !frame.getClassName().matches("(java|jdk|sun)\\..*"));
    return Stream.concat(Stream.of(stack.getFirst()), others)
        .limit(FRAMES)
        .map(StackTraceElement::toString)
        .collect(Collectors.joining(", ", "at ", ""));
  }

  /** At the end of the look. */
  void finish() {
    var unused = outcomes.tell();
    if (slow > MAX_LINES) {
      log.warn("callback slow: {} more callbacks of this host", slow - MAX_LINES);
    }
    if (starved > 0) {
      log.error(
          "channels ended: none of their callbacks could begin within {}, channels={}; as many"
              + " others as there are processors compute without an end, or block where a virtual"
              + " thread cannot let go (before Java 24, in synchronized): they are named above",
          options.callbackTimeout(),
          starved);
    }
  }
}
