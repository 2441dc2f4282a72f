package dev.roost.routing;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A path of literal segments and variables ({@code /t/:tenant/websocket}), matched segment by
 * segment; empty segments count for nothing, case does (E-4 to E-8).
 */
public final class PathPattern {

  private final String text;
  private final List<String> segments;

  private PathPattern(String text, List<String> segments) {
    this.text = text;
    this.segments = segments;
  }

  /** Throws IllegalArgumentException unless the path starts with a slash. */
  public static PathPattern parse(String path) {
    List<String> segments = segments(path);
    if (!path.startsWith("/") || segments.isEmpty()) {
      throw new IllegalArgumentException(
          "a socket path starts with / and has a segment, such as /socket, got \"" + path + "\"");
    }
    for (String segment : segments) {
      if (segment.equals(":")) {
        throw new IllegalArgumentException(
            "a path variable has a name, such as :tenant, got \"" + path + "\"");
      }
    }
    return new PathPattern(path, segments);
  }

  /**
   * The path variables if the path matches: the raw segments, percent escapes and all, without
   * those whose name starts with an underscore.
   */
  public Optional<Map<String, String>> match(String path) {
    List<String> given = segments(path);
    if (given.size() != segments.size()) {
      return Optional.empty();
    }
    Map<String, String> variables = Map.of();
    for (int i = 0; i < given.size(); i++) {
      String expected = segments.get(i);
      if (!isVariable(expected)) {
        if (!expected.equals(given.get(i))) {
          return Optional.empty();
        }
      } else if (expected.charAt(1) != '_') {
        if (variables.isEmpty()) {
          variables = new LinkedHashMap<>();
        }
        variables.put(expected.substring(1), given.get(i));
      }
    }
    return Optional.of(variables);
  }

  /** Whether some path matches both (E-15: refused at deployment). */
  public boolean overlaps(PathPattern other) {
    if (segments.size() != other.segments.size()) {
      return false;
    }
    for (int i = 0; i < segments.size(); i++) {
      String mine = segments.get(i);
      String theirs = other.segments.get(i);
      if (!isVariable(mine) && !isVariable(theirs) && !mine.equals(theirs)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isVariable(String segment) {
    return segment.charAt(0) == ':';
  }

  private static List<String> segments(String path) {
    var segments = new ArrayList<String>(4);
    int start = 0;
    while (start < path.length()) {
      int slash = path.indexOf('/', start);
      int end = slash < 0 ? path.length() : slash;
      if (end > start) {
        segments.add(path.substring(start, end));
      }
      start = end + 1;
    }
    return segments;
  }

  @Override
  public String toString() {
    return text;
  }
}
