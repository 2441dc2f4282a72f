package dev.roost.membership;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a member may be: a host, and its port or 0 for the usual ones. An IPv6 address with a port
 * stands in brackets: {@code [fd00::7]:5701}.
 */
record Seed(String host, int port) {

  private static final Pattern BRACKETED = Pattern.compile("\\[([0-9A-Fa-f:.]+)](?::(\\d{1,5}))?");
  private static final Pattern NAME = Pattern.compile("([A-Za-z0-9_.-]+)(?::(\\d{1,5}))?");
  private static final Pattern ADDRESS_V6 =
      Pattern.compile("(?=.*::|(?:[^:]*:){7})[0-9A-Fa-f:.]+(?:%\\w+)?");

  static Seed parse(String text) {
    if (ADDRESS_V6.matcher(text).matches()) {
      return new Seed(text, 0);
    }
    Matcher bracketed = BRACKETED.matcher(text);
    Matcher parts = bracketed.matches() ? bracketed : NAME.matcher(text);
    if (parts.matches()) {
      int port = parts.group(2) == null ? 0 : Integer.parseInt(parts.group(2));
      if (parts.group(2) == null || (port >= 1 && port <= 65_535)) {
        return new Seed(parts.group(1), port);
      }
    }
    throw new IllegalArgumentException(
        "a seed is host or host:port, such as 10.0.0.7 or node-1:5701, got \"" + text + "\"");
  }

  @Override
  public String toString() {
    return port == 0 ? host : host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
  }
}
