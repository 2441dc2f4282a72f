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

  public Ref {
    Objects.requireNonNull(json, "json");
    if (json.isEmpty()) {
      throw new IllegalArgumentException("a ref is JSON text, got the empty string");
    }
  }

  /** The ref that a client sent as this string, for instance in a binary frame. */
  public static Ref ofText(String text) {
    var json = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        default -> {
          if (c < 0x20) {
            json.append(String.format("\\u%04x", (int) c));
          } else {
            json.append(c);
          }
        }
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

  // Only the escapes that ofText writes: every text ref is made by it or has none.
  private static String unescape(String inner) {
    var text = new StringBuilder(inner.length());
    for (int i = 0; i < inner.length(); i++) {
      char c = inner.charAt(i);
      if (c != '\\') {
        text.append(c);
      } else if (inner.charAt(i + 1) == 'u') {
        text.append((char) Integer.parseInt(inner, i + 2, i + 6, 16));
        i += 5;
      } else {
        text.append(inner.charAt(++i));
      }
    }
    return text.toString();
  }

  /** The JSON text in UTF-8. */
  public byte[] utf8() {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
