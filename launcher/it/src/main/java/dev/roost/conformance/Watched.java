package dev.roost.conformance;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.SocketHandler;
import dev.roost.presence.PresenceDiff;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The application "watched": its log tells who comes to its topics and who goes. */
public final class Watched implements ApplicationProvider {

  @Override
  public Application application() {
    return Application.named("watched")
        .socket("/watched", SocketHandler.acceptAll())
        .route("presence:*", PresenceChannel::new)
        .presence(new Log());
  }

  private static final class Log implements PresenceHandler {

    private static final Logger log = LoggerFactory.getLogger(Watched.class);

    @Override
    public void handleMetas(String topic, PresenceDiff diff, PresenceList presences) {
      diff.joins().keys().forEach(key -> log.info("{} has come to {}", key, topic));
      diff.leaves().keys().stream()
          .filter(key -> !presences.keys().contains(key))
          .forEach(key -> log.info("{} has gone from {}", key, topic));
    }

    @Override
    public void occupied(String topic) {
      log.info("{} is occupied", topic);
    }

    @Override
    public void vacated(String topic) {
      log.info("{} is vacated", topic);
    }
  }
}
