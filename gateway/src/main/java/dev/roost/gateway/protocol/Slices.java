package dev.roost.gateway.protocol;

import dev.roost.bus.Contract;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The parts of a text message, cut out of its bytes as they are validated. */
final class Slices {

  private static final RawPayload NULL = RawPayload.jsonText("null");

  private Slices() {}

  /** A topic or event: a string. */
  static String name(JsonScanner in, String what) {
    String name = in.string();
    requireText(name.length(), what);
    return name;
  }

  /** A ref: any JSON value, null when it is null. */
  static @Nullable Ref ref(JsonScanner in, byte[] body) {
    int c = in.peek();
    if (c == '"') {
      int start = in.position();
      String text = in.string();
      requireText(text.length(), "ref");
      int length = in.position() - start;
      // Without escapes the text as sent is the canonical one.
      Ref ref =
          length == text.length() + 2 && text.indexOf('\\') < 0
              ? new Ref(new String(body, start, length, StandardCharsets.UTF_8))
              : Ref.ofText(text);
      // With its escapes it may be longer than its text.
      requireText(ref.json().length(), "ref");
      return ref;
    }
    byte[] raw = value(in, body);
    requireText(raw.length, "ref");
    return c == 'n' ? null : new Ref(new String(raw, StandardCharsets.UTF_8));
  }

  /** A payload: any JSON value. */
  static RawPayload payload(JsonScanner in, byte[] body) {
    byte[] raw = value(in, body);
    if (raw.length == 2 && raw[0] == '{') {
      return RawPayload.EMPTY_OBJECT;
    }
    return raw.length == 4 && raw[0] == 'n' ? NULL : RawPayload.json(raw);
  }

  private static byte[] value(JsonScanner in, byte[] body) {
    in.peek();
    int start = in.position();
    in.skipValue();
    return Arrays.copyOfRange(body, start, in.position());
  }

  /** Passes a comma, or the closing bracket; true if another member follows. */
  static boolean next(JsonScanner in, char closing) {
    if (in.peek() == ',') {
      in.expect(',');
      return true;
    }
    in.expect(closing);
    return false;
  }

  /** {@code {"status":..,"response":..}}. */
  static byte[] replyPayload(String status, RawPayload response) {
    return new JsonWriter(32 + status.length() + response.size())
        .raw("{\"status\":")
        .string(status)
        .raw(",\"response\":")
        .raw(response.bytes())
        .raw("}")
        .toBytes();
  }

  private static void requireText(int length, String what) {
    if (length > Contract.MAX_TEXT_CHARACTERS) {
      throw ProtocolException.malformed(
          "a "
              + what
              + " has at most "
              + Contract.MAX_TEXT_CHARACTERS
              + " characters, got "
              + length);
    }
  }
}
