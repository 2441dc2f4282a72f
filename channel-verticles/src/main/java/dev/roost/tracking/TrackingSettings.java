package dev.roost.tracking;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.roost.bus.RawPayload;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceList;
import dev.roost.presence.PresenceOptions;
import java.time.Duration;

/**
 * What all topics of a host have in common.
 *
 * @param fetches whether the handler has a fetch of its own
 * @param reacts whether it has a handleMetas
 * @param watchesTopics whether it wants to know of occupied and vacated topics
 */
public record TrackingSettings(
    PresenceOptions options,
    PresenceHandler handler,
    boolean fetches,
    boolean reacts,
    boolean watchesTopics,
    Duration callbackTimeout,
    ObjectMapper mapper) {

  public TrackingSettings(
      PresenceOptions options,
      PresenceHandler handler,
      Duration callbackTimeout,
      ObjectMapper mapper) {
    this(
        options,
        handler,
        overrides(handler, "fetch"),
        overrides(handler, "handleMetas"),
        overrides(handler, "occupied") || overrides(handler, "vacated"),
        callbackTimeout,
        mapper);
  }

  private static boolean overrides(PresenceHandler handler, String method) {
    for (var declared : handler.getClass().getMethods()) {
      if (declared.getName().equals(method)
          && !declared.getDeclaringClass().equals(PresenceHandler.class)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the application hears of who comes and goes. */
  boolean isTold() {
    return reacts || watchesTopics;
  }

  Enrichment enrichment() {
    return new Enrichment(handler, mapper);
  }

  PresenceList list(RawPayload raw) {
    return new PresenceList(raw, mapper);
  }
}
