package dev.roost.conformance;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.SocketHandler;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.TokenSource;

/**
 * The application "signed": whoever has a JSON Web Token of the gateway's keys, for as long as it
 * is good.
 */
public final class Signed implements ApplicationProvider {

  @Override
  public Application application() {
    return Application.named("signed")
        .socket(
            "/signed",
            SocketHandler.acceptAll(),
            SocketOptions.defaults()
                .withCheckOrigin(OriginPolicy.any())
                .withLongPoll()
                .withJwt(JwtCheck.of(TokenSource.param("access_token")).withId("user:{sub}")))
        .route("signed:*", TestChannel::new);
  }
}
