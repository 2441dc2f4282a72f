package dev.roost.gateway.auth;

import dev.roost.bus.Contract;
import dev.roost.bus.RawPayload;
import dev.roost.routing.JwtCheck;
import dev.roost.token.jwt.JwtResult;
import dev.roost.token.jwt.JwtSettings;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who a client is by its verified token, as its mount wants to know it.
 *
 * @param id the socket's id topic, null when anonymous
 * @param assigns JSON object: the claims that every channel starts with
 * @param issuer who says so, null if the token does not tell
 * @param subject whom the token is for, null if it does not tell
 * @param left how long the token is accepted from now on
 */
public record Identity(
    @Nullable String id,
    RawPayload assigns,
    @Nullable Object issuer,
    @Nullable Object subject,
    Duration left) {

  /**
   * What a good token says.
   *
   * @return empty if it lacks a claim that the mount's id needs, or makes one that is too long
   */
  static Optional<Identity> of(JwtCheck check, JwtSettings settings, JwtResult.Valid token) {
    Map<String, Object> claims = token.claims();
    String id = null;
    if (check.id() != null) {
      Optional<String> made =
          check.idOf(claims).filter(text -> text.length() <= Contract.MAX_TEXT_CHARACTERS);
      if (made.isEmpty()) {
        return Optional.empty();
      }
      id = made.get();
    }
    Duration left =
        Duration.between(settings.clock().instant(), token.expiresAt().plus(settings.clockSkew()));
    return Optional.of(
        new Identity(id, assigns(check, claims), claims.get("iss"), claims.get("sub"), left));
  }

  private static RawPayload assigns(JwtCheck check, Map<String, Object> claims) {
    if (check.assigns().isEmpty()) {
      return RawPayload.EMPTY_OBJECT;
    }
    var assigns = new JsonObject();
    for (String name : check.assigns()) {
      Object claim = claims.get(name);
      if (claim != null) {
        assigns.put(name, claim);
      }
    }
    return RawPayload.json(assigns.toBuffer().getBytes());
  }

  /** Whether another token is of the same client. */
  public boolean isSame(Identity other) {
    return Objects.equals(id, other.id)
        && Objects.equals(issuer, other.issuer)
        && Objects.equals(subject, other.subject);
  }
}
