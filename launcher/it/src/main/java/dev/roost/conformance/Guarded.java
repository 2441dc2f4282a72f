package dev.roost.conformance;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.ConnectResult;
import dev.roost.application.SocketHandler;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.TokenSource;
import dev.roost.token.TokenResult;
import dev.roost.token.TokenSettings;
import dev.roost.token.Tokens;
import java.time.Duration;

/**
 * The application "guarded", for attacks on the door: pages of its own host only, and a token as
 * Phoenix.Token makes it that is at most a minute old, or on {@code /verified} a JSON Web Token
 * that the gateway verifies. Its secret is in the sources: never deploy it.
 */
public final class Guarded implements ApplicationProvider {

  static final String NAME = "guarded";

  static final Tokens TOKENS =
      new Tokens(
          TokenSettings.of("known to everybody ".repeat(4), "user socket")
              .withMaxAge(Duration.ofMinutes(1)));

  @Override
  public Application application() {
    return Application.named(NAME)
        .socket(
            "/guarded",
            (params, info) ->
                TOKENS.verify(params.tree().path("token").asText(null)) instanceof TokenResult.Valid
                    ? ConnectResult.accept()
                    : ConnectResult.refuse())
        .socket(
            "/verified",
            SocketHandler.acceptAll(),
            SocketOptions.defaults().withJwt(JwtCheck.of(TokenSource.param("access_token"))));
  }
}
