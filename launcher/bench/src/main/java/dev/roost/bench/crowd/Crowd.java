package dev.roost.bench.crowd;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.SocketHandler;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;

/** The application "crowd": many who are present, and some who watch them. */
public final class Crowd implements ApplicationProvider {

  /** Where everybody in a seat is present. */
  static final String TOPIC = "crowd:seats";

  @Override
  public Application application() {
    return Application.named("crowd")
        .socket(
            "/socket",
            SocketHandler.acceptAll(),
            SocketOptions.defaults().withCheckOrigin(OriginPolicy.any()))
        .route("seat:*", SeatChannel::new)
        .route("crowd:*", CrowdChannel::new);
  }
}
