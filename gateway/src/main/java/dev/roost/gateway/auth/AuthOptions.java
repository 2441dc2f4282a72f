package dev.roost.gateway.auth;

import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.SocketOptions;
import dev.roost.token.jwt.JwtVerifier;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a gateway knows that clients prove who they are with. Mounts ask for it in their {@link
 * SocketOptions}; it is not told to anybody else. {@code with..} methods change one.
 *
 * @param session how the session of {@link ConnectInfoKey#SESSION} is read; default null, mounts
 *     that want one are not served
 * @param jwt what verifies tokens, by the names that {@link JwtCheck#keys} has; share one among
 *     gateways, it keeps the keys that it fetched, and whoever made it closes it. Default none,
 *     mounts that check tokens are not served
 */
public record AuthOptions(@Nullable CookieSession session, Map<String, JwtVerifier> jwt) {

  public AuthOptions {
    jwt = Map.copyOf(jwt);
  }

  /** Nothing of it. */
  public static AuthOptions none() {
    return new AuthOptions(null, Map.of());
  }

  public AuthOptions withSession(@Nullable CookieSession value) {
    return new AuthOptions(value, jwt);
  }

  /** Also verifies tokens for mounts that name no other keys. */
  public AuthOptions withJwt(JwtVerifier verifier) {
    return withJwt(JwtCheck.DEFAULT_KEYS, verifier);
  }

  /** Also verifies tokens for mounts that name these keys. */
  public AuthOptions withJwt(String keys, JwtVerifier verifier) {
    var all = new HashMap<>(jwt);
    all.put(keys, verifier);
    return new AuthOptions(session, all);
  }

  /**
   * What a mount asks for and this gateway does not have, for its log; empty if it can serve the
   * mount. Its clients are answered 500 otherwise.
   */
  public Optional<String> lacks(SocketOptions mount) {
    if (session == null && mount.connectInfo().contains(ConnectInfoKey.SESSION)) {
      return Optional.of(
          "its connect info lists the session, which this gateway has no secret for: set"
              + " session-cookie, session-signing-salt and the secret key base of the application"
              + " that makes the cookie");
    }
    JwtCheck check = mount.jwt();
    if (check != null && !jwt.containsKey(check.keys())) {
      return Optional.of(
          "its tokens are verified with keys \""
              + check.keys()
              + "\", which this gateway does not have: set jwt-key-set, jwt-public-key-file or"
              + " jwt-secret-file for \""
              + JwtCheck.DEFAULT_KEYS
              + "\", jwt-named-key-sets for others");
    }
    return Optional.empty();
  }
}
