package dev.roost.bus;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a connection brings to each of its joins.
 *
 * @param path the mount path it came through
 * @param transport {@code websocket} or {@code longpoll}
 * @param id its id topic, null when anonymous
 * @param assigns JSON object from connect
 */
public record ClientInfo(String path, String transport, @Nullable String id, RawPayload assigns) {

  public ClientInfo {
    Objects.requireNonNull(path, "path");
    Objects.requireNonNull(transport, "transport");
    Objects.requireNonNull(assigns, "assigns");
  }
}
