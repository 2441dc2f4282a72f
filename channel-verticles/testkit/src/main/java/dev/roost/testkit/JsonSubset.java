package dev.roost.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/**
 * Partial matches: an expected object matches one that has at least its fields, each of which
 * matches in turn. Lists match element by element and have the same length; numbers match by value
 * ({@code 1} and {@code 1.0} are one).
 */
final class JsonSubset {

  private JsonSubset() {}

  static boolean matches(JsonNode expected, JsonNode actual) {
    if (expected.isObject()) {
      return actual.isObject()
          && expected.properties().stream().allMatch(field -> hasField(field, actual));
    }
    if (expected.isArray()) {
      if (!actual.isArray() || expected.size() != actual.size()) {
        return false;
      }
      for (int i = 0; i < expected.size(); i++) {
        if (!matches(expected.get(i), actual.get(i))) {
          return false;
        }
      }
      return true;
    }
    if (expected.isNumber() && actual.isNumber()) {
      return expected.decimalValue().compareTo(actual.decimalValue()) == 0;
    }
    return expected.equals(actual);
  }

  private static boolean hasField(Map.Entry<String, JsonNode> field, JsonNode actual) {
    return actual.has(field.getKey()) && matches(field.getValue(), actual.get(field.getKey()));
  }
}
