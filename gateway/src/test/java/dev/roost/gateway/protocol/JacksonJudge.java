package dev.roost.gateway.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A second opinion on JSON text, Jackson's, with the rules on top in which the protocol is stricter
 * (S-19) or the gateway has a bound of its own. Values come out as String, BigDecimal, {@link
 * Fraction}, Boolean, List, Map and {@link #NULL}.
 */
final class JacksonJudge {

  static final Object NULL =
      new Object() {
        @Override
        public String toString() {
          return "null";
        }
      };

  enum Verdict {
    JSON,
    NO_JSON,
    LONE_SURROGATE,
    BEYOND_DOUBLE,
    LONG_FRACTION,
    TOO_DEEP
  }

  /** A number with a fraction or an exponent, as it is written. */
  record Fraction(String text) {}

  /**
   * What Jackson made of a text.
   *
   * @param value {@link #NULL} unless the verdict is JSON
   * @param members of the value when it is an object, repeated names included
   */
  record Judgement(Verdict verdict, Object value, List<Map.Entry<String, Object>> members) {}

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private final int maxDepth;
  private final List<Map.Entry<String, Object>> members = new ArrayList<>();
  private Verdict verdict = Verdict.JSON;

  private JacksonJudge(int maxDepth) {
    this.maxDepth = maxDepth;
  }

  /**
   * Judges a whole text, which is one value and white space.
   *
   * @param maxDepth arrays and objects that may stand in each other
   */
  static Judgement judge(String text, int maxDepth) {
    // Jackson may pass over a byte-order mark, and of what follows \\u it looks at the lower octet
    // only.
    if (text.startsWith("\ufeff") || hasBadEscape(text)) {
      return new Judgement(Verdict.NO_JSON, NULL, List.of());
    }
    var judge = new JacksonJudge(maxDepth);
    Object value;
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() == null) {
        return new Judgement(Verdict.NO_JSON, NULL, List.of());
      }
      value = judge.read(parser);
      if (parser.nextToken() != null) {
        return new Judgement(Verdict.NO_JSON, NULL, List.of());
      }
    } catch (IOException e) {
      return new Judgement(Verdict.NO_JSON, NULL, List.of());
    }
    return new Judgement(
        judge.verdict, judge.verdict == Verdict.JSON ? value : NULL, judge.members);
  }

  private static boolean hasBadEscape(String text) {
    for (int i = text.indexOf('\\'); i >= 0; i = text.indexOf('\\', i + 2)) {
      if (text.startsWith("u", i + 1)) {
        String digits = text.substring(i + 2, Math.min(i + 6, text.length()));
        if (!digits.matches("[0-9a-fA-F]{4}")) {
          return true;
        }
      }
    }
    return false;
  }

  // Not recursive: Jackson has no depth limit here, and neither has this.
  private Object read(JsonParser parser) throws IOException {
    List<Object> open = new ArrayList<>();
    List<String> names = new ArrayList<>();
    while (true) {
      Object value;
      JsonToken token = parser.currentToken();
      switch (token) {
        case START_OBJECT, START_ARRAY -> {
          open.add(token == JsonToken.START_OBJECT ? new LinkedHashMap<>() : new ArrayList<>());
          names.add("");
          if (open.size() > maxDepth) {
            object(Verdict.TOO_DEEP);
          }
          advance(parser);
          continue;
        }
        case FIELD_NAME -> {
          names.set(names.size() - 1, checked(parser.currentName()));
          advance(parser);
          continue;
        }
        case END_OBJECT, END_ARRAY -> {
          value = open.remove(open.size() - 1);
          names.remove(names.size() - 1);
        }
        case VALUE_STRING -> value = checked(parser.getText());
        case VALUE_NUMBER_INT -> value = new BigDecimal(parser.getText());
        case VALUE_NUMBER_FLOAT -> value = fraction(parser.getText());
        case VALUE_TRUE -> value = true;
        case VALUE_FALSE -> value = false;
        case VALUE_NULL -> value = NULL;
        default -> throw new IOException("no token of JSON: " + token);
      }
      if (open.isEmpty()) {
        return value;
      }
      String name = names.get(names.size() - 1);
      if (open.size() == 1) {
        members.add(Map.entry(name, value));
      }
      add(open.get(open.size() - 1), name, value);
      advance(parser);
    }
  }

  private static void advance(JsonParser parser) throws IOException {
    if (parser.nextToken() == null) {
      throw new IOException("cut");
    }
  }

  @SuppressWarnings("unchecked") // only read() makes containers
  private static void add(Object container, String name, Object value) {
    if (container instanceof Map) {
      ((Map<String, Object>) container).put(name, value);
    } else {
      ((List<Object>) container).add(value);
    }
  }

  private String checked(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        object(Verdict.LONE_SURROGATE);
      }
    }
    return text;
  }

  private Object fraction(String text) {
    if (text.length() > 1_000) {
      object(Verdict.LONG_FRACTION);
      return NULL;
    }
    if (Double.isInfinite(Double.parseDouble(text))) {
      object(Verdict.BEYOND_DOUBLE);
      return NULL;
    }
    return new Fraction(text);
  }

  private void object(Verdict objection) {
    if (verdict == Verdict.JSON) {
      verdict = objection;
    }
  }
}
