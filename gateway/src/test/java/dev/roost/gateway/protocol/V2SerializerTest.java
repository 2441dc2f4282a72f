package dev.roost.gateway.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.bus.ClientInfo;
import dev.roost.bus.Envelope;
import dev.roost.bus.EnvelopeCodec;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import io.vertx.core.buffer.Buffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sections 7.2 and 8 of the specification, octet by octet. */
class V2SerializerTest {

  private static final byte[] DE_AD = {(byte) 0xde, (byte) 0xad};

  private final Serializer v2 = new V2Serializer(JsonScanner.MAX_DEPTH);
  private final EnvelopeCodec codec = new EnvelopeCodec();

  @Nested
  class TextFromTheClient {

    static Stream<Arguments> transcripts() {
      return Stream.of(
          message("[\"3\",\"3\",\"lounge:7\",\"phx_join\",{\"nick\":\"ada\"}]")
              .is("\"3\"", "\"3\"", "lounge:7", "phx_join", "{\"nick\":\"ada\"}"),
          message("[\"3\",\"4\",\"lounge:7\",\"say\",{\"txt\":\"hi\"}]")
              .is("\"3\"", "\"4\"", "lounge:7", "say", "{\"txt\":\"hi\"}"),
          message("[null,\"5\",\"phoenix\",\"heartbeat\",{}]")
              .is(null, "\"5\"", "phoenix", "heartbeat", "{}"),
          message("[\"3\",\"6\",\"lounge:7\",\"phx_leave\",{}]")
              .is("\"3\"", "\"6\"", "lounge:7", "phx_leave", "{}"),
          message("[null,\"1\",\"lounge:7\",\"phx_join\",{}]")
              .is(null, "\"1\"", "lounge:7", "phx_join", "{}"));
    }

    /** TR-1, J-30 and S-10. */
    @ParameterizedTest
    @MethodSource("transcripts")
    void aRecordedMessageIsRead(String text, ClientMessage expected) {
      assertEquals(expected, v2.decodeText(text.getBytes(UTF_8)));
    }

    /** S-11. */
    @ParameterizedTest
    @ValueSource(strings = {"6", "6,7", "null", "{},[]", "[1,2,3],\"x\""})
    void furtherElementsAreIgnored(String further) {
      assertEquals(
          decode("[\"1\",\"2\",\"t\",\"e\",{}]"),
          decode("[\"1\",\"2\",\"t\",\"e\",{}," + further + "]"));
    }

    /** ER-1, ER-2, S-11, R-25. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          " ",
          "[]",
          "[null]",
          "[null,null]",
          "[null,null,\"t\"]",
          "[null,null,\"t\",\"e\"]",
          "[null,null,\"t\",\"e\",]",
          "{}",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null}",
          "\"text\"",
          "null",
          "5",
          "[null,null,5,\"e\",{}]",
          "[null,null,null,\"e\",{}]",
          "[null,null,{},\"e\",{}]",
          "[null,null,\"t\",5,{}]",
          "[null,null,\"t\",null,{}]",
          "[null,null,\"t\",\"e\",{},]",
          "[null,null,\"t\",\"e\",{},x]",
          "[,null,\"t\",\"e\",{}]",
          "[null null,\"t\",\"e\",{}]",
          "[null,null,\"t\",\"e\",{}}",
          "[null,null,\"t\",\"e\",{}",
          "[null,null,\"t\",\"e\"",
          "[null,null,\"t",
        })
    void aWrongShapeIsAProtocolError(String text) {
      assertMalformed(() -> decode(text));
    }

    /** S-19. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          "[null,null,\"t\",\"e\",{}]x",
          "[null,null,\"t\",\"e\",{}]]",
          "[null,null,\"t\",\"e\",{}][]",
          "\ufeff[null,null,\"t\",\"e\",{}]",
          "[null,null,\"t\",\"e\",\"\n\"]",
          "[null,null,\"t\u0000\",\"e\",{}]",
          "[null,null,\"t\",\"e\",\"\\ud800\"]",
          "[null,null,\"\\ud800\",\"e\",{}]",
          "[\"\\udc00\",null,\"t\",\"e\",{}]",
          "[null,null,\"t\",\"e\",1e309]",
          "[null,1e309,\"t\",\"e\",{}]",
          "[null,null,\"t\",\"e\",{},1e309]",
          "[null,null,\"t\",\"e\",{a:1}]",
          "[null,null,\"t\",\"e\",nul]",
          "[null,null,\"t\",\"e\",01]",
        })
    void looseJsonIsAProtocolError(String text) {
      assertMalformed(() -> decode(text));
    }

    /** S-19. */
    @Test
    void whiteSpaceAroundEverythingIsFine() {
      assertEquals(
          decode("[\"1\",\"2\",\"t\",\"e\",{\"a\": 1}]"),
          decode(" \t\r\n[ \"1\" ,\n\"2\",\t\"t\" , \"e\"\r,  {\"a\": 1} ] \n"));
    }

