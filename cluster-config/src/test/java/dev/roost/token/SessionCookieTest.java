package dev.roost.token;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.token.term.Symbol;
import dev.roost.token.term.Terms;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** K-41, C-12, C-13. */
class SessionCookieTest {

  private static final byte[] KEY = HexFormat.of().parseHex(Vectors.KEY);
  private static final byte[] NONCE = HexFormat.of().parseHex("0b".repeat(24));
  private static final String STATE = "vJ1PqYrh-E_8o1CkQ0zX4w2b";
  private static final Map<String, Object> SESSION =
      Map.of("_csrf_token", STATE, "user_id", 42L, "roles", List.of(new Symbol("admin")));

  // {"user_id": 42}, field by field.
  private static final String SMALL = "83 74 00000001 6d 00000007 757365725f6964 61 2a";

  // The vectors' salt, so that their key is the cookies'.
  private static final SessionSettings SETTINGS = SessionSettings.of(Vectors.SECRET, Vectors.SALT);

  private final SessionCookie signed = new SessionCookie(SETTINGS);
  private final SessionCookie encrypted =
      new SessionCookie(
          SessionSettings.of(Vectors.SECRET, "signing").withEncryptionSalt(Vectors.SALT));

  @Test
  void aSignedSessionIsRead() {
    assertEquals(Optional.of(Map.of("user_id", 42L)), signed.read(Vectors.signed(SMALL)));
    assertEquals(Optional.of(SESSION), signed.read(signed(SESSION)));
  }

  @Test
  void anEncryptedSessionIsRead() {
    assertEquals(Optional.of(SESSION), encrypted.read(encrypted(SESSION)));
  }

  @Test
  void theTwoKindsAreNotTakenForEachOther() {
    assertTrue(signed.read(encrypted(SESSION)).isEmpty());
    assertTrue(encrypted.read(signed(SESSION)).isEmpty());
    // Signed with the key of an encryption salt, which is not what it is for.
    assertTrue(encrypted.read(Vectors.signed(SMALL)).isEmpty());
  }

  @Test
  void noCookieIsNoSession() {
    assertTrue(signed.read(null).isEmpty());
    assertTrue(signed.read("").isEmpty());
    assertTrue(encrypted.read(null).isEmpty());
    assertTrue(encrypted.read("").isEmpty());
  }

  @Test
  void aCookieWithAnyCharacterChangedIsNoSession() {
    String small = Vectors.signed(SMALL);
    String hidden = encrypted(SESSION);
    for (int i = 0; i < small.length(); i++) {
      char other = small.charAt(i) == 'A' ? 'B' : 'A';
      String changed = small.substring(0, i) + other + small.substring(i + 1);
      assertTrue(signed.read(changed).isEmpty(), changed);
    }
    for (int i = 0; i < hidden.length(); i++) {
      char other = hidden.charAt(i) == 'A' ? 'B' : 'A';
      String changed = hidden.substring(0, i) + other + hidden.substring(i + 1);
      assertTrue(encrypted.read(changed).isEmpty(), changed);
    }
  }

  @Test
  void secretSaltAndDerivationAreOfACookie() {
    String cookie = signed(SESSION);
    var derivation = KeyDerivation.defaults();

    for (SessionSettings other :
        List.of(
            SessionSettings.of("x" + Vectors.SECRET, Vectors.SALT),
            SessionSettings.of(Vectors.SECRET, "another"),
            SETTINGS.withDerivation(derivation.withIterations(1)))) {
      assertTrue(new SessionCookie(other).read(cookie).isEmpty(), other.toString());
    }
  }

  @Test
  void cookiesOfOlderSecretsAreRead() {
    var rotated =
        SessionSettings.of("the newest secret key base", Vectors.SALT)
            .withOlderSecrets("the oldest secret key base", Vectors.SECRET);

    assertEquals(Optional.of(SESSION), new SessionCookie(rotated).read(signed(SESSION)));
    assertEquals(
        Optional.of(SESSION),
        new SessionCookie(rotated.withEncryptionSalt(Vectors.SALT)).read(encrypted(SESSION)));
  }

