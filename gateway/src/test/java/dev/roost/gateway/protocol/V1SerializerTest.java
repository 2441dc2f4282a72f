package dev.roost.gateway.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Section 7.1 of the specification. */
class V1SerializerTest {

  private final Serializer v1 = new V1Serializer(JsonScanner.MAX_DEPTH);

  @Nested
  class FromTheClient {

    /** S-1. */
    @Test
    void aMessageIsAnObjectWithFourKeys() {
      assertEquals(
          new ClientMessage(null, ref("\"1\""), "lounge:7", "phx_join", json("{\"nick\":\"ada\"}")),
          decode(
              "{\"topic\":\"lounge:7\",\"event\":\"phx_join\","
                  + "\"payload\":{\"nick\":\"ada\"},\"ref\":\"1\"}"));
    }

    /** S-1. */
    @Test
    void theJoinRefIsOptional() {
      assertEquals(
          new ClientMessage(ref("\"9\""), ref("\"1\""), "t", "e", json("{}")),
          decode(
              "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\",\"join_ref\":\"9\"}"));
    }

    /** S-1: mandatory means present. */
    @Test
    void aNullValueCountsAsPresent() {
      ClientMessage message =
          decode(
              "{\"topic\":\"t\",\"event\":\"e\",\"payload\":null,\"ref\":null,\"join_ref\":null}");
      assertNull(message.ref());
      assertNull(message.joinRef());
      assertEquals(json("null"), message.payload());
    }

    /** S-3. */
    @Test
    void keysComeInAnyOrderAndFurtherOnesAreIgnored() {
      assertEquals(
          decode("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{\"a\":1},\"ref\":2}"),
          decode(
              " { \"ref\" : 2 , \"x\" : [ {} ] , \"payload\" : {\"a\":1} , \"\" : null,"
                  + " \"event\" : \"e\" , \"topics\" : 1 , \"topic\" : \"t\" } "));
    }

    @Test
    void aKeyMayBeEscaped() {
      assertEquals(
          decode("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":2}"),
          decode("{\"t\\u006fpic\":\"t\",\"\\u0065vent\":\"e\",\"payload\":{},\"r\\u0065f\":2}"));
    }

    @Test
    void theLastOfARepeatedKeyCounts() {
      assertEquals(
          decode("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null}"),
          decode(
              "{\"topic\":\"s\",\"event\":\"e\",\"payload\":1,\"ref\":2,"
                  + "\"topic\":\"t\",\"payload\":{},\"ref\":null}"));
    }

    /** S-2, ER-1, ER-4, R-25. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "{}",
          "[]",
          "null",
          "\"text\"",
          "7",
          "[null,\"1\",\"t\",\"e\",{}]",
          "{\"event\":\"e\",\"payload\":{},\"ref\":null}",
          "{\"topic\":\"t\",\"payload\":{},\"ref\":null}",
          "{\"topic\":\"t\",\"event\":\"e\",\"ref\":null}",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{}}",
          "{\"Topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null}",
          "{\"topic\":null,\"event\":\"e\",\"payload\":{},\"ref\":null}",
          "{\"topic\":5,\"event\":\"e\",\"payload\":{},\"ref\":null}",
          "{\"topic\":\"t\",\"event\":5,\"payload\":{},\"ref\":null}",
          "{\"topic\":\"t\",\"event\":[],\"payload\":{},\"ref\":null}",
        })
    void aWrongShapeIsAProtocolError(String text) {
      assertMalformed(() -> decode(text));
    }

    /** S-19. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          "\ufeff{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null}",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null}x",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null}}",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null,}",
          "{,\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null}",
          "{\"topic\":\"t\" \"event\":\"e\",\"payload\":{},\"ref\":null}",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\"}",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":1e309,\"ref\":null}",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":\"\\ud800\",\"ref\":null}",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":\"\t\",\"ref\":null}",
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null,\"x\":01}",
          "{topic:\"t\",\"event\":\"e\",\"payload\":{},\"ref\":null}",
        })
    void looseJsonIsAProtocolError(String text) {
      assertMalformed(() -> decode(text));
    }

    /** S-6, S-19. */
    @ParameterizedTest
    @ValueSource(strings = {"null", "\"text\"", "[1, 2]", "5", "true", "{ \"a\" : 1.50 }"})
    void thePayloadIsAnyJsonAndKeepsItsOctets(String payload) {
      ClientMessage message =
          decode("{\"topic\":\"t\",\"event\":\"e\",\"payload\": " + payload + " ,\"ref\":null}");
      assertEquals(payload, new String(message.payload().bytes(), UTF_8));
      assertFalse(message.payload().isBinary());
    }

    /** S-14. */
    @ParameterizedTest
    @ValueSource(strings = {"\"1\"", "1", "1.5", "true", "{\"a\":1}", "[]", "\"\""})
    void aRefOfAnyTypeIsEchoedUnchanged(String ref) {
      ClientMessage message =
          decode("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":" + ref + "}");
      assertEquals(
          "{\"topic\":\"t\",\"event\":\"phx_reply\","
              + "\"payload\":{\"status\":\"ok\",\"response\":{}},\"ref\":"
              + ref
              + "}",
          text(v1.reply(message.joinRef(), message.ref(), "t", "ok", RawPayload.EMPTY_OBJECT)));
    }

