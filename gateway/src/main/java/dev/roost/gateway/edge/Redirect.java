package dev.roost.gateway.edge;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The answer that sends a plain request to https (H-33). */
record Redirect(int status, String location) {

  private static final int MOVED_PERMANENTLY = 301;
  private static final int TEMPORARY_REDIRECT = 307;

  /**
   * The same request at https, on https' own port.
   *
   * @param method of the request; those that may change something are to be repeated as they are
   * @param requestHost the host that it names, without the port; null for none
   * @param publicHost the host that clients use; null for the one of the request
   * @return empty if nobody says which host it is
   */
  static Optional<Redirect> of(
      String method,
      @Nullable String requestHost,
      @Nullable String publicHost,
      @Nullable String path,
      @Nullable String query) {
    String host = publicHost != null ? publicHost : requestHost;
    if (host == null || host.isEmpty()) {
      return Optional.empty();
    }
    boolean safe = method.equals("GET") || method.equals("HEAD");
    String bracketed = host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    return Optional.of(
        new Redirect(
            safe ? MOVED_PERMANENTLY : TEMPORARY_REDIRECT,
            "https://"
                + bracketed
                + (path == null || !path.startsWith("/") ? "/" : escaped(path))
                + (query == null ? "" : "?" + escaped(query))));
  }

  /** What no URI may hold and no header could carry; requests come with it all the same. */
  private static String escaped(String text) {
    if (text.chars().allMatch(Redirect::isVisible)) {
      return text;
    }
    var escaped = new StringBuilder(text.length() + 16);
    for (byte octet : text.getBytes(StandardCharsets.ISO_8859_1)) {
      if (isVisible(octet)) {
        escaped.append((char) octet);
      } else {
        escaped.append('%').append(HexFormat.of().withUpperCase().toHexDigits(octet));
      }
    }
    return escaped.toString();
  }

  private static boolean isVisible(int character) {
    return character > ' ' && character < 0x7f;
  }
}
