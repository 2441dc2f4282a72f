package dev.roost.bus;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vertx.core.buffer.Buffer;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeCodecTest {

  private static final String FROM = "roost.gateway.a1b2c3d4.1";
  private static final RawPayload JSON = RawPayload.jsonText("{\"txt\":\"r\u00f6st\"}");
  private static final RawPayload BINARY = RawPayload.binary(new byte[] {(byte) 0xde, (byte) 0xad});
  private static final RawPayload NOTHING = RawPayload.binary(new byte[0]);
  private static final Recipient RECIPIENT = new Recipient(9, 5, "lounge:7", new Ref("\"3\""));
  private static final Recipient NAMELESS = new Recipient(Long.MAX_VALUE, Long.MAX_VALUE, "", null);

  private final EnvelopeCodec codec = new EnvelopeCodec();

  @Test
  void keysOfAHostThatIsGoneAreCounted() {
    var keys = Collections.nCopies(Contract.MAX_KEYS_PER_MESSAGE, "");
    var most = new Envelope("g", 3, new PresenceMessage.WentWithHost("t", keys));
    assertEquals(most, decode(encode(most)));
    var more = new ArrayList<>(keys);
    more.add("");
    var many = encode(new Envelope("g", 3, new PresenceMessage.WentWithHost("t", more)));
    var error = assertThrows(ContractException.class, () -> decode(many));
    assertEquals("a list has at most 1000 texts, got 1001", error.getMessage());
  }

  /** Every kind, and within it every field present and absent, small and as large as it goes. */
  static Stream<BusMessage> messages() {
    var client = new ClientInfo("/socket", "websocket", "users:42", JSON);
    var anonymous = new ClientInfo("/", "longpoll", null, RawPayload.EMPTY_OBJECT);
    return Stream.of(
        new HostMessage.Connect(
            7, "chat", "/socket", "websocket", "2.0.0", JSON, JSON, "https://a.example"),
        new HostMessage.Connect(Long.MAX_VALUE, "", "", "", "", NOTHING, NOTHING, null),
        new HostMessage.Join(8, 3, RECIPIENT, client, JSON),
        new HostMessage.Join(0, 0, NAMELESS, anonymous, BINARY),
        new HostMessage.Event(9, new Ref("4"), "say", JSON),
        new HostMessage.Event(0, null, "", NOTHING),
        new HostMessage.Leave(9, new Ref("{\"a\":[1]}")),
        new HostMessage.Leave(9, null),
        new HostMessage.SocketGone(List.of(1L, 128L, Long.MAX_VALUE), "closed"),
        new HostMessage.SocketGone(List.of(), ""),
        new HostMessage.BroadcastRequest("lounge:7", "said", JSON),
        new HostMessage.BroadcastRequest("", "", BINARY),
        new GatewayMessage.Connected(7, "users:42", JSON, Long.MAX_VALUE),
        new GatewayMessage.Connected(7, null, RawPayload.EMPTY_OBJECT, 0),
        new GatewayMessage.Expiry(7, 1_700_000_000_000L),
        new GatewayMessage.Expiry(Long.MAX_VALUE, 0),
        new GatewayMessage.ConnectRefused(7, 429, Map.of("retry-after", "1", "a", ""), "slow down"),
        new GatewayMessage.ConnectRefused(7, 100, Map.of(), ""),
        new GatewayMessage.ConnectRefused(7, 599, Map.of(), ""),
        new GatewayMessage.Joined(9, 3, JSON),
        new GatewayMessage.Joined(9, 3, BINARY),
        new GatewayMessage.Refused(9, RawPayload.jsonText("null")),
        new GatewayMessage.Push(RECIPIENT, "history", JSON),
        new GatewayMessage.Push(NAMELESS, "", BINARY),
        new GatewayMessage.Reply(RECIPIENT, new Ref("\"4\""), "ok", JSON),
        new GatewayMessage.Reply(NAMELESS, null, "", NOTHING),
        new GatewayMessage.Broadcast("chat", "lounge:7", 3, 1000, 9, "said", JSON),
        new GatewayMessage.Broadcast("", "", 0, 0, 0, "", BINARY),
        new GatewayMessage.Closed(9),
        new GatewayMessage.Left(RECIPIENT, new Ref("\"4\"")),
        new GatewayMessage.Left(NAMELESS, null),
        new GatewayMessage.Crashed(9),
        new GatewayMessage.Disconnect("users:42"),
        new GatewayMessage.NotHosted(9),
        new SessionMessage.Poll(3, 4, BINARY),
        new SessionMessage.Publish(3, 4, BINARY, true, BINARY),
        new SessionMessage.Publish(0, Long.MAX_VALUE, NOTHING, false, NOTHING),
        new SessionMessage.Abandon(3, 4),
        new SessionMessage.Delivered(3, 4),
        new SessionMessage.Answer(3, 200, RawPayload.jsonText("[\"[]\"]")),
        new SessionMessage.Answer(3, 410, RawPayload.jsonText("[]")),
        new PresenceMessage.Put(3, 4, "lounge:7", 5, "ada", "F5i0", JSON),
        new PresenceMessage.Put(0, Long.MAX_VALUE, "", 0, "", "", JSON),
        new PresenceMessage.Untrack(3, 4, "lounge:7", "ada", true),
        new PresenceMessage.Answer(3, PresenceMessage.Outcome.DONE),
        new PresenceMessage.Answer(3, PresenceMessage.Outcome.NOT_HOSTED),
        new PresenceMessage.Answer(3, PresenceMessage.Outcome.TOPIC_FULL),
        new PresenceMessage.SyncRequest(),
        new PresenceMessage.SyncBegin(),
        new PresenceMessage.SyncEnd(),
        new PresenceMessage.Query("lounge:7", Optional.of("ada")),
        new PresenceMessage.Query("lounge:7", Optional.empty()),
        new PresenceMessage.Claim(
            3, 4, true, 1_000, 100, Optional.of(new PresenceMessage.Name("lounge:7", "ada"))),
        new PresenceMessage.Claim(0, Long.MAX_VALUE, false, Integer.MAX_VALUE, 1, Optional.empty()),
        new PresenceMessage.Claimed(3, PresenceMessage.Ruling.GRANTED),
        new PresenceMessage.Claimed(3, PresenceMessage.Ruling.TOO_MANY),
        new PresenceMessage.Claimed(3, PresenceMessage.Ruling.TOO_OFTEN),
        new PresenceMessage.Release(4, 3),
        new PresenceMessage.WentWithHost("lounge:7", List.of("ada", "")),
        new PresenceMessage.WentWithHost("", List.of()),
        new PresenceMessage.Noticed(List.of(1L, Long.MAX_VALUE)),
        new PresenceMessage.Noticed(List.of()),
        new LinkMessage.Check(),
        new LinkMessage.Reset(),
        new LinkMessage.Keep(7, JSON),
        new LinkMessage.Keep(Long.MAX_VALUE, BINARY),
        new LinkMessage.PushKept(RECIPIENT, "presence_state", 7),
        new GatewayMessage.Push(RECIPIENT, "r\u00e4um:\ud83d\ude00\u0000", JSON));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void everyMessageComesBackAsItWas(BusMessage message) {
    for (long sequence : new long[] {0, 1, 127, 128, 1L << 35, Long.MAX_VALUE}) {
      var envelope = new Envelope(FROM, sequence, message);
      assertEquals(envelope, decode(encode(envelope)));
    }
  }

  @Test
  void everyKindIsAmongTheMessages() {
    var kinds = new ArrayList<Class<?>>(List.of(HostMessage.class.getPermittedSubclasses()));
    kinds.addAll(List.of(GatewayMessage.class.getPermittedSubclasses()));
    kinds.addAll(List.of(SessionMessage.class.getPermittedSubclasses()));
    kinds.addAll(List.of(PresenceMessage.class.getPermittedSubclasses()));
    kinds.removeAll(messages().map(Object::getClass).toList());
    assertEquals(List.of(), kinds);
  }

  /* ---- the octets */

  @Test
  void anEventIsVersionLinkKindAndItsFieldsInOrder() {
    var event = new HostMessage.Event(300, new Ref("\"4\""), "say", JSON);
    assertOctets(
        new Octets()
            .hex("05") // version
            .hex("06")
            .ascii("host.1") // from
            .hex("ac 02") // sequence 300: 0x2c | 0x80, then 2
            .hex("03") // kind
            .hex("ac 02") // channel 300
            .hex("01")
            .hex("03")
            .ascii("\"4\"") // a ref
            .hex("03")
            .ascii("say")
            .hex("00")
            .hex("0f")
            .utf8("{\"txt\":\"r\u00f6st\"}"), // JSON
        new Envelope("host.1", 300, event));
  }

  @Test
  void aJoinIsWrittenFieldByField() {
    var client = new ClientInfo("/socket", "websocket", null, RawPayload.EMPTY_OBJECT);
    assertOctets(
        new Octets()
            .hex("05 01")
            .ascii("g")
            .hex("01") // version, from, sequence
            .hex("02") // kind
            .hex("08") // replaces
            .hex("01") // epoch
            .hex("09") // channel
            .hex("05") // socket
            .hex("08")
            .ascii("lounge:7")
            .hex("01 03")
            .ascii("\"3\"") // recipient
            .hex("07")
            .ascii("/socket")
            .hex("09")
            .ascii("websocket")
            .hex("00") // anonymous
            .hex("00 02")
            .ascii("{}") // assigns
            .hex("01 02 de ad"), // payload, binary
        new Envelope("g", 1, new HostMessage.Join(8, 1, RECIPIENT, client, BINARY)));
  }

  @Test
  void aReplyIsWrittenFieldByField() {
    assertOctets(
        new Octets()
            .hex("05 01")
            .ascii("h")
            .hex("02")
            .hex("26") // kind 38
            .hex("09 05 08")
            .ascii("lounge:7")
            .hex("01 03")
            .ascii("\"3\"") // recipient
            .hex("00") // no ref
            .hex("02")
            .ascii("ok")
            .hex("00 02")
            .ascii("{}"),
        new Envelope(
            "h", 2, new GatewayMessage.Reply(RECIPIENT, null, "ok", RawPayload.EMPTY_OBJECT)));
  }

  @Test
  void aBroadcastIsWrittenFieldByField() {
    assertOctets(
        new Octets()
            .hex("05 01")
            .ascii("h")
            .hex("7f")
            .hex("27") // kind 39
            .hex("04")
            .ascii("chat")
            .hex("08")
            .ascii("lounge:7")
            .hex("01") // epoch
            .hex("80 01") // sequence 128
            .hex("00") // except nobody
            .hex("04")
            .ascii("said")
            .hex("00 02")
            .ascii("{}"),
        new Envelope(
            "h",
            127,
            new GatewayMessage.Broadcast(
                "chat", "lounge:7", 1, 128, 0, "said", RawPayload.EMPTY_OBJECT)));
  }

  @Test
  void aSocketGoneCountsItsChannels() {
    assertOctets(
        new Octets()
            .hex("05 01")
            .ascii("g")
            .hex("03")
            .hex("05") // kind
            .hex("06")
            .ascii("closed")
            .hex("03 01 ff 7f ff ff ff ff ff ff ff ff 7f"), // 1, 16383, the largest of 63 bits
        new Envelope(
            "g", 3, new HostMessage.SocketGone(List.of(1L, 16_383L, Long.MAX_VALUE), "closed")));
  }

  @Test
  void aPublishedMessageHasNoLink() {
    assertOctets(
        new Octets().hex("05 00 00 2a 08").ascii("users:42"),
        new Envelope("", 0, new GatewayMessage.Disconnect("users:42")));
  }

  /**
   * The numbers of the kinds are the contract: 1 to 6, 33 to 44, 65 and 66, 81 to 84, 97 to 106.
   */
  @ParameterizedTest
  @MethodSource("messages")
  void theKindIsTheOctetBehindTheLink(BusMessage message) {
    int kind =
        switch (message) {
          case HostMessage.Connect m -> 1;
          case HostMessage.Join m -> 2;
          case HostMessage.Event m -> 3;
          case HostMessage.Leave m -> 4;
          case HostMessage.SocketGone m -> 5;
          case HostMessage.BroadcastRequest m -> 6;
          case GatewayMessage.Connected m -> 33;
          case GatewayMessage.ConnectRefused m -> 34;
          case GatewayMessage.Joined m -> 35;
          case GatewayMessage.Refused m -> 36;
          case GatewayMessage.Push m -> 37;
          case GatewayMessage.Reply m -> 38;
          case GatewayMessage.Broadcast m -> 39;
          case GatewayMessage.Closed m -> 40;
          case GatewayMessage.Left m -> 45;
          case GatewayMessage.Crashed m -> 41;
          case GatewayMessage.Disconnect m -> 42;
          case GatewayMessage.NotHosted m -> 43;
          case GatewayMessage.Expiry m -> 44;
          case SessionMessage.Poll m -> 81;
          case SessionMessage.Publish m -> 82;
          case SessionMessage.Abandon m -> 83;
          case SessionMessage.Answer m -> 84;
          case SessionMessage.Delivered m -> 85;
          case PresenceMessage.Put m -> 97;
          case PresenceMessage.Untrack m -> 98;
          case PresenceMessage.Answer m -> 99;
          case PresenceMessage.SyncRequest m -> 100;
          case PresenceMessage.SyncBegin m -> 101;
          case PresenceMessage.SyncEnd m -> 102;
          case PresenceMessage.Query m -> 103;
          case PresenceMessage.Claim m -> 104;
          case PresenceMessage.Claimed m -> 105;
          case PresenceMessage.Release m -> 106;
          case PresenceMessage.WentWithHost m -> 107;
          case PresenceMessage.Noticed m -> 108;
          case LinkMessage.Check m -> 65;
          case LinkMessage.Reset m -> 66;
          case LinkMessage.Keep m -> 67;
          case LinkMessage.PushKept m -> 68;
        };
    assertEquals(kind, kind(message));
  }

  private int kind(BusMessage message) {
    return encode(new Envelope("", 0, message)).getByte(3);
  }

  /** Vert.x hands over the whole of what it read, and where the body begins. */
  @Test
  void aMessageIsReadFromWhereItBegins() {
    var envelope = new Envelope(FROM, 1, new GatewayMessage.Closed(9));
    Buffer wire = Buffer.buffer("something in front");
    int begin = wire.length();
    codec.encodeToWire(wire, envelope);
    assertEquals(envelope, codec.decodeFromWire(begin, wire));
  }

  /* ---- what is refused */

  @ParameterizedTest
  @MethodSource("messages")
  void aMessageThatIsCutAnywhereIsRefused(BusMessage message) {
    byte[] whole = encode(new Envelope(FROM, 300, message)).getBytes();
    for (int length = 0; length < whole.length; length++) {
      assertRefused(Buffer.buffer(Arrays.copyOf(whole, length)));
    }
  }

  @ParameterizedTest
  @MethodSource("messages")
  void octetsBehindTheEndAreRefused(BusMessage message) {
    assertRefused(encode(new Envelope(FROM, 300, message)).appendByte((byte) 0));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void anyOctetChangedIsAnotherMessageOrRefused(BusMessage message) {
    byte[] whole = encode(new Envelope("g", 300, message)).getBytes();
    for (int i = 0; i < whole.length; i++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] changed = whole.clone();
        changed[i] ^= (byte) (1 << bit);
        try {
          Envelope other = decode(Buffer.buffer(changed));
          assertEquals(other, decode(encode(other)));
        } catch (ContractException e) {
          // Refused, which is the other legal outcome.
          assertTrue(e.getMessage().length() > 10, e.getMessage());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"00", "01", "02", "7f", "80", "ff"})
  void anotherVersionIsRefusedAndBothAreNamed(String version) {
    var error = assertRefused(new Octets().hex(version).hex("01").ascii("g").hex("01 28 09"));
    assertEquals(
        "this node speaks version 5 of the bus contract, got " + Integer.parseInt(version, 16),
        error.getMessage());
  }

  @Test
  void aKindThatNobodyKnowsIsRefused() {
    Set<Integer> known = messages().map(m -> kind(m)).collect(Collectors.toSet());
    for (int kind = 0; kind < 256; kind++) {
      if (known.contains(kind)) {
        continue;
      }
      var error = assertRefused(new Octets().hex("05 00 00").octet(kind).hex("00 00 00 00"));
      assertEquals("no message has the kind " + kind, error.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"02", "7f", "80", "ff"})
  void aFlagOtherThanZeroAndOneIsRefused(String flag) {
    // A leave's ref and a refusal's payload.
    assertRefused(new Octets().hex("05 00 00 04 09").hex(flag).hex("01 33"));
    assertRefused(new Octets().hex("05 00 00 24 09").hex(flag).hex("02 7b 7d"));
  }

  @Test
  void aNumberOfMoreThan63BitsIsRefused() {
    assertEquals(
        Long.MAX_VALUE,
        decode(new Octets().hex("05 00 ff ff ff ff ff ff ff ff 7f 28 09").buffer()).sequence());
    assertRefused(new Octets().hex("05 00 ff ff ff ff ff ff ff ff ff 01 28 09"));
    assertRefused(new Octets().hex("05 00 80 80 80 80 80 80 80 80 80 00 28 09"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ff", "c0 af", "ed a0 80", "c3"})
  void textThatIsNoUtf8IsRefused(String octets) {
    int length = HexFormat.ofDelimiter(" ").parseHex(octets).length;
    assertRefused(new Octets().hex("05").octet(length).hex(octets).hex("00 28 09"));
    assertRefused(new Octets().hex("05 00 00 2a").octet(length).hex(octets));
  }

  /** A ref is JSON text: as much of it is checked as is needed to take it apart again. */
  @ParameterizedTest
  @CsvSource({"''", "'\"'", "'\"3'", "'\"\\\"'", "'\"\\u12\"'"})
  void aRefThatIsNoJsonIsRefused(String ref) {
    assertRefused(new Octets().hex("05 00 00 04 09 01").octet(ref.length()).ascii(ref));
  }

  @ParameterizedTest
  @CsvSource({"0", "2147483648"})
  void aLimitThatNobodyCanHaveIsRefused(long limit) {
    assertRefused(new Octets().hex("05 00 00 68 01 02 01").number(limit).hex("01"));
    assertRefused(new Octets().hex("05 00 00 68 01 02 01 01").number(limit));
  }

  @Test
  void aRulingThatNobodyMakesIsRefused() {
    assertRefused(new Octets().hex("05 00 00 69 01 03"));
  }

  @ParameterizedTest
  @CsvSource({"0", "99", "600", "429000000000"})
  void aStatusThatHttpDoesNotHaveIsRefused(long status) {
    assertRefused(new Octets().hex("05 00 00 22 07").number(status).hex("00"));
  }

  /* ---- bounds */

  @Test
  void textOfItsGreatestLengthPassesAndAnOctetMoreDoesNot() {
    String longest = "x".repeat(Contract.MAX_TEXT_BYTES);
    var envelope = new Envelope("", 0, new GatewayMessage.Disconnect(longest));
    assertEquals(envelope, decode(encode(envelope)));
    assertRefused(
        new Octets().hex("05 00 00 2a").number(Contract.MAX_TEXT_BYTES + 1).ascii(longest + "x"));
    var over = new Envelope("", 0, new GatewayMessage.Disconnect("\u00e9".repeat(40_000)));
    assertThrows(IllegalArgumentException.class, () -> encode(over));
  }

  @Test
  void aPayloadOfItsGreatestLengthPassesAndAnOctetMoreDoesNot() {
    var largest = RawPayload.binary(new byte[Contract.MAX_PAYLOAD_BYTES]);
    var envelope = new Envelope("", 0, new GatewayMessage.Refused(9, largest));
    assertEquals(envelope, decode(encode(envelope)));
    var tooLarge = RawPayload.binary(new byte[Contract.MAX_PAYLOAD_BYTES + 1]);
    assertRefused(
        new Octets()
            .hex("05 00 00 24 09 01")
            .number(tooLarge.size())
            .with(buffer -> buffer.appendBytes(tooLarge.bytes())));
    var over = new Envelope("", 0, new GatewayMessage.Refused(9, tooLarge));
    assertThrows(IllegalArgumentException.class, () -> encode(over));
  }

  @Test
  void aSocketGoneNamesAtMostTenThousandChannels() {
    List<Long> most = Collections.nCopies(Contract.MAX_CHANNELS_PER_MESSAGE, 9L);
    var envelope = new Envelope("g", 1, new HostMessage.SocketGone(most, "closed"));
    assertEquals(envelope, decode(encode(envelope)));
    assertRefused(
        new Octets()
            .hex("05 00 00 05 00")
            .number(most.size() + 1)
            .with(buffer -> buffer.appendBytes(new byte[most.size() + 1])));
    List<Long> more = Collections.nCopies(Contract.MAX_CHANNELS_PER_MESSAGE + 1, 9L);
    assertThrows(IllegalArgumentException.class, () -> new HostMessage.SocketGone(more, "closed"));
  }

  /** A length is a claim: what it claims is looked for before anything is allocated. */
  @Test
  void aLengthWithNothingBehindItAllocatesNothing() {
    var claims = new ArrayList<Buffer>();
    for (long length : new long[] {65_000, 16_000_000, Integer.MAX_VALUE, 1L << 40}) {
      claims.add(new Octets().hex("05").number(length).buffer());
      claims.add(new Octets().hex("05 00 00 2a").number(length).ascii("users").buffer());
      claims.add(new Octets().hex("05 00 00 24 09 01").number(length).hex("00 00").buffer());
      claims.add(new Octets().hex("05 00 00 05 00").number(length).hex("01 02").buffer());
    }
    claims.add(new Octets().hex("05 00 00 05 00").number(9_999).hex("01 02").buffer());
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (Buffer claim : claims) {
      long least = Long.MAX_VALUE;
      for (int attempt = 0; attempt < 20; attempt++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        assertRefused(claim);
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
      assertTrue(least < 16_000, least + " bytes allocated");
    }
  }

  @Test
  void negativeNumbersHaveNoForm() {
    var envelope = new Envelope("g", 1, new GatewayMessage.Closed(-1));
    assertThrows(IllegalArgumentException.class, () -> encode(envelope));
    assertThrows(
        IllegalArgumentException.class, () -> new Envelope("g", -1, new GatewayMessage.Closed(1)));
  }

  /* ---- as a codec of Vert.x */

  @Test
  void withinAProcessTheSameInstanceIsPassedOn() {
    var envelope = new Envelope(FROM, 1, new GatewayMessage.Closed(9));
    assertSame(envelope, codec.transform(envelope));
  }

  @Test
  void theCodecHasAShortNameAndIsNoneOfVertxOwn() {
    assertEquals("r", codec.name());
    assertEquals(-1, codec.systemCodecID());
  }

  /* ---- */

  private Buffer encode(Envelope envelope) {
    Buffer wire = Buffer.buffer();
    codec.encodeToWire(wire, envelope);
    return wire;
  }

  private Envelope decode(Buffer wire) {
    return codec.decodeFromWire(0, wire);
  }

  private ContractException assertRefused(Octets octets) {
    return assertRefused(octets.buffer());
  }

  private ContractException assertRefused(Buffer wire) {
    return assertThrows(ContractException.class, () -> decode(wire));
  }

  private void assertOctets(Octets expected, Envelope envelope) {
    assertArrayEquals(expected.buffer().getBytes(), encode(envelope).getBytes());
    assertEquals(envelope, decode(expected.buffer()));
  }

  /** Octets written out by hand. */
  private static final class Octets {
    private final Buffer buffer = Buffer.buffer();

    Octets hex(String octets) {
      buffer.appendBytes(HexFormat.ofDelimiter(" ").parseHex(octets));
      return this;
    }

    Octets octet(int value) {
      buffer.appendByte((byte) value);
      return this;
    }

    Octets ascii(String text) {
      buffer.appendBytes(text.getBytes(US_ASCII));
      return this;
    }

    Octets utf8(String text) {
      buffer.appendBytes(text.getBytes(UTF_8));
      return this;
    }

    Octets number(long value) {
      long rest = value;
      while (rest >= 128) {
        octet((int) (rest % 128 + 128));
        rest /= 128;
      }
      return octet((int) rest);
    }

    Octets with(Consumer<Buffer> appending) {
      appending.accept(buffer);
      return this;
    }

    Buffer buffer() {
      return buffer;
    }
  }
}
