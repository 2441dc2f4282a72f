package dev.roost.gateway.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import dev.roost.gateway.protocol.JacksonJudge.Judgement;
import dev.roost.gateway.protocol.JacksonJudge.Verdict;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The frame codec against any bytes: coverage-guided when fuzzed ({@code .ci/fuzz}), otherwise over
 * the kept inputs. What is a message is decided here a second time, by Jackson and by hand.
 */
class SerializerFuzzTest {

  // Values may be nested 512 deep, and a frame is one array or object around them.
  private static final int MAX_DEPTH = JsonScanner.MAX_DEPTH + 1;
  private static final long BYTES_PER_OCTET = 64;
  private static final long BYTES_ANYWAY = 32 * 1024;

  // The fuzzer's own hooks encode every string that a switch compares, which are V1's keys.
  private static final long BYTES_PER_OCTET_WITH_KEYS =
      Boolean.getBoolean("roost.fuzzing") ? 4_096 : BYTES_PER_OCTET;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Serializer v1 = Serializer.ALL.get(0);
  private final Serializer v2 = Serializer.ALL.get(1);

  @DictionaryEntries({
    "{\"topic\":",
    "\"event\":",
    "\"payload\":",
    "\"ref\":",
    "\"join_ref\":",
    "\\u",
    "\\ud83d\\ude00"
  })
  @FuzzTest(maxDuration = "24h")
  void anyVersionOneTextIsAMessageOrAProtocolException(byte[] body) {
    Optional<String> text = strictText(body);
    assertEquals(text.isPresent(), Utf8.isValid(body), "is it UTF-8");
    Optional<ClientMessage> decoded =
        decode(() -> v1.decodeBinary(body), body, BYTES_PER_OCTET_WITH_KEYS);
    if (text.isEmpty()) {
      assertTrue(decoded.isEmpty(), "decoded though it is no UTF-8");
      return;
    }
    assertEquals(
        decoded,
        decode(() -> v1.decodeText(body), body, BYTES_PER_OCTET_WITH_KEYS),
        "text and binary (S-7)");
    assertEquals(isVersionOneMessage(text.get()), decoded.isPresent(), text.get());
    if (decoded.isEmpty()) {
      return;
    }
    ClientMessage message = decoded.get();
    String again =
        "{\"payload\":%s,\"ref\":%s,\"join_ref\":%s,\"event\":%s,\"topic\":%s}"
            .formatted(
                json(message.payload()),
                json(message.ref()),
                json(message.joinRef()),
                quoted(message.event()),
                quoted(message.topic()));
    assertEquals(message, v1.decodeText(again.getBytes(UTF_8)));
    Frame reply =
        v1.reply(
                message.joinRef(),
                message.ref(),
                message.topic(),
                message.event(),
                message.payload())
            .orElseThrow();
    assertEquals(
        Map.of(
            "topic",
            message.topic(),
            "event",
            "phx_reply",
            "payload",
            Map.of("status", message.event(), "response", value(message.payload())),
            "ref",
            value(message.ref())),
        value(reply));
    Frame push =
        v1.push(message.joinRef(), message.topic(), message.event(), message.payload())
            .orElseThrow();
    assertEquals(
        Map.of(
            "topic",
            message.topic(),
            "event",
            message.event(),
            "payload",
            value(message.payload()),
            "ref",
            JacksonJudge.NULL),
        value(push));
  }

  @DictionaryEntries({
    "[\"1\",\"2\",\"t\",\"e\",{}]",
    "null",
    "true",
    "false",
    "1e308",
    "\\u",
    "[[["
  })
  @FuzzTest(maxDuration = "24h")
  void anyVersionTwoTextIsAMessageOrAProtocolException(byte[] body) {
    Optional<String> text = strictText(body);
    assertEquals(text.isPresent(), Utf8.isValid(body), "is it UTF-8");
    if (text.isEmpty()) {
      return;
    }
    Optional<ClientMessage> decoded = decode(() -> v2.decodeText(body), body, BYTES_PER_OCTET);
    assertEquals(isVersionTwoMessage(text.get()), decoded.isPresent(), text.get());
    if (decoded.isEmpty()) {
      return;
    }
    ClientMessage message = decoded.get();
    String again =
        "[%s,%s,%s,%s,%s]"
            .formatted(
                json(message.joinRef()),
                json(message.ref()),
                quoted(message.topic()),
                quoted(message.event()),
                json(message.payload()));
    assertEquals(message, v2.decodeText(again.getBytes(UTF_8)));
    Frame reply =
        v2.reply(
                message.joinRef(),
                message.ref(),
                message.topic(),
                message.event(),
                message.payload())
            .orElseThrow();
    assertEquals(
        List.of(
            value(message.joinRef()),
            value(message.ref()),
            message.topic(),
            "phx_reply",
            Map.of("status", message.event(), "response", value(message.payload()))),
        value(reply));
    Frame push =
        v2.push(message.joinRef(), message.topic(), message.event(), message.payload())
            .orElseThrow();
    assertEquals(
        List.of(
            value(message.joinRef()),
            JacksonJudge.NULL,
            message.topic(),
            message.event(),
            value(message.payload())),
        value(push));
  }

