package dev.roost.conformance;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.ConnectInfo;
import dev.roost.application.ConnectResult;
import dev.roost.application.Route;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Payload;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import java.util.Optional;

/** The application "fixture": its socket and its routes. */
public final class Fixture implements ApplicationProvider {

  static final String NAME = "fixture";

  @Override
  public Application application() {
    return Application.named(NAME)
        .socket(
            "/socket",
            new Sockets(),
            SocketOptions.defaults().withCheckOrigin(OriginPolicy.any()).withLongPoll())
        .socket(
            "/token",
            Fixture::expected,
            SocketOptions.defaults()
                .withCheckOrigin(OriginPolicy.any())
                .withAuthToken(true)
                .withLongPoll())
        .route("room:*", RoomChannel::new)
        .route(Route.of("test:*", TestChannel::new).intercept("intercepted"))
        .route("presence:*", PresenceChannel::new);
  }

  /** Accepts who has the auth token that he says he has. */
  private static ConnectResult expected(Payload params, ConnectInfo info) {
    return info.authToken().equals(Optional.of(params.tree().path("expected").asText()))
        ? ConnectResult.accept()
        : ConnectResult.refuse();
  }

  /** Refuses the token {@code bad}, and names sockets by their user. */
  private static final class Sockets implements SocketHandler {

    @Override
    public ConnectResult connect(Payload params, ConnectInfo info) {
      var given = params.tree();
      if (given.path("token").asText().equals("bad")) {
        return ConnectResult.refuse();
      }
      var user = given.path("user_id");
      return user.isTextual()
          ? ConnectResult.accept().assign("user_id", user.asText())
          : ConnectResult.accept();
    }

    @Override
    public Optional<String> id(ConnectResult.Accepted accepted) {
      return Optional.ofNullable(accepted.assigns().get("user_id"))
          .map(user -> "user_socket:" + user);
    }
  }
}
