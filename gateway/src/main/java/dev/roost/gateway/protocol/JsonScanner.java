package dev.roost.gateway.protocol;

import java.nio.charset.StandardCharsets;

/**
 * A cursor over JSON text that validates what it passes and builds nothing: it finds where values
 * begin and end. Strict as RFC 8259 and as Phoenix's decoder (S-19): no trailing commas, no
 * unescaped control characters, no lone surrogate escapes, no numbers beyond a double. The bytes
 * are known to be UTF-8.
 */
final class JsonScanner {

  /*
   * Hand-written because a streaming parser of the shelf gives no byte offsets without an object for
   * each, and passes lone surrogates and 1e999. Nesting is a counter and a bit set, not recursion,
   * so that depth costs no stack.
   */
  /** Levels unless something else is asked for. */
  static final int MAX_DEPTH = 512;

  private final byte[] json;
  private final int maxDepth;
  private int position;

  JsonScanner(byte[] json) {
    this(json, MAX_DEPTH);
  }

  /**
   * A cursor at the start of a text.
   *
   * @param maxDepth levels of objects and arrays in a value that it passes
   */
  JsonScanner(byte[] json, int maxDepth) {
    this.json = json;
    this.maxDepth = maxDepth;
  }

  int position() {
    return position;
  }

  /** The next octet that is no white space, not consumed; -1 at the end. */
  int peek() {
    while (position < json.length) {
      byte b = json[position];
      if (b != ' ' && b != '\n' && b != '\t' && b != '\r') {
        return b;
      }
      position++;
    }
    return -1;
  }

  /** Consumes this character, which has to be the next one. */
  void expect(char c) {
    if (peek() != c) {
      throw unexpected("'" + c + "'");
    }
    position++;
  }

  /** Nothing but white space may follow. */
  void expectEnd() {
    if (peek() != -1) {
      throw unexpected("the end of the message");
    }
  }

  /** The string that starts here, unescaped. */
  String string() {
    if (peek() != '"') {
      throw unexpected("a string");
    }
    int start = position + 1;
    boolean escaped = skipString();
    int end = position - 1;
    return escaped
        ? unescape(start, end)
        : new String(json, start, end - start, StandardCharsets.UTF_8);
  }

  /** Validates the value that starts here and moves behind it. */
  void skipValue() {
    int depth = 0;
    long[] objects = new long[1];
    while (true) {
      int c = peek();
      switch (c) {
        case '{', '[' -> {
          if (depth == maxDepth) {
            throw ProtocolException.tooDeep(maxDepth);
          }
          position++;
          boolean object = c == '{';
          if (peek() == (object ? '}' : ']')) {
            position++;
            break;
          }
          depth++;
          objects = push(objects, depth, object);
          if (object) {
            name();
          }
          continue;
        }
        case '"' -> skipString();
        case 't' -> literal("true");
        case 'f' -> literal("false");
        case 'n' -> literal("null");
        default -> {
          if (c == '-' || (c >= '0' && c <= '9')) {
            number();
          } else {
            throw unexpected("a value");
          }
        }
      }
      // A value is complete: close what ends here, or go on with the next member.
      while (true) {
        if (depth == 0) {
          return;
        }
        boolean object = (objects[depth >> 6] & 1L << (depth & 63)) != 0;
        int next = peek();
        if (next == ',') {
          position++;
          if (object) {
            name();
          }
          break;
        }
        if (next != (object ? '}' : ']')) {
          throw unexpected(object ? "',' or '}'" : "',' or ']'");
        }
        position++;
        depth--;
      }
    }
  }

  private static long[] push(long[] objects, int depth, boolean object) {
    int word = depth >> 6;
    long[] bits = word < objects.length ? objects : java.util.Arrays.copyOf(objects, word + 4);
    if (object) {
      bits[word] |= 1L << (depth & 63);
    } else {
      bits[word] &= ~(1L << (depth & 63));
    }
    return bits;
  }

