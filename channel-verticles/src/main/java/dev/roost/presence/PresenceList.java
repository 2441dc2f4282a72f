package dev.roost.presence;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.bus.RawPayload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who is present in a topic: {@code {KEY: {"metas": [META, ..]}}}. Pushing it as it is, as {@code
 * presence_state}, costs no parsing, and all who ask for the same state share its bytes.
 *
 * <p>Immutable; safe for any thread.
 */
public final class PresenceList {

  private final RawPayload raw;
  private final ObjectMapper mapper;

  /** Views these bytes through this mapper. */
  public PresenceList(RawPayload raw, ObjectMapper mapper) {
    this.raw = raw;
    this.mapper = mapper;
  }

  /** The bytes behind it; for the runtime. */
  public RawPayload raw() {
    return raw;
  }

  /** The keys, parsed anew at each call. */
  public Set<String> keys() {
    return presences().keySet();
  }

  /** From each key to its presence, {@code {"metas": [META, ..]}}, parsed anew at each call. */
  public Map<String, ObjectNode> presences() {
    try {
      var presences = new LinkedHashMap<String, ObjectNode>();
      for (var presence : mapper.readTree(raw.bytes()).properties()) {
        presences.put(presence.getKey(), (ObjectNode) presence.getValue());
      }
      return presences;
    } catch (IOException e) {
      throw new IllegalStateException("a list of presences cannot be read", e);
    }
  }

  /** From each key to its metas, those tracked first before later ones; parsed anew each time. */
  public Map<String, List<JsonNode>> metas() {
    var metas = new LinkedHashMap<String, List<JsonNode>>();
    presences()
        .forEach(
            (key, presence) -> {
              var ofKey = new ArrayList<JsonNode>();
              presence.path("metas").forEach(ofKey::add);
              metas.put(key, List.copyOf(ofKey));
            });
    return metas;
  }

  /** Size only: metas stay out of logs. */
  @Override
  public String toString() {
    return "presences[" + raw.size() + " bytes]";
  }
}
