package dev.roost.gateway.edge;

import io.netty.util.NetUtil;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Who asks and by which address, as the client itself sees it: behind trusted proxies what they say
 * of it, else what the connection says (H-34). Worked out once for each request.
 *
 * @param scheme {@code http} or {@code https}
 * @param host host that the client named, as it did, an IPv6 address in its brackets; null if it
 *     named none
 * @param port port that it named, or its scheme's
 * @param client address of the client in its shortest form, what limits for each address count by;
 *     null for a connection that has none
 */
public record ClientRequest(
    String scheme, @Nullable String host, int port, @Nullable String client) {

  private static final String HTTPS = "https";
  private static final String HTTP = "http";

  /** Reads a request; proxies that are trusted may speak for their clients. */
  public static ClientRequest of(HttpServerRequest request, TrustedProxies proxies) {
    SocketAddress peer = request.remoteAddress();
    return of(
        request.isSSL(),
        request.authority(),
        peer == null ? null : peer.hostAddress(),
        request.headers(),
        proxies);
  }

  /** The same, of what the request says. */
  static ClientRequest of(
      boolean isTls,
      @Nullable HostAndPort authority,
      @Nullable String peer,
      MultiMap headers,
      TrustedProxies proxies) {
    InetAddress address = TrustedProxies.address(peer);
    String own = isTls ? HTTPS : HTTP;
    if (!proxies.contains(address)) {
      return named(own, authority, -1, shortest(address));
    }
    HostAndPort forwarded = authority(last(headers, "x-forwarded-host"));
    return named(
        scheme(last(headers, "x-forwarded-proto"), own),
        forwarded != null ? forwarded : authority,
        port(last(headers, "x-forwarded-port")),
        shortest(client(address, all(headers, "x-forwarded-for"), proxies)));
  }

  private static ClientRequest named(
      String scheme, @Nullable HostAndPort authority, int port, @Nullable String client) {
    int named = port > 0 || authority == null ? port : authority.port();
    return new ClientRequest(
        scheme,
        authority == null ? null : authority.host(),
        named > 0 ? named : scheme.equals(HTTPS) ? 443 : 80,
        client);
  }

  /*
   * Each proxy appends the address that it was connected from, so the list is to be believed from its
   * end, as far as those who wrote it are trusted: the first who is not is the client. What stands
   * before may be anything.
   */
  private static @Nullable InetAddress client(
      @Nullable InetAddress peer, List<String> forwarded, TrustedProxies proxies) {
    InetAddress nearest = peer;
    for (String each : forwarded.reversed()) {
      InetAddress address = TrustedProxies.address(withoutPort(each));
      if (address == null) {
        return nearest;
      }
      nearest = address;
      if (!proxies.contains(address)) {
        return nearest;
      }
    }
    return nearest;
  }

  /** {@code 192.0.2.1:4711} and {@code [2001:db8::1]:4711} as some proxies write it. */
  private static String withoutPort(String text) {
    if (text.startsWith("[")) {
      int end = text.indexOf(']');
      return end < 0 ? text : text.substring(1, end);
    }
    int colon = text.indexOf(':');
    return colon >= 0 && colon == text.lastIndexOf(':') ? text.substring(0, colon) : text;
  }

  private static @Nullable String shortest(@Nullable InetAddress address) {
    return address == null ? null : NetUtil.toAddressString(address);
  }

  private static String scheme(@Nullable String forwarded, String own) {
    return switch (forwarded == null ? "" : forwarded.toLowerCase(Locale.ROOT)) {
      case "https", "wss" -> HTTPS; // Traefik names a WebSocket by its own scheme.
      case "http", "ws" -> HTTP;
      default -> own;
    };
  }

  private static @Nullable HostAndPort authority(@Nullable String forwarded) {
    return forwarded == null || forwarded.isEmpty()
        ? null
        : HostAndPort.parseAuthority(forwarded, -1);
  }

  private static int port(@Nullable String forwarded) {
    if (forwarded == null || !forwarded.matches("\\d{1,5}")) {
      return -1;
    }
    int port = Integer.parseInt(forwarded);
    return port > 65_535 ? -1 : port;
  }

  /** Of several values the last, which the nearest proxy wrote; null for none. */
  private static @Nullable String last(MultiMap headers, String name) {
    List<String> all = all(headers, name);
    return all.isEmpty() ? null : all.getLast();
  }

  /** The elements of a list that may stand in several headers. */
  private static List<String> all(MultiMap headers, String name) {
    var elements = new ArrayList<String>();
    for (String value : headers.getAll(name)) {
      for (String element : value.split(",", -1)) {
        elements.add(element.strip());
      }
    }
    return elements;
  }
}
