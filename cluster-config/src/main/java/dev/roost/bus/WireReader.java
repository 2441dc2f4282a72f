package dev.roost.bus;

import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the contract's primitives and believes nothing: every length is checked against its bound
 * and against what is there before anything is allocated.
 */
final class WireReader {

  private static final char REPLACEMENT = '\ufffd';

  private final Buffer buffer;
  private int position;

  WireReader(Buffer buffer, int position) {
    this.buffer = buffer;
    this.position = position;
  }

  int position() {
    return position;
  }

  int octet() {
    need(1);
    return buffer.getByte(position++) & 0xff;
  }

  long number() {
    long value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      int octet = octet();
      value |= (long) (octet & 0x7f) << shift;
      if (octet < 0x80) {
        return value;
      }
    }
    throw new ContractException("a number has at most 63 bits, got more");
  }

  String text() {
    byte[] bytes = bytes(Contract.MAX_TEXT_BYTES, "text");
    var text = new String(bytes, StandardCharsets.UTF_8);
    // What is not UTF-8 becomes that character: without it there is nothing to look for.
    return text.indexOf(REPLACEMENT) < 0 ? text : strictText(bytes);
  }

  private static String strictText(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ContractException("text is UTF-8, got other bytes");
    }
  }

  Map<String, String> texts(int most) {
    long count = number();
    if (count > most) {
      throw new ContractException("there are at most " + most + " names, got " + count);
    }
    var texts = new HashMap<String, String>();
    for (int i = 0; i < count; i++) {
      texts.put(text(), text());
    }
    return texts;
  }

  List<String> textList(int most) {
    long count = number();
    if (count > most) {
      throw new ContractException("a list has at most " + most + " texts, got " + count);
    }
    var texts = new ArrayList<String>();
    for (int i = 0; i < count; i++) {
      texts.add(text());
    }
    return texts;
  }

  @Nullable String optionalText() {
    return flag("presence of a text") ? text() : null;
  }

  @Nullable Ref ref() {
    String json = optionalText();
    if (json == null) {
      return null;
    }
    try {
      return new Ref(json);
    } catch (IllegalArgumentException e) {
      throw new ContractException("a ref is JSON text, got something else");
    }
  }

  RawPayload payload() {
    boolean binary = flag("kind of a payload");
    byte[] bytes = bytes(Contract.MAX_PAYLOAD_BYTES, "payload");
    return binary ? RawPayload.binary(bytes) : RawPayload.json(bytes);
  }

  List<Long> numbers() {
    long count = number();
    if (count > Contract.MAX_CHANNELS_PER_MESSAGE) {
      throw new ContractException(
          "a list has at most " + Contract.MAX_CHANNELS_PER_MESSAGE + " entries, got " + count);
    }
    need(count);
    var numbers = new ArrayList<Long>((int) count);
    for (int i = 0; i < count; i++) {
      numbers.add(number());
    }
    return numbers;
  }

  boolean flag(String what) {
    int octet = octet();
    if (octet > 1) {
      throw new ContractException("the " + what + " is 0 or 1, got " + octet);
    }
    return octet == 1;
  }

  private byte[] bytes(int limit, String what) {
    long length = number();
    if (length > limit) {
      throw new ContractException("a " + what + " has at most " + limit + " bytes, got " + length);
    }
    need(length);
    byte[] bytes = buffer.getBytes(position, position + (int) length);
    position += (int) length;
    return bytes;
  }

  private void need(long count) {
    int left = buffer.length() - position;
    if (count > left) {
      throw new ContractException("the message is cut: " + count + " bytes due, " + left + " left");
    }
  }
}