  @FuzzTest(maxDuration = "24h")
  void anyVersionTwoBinaryIsAMessageOrAProtocolException(byte[] body) {
    Optional<ClientMessage> decoded = decode(() -> v2.decodeBinary(body), body, BYTES_PER_OCTET);
    Optional<List<String>> names = clientNames(body);
    assertEquals(names.isPresent(), decoded.isPresent());
    if (names.isEmpty()) {
      return;
    }
    ClientMessage message = decoded.orElseThrow();
    assertEquals(
        names.get(),
        List.of(message.joinRef().text(), message.ref().text(), message.topic(), message.event()));
    byte[] data = message.payload().bytes();
    assertTrue(message.payload().isBinary());
    assertEquals(body.length, 5 + names.get().stream().mapToInt(this::size).sum() + data.length);

    // The answers, read as a client reads them: with as many lengths as the kind has names.
    Frame reply =
        v2.reply(
                message.joinRef(),
                message.ref(),
                message.topic(),
                message.event(),
                message.payload())
            .orElseThrow();
    assertServerFrame(1, names.get(), data, reply);
    Frame push =
        v2.push(message.joinRef(), message.topic(), message.event(), message.payload())
            .orElseThrow();
    assertServerFrame(0, List.of(names.get().get(0), message.topic(), message.event()), data, push);
    Frame broadcast =
        v2.broadcast(message.topic(), message.event(), message.payload()).orElseThrow();
    assertServerFrame(2, List.of(message.topic(), message.event()), data, broadcast);

    // And a text frame can carry the same refs.
    Frame text =
        v2.reply(
                message.joinRef(),
                message.ref(),
                message.topic(),
                message.event(),
                RawPayload.EMPTY_OBJECT)
            .orElseThrow();
    List<?> array = (List<?>) value(text);
    assertEquals(names.get().subList(0, 3), array.subList(0, 3));
  }

  private int size(String name) {
    return name.getBytes(UTF_8).length;
  }

  private static void assertServerFrame(int kind, List<String> names, byte[] data, Frame frame) {
    assertTrue(frame.binary());
    ByteBuffer in = ByteBuffer.wrap(frame.body());
    assertEquals(kind, in.get());
    int[] lengths = new int[names.size()];
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = in.get() & 0xff;
    }
    for (int i = 0; i < lengths.length; i++) {
      byte[] name = new byte[lengths[i]];
      in.get(name);
      assertEquals(names.get(i), new String(name, UTF_8));
    }
    byte[] rest = new byte[in.remaining()];
    in.get(rest);
    assertArrayEquals(data, rest);
  }

  /** Decodes, holding the codec to its exception and to memory in proportion to the input. */
  private static Optional<ClientMessage> decode(
      Supplier<ClientMessage> decoding, byte[] body, long bytesPerOctet) {
    long limit = BYTES_ANYWAY + bytesPerOctet * body.length;
    long allocated = 0;
    Optional<ClientMessage> decoded = Optional.empty();
    // Again if need be: it may be the JVM that loads or spins classes.
    for (int attempt = 0; attempt < 5; attempt++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      try {
        decoded = Optional.of(decoding.get());
      } catch (ProtocolException e) {
        assertEquals(1011, e.closeCode());
        decoded = Optional.empty();
      }
      allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
      if (allocated <= limit) {
        return decoded;
      }
    }
    throw new AssertionError(
        allocated + " bytes for a body of " + body.length + ", at most " + limit);
  }

  private static Optional<String> strictText(byte[] bytes) {
    try {
      return Optional.of(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  /** joinRef, ref, topic, event of a client's binary frame (B-2); empty if it is malformed. */
  private static Optional<List<String>> clientNames(byte[] body) {
    if (body.length < 5 || body[0] != 0) {
      return Optional.empty();
    }
    var names = new String[4];
    int start = 5;
    for (int i = 0; i < 4; i++) {
      int end = start + (body[1 + i] & 0xff);
      if (end > body.length) {
        return Optional.empty();
      }
      Optional<String> name = strictText(java.util.Arrays.copyOfRange(body, start, end));
      if (name.isEmpty()) {
        return Optional.empty();
      }
      names[i] = name.get();
      start = end;
    }
    return Optional.of(List.of(names));
  }

  private static boolean isVersionTwoMessage(String text) {
    Judgement judgement = JacksonJudge.judge(text, MAX_DEPTH);
    return judgement.verdict() == Verdict.JSON
        && judgement.value() instanceof List<?> array
        && array.size() >= 5
        && array.get(2) instanceof String
        && array.get(3) instanceof String;
  }

  private static boolean isVersionOneMessage(String text) {
    Judgement judgement = JacksonJudge.judge(text, MAX_DEPTH);
    return judgement.verdict() == Verdict.JSON
        && judgement.value() instanceof Map<?, ?> object
        && object.containsKey("payload")
        && object.containsKey("ref")
        && object.containsKey("topic")
        && object.containsKey("event")
        && judgement.members().stream()
            .filter(member -> List.of("topic", "event").contains(member.getKey()))
            .allMatch(member -> member.getValue() instanceof String);
  }

  private static Object value(Frame frame) {
    return value(new String(frame.body(), UTF_8));
  }

  private static Object value(RawPayload payload) {
    return value(json(payload));
  }

  private static Object value(Ref ref) {
    return value(json(ref));
  }

  private static Object value(String json) {
    Judgement judgement = JacksonJudge.judge(json, MAX_DEPTH + 1);
    assertEquals(Verdict.JSON, judgement.verdict(), json);
    return judgement.value();
  }

  private static String json(RawPayload payload) {
    return new String(payload.bytes(), UTF_8);
  }

  private static String json(Ref ref) {
    return ref == null ? "null" : ref.json();
  }

  // Every character as an escape: as far from what the codec writes as can be.
  private static String quoted(String text) {
    var json = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      json.append("\\u%04X".formatted((int) text.charAt(i)));
    }
    return json.append('"').toString();
  }
}
