package dev.roost.gateway.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The protocol version a client asks for (section 6.1); what is absent is the transport's. */
class VersionTest {

  @ParameterizedTest
  @ValueSource(strings = {"1.0.0", "1.0.1", "1.0.99", "1.0.0+build", "1.0.999999999"})
  void versionOneIsAnyPatchOfOneDotZero(String vsn) {
    assertEquals("V1", negotiated(vsn));
  }

  @ParameterizedTest
  @ValueSource(strings = {"2.0.0", "2.0.9", "2.0.0+build", "2.0.10+a.b-c.1"})
  void versionTwoIsAnyPatchOfTwoDotZero(String vsn) {
    assertEquals("V2", negotiated(vsn));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0.9.0", "1.1.0", "1.10.0", "2.1.0", "2.0.0-rc1", "2.0.1-rc.1+b", "3.0.0"})
  void anyOtherVersionIsServedByNone(String vsn) {
    assertEquals(Optional.empty(), Serializer.negotiate(vsn));
    assertTrue(Version.parse(vsn).isPresent());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "2",
        "2.0",
        "2.0.",
        "2.0.0.0",
        ".0.0",
        "abc",
        "v2.0.0",
        "2.0.x",
        "2.0.0 ",
        " 2.0.0",
        "2.0.0\n",
        "02.0.0",
        "2.00.0",
        "2.0.00",
        "-2.0.0",
        "+2.0.0",
        "2,0,0",
        "2.0.0-",
        "2.0.0+",
        "2.0.0+a b",
        "\u0662.0.0",
        "99999999999.0.0",
        "1.0.0/",
        "2.0.0\u0000"
      })
  void whatIsNoVersionOfThreeNumbersIsInvalid(String vsn) {
    assertEquals(Optional.empty(), Version.parse(vsn));
    assertEquals(Optional.empty(), Serializer.negotiate(vsn));
  }

  @Test
  void theVersionsAreTriedInOrder() {
    assertEquals(
        java.util.List.of("V1", "V2"), Serializer.ALL.stream().map(Object::toString).toList());
    for (Serializer serializer : Serializer.ALL) {
      assertEquals(serializer, Serializer.ALL.get(serializer.index()));
    }
  }

  private static String negotiated(String vsn) {
    return Serializer.negotiate(vsn).orElseThrow().toString();
  }
}
