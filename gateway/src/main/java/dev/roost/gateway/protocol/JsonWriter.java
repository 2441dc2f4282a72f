package dev.roost.gateway.protocol;

import dev.roost.bus.Ref;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Appends JSON text to a growing array of bytes: names escaped, payloads as they are. */
final class JsonWriter {

  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private byte[] bytes;
  private int length;

  JsonWriter(int expected) {
    bytes = new byte[expected];
  }

  JsonWriter raw(String ascii) {
    int count = ascii.length();
    reserve(count);
    for (int i = 0; i < count; i++) {
      bytes[length++] = (byte) ascii.charAt(i);
    }
    return this;
  }

  JsonWriter raw(byte[] json) {
    reserve(json.length);
    System.arraycopy(json, 0, bytes, length, json.length);
    length += json.length;
    return this;
  }

  JsonWriter ref(@Nullable Ref ref) {
    if (ref == null) {
      return raw("null");
    }
    String json = ref.json();
    return isAscii(json) ? raw(json) : raw(ref.utf8());
  }

  /** A quoted string. */
  JsonWriter string(String text) {
    reserve(text.length() + 2);
    bytes[length++] = '"';
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        return stringTail(text.substring(i));
      }
      ascii(c);
    }
    return raw("\"");
  }

  private JsonWriter stringTail(String text) {
    return escaped(text.getBytes(StandardCharsets.UTF_8)).raw("\"");
  }

  /** A quoted string whose characters are given as UTF-8. */
  JsonWriter quoted(byte[] utf8) {
    return raw("\"").escaped(utf8).raw("\"");
  }

  private JsonWriter escaped(byte[] utf8) {
    for (byte b : utf8) {
      if (b < 0) {
        reserve(1);
        bytes[length++] = b;
      } else {
        ascii((char) b);
      }
    }
    return this;
  }

  private void ascii(char c) {
    reserve(6);
    if (c == '"' || c == '\\') {
      bytes[length++] = '\\';
      bytes[length++] = (byte) c;
    } else if (c < 0x20) {
      raw("\\u00");
      bytes[length++] = HEX[c >> 4];
      bytes[length++] = HEX[c & 15];
    } else {
      bytes[length++] = (byte) c;
    }
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  private void reserve(int count) {
    if (length + count > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(length + count, bytes.length * 2));
    }
  }

  byte[] toBytes() {
    return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
  }
}
