package dev.roost.gateway.transport;

import dev.roost.cluster.Applications;
import dev.roost.routing.RateLimit;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Tells the log why clients are refused that whoever runs the gateway may have to do something
 * about. Any stranger can cause these lines, so there is one a second at most, two after a
 * quiet time; the others are there at debug. Used on the gateway's context only.
 */
final class RefusalLog {

  private static final Logger log = LoggerFactory.getLogger(WebSocketTransport.class);
  private static final int LINES_PER_SECOND = 1;

  /** What is longer is no name of a protocol. */
  private static final int LONGEST_NAME = 40;

  private final LongSupplier clock;
  private final RateLimit lines;

  /**
   * Nothing told yet.
   *
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  RefusalLog(LongSupplier clock) {
    this.clock = clock;
    this.lines = new RateLimit(clock.getAsLong());
  }

  void originNotAllowed(@Nullable String origin, Applications.Mount mount) {
    tell(
        Level.ERROR,
        "connection refused: origin {} is not allowed at {}; list it in checkOrigin if it should"
            + " be",
        origin,
        mount.path());
  }

  void noSubprotocolServed(List<String> requested, Applications.Mount mount) {
    tell(
        Level.ERROR,
        "connection refused: none of the subprotocols {} is served at {}",
        requested.stream().map(RefusalLog::shown).toList(),
        mount.path());
  }

  /** One of them may be a token, which clients send in whatever form, wanted or not. */
  private static String shown(String subprotocol) {
    String carrier = Upgrade.TOKEN_PREFIX;
    if (subprotocol.startsWith(carrier)) {
      return carrier + "[FILTERED]";
    }
    return subprotocol.length() > LONGEST_NAME ? "[FILTERED]" : subprotocol;
  }

  void versionUnknown(@Nullable Object vsn) {
    tell(Level.WARN, "connection refused: vsn {} is none of 1.0.x, 2.0.x", vsn);
  }

  private void tell(Level level, String line, @Nullable Object... arguments) {
    boolean due = lines.tryTake(LINES_PER_SECOND, clock.getAsLong());
    log.atLevel(due ? level : Level.DEBUG).log(line, arguments);
  }
}
