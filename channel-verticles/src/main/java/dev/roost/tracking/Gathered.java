package dev.roost.tracking;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.bus.RawPayload;
import dev.roost.presence.PresenceDiff;
import dev.roost.presence.PresenceList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Diffs that members know of and the application does not yet, and who was there after the last of
 * them. Filled by one thread; whoever merges them has them for itself.
 */
final class Gathered {

  /** More do not wait: 16 MiB. */
  private static final long MAX_BYTES = 16 << 20;

  private final List<PresenceState.Diff> diffs = new ArrayList<>(1);
  private RawPayload after = RawPayload.EMPTY_OBJECT;
  private long bytes;

  void add(PresenceState.Diff diff, RawPayload listAfter) {
    diffs.add(diff);
    after = listAfter;
    bytes += diff.joins().size() + diff.leaves().size();
  }

  boolean isEmpty() {
    return diffs.isEmpty();
  }

  boolean isFull() {
    return bytes >= MAX_BYTES;
  }

  /** All who were present after the last diff. */
  RawPayload after() {
    return after;
  }

  /** All of them as one; empty if nothing is left of them, since who came is gone again. */
  Optional<PresenceDiff> merged(ObjectMapper mapper) {
    if (diffs.size() == 1 && diffs.getFirst().unannounced().isEmpty()) {
      return Optional.of(
          new PresenceDiff(
              new PresenceList(diffs.getFirst().joins(), mapper),
              new PresenceList(diffs.getFirst().leaves(), mapper)));
    }
    var joins = new Side(mapper);
    var leaves = new Side(mapper);
    for (PresenceState.Diff diff : diffs) {
      leaves.add(diff.leaves(), joins, diff.unannounced());
      joins.add(diff.joins(), leaves, Set.of());
    }
    return joins.isEmpty() && leaves.isEmpty()
        ? Optional.empty()
        : Optional.of(new PresenceDiff(joins.list(), leaves.list()));
  }

  /** Those who came, or those who went. */
  private static final class Side {
    private final ObjectMapper mapper;
    private final Map<String, Presence> presences = new LinkedHashMap<>();

    Side(ObjectMapper mapper) {
      this.mapper = mapper;
    }

    /** By key: what fetch last added to it, and its metas by ref. */
    private record Presence(ObjectNode fields, Map<String, JsonNode> metas) {}

    boolean isEmpty() {
      return presences.isEmpty();
    }

    /**
     * Takes in one side of a later diff, without those that the other side has: they came and went.
     */
    void add(RawPayload side, Side other, Set<String> unannounced) {
      new PresenceList(side, mapper)
          .presences()
          .forEach(
              (key, presence) -> {
                var metas = new LinkedHashMap<String, JsonNode>();
                JsonNode all = presence.path("metas");
                for (JsonNode meta : all) {
                  String ref = meta.path("phx_ref").asText();
                  if (!unannounced.contains(ref) && !other.remove(key, ref)) {
                    metas.put(ref, meta);
                  }
                }
                // One that has none went with a host that died.
                if (!metas.isEmpty() || all.isEmpty()) {
                  Presence before = presences.get(key);
                  if (before == null) {
                    presences.put(key, new Presence(presence, metas));
                  } else {
                    before.metas.putAll(metas);
                    presences.put(key, new Presence(presence, before.metas));
                  }
                }
              });
    }

    private boolean remove(String key, String ref) {
      Presence presence = presences.get(key);
      if (presence == null || presence.metas.remove(ref) == null) {
        return false;
      }
      if (presence.metas.isEmpty()) {
        presences.remove(key);
      }
      return true;
    }

    PresenceList list() {
      var all = mapper.createObjectNode();
      presences.forEach(
          (key, presence) -> {
            presence.fields.putArray("metas").addAll(presence.metas.values());
            all.set(key, presence.fields);
          });
      try {
        return new PresenceList(RawPayload.json(mapper.writeValueAsBytes(all)), mapper);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("a diff of presences cannot be written", e);
      }
    }
  }
}
