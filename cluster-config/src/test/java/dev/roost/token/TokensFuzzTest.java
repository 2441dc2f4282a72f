package dev.roost.token;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * Tokens and cookies against any text, and against any payload that has a good signature:
 * coverage-guided when fuzzed ({@code .ci/fuzz}), otherwise over the kept inputs.
 */
class TokensFuzzTest {

  private static final SecretKeyBase SECRETS =
      SecretKeyBase.of(Vectors.SECRET).withOlder("an older secret key base");

  private static final TokenSettings SETTINGS = TokenSettings.of(SECRETS, Vectors.SALT);
  private static final Tokens TOKENS = new Tokens(SETTINGS);
  private static final Tokens AGELESS = new Tokens(SETTINGS.withMaxAge(MaxAge.infinite()));
  private static final SessionSettings SESSIONS = SessionSettings.of(SECRETS, Vectors.SALT);
  private static final SessionCookie SIGNED = new SessionCookie(SESSIONS);
  private static final SessionCookie ENCRYPTED =
      new SessionCookie(SESSIONS.withEncryptionSalt(Vectors.SALT));
  private static final byte[] KEY = HexFormat.of().parseHex(Vectors.KEY);

  @FuzzTest
  void anyTextIsATokenOrNot(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);

    boolean signed = AGELESS.verify(text) instanceof TokenResult.Valid;
    boolean encrypted = AGELESS.decrypt(text) instanceof TokenResult.Valid;
    // Nobody guesses a signature: what verifies is what the kept inputs have.
    assertEquals(text.equals(Vectors.ONE), signed);
    assertEquals(text.equals(Vectors.ENCRYPTED_ONE), encrypted);
    assertFalse(SIGNED.read(text).isPresent());
    assertFalse(ENCRYPTED.read(text).isPresent());
    assertFalse(CsrfToken.matches("vJ1PqYrh-E_8o1CkQ0zX4w2b", text));
  }

  @FuzzTest
  void anySignedPayloadIsDataOrInvalid(byte[] payload) {
    String text = SignedMessage.sign(payload, KEY);
    String sealed = EncryptedMessage.encrypt(payload, KEY, new byte[24]);

    TokenResult result = TOKENS.verify(text);
    assertEquals(result.getClass(), TOKENS.decrypt(sealed).getClass());
    // Without a look at the clock as much is accepted, or more.
    if (result instanceof TokenResult.Valid || result instanceof TokenResult.Expired) {
      assertEquals(TokenResult.Valid.class, AGELESS.verify(text).getClass());
    }
    assertEquals(SIGNED.read(text).isPresent(), ENCRYPTED.read(sealed).isPresent());
  }
}