    /** S-19, J-18: the payload is any JSON, and not touched. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          "null",
          "true",
          "\"text\"",
          "[]",
          "[1, 2]",
          "{}",
          "{ }",
          "{ \"b\" : 1.50 , \"a\" : 1e2 , \"b\" : 2 }",
          "123456789012345678901234567890",
          "-0.0",
          "\"\\u00e9\\/\u00e9\ud83d\ude00\"",
        })
    void thePayloadKeepsItsOctets(String payload) {
      RawPayload read = decode("[null,null,\"t\",\"e\", " + payload + " ]").payload();
      assertEquals(payload, new String(read.bytes(), UTF_8));
      assertFalse(read.isBinary());
    }

    /** S-14: any JSON value, echoed with its type. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          "\"1\"",
          "\"\"",
          "1",
          "0",
          "-7",
          "1.5",
          "12345678901234567890",
          "true",
          "false",
          "{}",
          "{\"a\":[1]}",
          "[]",
          "[null]",
          "\"\u00e9\ud83d\ude00\"",
        })
    void aRefOfAnyTypeIsEchoedUnchanged(String ref) {
      ClientMessage message = decode("[" + ref + "," + ref + ",\"t\",\"e\",{}]");
      assertEquals(new Ref(ref), message.joinRef());
      assertEquals(message.joinRef(), message.ref());
      assertEquals(
          "[" + ref + "," + ref + ",\"t\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          text(v2.reply(message.joinRef(), message.ref(), "t", "ok", RawPayload.EMPTY_OBJECT)));
    }

    @Test
    void aNullRefIsNull() {
      ClientMessage message = decode("[null,null,\"t\",\"e\",{}]");
      assertNull(message.joinRef());
      assertNull(message.ref());
    }

    /** by value and type. */
    @Test
    void refsAreEqualByValueAndType() {
      assertNotEquals(refOf("\"1\""), refOf("1"));
      assertNotEquals(refOf("\"null\""), refOf("null"));
      assertNotEquals(refOf("\"true\""), refOf("true"));
      assertEquals(refOf("\"1\""), refOf("\"\\u0031\""));
      assertEquals(refOf("\"/\""), refOf("\"\\/\""));
      assertEquals(refOf("\"\u00e9\""), refOf("\"\\u00e9\""));
      assertEquals(refOf("\"\\n\\\"\""), refOf("\"\\u000a\\u0022\""));
    }

    /** S-18. */
    @Test
    void topicAndEventAreTextInEveryScript() {
      ClientMessage message =
          decode("[null,null,\"r\u00f6\u20ac\ud83d\ude00\",\"\\u00e9\\ud83d\\ude00\\u0000\",{}]");
      assertEquals("r\u00f6\u20ac\ud83d\ude00", message.topic());
      assertEquals("\u00e9\ud83d\ude00\u0000", message.event());
    }

    /** B-7: text has no limit of 255; the bus has one of its own. */
    @Test
    void aTopicMayBeLong() {
      String topic = "t".repeat(20_000);
      assertEquals(topic, decode("[null,null,\"" + topic + "\",\"e\",{}]").topic());
    }

