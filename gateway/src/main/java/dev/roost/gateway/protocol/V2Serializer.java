package dev.roost.gateway.protocol;

import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Version 2.0: JSON arrays {@code [join_ref, ref, topic, event, payload]} in text frames, and
 * frames with a header of lengths for binary payloads (sections 7.2 and 8 of the specification).
 * Follows {@code Phoenix.Socket.V2.JSONSerializer}.
 */
final class V2Serializer implements Serializer {

  private static final byte PUSH = 0;
  private static final byte REPLY = 1;
  private static final byte BROADCAST = 2;
  private static final int MAX_FIELD = 255;

  private final int maxDepth;

  V2Serializer(int maxDepth) {
    this.maxDepth = maxDepth;
  }

  @Override
  public int index() {
    return 1;
  }

  @Override
  public ClientMessage decodeText(byte[] body) {
    var in = new JsonScanner(body, maxDepth);
    in.expect('[');
    Ref joinRef = Slices.ref(in, body);
    in.expect(',');
    Ref ref = Slices.ref(in, body);
    in.expect(',');
    String topic = Slices.name(in, "topic");
    in.expect(',');
    String event = Slices.name(in, "event");
    in.expect(',');
    RawPayload payload = Slices.payload(in, body);
    while (Slices.next(in, ']')) {
      in.skipValue();
    }
    in.expectEnd();
    return new ClientMessage(joinRef, ref, topic, event, payload);
  }

  @Override
  public ClientMessage decodeBinary(byte[] body) {
    if (body.length < 5 || body[0] != PUSH) {
      throw ProtocolException.malformed(
          body.length > 0 && body[0] != PUSH
              ? "a binary message from a client is of kind 0, got " + (body[0] & 0xff)
              : "a binary message has 5 octets of header, got " + body.length);
    }
    int joinRefLength = body[1] & 0xff;
    int refLength = body[2] & 0xff;
    int topicLength = body[3] & 0xff;
    int eventLength = body[4] & 0xff;
    int start = 5;
    int end = start + joinRefLength + refLength + topicLength + eventLength;
    if (end > body.length) {
      throw ProtocolException.malformed(
          "the fields of a binary message end at octet " + end + ", but it has " + body.length);
    }
    String joinRef = field(body, start, joinRefLength);
    start += joinRefLength;
    String ref = field(body, start, refLength);
    start += refLength;
    String topic = field(body, start, topicLength);
    start += topicLength;
    String event = field(body, start, eventLength);
    return new ClientMessage(
        Ref.ofText(joinRef),
        Ref.ofText(ref),
        topic,
        event,
        RawPayload.binary(Arrays.copyOfRange(body, end, body.length)));
  }

  private static String field(byte[] body, int start, int length) {
    byte[] field = Arrays.copyOfRange(body, start, start + length);
    if (!Utf8.isValid(field)) {
      throw ProtocolException.malformed(
          "the names of a binary message are UTF-8, got other octets");
    }
    return new String(field, StandardCharsets.UTF_8);
  }

  @Override
  public Optional<Frame> push(
      @Nullable Ref joinRef, String topic, String event, RawPayload payload) {
    return payload.isBinary()
        ? binary(PUSH, payload, text(joinRef), topic, event)
        : Optional.of(array(joinRef, null, topic, event, payload.bytes()));
  }

  @Override
  public Optional<Frame> broadcast(String topic, String event, RawPayload payload) {
    return payload.isBinary()
        ? binary(BROADCAST, payload, topic, event)
        : Optional.of(array(null, null, topic, event, payload.bytes()));
  }

  @Override
  public Optional<Frame> reply(
      @Nullable Ref joinRef, @Nullable Ref ref, String topic, String status, RawPayload response) {
    return response.isBinary()
        ? binary(REPLY, response, text(joinRef), text(ref), topic, status)
        : Optional.of(replyArray(joinRef, ref, topic, status, response.bytes()));
  }

  @Override
  public Frame ended(@Nullable Ref joinRef, String topic, String event, RawPayload payload) {
    return array(joinRef, joinRef, topic, event, payload.bytes());
  }

  private static Frame array(
      @Nullable Ref joinRef, @Nullable Ref ref, String topic, String event, byte[] payload) {
    return new Frame(
        false,
        head(joinRef, ref, topic, event, payload.length + 2).raw(payload).raw("]").toBytes());
  }

  private static Frame replyArray(
      @Nullable Ref joinRef, @Nullable Ref ref, String topic, String status, byte[] response) {
    return new Frame(
        false,
        head(joinRef, ref, topic, Wire.REPLY, 32 + status.length() + response.length)
            .raw("{\"status\":")
            .string(status)
            .raw(",\"response\":")
            .raw(response)
            .raw("}]")
            .toBytes());
  }

  private static JsonWriter head(
      @Nullable Ref joinRef, @Nullable Ref ref, String topic, String event, int rest) {
    return new JsonWriter(32 + topic.length() + event.length() + rest)
        .raw("[")
        .ref(joinRef)
        .raw(",")
        .ref(ref)
        .raw(",")
        .string(topic)
        .raw(",")
        .string(event)
        .raw(",");
  }

  private static String text(@Nullable Ref ref) {
    return ref == null ? "" : ref.text();
  }

  private static Optional<Frame> binary(byte kind, RawPayload payload, String... names) {
    var fields = new byte[names.length][];
    int length = 1 + names.length + payload.size();
    for (int i = 0; i < names.length; i++) {
      fields[i] = names[i].getBytes(StandardCharsets.UTF_8);
      if (fields[i].length > MAX_FIELD) {
        return Optional.empty();
      }
      length += fields[i].length;
    }
    var body = new byte[length];
    body[0] = kind;
    int position = 1 + names.length;
    for (int i = 0; i < fields.length; i++) {
      body[1 + i] = (byte) fields[i].length;
      System.arraycopy(fields[i], 0, body, position, fields[i].length);
      position += fields[i].length;
    }
    System.arraycopy(payload.bytes(), 0, body, position, payload.size());
    return Optional.of(new Frame(true, body));
  }

  @Override
  public String toString() {
    return "V2";
  }
}
