package dev.roost.routing;

/**
 * Which topics a route serves: one literal topic ({@code lobby}), or all with a prefix ({@code
 * room:*}); {@code *} alone is every topic. Matching is a plain prefix test.
 *
 * @param pattern as written by the application
 */
public record RoutePattern(String pattern) {

  public RoutePattern {
    int star = pattern.indexOf('*');
    if (pattern.isEmpty() || (star >= 0 && star != pattern.length() - 1)) {
      throw new IllegalArgumentException(
          "a route is a topic (\"lobby\") or a prefix and one final * (\"room:*\"), got \""
              + pattern
              + "\"");
    }
  }

  /** Whether the route serves this topic. */
  public boolean matches(String topic) {
    return isPrefix()
        ? topic.regionMatches(0, pattern, 0, pattern.length() - 1)
        : topic.equals(pattern);
  }

  /** Whether some topic is served by both. */
  public boolean overlaps(RoutePattern other) {
    if (!isPrefix()) {
      return other.matches(pattern);
    }
    if (!other.isPrefix()) {
      return matches(other.pattern);
    }
    int shorter = Math.min(pattern.length(), other.pattern.length()) - 1;
    return pattern.regionMatches(0, other.pattern, 0, shorter);
  }

  private boolean isPrefix() {
    return pattern.charAt(pattern.length() - 1) == '*';
  }

  @Override
  public String toString() {
    return pattern;
  }
}
