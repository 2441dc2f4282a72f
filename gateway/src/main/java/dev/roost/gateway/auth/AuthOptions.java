package dev.roost.gateway.auth;

import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.SocketOptions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a gateway knows that clients prove who they are with. Mounts ask for it in their {@link
 * SocketOptions}; it is not told to anybody else. {@code with..} methods change one.
 *
 * @param session how the session of {@link ConnectInfoKey#SESSION} is read; default null, mounts
 *     that want one are not served
 */
public record AuthOptions(@Nullable CookieSession session) {

  /** Nothing of it. */
  public static AuthOptions none() {
    return new AuthOptions(null);
  }

  public AuthOptions withSession(@Nullable CookieSession value) {
    return new AuthOptions(value);
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
    return Optional.empty();
  }
}
