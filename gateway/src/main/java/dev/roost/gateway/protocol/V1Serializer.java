package dev.roost.gateway.protocol;

import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Version 1.0: JSON objects with the keys topic, event, payload, ref; the client may add join_ref,
 * the server never does (S-1 to S-8). Follows {@code Phoenix.Socket.V1.JSONSerializer}.
 */
final class V1Serializer implements Serializer {

  private final int maxDepth;

  V1Serializer(int maxDepth) {
    this.maxDepth = maxDepth;
  }

  @Override
  public int index() {
    return 0;
  }

  @Override
  public ClientMessage decodeText(byte[] body) {
    var in = new JsonScanner(body, maxDepth);
    String topic = null;
    String event = null;
    RawPayload payload = null;
    Ref joinRef = null;
    Ref ref = null;
    boolean hasRef = false;
    in.expect('{');
    if (in.peek() == '}') {
      throw missing("topic");
    }
    do {
      String key = in.string();
      in.expect(':');
      switch (key) {
        case "topic" -> topic = Slices.name(in, "topic");
        case "event" -> event = Slices.name(in, "event");
        case "payload" -> payload = Slices.payload(in, body);
        case "join_ref" -> joinRef = Slices.ref(in, body);
        case "ref" -> {
          ref = Slices.ref(in, body);
          hasRef = true;
        }
        default -> in.skipValue();
      }
    } while (Slices.next(in, '}'));
    in.expectEnd();
    if (topic == null) {
      throw missing("topic");
    }
    if (event == null) {
      throw missing("event");
    }
    if (payload == null) {
      throw missing("payload");
    }
    if (!hasRef) {
      throw missing("ref");
    }
    return new ClientMessage(joinRef, ref, topic, event, payload);
  }

  private static ProtocolException missing(String key) {
    return ProtocolException.malformed(
        "a version 1 message has the keys topic, event, payload and ref; " + key + " is missing");
  }

  /** The opcode does not matter in version 1: the bytes are a JSON object all the same (S-7). */
  @Override
  public ClientMessage decodeBinary(byte[] body) {
    if (!Utf8.isValid(body)) {
      throw ProtocolException.malformed("a version 1 message is JSON, got octets that are no text");
    }
    return decodeText(body);
  }

  @Override
  public Optional<Frame> push(
      @Nullable Ref joinRef, String topic, String event, RawPayload payload) {
    return broadcast(topic, event, payload);
  }

  @Override
  public Optional<Frame> broadcast(String topic, String event, RawPayload payload) {
    return payload.isBinary()
        ? Optional.empty()
        : Optional.of(object(topic, event, payload.bytes(), null));
  }

  @Override
  public Optional<Frame> reply(
      @Nullable Ref joinRef, @Nullable Ref ref, String topic, String status, RawPayload response) {
    if (response.isBinary()) {
      return Optional.empty();
    }
    byte[] payload = Slices.replyPayload(status, response);
    return Optional.of(object(topic, Wire.REPLY, payload, ref));
  }

  @Override
  public Frame ended(@Nullable Ref joinRef, String topic, String event, RawPayload payload) {
    return object(topic, event, payload.bytes(), joinRef);
  }

  private static Frame object(String topic, String event, byte[] payload, @Nullable Ref ref) {
    byte[] body =
        new JsonWriter(64 + topic.length() + event.length() + payload.length)
            .raw("{\"topic\":")
            .string(topic)
            .raw(",\"event\":")
            .string(event)
            .raw(",\"payload\":")
            .raw(payload)
            .raw(",\"ref\":")
            .ref(ref)
            .raw("}")
            .toBytes();
    return new Frame(false, body);
  }

  @Override
  public String toString() {
    return "V1";
  }
}