  private void name() {
    if (peek() != '"') {
      throw unexpected("a name");
    }
    skipString();
    expect(':');
  }

  private void literal(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (position >= json.length || json[position] != text.charAt(i)) {
        throw unexpected(text);
      }
      position++;
    }
  }

  private void number() {
    int start = position;
    if (json[position] == '-') {
      position++;
    }
    int first = digit();
    if (first != '0') {
      digits();
    }
    boolean fractional = false;
    if (position < json.length && json[position] == '.') {
      fractional = true;
      position++;
      digit();
      digits();
    }
    if (position < json.length && (json[position] | 0x20) == 'e') {
      fractional = true;
      position++;
      if (position < json.length && (json[position] == '+' || json[position] == '-')) {
        position++;
      }
      digit();
      digits();
    }
    if (fractional) {
      requireDouble(start);
    }
  }

  private void requireDouble(int start) {
    int length = position - start;
    if (length > 1_000) {
      throw ProtocolException.malformed("a fraction has at most 1000 characters, got " + length);
    }
    String text = new String(json, start, length, StandardCharsets.ISO_8859_1);
    if (Double.isInfinite(Double.parseDouble(text))) {
      throw ProtocolException.malformed("a number is within the range of a double, got more");
    }
  }

  private int digit() {
    if (position >= json.length || json[position] < '0' || json[position] > '9') {
      throw unexpected("a digit");
    }
    return json[position++];
  }

  private void digits() {
    while (position < json.length && json[position] >= '0' && json[position] <= '9') {
      position++;
    }
  }

  /** Moves behind the string that starts here; true if it has escapes. */
  private boolean skipString() {
    boolean escaped = false;
    position++;
    while (position < json.length) {
      byte b = json[position++];
      if (b == '"') {
        return escaped;
      }
      if (b == '\\') {
        escaped = true;
        escape();
      } else if (b >= 0 && b < 0x20) {
        position--;
        throw unexpected("an escaped control character");
      }
    }
    throw unexpected("the end of a string");
  }

  private void escape() {
    int c = position < json.length ? json[position++] : -1;
    switch (c) {
      case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> {}
      case 'u' -> {
        int unit = hex4();
        if (Character.isLowSurrogate((char) unit)) {
          throw loneSurrogate();
        }
        if (Character.isHighSurrogate((char) unit)) {
          if (position + 1 >= json.length || json[position] != '\\' || json[position + 1] != 'u') {
            throw loneSurrogate();
          }
          position += 2;
          if (!Character.isLowSurrogate((char) hex4())) {
            throw loneSurrogate();
          }
        }
      }
      default -> throw unexpected("an escape");
    }
  }

  private int hex4() {
    int unit = 0;
    for (int i = 0; i < 4; i++) {
      int digit = position < json.length ? Character.digit(json[position], 16) : -1;
      if (digit < 0) {
        throw unexpected("a hexadecimal digit");
      }
      unit = (unit << 4) | digit;
      position++;
    }
    return unit;
  }

  private String unescape(int start, int end) {
    String raw = new String(json, start, end - start, StandardCharsets.UTF_8);
    var text = new StringBuilder(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char kind = raw.charAt(++i);
      switch (kind) {
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case 'n' -> text.append('\n');
        case 'r' -> text.append('\r');
        case 't' -> text.append('\t');
        case 'u' -> {
          text.append((char) Integer.parseInt(raw, i + 1, i + 5, 16));
          i += 4;
        }
        default -> text.append(kind);
      }
    }
    return text.toString();
  }

  private static ProtocolException loneSurrogate() {
    return ProtocolException.malformed("a surrogate escape comes in a pair, got a lone one");
  }

  private ProtocolException unexpected(String expected) {
    String found =
        position >= json.length
            ? "the end"
            : "octet 0x" + Integer.toHexString(json[position] & 0xff);
    return ProtocolException.malformed(
        "expected " + expected + " at octet " + position + ", got " + found);
  }
}
