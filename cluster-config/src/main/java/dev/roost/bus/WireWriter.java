package dev.roost.bus;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Appends the contract's primitives to a buffer; {@link WireReader} is its mirror. */
final class WireWriter {

  private final Buffer buffer;

  WireWriter(Buffer buffer) {
    this.buffer = buffer;
  }

  WireWriter octet(int value) {
    buffer.appendByte((byte) value);
    return this;
  }

  /** LEB128: seven bits an octet, low bits first; numbers here are never negative. */
  WireWriter number(long value) {
    if (value < 0) {
      throw new IllegalArgumentException("numbers on the bus are 0 or more, got " + value);
    }
    long rest = value;
    while (rest > 0x7f) {
      buffer.appendByte((byte) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    buffer.appendByte((byte) rest);
    return this;
  }

  WireWriter text(String value) {
    return bytes(value.getBytes(StandardCharsets.UTF_8), Contract.MAX_TEXT_BYTES, "text");
  }

  WireWriter flag(boolean value) {
    return octet(value ? 1 : 0);
  }

  WireWriter texts(Map<String, String> values, int most) {
    if (values.size() > most) {
      throw new IllegalArgumentException(
          "there are at most " + most + " names with a text, got " + values.size());
    }
    number(values.size());
    new TreeMap<>(values).forEach((name, value) -> text(name).text(value));
    return this;
  }

  WireWriter optionalText(@Nullable String value) {
    return value == null ? octet(0) : octet(1).text(value);
  }

  WireWriter ref(@Nullable Ref ref) {
    return optionalText(ref == null ? null : ref.json());
  }

  WireWriter payload(RawPayload payload) {
    return flag(payload.isBinary()).bytes(payload.bytes(), Contract.MAX_PAYLOAD_BYTES, "payload");
  }

  private WireWriter bytes(byte[] bytes, int limit, String what) {
    if (bytes.length > limit) {
      throw new IllegalArgumentException(
          "a " + what + " on the bus has at most " + limit + " bytes, got " + bytes.length);
    }
    number(bytes.length);
    buffer.appendBytes(bytes);
    return this;
  }
}
