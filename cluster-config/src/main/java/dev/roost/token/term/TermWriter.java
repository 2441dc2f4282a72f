package dev.roost.token.term;

import io.vertx.core.buffer.Buffer;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes one term with the tags that every Phoenix reads (K-37). */
final class TermWriter {

  private static final int MAX_OCTET = 0xff;

  private final Buffer out = Buffer.buffer();

  byte[] write(@Nullable Object data) {
    octet(Terms.VERSION);
    term(data, 0);
    return out.getBytes();
  }

  private void term(@Nullable Object value, int depth) {
    switch (value) {
      case null -> symbol("nil");
      case Boolean truth -> symbol(truth.toString());
      case Symbol(var name) -> symbol(name);
      case String text -> binary(utf8(text));
      case byte[] bytes -> binary(bytes);
      case Byte number -> integer(number);
      case Short number -> integer(number);
      case Integer number -> integer(number);
      case Long number -> integer(number);
      case BigInteger number -> bigInteger(number);
      case Float number -> real(number);
      case Double number -> real(number);
      case Tuple(var elements) -> tuple(elements, depth);
      case List<?> list -> list(list, depth);
      case Map<?, ?> map -> map(map, depth);
      default ->
          throw new IllegalArgumentException(
              "data is null, Boolean, Long, BigInteger, Double, String, byte[], Symbol, Tuple, List"
                  + " or Map, got "
                  + value.getClass().getName());
    }
    if (out.length() > Terms.MAX_BYTES) {
      throw new IllegalArgumentException(
          "data has at most " + Terms.MAX_BYTES + " bytes, got more");
    }
  }

  private void integer(long number) {
    if (number >= 0 && number <= MAX_OCTET) {
      octet(97);
      octet((int) number);
    } else if (number == (int) number) {
      octet(98);
      out.appendInt((int) number);
    } else {
      bigInteger(BigInteger.valueOf(number));
    }
  }

  private void bigInteger(BigInteger number) {
    if (number.bitLength() < Integer.SIZE) {
      integer(number.intValue());
      return;
    }
    byte[] magnitude = number.abs().toByteArray();
    int first = magnitude[0] == 0 ? 1 : 0;
    int length = magnitude.length - first;
    if (length > Terms.MAX_INTEGER_BYTES) {
      throw new IllegalArgumentException(
          "an integer has at most " + Terms.MAX_INTEGER_BYTES + " bytes, got " + length);
    }
    length(110, 111, length);
    octet(number.signum() < 0 ? 1 : 0);
    for (int i = magnitude.length - 1; i >= first; i--) {
      octet(magnitude[i]);
    }
  }

  private void real(double number) {
    if (!Double.isFinite(number)) {
      throw new IllegalArgumentException("a float is finite, got " + number);
    }
    octet(70);
    out.appendDouble(number);
  }

  private void symbol(String name) {
    byte[] bytes = utf8(name);
    if (bytes.length <= MAX_OCTET) {
      octet(119);
      octet(bytes.length);
    } else {
      octet(118);
      out.appendShort((short) bytes.length);
    }
    out.appendBytes(bytes);
  }

  private void binary(byte[] bytes) {
    octet(109);
    out.appendInt(bytes.length);
    out.appendBytes(bytes);
  }

  private void tuple(List<@Nullable Object> elements, int depth) {
    length(104, 105, elements.size());
    elements(elements, deeper(depth));
  }

  private void list(List<?> list, int depth) {
    int inner = deeper(depth);
    if (!list.isEmpty()) {
      octet(108);
      out.appendInt(list.size());
      elements(list, inner);
    }
    octet(106);
  }

  private void map(Map<?, ?> map, int depth) {
    int inner = deeper(depth);
    octet(116);
    out.appendInt(map.size());
    map.forEach(
        (key, value) -> {
          term(key, inner);
          term(value, inner);
        });
  }

  private void elements(List<?> elements, int depth) {
    for (Object element : elements) {
      term(element, depth);
    }
  }

  private static int deeper(int depth) {
    if (depth == Terms.MAX_DEPTH) {
      throw new IllegalArgumentException(
          "at most " + Terms.MAX_DEPTH + " containers are within one another, got more");
    }
    return depth + 1;
  }

  private static byte[] utf8(String text) {
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      byte[] exact = new byte[bytes.remaining()];
      bytes.get(exact);
      return exact;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("text is Unicode, got half of a surrogate pair", e);
    }
  }

  private void length(int shortTag, int longTag, int length) {
    if (length <= MAX_OCTET) {
      octet(shortTag);
      octet(length);
    } else {
      octet(longTag);
      out.appendInt(length);
    }
  }

  private void octet(int value) {
    out.appendByte((byte) value);
  }
}
