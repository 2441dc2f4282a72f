package dev.roost.gateway.protocol;

import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One message from a client, whatever serializer it came through. */
public record ClientMessage(
    @Nullable Ref joinRef, @Nullable Ref ref, String topic, String event, RawPayload payload) {

  public ClientMessage {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(event, "event");
    Objects.requireNonNull(payload, "payload");
  }
}
