package dev.roost.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.bus.RawPayload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What phoenix.js keeps of presences (JS-31): diffs wait for the first state, a state is compared
 * with what is known by ref, joins of a diff are applied before its leaves. {@code .ci/presence}
 * checks it against the real one.
 */
final class ClientPresence {

  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  private final Map<String, List<JsonNode>> known = new LinkedHashMap<>();
  private final List<JsonNode> early = new ArrayList<>();
  private boolean hasState;

  void state(RawPayload payload) {
    JsonNode state = tree(payload);
    var left = new LinkedHashMap<String, List<JsonNode>>();
    known.forEach(
        (key, metas) -> {
          Set<String> now = refs(metas(state.path(key)));
          List<JsonNode> gone = metas.stream().filter(meta -> !now.contains(ref(meta))).toList();
          if (!gone.isEmpty()) {
            left.put(key, gone);
          }
        });
    var joined = new LinkedHashMap<String, List<JsonNode>>();
    for (var presence : state.properties()) {
      Set<String> before = refs(known.getOrDefault(presence.getKey(), List.of()));
      List<JsonNode> fresh =
          metas(presence.getValue()).stream().filter(meta -> !before.contains(ref(meta))).toList();
      if (!fresh.isEmpty()) {
        joined.put(presence.getKey(), fresh);
      }
    }
    apply(joined, left);
    hasState = true;
    early.forEach(this::applyDiff);
    early.clear();
  }

  /** The channel has joined anew: what comes now waits for its state, as what still waits does. */
  void rejoin() {
    hasState = false;
  }

  void diff(RawPayload payload) {
    if (hasState) {
      applyDiff(tree(payload));
    } else {
      early.add(tree(payload));
    }
  }

  private void applyDiff(JsonNode diff) {
    apply(byKey(diff.required("joins")), byKey(diff.required("leaves")));
  }

  private void apply(Map<String, List<JsonNode>> joins, Map<String, List<JsonNode>> leaves) {
    joins.forEach(
        (key, metas) -> {
          var all =
              new ArrayList<>(
                  known.getOrDefault(key, List.of()).stream()
                      .filter(meta -> !refs(metas).contains(ref(meta)))
                      .toList());
          all.addAll(metas);
          known.put(key, all);
        });
    leaves.forEach(
        (key, metas) ->
            known.computeIfPresent(
                key,
                (same, present) -> {
                  var left = new ArrayList<>(present);
                  left.removeIf(meta -> refs(metas).contains(ref(meta)));
                  return left.isEmpty() ? null : left;
                }));
  }

  /** From keys to metas, by ref: the place of an updated meta is the client's own affair (P-7). */
  Map<String, Map<String, JsonNode>> list() {
    return byRef(known);
  }

  /** The same of a list on the wire. */
  static Map<String, Map<String, JsonNode>> list(RawPayload payload) {
    return byRef(byKey(tree(payload)));
  }

  private static Map<String, Map<String, JsonNode>> byRef(Map<String, List<JsonNode>> presences) {
    var sorted = new TreeMap<String, Map<String, JsonNode>>();
    presences.forEach(
        (key, metas) -> {
          var byRef = new TreeMap<String, JsonNode>();
          for (JsonNode meta : metas) {
            if (byRef.put(ref(meta), meta) != null) {
              throw new AssertionError(key + " has a meta twice: " + metas);
            }
          }
          sorted.put(key, byRef);
        });
    return sorted;
  }

  private static Map<String, List<JsonNode>> byKey(JsonNode presences) {
    var byKey = new LinkedHashMap<String, List<JsonNode>>();
    presences.properties().forEach(entry -> byKey.put(entry.getKey(), metas(entry.getValue())));
    return byKey;
  }

  private static List<JsonNode> metas(JsonNode presence) {
    var metas = new ArrayList<JsonNode>();
    presence.path("metas").forEach(metas::add);
    return metas;
  }

  private static Set<String> refs(List<JsonNode> metas) {
    return metas.stream().map(ClientPresence::ref).collect(Collectors.toCollection(TreeSet::new));
  }

  private static String ref(JsonNode meta) {
    return meta.required("phx_ref").asText();
  }

  private static JsonNode tree(RawPayload payload) {
    try {
      return MAPPER.readTree(payload.bytes());
    } catch (IOException e) {
      throw new IllegalArgumentException(payload.toString(), e);
    }
  }
}
