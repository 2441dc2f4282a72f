package dev.roost.token;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** C-15. */
class CsrfTokenTest {

  private static final String STATE = "vJ1PqYrh-E_8o1CkQ0zX4w2b";

  // The mask of zeros shows what is done: '0' is 0x30.
  private static final String MASK = "0".repeat(24);
  private static final String MASKED = "RnoBYEFpQlgddW8IXwFzW2EASmgERwJS";

  @Test
  void aTokenIsTheStateUnderAMask() {
    assertTrue(CsrfToken.matches(STATE, masked(STATE, MASK)));
    assertTrue(CsrfToken.matches(STATE, MASKED + MASK));
  }

  @Test
  void everyMaskWillDo() {
    var random = new Random(15);
    for (int i = 0; i < 1000; i++) {
      byte[] bytes = new byte[18];
      random.nextBytes(bytes);
      String mask = Base64.getUrlEncoder().encodeToString(bytes);
      random.nextBytes(bytes);
      String state = Base64.getUrlEncoder().encodeToString(bytes);

      assertTrue(CsrfToken.matches(state, masked(state, mask)));
      assertFalse(CsrfToken.matches(STATE, masked(state, mask)));
    }
  }

  @Test
  void aTokenWithAnyCharacterChangedDoesNotMatch() {
    String token = masked(STATE, MASK);
    for (int i = 0; i < token.length(); i++) {
      for (char other : "AQgw_-1=é".toCharArray()) {
        if (token.charAt(i) != other) {
          String changed = token.substring(0, i) + other + token.substring(i + 1);
          assertFalse(CsrfToken.matches(STATE, changed), changed);
        }
      }
    }
  }

  @Test
  void aTokenOfAnotherLengthDoesNotMatch() {
    String token = masked(STATE, MASK);

    assertFalse(CsrfToken.matches(STATE, token.substring(1)));
    assertFalse(CsrfToken.matches(STATE, token + "0"));
    assertFalse(CsrfToken.matches(STATE, ""));
    assertFalse(CsrfToken.matches("", token));
    assertFalse(CsrfToken.matches("", ""));
  }

  @Test
  void nothingMatchesNothing() {
    assertFalse(CsrfToken.matches(null, masked(STATE, MASK)));
    assertFalse(CsrfToken.matches(STATE, null));
    assertFalse(CsrfToken.matches(null, null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"vJ1PqYrh-E_8o1CkQ0zX4w2", "vJ1PqYrh-E_8o1CkQ0zX4w2bb", "é"})
  void aStateOf24BytesOnly(String state) {
    assertFalse(CsrfToken.matches(state, masked(STATE, MASK)));
  }

  static String masked(String state, String mask) {
    byte[] masked = state.getBytes(StandardCharsets.US_ASCII);
    byte[] with = mask.getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < masked.length; i++) {
      masked[i] ^= with[i];
    }
    return Base64.getUrlEncoder().encodeToString(masked) + mask;
  }
}