    /** The bound of the bus: 64 KiB in UTF-8. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          "[null,null,\"%s\",\"e\",{}]",
          "[null,null,\"t\",\"%s\",{}]",
          "[null,\"%s\",\"t\",\"e\",{}]",
          "[\"%s\",null,\"t\",\"e\",{}]",
          "[[\"%s\"],null,\"t\",\"e\",{}]",
        })
    void aNameThatTheBusCannotCarryIsAProtocolError(String message) {
      assertMalformed(() -> decode(message.formatted("\u20ac".repeat(30_000))));
      assertMalformed(() -> decode(message.formatted("x".repeat(70_000))));
    }

    /** A control character is one octet of text and six of JSON. */
    @Test
    void aRefThatTheBusCannotCarryWithItsEscapesIsAProtocolError() {
      String text = "\\u0001".repeat(20_000);
      assertMalformed(() -> decode("[null,\"" + text + "\",\"t\",\"e\",{}]"));
      assertMalformed(() -> decode("[\"" + text + "\",null,\"t\",\"e\",{}]"));
    }

    /** Otherwise a client could tear the link to a host, and end everybody's channels there. */
    @ParameterizedTest
    @ValueSource(
        strings = {"x", "\u00e9", "\u20ac", "\ud83d\ude00", "\\u0001", "\\u20ac", "\\n", "/"})
    void whatIsReadCanCrossTheBus(String character) {
      for (int count : new int[] {1_000, 3_000, 10_000, 21_843, 21_845}) {
        String name = character.repeat(count);
        ClientMessage message;
        try {
          message = decode("[\"%s\",\"%s\",\"%s\",\"%s\",{}]".formatted(name, name, name, name));
        } catch (ProtocolException refused) {
          continue;
        }
        var recipient = new Recipient(1, 1, message.topic(), message.joinRef());
        var client = new ClientInfo("/", "websocket", null, RawPayload.EMPTY_OBJECT);
        for (HostMessage onTheBus :
            new HostMessage[] {
              new HostMessage.Join(0, 1, recipient, client, message.payload()),
              new HostMessage.Event(1, message.ref(), message.event(), message.payload()),
            }) {
          var envelope = new Envelope("gateway", 1, onTheBus);
          Buffer wire = Buffer.buffer();
          codec.encodeToWire(wire, envelope);
          assertEquals(envelope, codec.decodeFromWire(0, wire));
        }
      }
    }

    private Ref refOf(String json) {
      return decode("[" + json + ",null,\"t\",\"e\",{}]").joinRef();
    }

    private ClientMessage decode(String text) {
      return v2.decodeText(text.getBytes(UTF_8));
    }

    private static Expectation message(String text) {
      return (joinRef, ref, topic, event, payload) ->
          Arguments.of(
              text,
              new ClientMessage(
                  ref(joinRef), ref(ref), topic, event, RawPayload.jsonText(payload)));
    }

    private interface Expectation {
      Arguments is(String joinRef, String ref, String topic, String event, String payload);
    }
  }

  @Nested
  class TextToTheClient {

