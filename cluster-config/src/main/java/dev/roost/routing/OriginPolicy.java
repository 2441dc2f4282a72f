package dev.roost.routing;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which web pages may open a socket: the check of the {@code Origin} header (section 3 of the
 * specification). A request without the header is always allowed: only browsers are constrained.
 */
public sealed interface OriginPolicy {

  /** Every origin (O-4). */
  record Any() implements OriginPolicy {}

  /**
   * The origin's host is the public host of the gateway, or the request's own {@code Host} when
   * none is configured; scheme and port do not matter (O-5). The default. Configure one in
   * production: a page whose author points its name at the gateway (DNS rebinding) comes from the
   * host that its requests name.
   */
  record SameHost() implements OriginPolicy {}

  /** Scheme, host and port of the origin are those of the request itself (O-12). */
  record SameConnection() implements OriginPolicy {}

  /**
   * One of these origins (O-6 to O-9): {@code https://chat.example}, {@code //chat.example}, {@code
   * //*.chat.example}, {@code http://chat.example:81}.
   */
  record Listed(List<Entry> entries) implements OriginPolicy {
    public Listed {
      entries = List.copyOf(entries);
    }
  }

  /**
   * The application's socket handler says, each time, in {@code allowsOrigin}: it is asked together
   * with connect, before it (O-13). Of long polling that is the request which opens a session; the
   * token of a session is proof enough for those that follow.
   */
  record ByHandler() implements OriginPolicy {}

  /** One listed origin; a null part matches anything. */
  record Entry(@Nullable String scheme, String host, int port) {

    public Entry {
      Objects.requireNonNull(host, "host");
    }

    static Entry parse(String text) {
      Origin origin = Origin.parse(text);
      // A star counts at the front only, and in front of a domain.
      if (origin == null || origin.host.lastIndexOf('*') > 0 || origin.host.matches("\\*\\.?")) {
        throw new IllegalArgumentException(
            "an allowed origin is a URI with a host, such as https://chat.example or"
                + " //*.chat.example, got \""
                + text
                + "\"");
      }
      return new Entry(origin.scheme, origin.host, origin.port);
    }

    boolean matches(Origin origin) {
      return (scheme == null || scheme.equals(origin.scheme))
          && (port < 0 || port == origin.port)
          && matchesHost(origin.host);
    }

    private boolean matchesHost(String candidate) {
      if (!host.startsWith("*.")) {
        return host.equals(candidate);
      }
      String domain = host.substring(2);
      return candidate.equals(domain) || candidate.endsWith("." + domain);
    }
  }

  /**
   * A parsed {@code Origin} header.
   *
   * @param scheme in lower case, null when there is none
   * @param host exactly as sent (O-10), an IPv6 address in its brackets
   * @param port by default the scheme's (O-8), -1 when it has none
   */
  record Origin(@Nullable String scheme, String host, int port) {

    // Not java.net.URI: it finds no host in http://my_app or http://1a.2b, which browsers send, nor
    // in //*.chat.example.
    private static final Pattern SYNTAX =
        Pattern.compile(
            "(?:([A-Za-z][A-Za-z0-9+.-]*):)?//(\\[[0-9A-Fa-f:.]+]|[^:/?#@\\[\\]\\s]+)"
                + "(?::(\\d{0,5}))?(?:[/?#].*)?");

    /** Null if the text has no host (O-11). */
    static @Nullable Origin parse(String text) {
      var match = SYNTAX.matcher(text);
      if (!match.matches()) {
        return null;
      }
      String scheme = match.group(1) == null ? null : match.group(1).toLowerCase(Locale.ROOT);
      String port = match.group(3);
      return new Origin(
          scheme,
          match.group(2),
          port == null || port.isEmpty() ? defaultPort(scheme) : Integer.parseInt(port));
    }
  }

  static OriginPolicy any() {
    return new Any();
  }

  static OriginPolicy sameHost() {
    return new SameHost();
  }

  static OriginPolicy sameConnection() {
    return new SameConnection();
  }

  static OriginPolicy byHandler() {
    return new ByHandler();
  }

  /** Throws IllegalArgumentException for an entry without a host (O-6). */
  static OriginPolicy listed(String... origins) {
    return new Listed(List.of(origins).stream().map(Entry::parse).toList());
  }

  /**
   * Whether a request may go on; with {@link ByHandler} to where it is decided.
   *
   * @param origin the first {@code Origin} header, null when there is none
   * @param scheme {@code http} or {@code https}, of the request
   * @param host host of the request, without the port
   * @param port port of the request
   * @param publicHost host that clients use, null when not configured
   */
  default boolean allows(
      @Nullable String origin, String scheme, String host, int port, @Nullable String publicHost) {
    if (origin == null || this instanceof Any || this instanceof ByHandler) {
      return true;
    }
    Origin parsed = Origin.parse(origin);
    if (parsed == null) {
      return false;
    }
    return switch (this) {
      case Any() -> true;
      case ByHandler() -> true;
      case SameHost() -> parsed.host.equals(publicHost != null ? publicHost : host);
      case SameConnection() ->
          scheme.equals(parsed.scheme) && parsed.host.equals(host) && parsed.port == port;
      case Listed(var entries) -> entries.stream().anyMatch(entry -> entry.matches(parsed));
    };
  }

  private static int defaultPort(@Nullable String scheme) {
    return switch (scheme == null ? "" : scheme) {
      case "http", "ws" -> 80;
      case "https", "wss" -> 443;
      default -> -1;
    };
  }
}
