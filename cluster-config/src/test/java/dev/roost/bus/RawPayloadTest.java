package dev.roost.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RawPayloadTest {

  /** S-15. */
  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"a\":1}", " \t\r\n{}"})
  void anObjectMayBePushed(String json) {
    assertTrue(RawPayload.jsonText(json).isObjectOrBinary());
  }

  /** S-15. */
  @ParameterizedTest
  @ValueSource(strings = {"[]", "\"{}\"", "null", "5", "true", " []", ""})
  void otherJsonMayNot(String json) {
    assertFalse(RawPayload.jsonText(json).isObjectOrBinary());
  }

  @Test
  void octetsMayBePushed() {
    assertTrue(RawPayload.binary(new byte[0]).isObjectOrBinary());
    assertTrue(RawPayload.binary(new byte[] {'['}).isObjectOrBinary());
  }

  @Test
  void payloadsAreEqualByKindAndOctets() {
    assertEquals(RawPayload.EMPTY_OBJECT, RawPayload.jsonText("{}"));
    assertEquals(RawPayload.EMPTY_OBJECT.hashCode(), RawPayload.jsonText("{}").hashCode());
    assertNotEquals(RawPayload.EMPTY_OBJECT, RawPayload.jsonText("{ }"));
    assertNotEquals(RawPayload.EMPTY_OBJECT, RawPayload.binary(new byte[] {'{', '}'}));
    assertEquals(RawPayload.binary(new byte[] {1}), RawPayload.binary(new byte[] {1}));
  }

  @Test
  void whatIsPrintedShowsNoContent() {
    assertEquals("json[17 bytes]", RawPayload.jsonText("{\"secret\":\"1234\"}").toString());
    assertEquals("binary[2 bytes]", RawPayload.binary(new byte[] {65, 66}).toString());
  }
}
