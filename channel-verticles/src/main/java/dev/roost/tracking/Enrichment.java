package dev.roost.tracking;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.bus.Contract;
import dev.roost.bus.RawPayload;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceList;
import java.util.Map;

/** Lets the application add to presences what clients are to see (P-30). Safe for any thread. */
final class Enrichment {

  private final PresenceHandler handler;
  private final ObjectMapper mapper;

  Enrichment(PresenceHandler handler, ObjectMapper mapper) {
    this.handler = handler;
    this.mapper = mapper;
  }

  /** Presences in the shape of a list, as fetch returns them. */
  RawPayload enrich(String topic, RawPayload presences) {
    Map<String, ObjectNode> given = new PresenceList(presences, mapper).presences();
    var keys = java.util.Set.copyOf(given.keySet());
    Map<String, ObjectNode> fetched = handler.fetch(topic, given);
    if (fetched == null || !fetched.keySet().equals(keys)) {
      throw new IllegalStateException(
          "fetch returns the same keys that it got, each with its \"metas\"; got "
              + keys.size()
              + " keys and returned "
              + (fetched == null ? "null" : fetched.size() + " or others"));
    }
    fetched.forEach(
        (key, presence) -> {
          if (!(presence.get("metas") instanceof ArrayNode metas) || metas.isEmpty()) {
            throw new IllegalStateException(
                "fetch returns each presence with its \"metas\"; one has none");
          }
        });
    try {
      RawPayload enriched = RawPayload.json(mapper.writeValueAsBytes(fetched));
      if (enriched.size() > Contract.MAX_PAYLOAD_BYTES) {
        throw new IllegalStateException(
            "what fetch returned is larger than the "
                + Contract.MAX_PAYLOAD_BYTES
                + " bytes that a message may have");
      }
      return enriched;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what fetch returned cannot be written as JSON", e);
    }
  }
}
