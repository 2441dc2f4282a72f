package dev.roost.bus;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * A {@code ref} or {@code join_ref}: a JSON value chosen by the client, echoed unchanged and
 * compared by type and value (S-14, R-19). JSON {@code null} is Java {@code null}, never a Ref.
 *
 * @param json the value as JSON text, for instance {@code "3"} with its quotes, or {@code 3}
 */
public record Ref(String json) {

  private static final String HEX = "0123456789abcdef";

  public Ref {
    Objects.requireNonNull(json, "json");
    if (json.isEmpty()) {
      throw new IllegalArgumentException("a ref is JSON text, got the empty string");
    }
    if (json.charAt(0) == '"' && !isWholeString(json)) {
      throw new IllegalArgumentException(
          "a ref is JSON text, got a string that ends too soon or never, or has a wrong escape");
    }
  }

  private static boolean isWholeString(String json) {
    int end = json.length() - 1;
    if (end == 0 || json.charAt(end) != '"') {
      return false;
    }
    for (int i = 1; i < end; i++) {
      char c = json.charAt(i);
      if (c == '"') {
        return false;
      }
      if (c == '\\') {
        char kind = json.charAt(++i);
        if (i == end || (kind != 'u' && "\"\\/bfnrt".indexOf(kind) < 0)) {
          return false;
        }
        for (int digit = 0; kind == 'u' && digit < 4; digit++) {
          // The closing quote is no digit, so this never leaves the text.
          if (Character.digit(json.charAt(++i), 16) < 0) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /** The ref that a client sent as this string, for instance in a binary frame. */
  public static Ref ofText(String text) {
    var json = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < 0x20) {
        json.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
      } else {
        json.append(c);
      }
    }
    return new Ref(json.append('"').toString());
  }

  /** Whether the client sent a JSON string. */
  public boolean isText() {
    return json.charAt(0) == '"';
  }

  /**
   * The ref as a binary frame carries it (B-6): the characters of a string, the decimal text of a
   * number, the JSON text of anything else.
   */
  public String text() {
    if (!isText()) {
      return json;
    }
    String inner = json.substring(1, json.length() - 1);
    return inner.indexOf('\\') < 0 ? inner : unescape(inner);
  }

  private static String unescape(String inner) {
    var text = new StringBuilder(inner.length());
    for (int i = 0; i < inner.length(); i++) {
      char c = inner.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char kind = inner.charAt(++i);
      switch (kind) {
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case 'n' -> text.append('\n');
        case 'r' -> text.append('\r');
        case 't' -> text.append('\t');
        case 'u' -> {
          text.append((char) Integer.parseInt(inner, i + 1, i + 5, 16));
          i += 4;
        }
        default -> text.append(kind);
      }
    }
    return text.toString();
  }

  /** The JSON text in UTF-8. */
  public byte[] utf8() {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
