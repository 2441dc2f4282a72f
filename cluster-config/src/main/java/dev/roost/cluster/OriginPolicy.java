package dev.roost.cluster;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
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
   * none is configured; scheme and port do not matter (O-5). The default.
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

  /** One listed origin; a null part matches anything. */
  record Entry(@Nullable String scheme, String host, int port) {

    public Entry {
      Objects.requireNonNull(host, "host");
    }

    static Entry parse(String text) {
      URI uri;
      try {
        // java.net.URI knows no host with a star in it.
        uri = new URI(text.replace("//*.", "//any-subdomain."));
      } catch (URISyntaxException e) {
        throw invalid(text);
      }
      String host = uri.getHost();
      if (host == null) {
        throw invalid(text);
      }
      if (text.contains("//*.")) {
        host = "*." + host.substring("any-subdomain.".length());
      }
      String scheme = uri.getScheme();
      int port = uri.getPort() >= 0 ? uri.getPort() : defaultPort(scheme);
      return new Entry(scheme, host, port);
    }

    private static IllegalArgumentException invalid(String text) {
      return new IllegalArgumentException(
          "an allowed origin is a URI with a host, such as https://chat.example or"
              + " //*.chat.example, got \""
              + text
              + "\"");
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

  /** A parsed {@code Origin} header, its port defaulted by its scheme (O-8). */
  record Origin(String scheme, String host, int port) {

    static @Nullable Origin parse(String header) {
      try {
        var uri = new URI(header);
        String host = uri.getHost();
        String scheme = uri.getScheme();
        if (host == null || host.isEmpty() || scheme == null) {
          return null;
        }
        int port = uri.getPort() >= 0 ? uri.getPort() : defaultPort(scheme);
        return new Origin(scheme, host, port);
      } catch (URISyntaxException e) {
        return null;
      }
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

  /** Throws IllegalArgumentException for an entry without a host (O-6). */
  static OriginPolicy listed(String... origins) {
    return new Listed(List.of(origins).stream().map(Entry::parse).toList());
  }

  /**
   * Whether a request may go on.
   *
   * @param origin the first {@code Origin} header, null when there is none
   * @param scheme {@code http} or {@code https}, of the request
   * @param host host of the request, without the port
   * @param port port of the request
   * @param publicHost host that clients use, null when not configured
   */
  default boolean allows(
      @Nullable String origin, String scheme, String host, int port, @Nullable String publicHost) {
    if (origin == null || this instanceof Any) {
      return true;
    }
    Origin parsed = Origin.parse(origin);
    if (parsed == null) {
      return false;
    }
    return switch (this) {
      case Any() -> true;
      case SameHost() -> parsed.host.equals(publicHost != null ? publicHost : host);
      case SameConnection() ->
          parsed.scheme.equals(scheme) && parsed.host.equals(host) && parsed.port == port;
      case Listed(var entries) -> entries.stream().anyMatch(entry -> entry.matches(parsed));
    };
  }

  private static int defaultPort(@Nullable String scheme) {
    return switch (scheme == null ? "" : scheme.toLowerCase(Locale.ROOT)) {
      case "http", "ws" -> 80;
      case "https", "wss" -> 443;
      default -> -1;
    };
  }
}
