package dev.roost.conformance;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.presence.PresenceDiff;
import dev.roost.presence.PresenceHandler;
import dev.roost.presence.PresenceList;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application "watched": its log tells who comes to its topics and who goes, and its
 * "directory:*" finds who is in any of them.
 */
public final class Watched implements ApplicationProvider {

  @Override
  public Application application() {
    return Application.named("watched")
        .socket("/watched", SocketHandler.acceptAll())
        .route("presence:*", PresenceChannel::new)
        .route("directory:*", Directory::new)
        .presence(new Log());
  }

  private static final class Directory implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return JoinResult.ok();
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      String topic = payload.tree().required("topic").asText();
      String key = payload.tree().required("key").asText();
      return socket
          .presence(topic)
          .getByKey(key)
          .map(found -> Result.reply("ok", found))
          .orElseGet(() -> Result.reply("error", Map.of("reason", "absent")));
    }
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
