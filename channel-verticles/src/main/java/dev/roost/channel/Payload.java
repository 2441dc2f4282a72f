package dev.roost.channel;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.roost.bus.RawPayload;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What came with a message: a JSON value, or binary. Nothing is parsed until asked for, and handing
 * it on unread (as a reply, a push, a broadcast) costs nothing.
 *
 * <p>Immutable; safe for any thread.
 */
public final class Payload {

  private final RawPayload raw;
  private final ObjectMapper mapper;

  /** Views raw bytes through this mapper. */
  public Payload(RawPayload raw, ObjectMapper mapper) {
    this.raw = raw;
    this.mapper = mapper;
  }

  /** Whether these are opaque bytes rather than JSON. */
  public boolean isBinary() {
    return raw.isBinary();
  }

  /**
   * A copy of the bytes of a binary payload.
   *
   * @throws IllegalArgumentException if it is JSON
   */
  public byte[] binary() {
    if (!raw.isBinary()) {
      throw new IllegalArgumentException("expected a binary payload, got JSON");
    }
    return raw.bytes().clone();
  }

  /**
   * The JSON value as a tree, parsed anew at each call.
   *
   * @throws IllegalArgumentException if it is binary
   */
  public JsonNode tree() {
    requireJson();
    try {
      return mapper.readTree(raw.bytes());
    } catch (IOException e) {
      throw new IllegalArgumentException("the payload cannot be read as a tree", e);
    }
  }

  /**
   * The JSON value bound to a type, usually a record. JSON null is a value of no type here, also
   * where Jackson has one for it, as 0 for an int: {@link #tree} takes it.
   *
   * @throws IllegalArgumentException if it is binary, is JSON null, or does not fit
   */
  public <T> T as(Class<T> type) {
    requireJson();
    try {
      @Nullable T value = mapper.readValue(raw.bytes(), type);
      if (value == null || isNull()) {
        throw new IllegalArgumentException("expected a " + type.getSimpleName() + ", got null");
      }
      return value;
    } catch (JsonProcessingException e) {
      // Jackson's own message quotes the payload, which belongs in no log.
      throw new IllegalArgumentException(
          "the payload does not fit " + type.getSimpleName() + " at " + at(e));
    } catch (IOException e) {
      throw new IllegalArgumentException("the payload cannot be read", e);
    }
  }

  /** The bytes behind it; for the runtime. */
  public RawPayload raw() {
    return raw;
  }

  /** Of what is JSON: nothing else in it begins with this letter. */
  private boolean isNull() {
    for (byte octet : raw.bytes()) {
      if (octet > ' ') {
        return octet == 'n';
      }
    }
    return false;
  }

  private void requireJson() {
    if (raw.isBinary()) {
      throw new IllegalArgumentException("expected a JSON payload, got binary");
    }
  }

  private static String at(JsonProcessingException e) {
    return e.getLocation() == null ? "unknown place" : "byte " + e.getLocation().getByteOffset();
  }

  /** Kind and size only: payloads stay out of logs. */
  @Override
  public String toString() {
    return raw.toString();
  }
}
