package dev.roost.channel;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.roost.bus.Contract;
import dev.roost.bus.RawPayload;
import dev.roost.presence.PresenceList;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns what applications send into bytes, on the caller's thread, so that what cannot be sent
 * fails there (F-2). Safe for any thread.
 */
public final class PayloadWriter {

  private static final int MAX_BINARY_NAME_BYTES = 255;

  private final ObjectMapper mapper;

  public PayloadWriter(ObjectMapper mapper) {
    this.mapper = mapper;
  }

  /**
   * Any JSON value, or binary.
   *
   * @throws IllegalArgumentException if Jackson cannot write it, or it is larger than 16 MiB
   */
  public RawPayload write(@Nullable Object value) {
    RawPayload raw = convert(value);
    if (raw.size() > Contract.MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException(
          "a payload has at most " + Contract.MAX_PAYLOAD_BYTES + " bytes, got " + raw.size());
    }
    return raw;
  }

  /**
   * A JSON object, or binary: what may be pushed and broadcast (S-15).
   *
   * @throws IllegalArgumentException for anything else
   */
  public RawPayload writeObject(@Nullable Object value) {
    RawPayload raw = write(value);
    if (!raw.isObjectOrBinary()) {
      throw new IllegalArgumentException(
          "a push or broadcast carries a JSON object or binary, got "
              + (value == null ? "null" : value.getClass().getName())
              + "; wrap it, for instance in Map.of(\"value\", ..)");
    }
    return raw;
  }

  /**
   * Checks the names that a message with this payload carries: each has at most 21,845 characters,
   * in binary frames at most 255 bytes (B-7).
   *
   * @throws IllegalArgumentException if one does not fit
   */
  public RawPayload requireNames(RawPayload payload, String... names) {
    for (String name : names) {
      Contract.requireText("a topic, event or status", name);
    }
    if (payload.isBinary()) {
      for (String name : names) {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_BINARY_NAME_BYTES) {
          throw new IllegalArgumentException(
              "topic, event and status of a binary message have at most "
                  + MAX_BINARY_NAME_BYTES
                  + " bytes each, got "
                  + length
                  + "; shorten it, or send JSON");
        }
      }
    }
    return payload;
  }

  private RawPayload convert(@Nullable Object value) {
    return switch (value) {
      case null -> RawPayload.jsonText("null");
      case Payload payload -> payload.raw();
      case PresenceList presences -> presences.raw();
      case byte[] bytes -> RawPayload.binary(bytes.clone());
      case Buffer buffer -> RawPayload.binary(buffer.getBytes());
      case Map<?, ?> map when map.isEmpty() -> RawPayload.EMPTY_OBJECT;
      default -> {
        try {
          yield RawPayload.json(mapper.writeValueAsBytes(value));
        } catch (JsonProcessingException e) {
          throw new IllegalArgumentException(
              "Jackson cannot write a " + value.getClass().getName() + " as JSON", e);
        }
      }
    };
  }
}
