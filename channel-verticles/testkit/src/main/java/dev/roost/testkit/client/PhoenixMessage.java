package dev.roost.testkit.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Objects;

/**
 * A message of the protocol, whatever version and frame it came in.
 *
 * @param joinRef JSON null where the version or the message has none
 * @param ref JSON null where there is none
 * @param payload a JSON value, or a {@link com.fasterxml.jackson.databind.node.BinaryNode}; of a
 *     reply always {@code {"status": .., "response": ..}}
 */
public record PhoenixMessage(
    JsonNode joinRef, JsonNode ref, String topic, String event, JsonNode payload) {

  public PhoenixMessage {
    Objects.requireNonNull(joinRef, "joinRef");
    Objects.requireNonNull(ref, "ref");
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(event, "event");
    Objects.requireNonNull(payload, "payload");
  }

  /** Whether this answers a message of the client. */
  public boolean isReply() {
    return event.equals("phx_reply");
  }

  /** Status of a reply, empty for anything else. */
  public String status() {
    return payload.path("status").asText();
  }

  /** Response of a reply. */
  public JsonNode response() {
    return payload.path("response");
  }

  /** Whether the payload is binary; that of a binary reply is within its response. */
  public boolean isBinary() {
    return payload.isBinary();
  }

  /** As an array in the manner of version 2; binary payloads in Base64. */
  @Override
  public String toString() {
    return "[" + joinRef + "," + ref + ",\"" + topic + "\",\"" + event + "\"," + payload + "]";
  }
}
