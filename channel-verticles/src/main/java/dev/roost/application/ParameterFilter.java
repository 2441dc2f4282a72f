package dev.roost.application;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * What of params and payloads may stand in a log, as Phoenix's {@code filter_parameters} (Q-20 to
 * It never changes data.
 *
 * @param mode whether the words name what is hidden or what is shown
 * @param words parts of names to hide, or whole names to show; letters count as they are written
 */
public record ParameterFilter(Mode mode, List<String> words) {

  /** What stands where something is hidden. */
  public static final String FILTERED = "[FILTERED]";

  private static final int MAX_CHARACTERS = 1_024;

  /** How the words are meant. */
  public enum Mode {
    /**
     * Hides each value whose name contains one of the words, and each text that contains one
     * followed by {@code =}.
     */
    DISCARD,
    /** Shows the values under these names, with all in them, and hides all others. */
    KEEP
  }

  public ParameterFilter {
    words = List.copyOf(words);
    if (words.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException(
          "a word of a filter has a letter or more, got an empty one");
    }
  }

  /** Hides what is named like a password or a token. */
  public static ParameterFilter defaults() {
    return new ParameterFilter(Mode.DISCARD, List.of("password", "token"));
  }

  /** Hides values whose names contain one of these. */
  public static ParameterFilter discard(String... words) {
    return new ParameterFilter(Mode.DISCARD, List.of(words));
  }

  /** Shows values of these names and no others. */
  public static ParameterFilter keep(String... names) {
    return new ParameterFilter(Mode.KEEP, List.of(names));
  }

  /** JSON as it may stand in a log, at most some 1,000 characters of it. */
  public String show(byte[] json, ObjectMapper mapper) {
    try {
      String shown = filter(mapper.readTree(json)).toString();
      return shown.length() <= MAX_CHARACTERS ? shown : shown.substring(0, MAX_CHARACTERS) + "...";
    } catch (IOException unreadable) {
      return "json[" + json.length + " bytes]";
    }
  }

  /** The same value with what is hidden replaced; the value itself stays as it is. */
  public JsonNode filter(JsonNode value) {
    return switch (value) {
      case ObjectNode object -> {
        ObjectNode shown = object.objectNode();
        for (Map.Entry<String, JsonNode> field : object.properties()) {
          shown.set(field.getKey(), field(field.getKey(), field.getValue()));
        }
        yield shown;
      }
      case ArrayNode array -> {
        ArrayNode shown = array.arrayNode(array.size());
        array.forEach(element -> shown.add(filter(element)));
        yield shown;
      }
      case TextNode text when mode == Mode.DISCARD -> isForm(text.textValue()) ? hidden() : text;
      default -> mode == Mode.DISCARD ? value : hidden();
    };
  }

  private JsonNode field(String name, JsonNode value) {
    return switch (mode) {
      case DISCARD -> words.stream().anyMatch(name::contains) ? hidden() : filter(value);
      case KEEP -> words.contains(name) ? value : filter(value);
    };
  }

  private boolean isForm(String text) {
    return words.stream().anyMatch(word -> text.contains(word + "="));
  }

  private static JsonNode hidden() {
    return TextNode.valueOf(FILTERED);
  }
}
