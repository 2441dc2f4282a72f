package dev.roost.bus;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The bytes of one payload as they cross the bus: JSON text that somebody has already validated, or
 * opaque binary. Nobody between the two ends looks inside.
 *
 * <p>Immutable by agreement: the array is handed out without a copy, so neither the giver nor any
 * reader may change it. Safe to share between threads.
 */
public final class RawPayload {

  /** {@code {}}, the payload of every answer without one. */
  public static final RawPayload EMPTY_OBJECT = jsonText("{}");

  private final byte[] bytes;
  private final boolean binary;

  private RawPayload(byte[] bytes, boolean binary) {
    this.bytes = bytes;
    this.binary = binary;
  }

  /** JSON text in UTF-8, already validated by the caller; the array is kept, not copied. */
  public static RawPayload json(byte[] utf8) {
    return new RawPayload(utf8, false);
  }

  /** JSON text, already valid. */
  public static RawPayload jsonText(String json) {
    return json(json.getBytes(StandardCharsets.UTF_8));
  }

  /** Opaque bytes; the array is kept, not copied. */
  public static RawPayload binary(byte[] bytes) {
    return new RawPayload(bytes, true);
  }

  /** Whether these are opaque bytes rather than JSON. */
  public boolean isBinary() {
    return binary;
  }

  /** The bytes themselves, not a copy. */
  public byte[] bytes() {
    return bytes;
  }

  /** Length in bytes. */
  public int size() {
    return bytes.length;
  }

  /** Whether this may be pushed or broadcast: a JSON object, or binary (S-15). */
  public boolean isObjectOrBinary() {
    if (binary) {
      return true;
    }
    for (byte b : bytes) {
      if (b > ' ') {
        return b == '{';
      }
    }
    return false;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RawPayload that
        && binary == that.binary
        && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes) * 2 + (binary ? 1 : 0);
  }

  /** Kind and size only: payloads stay out of logs. */
  @Override
  public String toString() {
    return (binary ? "binary" : "json") + "[" + bytes.length + " bytes]";
  }
}
