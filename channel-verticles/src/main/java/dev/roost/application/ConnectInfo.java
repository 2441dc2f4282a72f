package dev.roost.application;

import com.fasterxml.jackson.databind.JsonNode;
import dev.roost.channel.Payload;
import dev.roost.routing.ConnectInfoKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a socket handler is told of the request: the listed keys and nothing else (C-1). */
public final class ConnectInfo {

  private final Payload info;

  /** Views a JSON object keyed by {@link ConnectInfoKey#wireName()}. */
  public ConnectInfo(Payload info) {
    this.info = info;
  }

  /** The auth token from the subprotocol list, empty when none was sent. */
  public Optional<String> authToken() {
    return text(info.tree().path("auth_token"));
  }

  /** The {@code User-Agent} header. */
  public Optional<String> userAgent() {
    return text(info.tree().path(ConnectInfoKey.USER_AGENT.wireName()));
  }

  /** Address of the TCP peer, which is the proxy when there is one. */
  public Optional<String> peerAddress() {
    return text(info.tree().path(ConnectInfoKey.PEER_DATA.wireName()).path("address"));
  }

  /**
   * The certificate that the client showed in TLS, in PEM; the gateway's {@code tls-client-ca} has
   * checked it.
   */
  public Optional<String> peerCertificate() {
    return text(info.tree().path(ConnectInfoKey.PEER_DATA.wireName()).path("ssl_cert"));
  }

  /**
   * The claims of the client's JSON Web Token, which a gateway has verified: {@code {"sub": "42",
   * "exp": 1700000000, ..}}; empty unless the mount's {@link dev.roost.routing.JwtCheck} asks the
   * handler.
   */
  public Optional<JsonNode> claims() {
    JsonNode claims = info.tree().path("claims");
    return claims.isObject() ? Optional.of(claims) : Optional.empty();
  }

  /**
   * The session of the page that connects, as {@link ConnectInfoKey#SESSION} says; empty if there
   * is none, or none that may be used.
   */
  public Optional<JsonNode> session() {
    JsonNode session = info.tree().path(ConnectInfoKey.SESSION.wireName());
    return session.isObject() ? Optional.of(session) : Optional.empty();
  }

  /** Names and values of the headers under a key, in request order, repeats kept. */
  public List<Map.Entry<String, String>> headers(ConnectInfoKey key) {
    var headers = new ArrayList<Map.Entry<String, String>>();
    for (JsonNode pair : info.tree().path(key.wireName())) {
      headers.add(Map.entry(pair.path(0).asText(), pair.path(1).asText()));
    }
    return headers;
  }

  /** Everything, as a tree. */
  public JsonNode tree() {
    return info.tree();
  }

  private static Optional<String> text(JsonNode node) {
    return node.isTextual() ? Optional.of(node.asText()) : Optional.empty();
  }
}