    /** S-7, ER-5: the octets of an object, whatever the opcode. */
    @Test
    void aBinaryFrameIsReadLikeText() {
      byte[] body =
          "{\"topic\":\"t\u00f6\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}".getBytes(UTF_8);
      assertEquals(v1.decodeText(body), v1.decodeBinary(body));
      assertFalse(v1.decodeBinary(body).payload().isBinary());
    }

    /** ER-6, B-13. */
    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "00 01 01 08 04 33 35 6c 6f 75 6e 67 65 3a 37 62 6c 6f 62 de ad",
          // an object that is no UTF-8
          "7b 22 74 6f 70 69 63 22 3a 22 ff 22 7d",
        })
    void aBinaryFrameThatIsNoObjectIsAProtocolError(String hex) {
      byte[] body = HexFormat.ofDelimiter(" ").parseHex(hex);
      assertMalformed(() -> v1.decodeBinary(body));
    }

    private ClientMessage decode(String text) {
      return v1.decodeText(text.getBytes(UTF_8));
    }
  }

  @Nested
  class ToTheClient {

    /** S-4: exactly four keys; the join_ref is never sent. */
    @Test
    void aReplyHasNoJoinRef() {
      assertEquals(
          "{\"topic\":\"lounge:7\",\"event\":\"phx_reply\","
              + "\"payload\":{\"status\":\"ok\",\"response\":{}},\"ref\":\"1\"}",
          text(v1.reply(ref("\"9\""), ref("\"1\""), "lounge:7", "ok", RawPayload.EMPTY_OBJECT)));
    }

    /** S-5, TR-5. */
    @Test
    void aPushAndABroadcastLookTheSame() {
      String expected =
          "{\"topic\":\"lounge:7\",\"event\":\"hello\",\"payload\":{\"a\":\"1\"},\"ref\":null}";
      assertEquals(expected, text(v1.broadcast("lounge:7", "hello", json("{\"a\":\"1\"}"))));
      assertEquals(
          expected, text(v1.push(ref("\"1\""), "lounge:7", "hello", json("{\"a\":\"1\"}"))));
    }

    /** S-13. */
    @Test
    void closeAndErrorCarryTheJoinRefAsTheirRef() {
      assertEquals(
          "{\"topic\":\"t\",\"event\":\"phx_close\",\"payload\":{},\"ref\":\"9\"}",
          text(v1.ended(ref("\"9\""), "t", Wire.CLOSE, RawPayload.EMPTY_OBJECT)));
      assertEquals(
          "{\"topic\":\"t\",\"event\":\"phx_error\","
              + "\"payload\":{\"reason\":\"channel_crash\"},\"ref\":null}",
          text(v1.ended(null, "t", Wire.ERROR, Wire.CHANNEL_CRASH)));
    }

    /** S-6, S-16. */
    @ParameterizedTest
    @ValueSource(strings = {"null", "\"text\"", "[1, 2]", "5", "{ }"})
    void payloadsAndResponsesAreAnyJson(String payload) {
      assertEquals(
          "{\"topic\":\"t\",\"event\":\"e\",\"payload\":" + payload + ",\"ref\":null}",
          text(v1.broadcast("t", "e", json(payload))));
      assertEquals(
          "{\"topic\":\"t\",\"event\":\"phx_reply\",\"payload\":{\"status\":\"later\",\"response\":"
              + payload
              + "},\"ref\":2}",
          text(v1.reply(null, ref("2"), "t", "later", json(payload))));
    }

    /** S-8. */
    @Test
    void aBinaryPayloadHasNoForm() {
      RawPayload binary = RawPayload.binary(new byte[] {1});
      assertEquals(Optional.empty(), v1.push(null, "t", "e", binary));
      assertEquals(Optional.empty(), v1.broadcast("t", "e", binary));
      assertEquals(Optional.empty(), v1.reply(null, null, "t", "ok", binary));
    }

    /** S-18. */
    @Test
    void namesAreUtf8WithWhatMustBeEscapedEscaped() {
      assertEquals(
          "{\"topic\":\"\\u0000\u00f6\",\"event\":\"\\\"\\\\\ud83d\ude00\","
              + "\"payload\":{},\"ref\":null}",
          text(v1.broadcast("\u0000\u00f6", "\"\\\ud83d\ude00", RawPayload.EMPTY_OBJECT)));
    }
  }

  /* ---- */

  private static Ref ref(String json) {
    return new Ref(json);
  }

  private static RawPayload json(String text) {
    return RawPayload.jsonText(text);
  }

  private static String text(Optional<Frame> frame) {
    return text(frame.orElseThrow());
  }

  private static String text(Frame frame) {
    assertFalse(frame.binary());
    return new String(frame.body(), UTF_8);
  }

  private static void assertMalformed(Runnable decoding) {
    var error = assertThrows(ProtocolException.class, decoding::run);
    assertEquals(1011, error.closeCode(), "W-30");
  }
}