    /** S-12 and TR-1: every shape. */
    @Test
    void aReplyCarriesBothRefs() {
      assertEquals(
          "[\"3\",\"4\",\"lounge:7\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          text(v2.reply(ref("\"3\""), ref("\"4\""), "lounge:7", "ok", RawPayload.EMPTY_OBJECT)));
    }

    @Test
    void aReplyToAHeartbeatHasNoJoinRef() {
      assertEquals(
          "[null,\"5\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          text(v2.reply(null, ref("\"5\""), "phoenix", "ok", RawPayload.EMPTY_OBJECT)));
    }

    @Test
    void aPushCarriesItsJoinRefAndNoRef() {
      assertEquals(
          "[\"3\",null,\"lounge:7\",\"history\",{\"lines\":[]}]",
          text(v2.push(ref("\"3\""), "lounge:7", "history", json("{\"lines\":[]}"))));
    }

    @Test
    void aBroadcastCarriesNoRefs() {
      assertEquals(
          "[null,null,\"lounge:7\",\"said\",{\"txt\":\"hi\"}]",
          text(v2.broadcast("lounge:7", "said", json("{\"txt\":\"hi\"}"))));
    }

    /** S-13. */
    @Test
    void aCloseRepeatsTheJoinRef() {
      assertEquals(
          "[\"3\",\"3\",\"lounge:7\",\"phx_close\",{}]",
          text(v2.ended(ref("\"3\""), "lounge:7", Wire.CLOSE, RawPayload.EMPTY_OBJECT)));
      assertEquals(
          "[null,null,\"lounge:7\",\"phx_close\",{}]",
          text(v2.ended(null, "lounge:7", Wire.CLOSE, RawPayload.EMPTY_OBJECT)));
    }

    /** S-12, S-13. */
    @Test
    void aCrashRepeatsTheJoinRefAndSaysSo() {
      assertEquals(
          "[7,7,\"lounge:7\",\"phx_error\",{\"reason\":\"channel_crash\"}]",
          text(v2.ended(ref("7"), "lounge:7", Wire.ERROR, Wire.CHANNEL_CRASH)));
    }

    /** S-16. */
    @ParameterizedTest
    @ValueSource(strings = {"{}", "[1, 2]", "\"text\"", "5", "1.50", "null", "true", "{ }"})
    void aResponseIsAnyJson(String response) {
      assertEquals(
          "[\"1\",\"2\",\"t\",\"phx_reply\",{\"status\":\"ok\",\"response\":" + response + "}]",
          text(v2.reply(ref("\"1\""), ref("\"2\""), "t", "ok", json(response))));
    }

    /** S-17. */
    @ParameterizedTest
    @CsvSource({"ok,ok", "error,error", "later,later", "\u00e9,\u00e9", "a\"b,a\\\"b"})
    void aStatusIsAnyName(String status, String written) {
      assertEquals(
          "[null,\"2\",\"t\",\"phx_reply\",{\"status\":\"" + written + "\",\"response\":{}}]",
          text(v2.reply(null, ref("\"2\""), "t", status, RawPayload.EMPTY_OBJECT)));
    }

    /** S-18. */
    @Test
    void namesAreUtf8WithWhatMustBeEscapedEscaped() {
      assertEquals(
          "[null,null,\"a\\\"b\\\\c\\u0000\\u001f\u007f/\","
              + "\"r\u00f6\\u000a\u20ac\\\"\ud83d\ude00\",{}]",
          text(
              v2.broadcast(
                  "a\"b\\c\u0000\u001f\u007f/",
                  "r\u00f6\n\u20ac\"\ud83d\ude00",
                  RawPayload.EMPTY_OBJECT)));
    }

    /** B-7. */
    @Test
    void aNameOfMoreThan255OctetsIsFineInText() {
      String topic = "\u00e9".repeat(300);
      assertEquals(
          "[null,null,\"" + topic + "\",\"e\",{}]",
          text(v2.broadcast(topic, "e", RawPayload.EMPTY_OBJECT)));
    }

    @Test
    void aPayloadIsWrittenAsItIs() {
      String payload = "{ \"b\" : 1.50 , \"a\":\"\\u00e9\u00e9\" }";
      assertEquals(
          "[null,null,\"t\",\"e\"," + payload + "]", text(v2.broadcast("t", "e", json(payload))));
    }
  }

  @Nested
  class BinaryFromTheClient {

    /** B-2, B-9. */
    @Test
    void aPushHasFiveOctetsOfHeaderThenItsNamesThenData() {
      ClientMessage message =
          v2.decodeBinary(hex("00 01 01 08 04 33 35 6c 6f 75 6e 67 65 3a 37 62 6c 6f 62 de ad"));
      assertEquals(
          new ClientMessage(
              ref("\"3\""), ref("\"5\""), "lounge:7", "blob", RawPayload.binary(DE_AD)),
          message);
      assertTrue(message.payload().isBinary());
    }

    /** TR-6. */
    @Test
    void theRecordedPushIsRead() {
      byte[] frame = hex("00 01 01 08 04 33 35 6c 6f 75 6e 67 65 3a 37 62 6c 6f 62 01 02 03");
      assertArrayEquals(new byte[] {1, 2, 3}, v2.decodeBinary(frame).payload().bytes());
    }

    /** B-8. */
    @Test
    void dataMayBeEmpty() {
      assertEquals(0, v2.decodeBinary(hex("00 01 01 01 01 33 35 74 65")).payload().size());
    }

    /** B-10: not null, so it is nobody's join_ref. */
    @Test
    void anAbsentJoinRefIsTheEmptyString() {
      ClientMessage message = v2.decodeBinary(hex("00 00 01 01 01 35 74 65"));
      assertEquals(ref("\"\""), message.joinRef());
      assertEquals("", message.joinRef().text());
    }

    /** Every name may be empty. */
    @Test
    void aHeaderAloneIsAMessageWithEmptyNames() {
      assertEquals(
          new ClientMessage(ref("\"\""), ref("\"\""), "", "", RawPayload.binary(new byte[0])),
          v2.decodeBinary(hex("00 00 00 00 00")));
    }

    /** Lengths count octets of UTF-8: here 2, 3, 4 and 2. */
    @Test
    void namesAreUtf8() {
      ClientMessage message =
          v2.decodeBinary(hex("00 02 03 04 02 c3 a9 e2 82 ac f0 9f 98 80 c3 bc ff"));
      assertEquals(ref("\"\u00e9\""), message.joinRef());
      assertEquals(ref("\"\u20ac\""), message.ref());
      assertEquals("\ud83d\ude00", message.topic());
      assertEquals("\u00fc", message.event());
      assertArrayEquals(new byte[] {(byte) 0xff}, message.payload().bytes());
    }

    /** A length is unsigned: 255 octets, not -1. */
    @Test
    void aNameMayHave255Octets() {
      var frame = new byte[5 + 4 * 255 + 1];
      java.util.Arrays.fill(frame, (byte) 'x');
      frame[0] = 0;
      for (int i = 1; i < 5; i++) {
        frame[i] = (byte) 255;
      }
      ClientMessage message = v2.decodeBinary(frame);
      assertEquals("x".repeat(255), message.event());
      assertEquals(1, message.payload().size());
    }

    /** A binary join_ref equals the same text's: both are strings. */
    @Test
    void theRefsOfABinaryFrameEqualThoseOfText() {
      ClientMessage binary = v2.decodeBinary(hex("00 01 02 01 01 33 22 5c 74 65"));
      ClientMessage text = v2.decodeText("[\"3\",\"\\\"\\\\\",\"t\",\"e\",{}]".getBytes(UTF_8));
      assertEquals(text.joinRef(), binary.joinRef());
      assertEquals(text.ref(), binary.ref());
    }

    /** B-11: reserved events are ordinary names to the codec. */
    @Test
    void reservedEventsAreRead() {
      assertEquals(
          "heartbeat",
          v2.decodeBinary(hex("00 00 01 07 09 35 70 68 6f 65 6e 69 78 68 65 61 72 74 62 65 61 74"))
              .event());
      ClientMessage join =
          v2.decodeBinary(hex("00 01 01 01 08 33 33 74 70 68 78 5f 6a 6f 69 6e 01 02"));
      assertEquals("phx_join", join.event());
      assertEquals(RawPayload.binary(new byte[] {1, 2}), join.payload());
    }

    /** B-13, ER-7. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          // empty, and a header cut at each length
          "",
          "00",
          "00 00",
          "00 00 00",
          "00 00 00 00",
          // other kinds, also with a header that would do
          "01",
          "01 00 00 00 00",
          "02 00 00 00 00",
          "07 00 00 00 00",
          "ff 00 00 00 00",
          "01 01 01 08 02 33 35 6c 6f 75 6e 67 65 3a 37 6f 6b de ad",
          "02 08 04 6c 6f 75 6e 67 65 3a 37 62 6c 6f 62 de ad",
          // each name cut
          "00 01 00 00 00",
          "00 00 01 00 00",
          "00 00 00 01 00",
          "00 00 00 00 01",
          "00 01 01 08 04 33 35 6c 6f 75 6e 67 65 3a 37 62 6c 6f",
          "00 ff ff ff ff 33 35",
          // a name that is no UTF-8, in each place
          "00 01 00 00 00 ff",
          "00 00 01 00 00 c3",
          "00 00 00 02 00 c0 af",
          "00 00 00 00 03 ed a0 80",
          // a character over the border of two names
          "00 00 00 01 01 c3 a9",
          // text
          "5b 6e 75 6c 6c 5d",
        })
    void aMalformedFrameIsAProtocolError(String frame) {
      assertMalformed(() -> v2.decodeBinary(hex(frame)));
    }

    @Test
    void cuttingAFrameWithinItsNamesIsAProtocolErrorAtEveryLength() {
      byte[] frame = hex("00 01 01 08 04 33 35 6c 6f 75 6e 67 65 3a 37 62 6c 6f 62");
      for (int length = 0; length < frame.length; length++) {
        byte[] cut = java.util.Arrays.copyOf(frame, length);
        assertMalformed(() -> v2.decodeBinary(cut));
      }
    }
  }

  @Nested
  class BinaryToTheClient {

    private final RawPayload data = RawPayload.binary(DE_AD);

    /** B-3: no ref, so three lengths. */
    @Test
    void aPushHasThreeLengths() {
      assertFrame(
          "00 01 08 04 33 6c 6f 75 6e 67 65 3a 37 62 6c 6f 62 de ad",
          v2.push(ref("\"3\""), "lounge:7", "blob", data));
    }

    /** B-4: the event is implied, the status takes its place. */
    @Test
    void aReplyHasFourLengthsAndAStatus() {
      assertFrame(
          "01 01 01 08 02 33 35 6c 6f 75 6e 67 65 3a 37 6f 6b de ad",
          v2.reply(ref("\"3\""), ref("\"5\""), "lounge:7", "ok", data));
    }

    /** B-5. */
    @Test
    void aBroadcastHasTwoLengths() {
      assertFrame(
          "02 08 04 6c 6f 75 6e 67 65 3a 37 62 6c 6f 62 de ad",
          v2.broadcast("lounge:7", "blob", data));
    }

    /** TR-6. */
    @Test
    void theRecordedFramesAreWritten() {
      RawPayload oneTwoThree = RawPayload.binary(new byte[] {1, 2, 3});
      assertFrame(
          "00 01 08 07 33 6c 6f 75 6e 67 65 3a 37 62 69 6e 70 75 73 68 01 02 03",
          v2.push(ref("\"3\""), "lounge:7", "binpush", oneTwoThree));
      assertFrame(
          "02 08 05 6c 6f 75 6e 67 65 3a 37 62 69 6e 62 63 01 02 03",
          v2.broadcast("lounge:7", "binbc", oneTwoThree));
      assertFrame(
          "01 01 01 08 02 33 35 6c 6f 75 6e 67 65 3a 37 6f 6b 01 02 03",
          v2.reply(ref("\"3\""), ref("\"5\""), "lounge:7", "ok", oneTwoThree));
    }

    /** B-6. */
    @Test
    void aNullRefHasLengthZero() {
      assertFrame("00 00 01 01 74 65 de ad", v2.push(null, "t", "e", data));
      assertFrame("01 00 00 01 02 74 6f 6b de ad", v2.reply(null, null, "t", "ok", data));
    }

    /** B-6. */
    @Test
    void aNumberIsWrittenAsItsDecimalText() {
      assertFrame(
          "01 02 03 01 02 34 32 2d 31 37 74 6f 6b de ad",
          v2.reply(ref("42"), ref("-17"), "t", "ok", data));
    }

    /** The characters of a string ref, not its JSON text. */
    @Test
    void aStringRefIsWrittenUnescaped() {
      assertFrame(
          "00 03 01 01 22 5c 0a 74 65 de ad", v2.push(Ref.ofText("\"\\\n"), "t", "e", data));
    }

    /** B-8. */
    @Test
    void dataMayBeEmpty() {
      assertFrame("02 01 01 74 65", v2.broadcast("t", "e", RawPayload.binary(new byte[0])));
    }

    @Test
    void lengthsCountOctetsOfUtf8() {
      assertFrame("02 02 04 c3 a9 f0 9f 98 80 de ad", v2.broadcast("\u00e9", "\ud83d\ude00", data));
    }

    /** B-7: at 255 octets it goes, at 256 there is no such frame. */
    @Test
    void aNameOfMoreThan255OctetsHasNoForm() {
      String longest = "x".repeat(255);
      String over = "x".repeat(256);
      String overInUtf8 = "\u00e9".repeat(128);
      Frame frame = v2.broadcast(longest, longest, data).orElseThrow();
      assertEquals((byte) 255, frame.body()[1]);
      assertEquals(3 + 2 * 255 + 2, frame.body().length);
      for (String name : List.of(over, overInUtf8)) {
        assertEquals(Optional.empty(), v2.broadcast(name, "e", data));
        assertEquals(Optional.empty(), v2.broadcast("t", name, data));
        assertEquals(Optional.empty(), v2.push(null, name, "e", data));
        assertEquals(Optional.empty(), v2.push(null, "t", name, data));
        assertEquals(Optional.empty(), v2.push(Ref.ofText(name), "t", "e", data));
        assertEquals(Optional.empty(), v2.reply(null, null, name, "ok", data));
        assertEquals(Optional.empty(), v2.reply(null, null, "t", name, data));
        assertEquals(Optional.empty(), v2.reply(Ref.ofText(name), null, "t", "ok", data));
        assertEquals(Optional.empty(), v2.reply(null, Ref.ofText(name), "t", "ok", data));
      }
    }

    /** B-12, B-14. */
    @Test
    void thePayloadAloneDecidesTheFormOfTheFrame() {
      ClientMessage fromBinary = v2.decodeBinary(hex("00 01 01 01 01 33 35 74 65 de ad"));
      assertEquals(
          "[\"3\",\"5\",\"t\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
          text(
              v2.reply(
                  fromBinary.joinRef(), fromBinary.ref(), "t", "ok", RawPayload.EMPTY_OBJECT)));
      ClientMessage fromText = v2.decodeText("[\"3\",\"5\",\"t\",\"e\",{}]".getBytes(UTF_8));
      assertFrame(
          "01 01 01 01 02 33 35 74 6f 6b de ad",
          v2.reply(fromText.joinRef(), fromText.ref(), "t", "ok", data));
    }

    private void assertFrame(String hex, Optional<Frame> frame) {
      assertTrue(frame.orElseThrow().binary(), "a binary frame (B-14)");
      assertEquals(hex, HexFormat.ofDelimiter(" ").formatHex(frame.get().body()));
    }
  }

  /* ---- */

  private static Ref ref(String json) {
    return json == null ? null : new Ref(json);
  }

  private static RawPayload json(String text) {
    return RawPayload.jsonText(text);
  }

  private static byte[] hex(String octets) {
    return HexFormat.ofDelimiter(" ").parseHex(octets);
  }

  private static String text(Optional<Frame> frame) {
    return text(frame.orElseThrow());
  }

  private static String text(Frame frame) {
    assertFalse(frame.binary(), "a text frame (B-14)");
    return new String(frame.body(), UTF_8);
  }

  private static void assertMalformed(Runnable decoding) {
    var error = assertThrows(ProtocolException.class, decoding::run);
    assertEquals(1011, error.closeCode(), "W-30");
  }
}