  @Test
  void symbolsAreKeysByTheirName() {
    assertEquals(
        Optional.of(Map.of("user_id", 42L)),
        signed.read(signed(Map.of(new Symbol("user_id"), 42L))));
  }

  @Test
  void anEmptySessionIsOne() {
    assertEquals(Optional.of(Map.of()), signed.read(signed(Map.of())));
  }

  @Test
  void aSessionMayHoldNull() {
    var session = Collections.singletonMap("flash", null);
    assertEquals(Optional.of(session), signed.read(signed(session)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "83",
        "83 6a",
        "83 77 03 6e696c",
        "83 68 01 74 00000000",
        "83 74 00000001 61 01 61 02",
        "83 74 00000001 77 03 6e696c 61 02",
        "83 74 00000001 6d 00000001 61 70 00000000",
        "7b7d"
      })
  void aPayloadThatIsNoSessionIsNone(String payload) {
    assertTrue(signed.read(Vectors.signed(payload)).isEmpty());
  }

  @Test
  void aCookieThatNoBrowserKeepsIsNoSession() {
    assertTrue(signed.read(signed(Map.of("a", "a".repeat(8 * 1024)))).isPresent());
    assertTrue(signed.read(signed(Map.of("a", "a".repeat(16 * 1024)))).isEmpty());
  }

  @Test
  void aSessionIsForPagesThatHaveItsToken() {
    String cookie = signed(SESSION);
    String token = CsrfTokenTest.masked(STATE, "AbCdEfGhIjKlMnOpQrStUvWx");

    assertEquals(Optional.of(SESSION), signed.read(cookie, token));
    assertEquals(Optional.of(SESSION), encrypted.read(encrypted(SESSION), token));
    assertTrue(signed.read(cookie, null).isEmpty());
    assertTrue(signed.read(cookie, "").isEmpty());
    assertTrue(signed.read(cookie, STATE).isEmpty());
    assertTrue(signed.read(cookie, token.replace('A', 'B')).isEmpty());
    assertTrue(signed.read(null, token).isEmpty());
  }

  @Test
  void aSessionWithoutAStateIsForNoPage() {
    String token = CsrfTokenTest.masked(STATE, "AbCdEfGhIjKlMnOpQrStUvWx");

    assertTrue(signed.read(signed(Map.of("user_id", 42L)), token).isEmpty());
    assertTrue(signed.read(signed(Map.of("_csrf_token", 42L)), token).isEmpty());
    assertTrue(signed.read(signed(Map.of("_csrf_token", STATE + "A")), token).isEmpty());
  }

  @Test
  void theStateMayHaveAnotherKey() {
    var other = new SessionCookie(SETTINGS.withCsrfKey("csrf"));
    var session = Map.of("csrf", STATE);
    String token = CsrfTokenTest.masked(STATE, "AbCdEfGhIjKlMnOpQrStUvWx");

    assertEquals(Optional.of(session), other.read(signed(session), token));
    assertTrue(other.read(signed(SESSION), token).isEmpty());
  }

  @Test
  void settingsThatCannotBeRightAreRefused() {
    var short_ = KeyDerivation.defaults().withLengthBytes(16);

    assertThrows(IllegalArgumentException.class, () -> SessionSettings.of(Vectors.SECRET, ""));
    assertThrows(IllegalArgumentException.class, () -> SessionSettings.of("short", "salt"));
    assertThrows(IllegalArgumentException.class, () -> SETTINGS.withEncryptionSalt(""));
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> SETTINGS.withDerivation(short_).withEncryptionSalt("salt"));
    assertTrue(e.getMessage().contains("lengthBytes is 16"), e.getMessage());
    assertEquals("_csrf_token", SETTINGS.csrfKey());
  }

  private static String signed(Map<?, ?> session) {
    return Vectors.signed("HS256", "HmacSHA256", Terms.encode(session));
  }

  private static String encrypted(Map<?, ?> session) {
    return EncryptedMessage.encrypt(Terms.encode(session), KEY, NONCE);
  }
}
