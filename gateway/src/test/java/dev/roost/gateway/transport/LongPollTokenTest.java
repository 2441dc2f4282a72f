package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LongPollTokenTest {

  private static final byte[] SECRET = secret(1);
  private static final LongPollToken TOKEN = LongPollToken.of("node-1", 3, 42, SECRET);

  private static byte[] secret(int octet) {
    var secret = new byte[LongPollToken.SECRET_BYTES];
    Arrays.fill(secret, (byte) octet);
    return secret;
  }

  @Test
  void aTokenComesBackAsItWas() {
    assertEquals(Optional.of(TOKEN), LongPollToken.parse(TOKEN.text()));
    var largest = LongPollToken.of("", Integer.MAX_VALUE, Long.MAX_VALUE, secret(255));
    assertEquals(Optional.of(largest), LongPollToken.parse(largest.text()));
  }

  /** It stands in URLs and headers (G-31), and tells nothing of the cluster. */
  @Test
  void aTokenIsUrlSafeAndNamesNobody() {
    assertTrue(TOKEN.text().matches("[A-Za-z0-9_-]{59}"), TOKEN.text());
    assertFalse(TOKEN.toString().contains("node-1"));
  }

  @Test
  void itsHolderIsFoundAmongTheLiveNodes() {
    assertEquals(
        Optional.of("roost.gateway.node-1.3"), TOKEN.holder(Set.of("node-0", "node-1", "node-2")));
    assertEquals(Optional.empty(), TOKEN.holder(Set.of("node-0", "node-2")));
    assertEquals(Optional.empty(), TOKEN.holder(Set.of()));
  }

  /** Else whoever has one token could have a gateway call any number of verticles. */
  @Test
  void itNamesNoOtherVerticleOfThatNode() {
    byte[] bytes = Base64.getUrlDecoder().decode(TOKEN.text());
    bytes[11]++;
    String madeUp = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    LongPollToken token = LongPollToken.parse(madeUp).orElseThrow();
    assertEquals(4, token.verticle());
    assertEquals(Optional.empty(), token.holder(Set.of("node-1")));
  }

  @Test
  void noTwoTokensAreAlike() {
    assertNotEquals(TOKEN.text(), LongPollToken.of("node-1", 3, 42, secret(2)).text());
    assertNotEquals(TOKEN.text(), LongPollToken.of("node-2", 3, 42, SECRET).text());
    assertNotEquals(TOKEN.text(), LongPollToken.of("node-1", 4, 42, SECRET).text());
    assertNotEquals(TOKEN.text(), LongPollToken.of("node-1", 3, 43, SECRET).text());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "undefined",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        // A negative verticle, and a negative session.
        "AAAAAAAAAAD_____AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAA__________8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
      })
  void whatIsNoTokenCountsAsNone(String text) { // G-33
    assertEquals(Optional.empty(), LongPollToken.parse(text));
  }
}
