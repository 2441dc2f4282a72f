package dev.roost.gateway.auth;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the log when tokens of some keys cannot be verified any more, and when they can again:
 * clients come again and again meanwhile. Used on the gateway's context only.
 */
final class OutageLog {

  /*
   * A token of an unknown key is not verified either while keys were asked for just now, and the next
   * honest one is: whoever likes makes such an outage as often as he likes.
   */
  private static final long QUIET_NS = Duration.ofSeconds(10).toNanos();

  private static final Logger log = LoggerFactory.getLogger(TokenGate.class);

  private final LongSupplier clock;
  private final Map<String, Outage> outages = new HashMap<>();

  /** The last one of some keys that was told. */
  private static final class Outage {
    private final long told;
    private boolean over;

    Outage(long told) {
      this.told = told;
    }
  }

  /**
   * Nothing told yet.
   *
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  OutageLog(LongSupplier clock) {
    this.clock = clock;
  }

  void unavailable(String keys, String reason) {
    long now = clock.getAsLong();
    Outage last = outages.get(keys);
    if (last == null || (last.over && now - last.told > QUIET_NS)) {
      outages.put(keys, new Outage(now));
      log.error("tokens of keys \"{}\" cannot be verified, 503 meanwhile: {}", keys, reason);
    }
  }

  void verified(String keys) {
    Outage last = outages.get(keys);
    if (last != null && !last.over) {
      last.over = true;
      log.info("tokens of keys \"{}\" are verified again", keys);
    }
  }
}
