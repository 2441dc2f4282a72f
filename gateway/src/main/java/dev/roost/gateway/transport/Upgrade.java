package dev.roost.gateway.transport;

import dev.roost.bus.Contract;
import dev.roost.cluster.Applications;
import dev.roost.gateway.auth.CookieSession;
import dev.roost.gateway.edge.ClientRequest;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.tls.PeerCertificate;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.TokenSource;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What an upgrade request says, and whether it may say so: pure reading, no answers. */
final class Upgrade {

  private static final String DEFAULT_VSN = "1.0.0";

  /** Of the subprotocol that carries a token instead. */
  static final String TOKEN_PREFIX = "base64url.bearer.phx.";

  private static final String BEARER = "bearer ";
  private static final String PROTOCOL_HEADER = "sec-websocket-protocol";

  private Upgrade() {}

  /** The subprotocols and auth token that a request brings (section 4 of the specification). */
  record Protocols(List<String> requested, @Nullable String authToken, boolean tokenIsBroken) {

    /** Of a transport without subprotocols, which has its token elsewhere. */
    static Protocols none(@Nullable String authToken) {
      return new Protocols(List.of(), authToken, false);
    }

    static Protocols of(HttpServerRequest request, SocketOptions options) {
      String header = request.getHeader(PROTOCOL_HEADER);
      List<String> requested = new ArrayList<>();
      if (header != null) {
        for (String protocol : header.split(",", -1)) {
          requested.add(protocol.trim());
        }
      }
      if (!options.authToken()) {
        return new Protocols(requested, null, false);
      }
      List<String> carriers =
          requested.stream().filter(protocol -> protocol.startsWith(TOKEN_PREFIX)).toList();
      if (carriers.size() != 1) {
        return new Protocols(requested, null, false);
      }
      requested.removeAll(carriers);
      Optional<String> token = decodeToken(carriers.get(0).substring(TOKEN_PREFIX.length()));
      return new Protocols(requested, token.orElse(null), token.isEmpty());
    }

    // Standard Base64 despite the prefix; the url-safe alphabet is accepted too.
    private static Optional<String> decodeToken(String encoded) {
      String standard = encoded.replace('-', '+').replace('_', '/');
      try {
        return Optional.of(
            new String(Base64.getDecoder().decode(standard), StandardCharsets.UTF_8));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }

    /** The subprotocol to answer with: the first of ours that was asked for. */
    Selection select(SocketOptions options) {
      List<String> offered = new ArrayList<>();
      if (options.authToken()) {
        offered.add("phoenix");
      }
      offered.addAll(options.subprotocols());
      if (offered.isEmpty() || requested.isEmpty()) {
        return new Selection(true, null);
      }
      return offered.stream()
          .filter(requested::contains)
          .findFirst()
          .map(protocol -> new Selection(true, protocol))
          .orElse(new Selection(false, null));
    }
  }

  /** Whether the request may go on, and the subprotocol to answer with. */
  record Selection(boolean allowed, @Nullable String protocol) {}

  /** Whether the mount lets in a page of this origin (section 3). */
  static boolean originAllowed(
      HttpServerRequest request,
      ClientRequest client,
      Applications.Mount mount,
      @Nullable String publicHost) {
    String host = client.host();
    String origin = request.getHeader("origin");
    return (origin == null || origin.length() <= Contract.MAX_TEXT_CHARACTERS)
        && mount
            .options()
            .checkOrigin()
            .allows(origin, client.scheme(), host == null ? "" : host, client.port(), publicHost);
  }

  /** The client's token, where the mount says that it is; null if it is nowhere there. */
  static @Nullable String token(
      HttpServerRequest request, JsonObject params, SocketOptions options, Protocols protocols) {
    JwtCheck check = options.jwt();
    if (check == null) {
      return null;
    }
    for (TokenSource source : check.sources()) {
      String token =
          switch (source) {
            case TokenSource.Param(var name) ->
                params.getValue(name) instanceof String text ? text : null;
            case TokenSource.AuthToken() -> protocols.authToken();
            case TokenSource.Authorization() -> bearer(request.getHeader("authorization"));
          };
      if (token != null) {
        return token;
      }
    }
    return null;
  }

  private static @Nullable String bearer(@Nullable String authorization) {
    return authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())
        ? authorization.substring(BEARER.length()).strip()
        : null;
  }

  /** What the mount's socket handler is to decide on (O-13). */
  static @Nullable String originToAsk(HttpServerRequest request, SocketOptions options) {
    return options.checkOrigin() instanceof OriginPolicy.ByHandler
        ? request.getHeader("origin")
        : null;
  }

  /** What the client asks for as {@code vsn}, 1.0.0 if nothing; empty if nobody speaks it (N-6). */
  static Optional<Serializer> serializer(JsonObject params, List<Serializer> serializers) {
    Object vsn = params.getValue("vsn", DEFAULT_VSN);
    Optional<Serializer> serializer =
        vsn instanceof String version ? Serializer.negotiate(version) : Optional.empty();
    return serializer.map(version -> serializers.get(version.index()));
  }

