package dev.roost.token.term;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads terms and believes no length before the bytes are there. */
final class TermReader {

  // Lists and maps grow as their elements come: a length that was only claimed costs nothing.

  private final ByteBuffer bytes;

  TermReader(byte[] bytes) {
    this.bytes = ByteBuffer.wrap(bytes);
  }

  /** The term that the rest is. */
  @Nullable Object only() {
    Object term = term(0);
    if (bytes.hasRemaining()) {
      throw new TermException(bytes.remaining() + " bytes follow a term, expected none");
    }
    return term;
  }

  /** Whether the next octet is this one. */
  boolean at(int octet) {
    return bytes.hasRemaining() && (bytes.get(bytes.position()) & 0xff) == octet;
  }

  int octet() {
    need(1);
    return bytes.get() & 0xff;
  }

  long unsigned32() {
    need(Integer.BYTES);
    return bytes.getInt() & 0xffff_ffffL;
  }

  byte[] rest() {
    return take(bytes.remaining());
  }

  private @Nullable Object term(int depth) {
    int tag = octet();
    return switch (tag) {
      case 97 -> Long.valueOf(octet());
      case 98 -> Long.valueOf(integer());
      case 110 -> bigInteger(octet());
      case 111 -> bigInteger(unsigned32());
      case 70 -> real();
      case 100 -> symbol(latin1(unsigned16()));
      case 115 -> symbol(latin1(octet()));
      case 118 -> symbol(utf8(unsigned16()));
      case 119 -> symbol(utf8(octet()));
      case 104 -> new Tuple(elements(octet(), depth));
      case 105 -> new Tuple(elements(unsigned32(), depth));
      case 106 -> List.of();
      case 107 -> octets(unsigned16());
      case 108 -> list(unsigned32(), depth);
      case 109 -> binary(unsigned32());
      case 116 -> map(unsigned32(), depth);
      default -> throw new TermException("data has no terms of tag " + tag);
    };
  }

  private Object bigInteger(long length) {
    if (length > Terms.MAX_INTEGER_BYTES) {
      throw new TermException(
          "an integer has at most " + Terms.MAX_INTEGER_BYTES + " bytes, got " + length);
    }
    int sign = octet();
    if (sign > 1) {
      throw new TermException("the sign of an integer is 0 or 1, got " + sign);
    }
    byte[] magnitude = take(length);
    for (int low = 0, high = magnitude.length - 1; low < high; low++, high--) {
      byte octet = magnitude[low];
      magnitude[low] = magnitude[high];
      magnitude[high] = octet;
    }
    var value = new BigInteger(1, magnitude);
    value = sign == 0 ? value : value.negate();
    if (value.bitLength() < Long.SIZE) {
      return value.longValue();
    }
    return value;
  }

  private Double real() {
    need(Double.BYTES);
    double value = bytes.getDouble();
    if (!Double.isFinite(value)) {
      throw new TermException("a float is finite, got " + value);
    }
    return value;
  }

  private static @Nullable Object symbol(String name) {
    if (Symbol.RESERVED.contains(name)) {
      return name.equals("nil") ? null : Boolean.valueOf(name);
    }
    if (name.codePointCount(0, name.length()) > Symbol.MAX_CHARACTERS) {
      throw new TermException("a symbol has at most " + Symbol.MAX_CHARACTERS + " characters");
    }
    return new Symbol(name);
  }

  private String latin1(int length) {
    return new String(take(length), StandardCharsets.ISO_8859_1);
  }

  private String utf8(int length) {
    byte[] name = take(length);
    String text = new String(name, StandardCharsets.UTF_8);
    if (!isUtf8(name, text)) {
      throw new TermException("a symbol is UTF-8, got other bytes");
    }
    return text;
  }

  private Object binary(long length) {
    byte[] binary = take(length);
    String text = new String(binary, StandardCharsets.UTF_8);
    return isUtf8(binary, text) ? text : binary;
  }

  // What is not UTF-8 became U+FFFD, which has bytes of its own. No exception for each binary.
  private static boolean isUtf8(byte[] bytes, String text) {
    return Arrays.equals(bytes, text.getBytes(StandardCharsets.UTF_8));
  }

  private List<@Nullable Object> octets(int length) {
    List<@Nullable Object> octets = new ArrayList<>();
    for (byte octet : take(length)) {
      octets.add(octet & 0xffL);
    }
    return Collections.unmodifiableList(octets);
  }

  private List<@Nullable Object> list(long length, int depth) {
    List<@Nullable Object> elements = elements(length, depth);
    int tail = octet();
    if (tail != 106) {
      throw new TermException("a list ends with an empty one (106), got tag " + tail);
    }
    return elements;
  }

  private List<@Nullable Object> elements(long length, int depth) {
    int inner = deeper(depth);
    List<@Nullable Object> elements = new ArrayList<>();
    for (long i = 0; i < length; i++) {
      elements.add(term(inner));
    }
    return Collections.unmodifiableList(elements);
  }

  private Map<@Nullable Object, @Nullable Object> map(long pairs, int depth) {
    int inner = deeper(depth);
    Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>();
    for (long i = 0; i < pairs; i++) {
      Object key = term(inner);
      if (map.containsKey(key)) {
        throw new TermException("a map has each key once, got one twice");
      }
      map.put(key, term(inner));
    }
    return Collections.unmodifiableMap(map);
  }

  private static int deeper(int depth) {
    if (depth == Terms.MAX_DEPTH) {
      throw new TermException("at most " + Terms.MAX_DEPTH + " terms are within one another");
    }
    return depth + 1;
  }

  private int integer() {
    need(Integer.BYTES);
    return bytes.getInt();
  }

  private int unsigned16() {
    need(Short.BYTES);
    return bytes.getShort() & 0xffff;
  }

  private byte[] take(long length) {
    need(length);
    byte[] taken = new byte[(int) length];
    bytes.get(taken);
    return taken;
  }

  private void need(long length) {
    if (length > bytes.remaining()) {
      throw new TermException(
          "a term needs " + length + " more bytes, " + bytes.remaining() + " are left");
    }
  }
}