  /** Whether a request asks for a WebSocket, well or badly. */
  static boolean isWanted(HttpServerRequest request) {
    return hasToken(request, "upgrade", "websocket");
  }

  /** Why the headers are no WebSocket upgrade; empty if they are (H-13). */
  static Optional<String> defect(HttpServerRequest request) {
    if (request.version() != HttpVersion.HTTP_1_1) {
      return Optional.of("HTTP version must be 1.1, got " + request.version().alpnName());
    }
    if (request.getHeader("host") == null) {
      return Optional.of("'host' header must be present");
    }
    if (!hasToken(request, "connection", "upgrade")) {
      return Optional.of(must("connection", "upgrade", request));
    }
    if (!hasToken(request, "upgrade", "websocket")) {
      return Optional.of(must("upgrade", "websocket", request));
    }
    if (request.getHeader("sec-websocket-key") == null) {
      return Optional.of("'sec-websocket-key' header must be present");
    }
    if (!"13".equals(request.getHeader("sec-websocket-version"))) {
      return Optional.of(
          "'sec-websocket-version' header must equal '13', got "
              + request.headers().getAll("sec-websocket-version"));
    }
    // Vert.x would wait for it, or for ever, and not tell.
    if (hasBody(request)) {
      return Optional.of("a request for a WebSocket must not have a body");
    }
    return Optional.empty();
  }

  private static boolean hasBody(HttpServerRequest request) {
    String length = request.getHeader("content-length");
    return request.headers().contains("transfer-encoding")
        || (length != null && !length.equals("0"));
  }

  private static String must(String header, String token, HttpServerRequest request) {
    return "'"
        + header
        + "' header must contain '"
        + token
        + "', got "
        + request.headers().getAll(header);
  }

  private static boolean hasToken(HttpServerRequest request, String header, String token) {
    for (String value : request.headers().getAll(header)) {
      for (String part : value.split(",", -1)) {
        if (part.trim().equalsIgnoreCase(token)) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * The connect info: exactly the keys that the mount lists (section 5). For a long-poll session it
   * is that of the request which opens it (C-16).
   *
   * @param session reads the session, null if this gateway has none
   */
  static JsonObject connectInfo(
      HttpServerRequest request,
      ClientRequest client,
      JsonObject params,
      SocketOptions options,
      Protocols protocols,
      @Nullable CookieSession session) {
    var info = new JsonObject();
    for (ConnectInfoKey key : options.connectInfo()) {
      info.put(
          key.wireName(),
          switch (key) {
            case PEER_DATA -> peer(request);
            case TRACE_CONTEXT_HEADERS ->
                headers(request, n -> n.equals("traceparent") || n.equals("tracestate"));
            case X_HEADERS -> headers(request, n -> n.startsWith("x-"));
            case SEC_WEBSOCKET_HEADERS -> webSocketHeaders(request, protocols);
            case URI -> uri(request, client);
            case USER_AGENT -> request.getHeader("user-agent");
            case SESSION ->
                session == null
                    ? null
                    : session.read(request, csrfToken(params), options.checkCsrf());
          });
    }
    if (options.authToken()) {
      info.put("auth_token", protocols.authToken());
    }
    return info;
  }

  private static @Nullable String csrfToken(JsonObject params) {
    return params.getValue("_csrf_token") instanceof String token ? token : null;
  }

  // The TCP peer, whoever it speaks for (C-2).
  private static JsonObject peer(HttpServerRequest request) {
    return new JsonObject()
        .put("address", request.remoteAddress().hostAddress())
        .put("port", request.remoteAddress().port())
        .put("ssl_cert", PeerCertificate.of(request).orElse(null));
  }

  private static JsonObject uri(HttpServerRequest request, ClientRequest client) {
    return new JsonObject()
        .put("scheme", client.scheme())
        .put("host", client.host())
        .put("port", client.port())
        .put("path", request.path())
        .put("query", request.query());
  }

  // A token that was taken out of the list is not exposed here either (C-5).
  private static JsonArray webSocketHeaders(HttpServerRequest request, Protocols protocols) {
    if (protocols.authToken() == null) {
      return headers(request, name -> name.startsWith("sec-websocket-"));
    }
    JsonArray all =
        headers(
            request, name -> name.startsWith("sec-websocket-") && !name.equals(PROTOCOL_HEADER));
    if (!protocols.requested().isEmpty()) {
      all.add(JsonArray.of(PROTOCOL_HEADER, String.join(", ", protocols.requested())));
    }
    return all;
  }

  private static JsonArray headers(HttpServerRequest request, Predicate<String> wanted) {
    var found = new JsonArray();
    for (Map.Entry<String, String> header : request.headers()) {
      String name = header.getKey().toLowerCase(Locale.ROOT);
      if (wanted.test(name)) {
        found.add(JsonArray.of(name, header.getValue()));
      }
    }
    return found;
  }
}
