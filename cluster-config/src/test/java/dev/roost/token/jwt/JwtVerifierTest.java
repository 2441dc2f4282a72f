package dev.roost.token.jwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JwtVerifierTest {

  private static final String TEXT =
      "a secret of JWTs, which has 64 bytes: 01234567890123456789012345";
  private static final Signer.Secret SECRET = Signer.secret(TEXT);
  private static final Signer.Pair RSA = Signer.rsa(2048);
  private static final Signer.Pair P256 = Signer.ec("secp256r1");
  private static final Signer.Pair P384 = Signer.ec("secp384r1");
  private static final Signer.Pair P521 = Signer.ec("secp521r1");

  private static final long NOW = 1_700_000_000;
  private static final String CLAIMS = "{\"sub\":\"42\",\"exp\":1700000060}";

  private static final JwtKeys ALL_PUBLIC =
      JwtKeys.publicKeys(RSA.pem() + P256.pem() + P384.pem() + P521.pem());

  private static final JwtSettings SETTINGS = at(NOW, JwtSettings.of(JwtKeys.secrets(TEXT)));

  private final JwtVerifier verifier = new JwtVerifier(SETTINGS);
  private final JwtVerifier publicVerifier = new JwtVerifier(at(NOW, JwtSettings.of(ALL_PUBLIC)));

  static Stream<Arguments> algorithms() {
    return Stream.of(
        Arguments.of("HS256", SECRET, JwtKeys.secrets(TEXT)),
        Arguments.of("HS384", SECRET, JwtKeys.secrets(TEXT)),
        Arguments.of("HS512", SECRET, JwtKeys.secrets(TEXT)),
        Arguments.of("RS256", RSA, JwtKeys.publicKeys(RSA.pem())),
        Arguments.of("RS384", RSA, JwtKeys.publicKeys(RSA.pem())),
        Arguments.of("RS512", RSA, JwtKeys.publicKeys(RSA.pem())),
        Arguments.of("PS256", RSA, JwtKeys.publicKeys(RSA.pem())),
        Arguments.of("PS384", RSA, JwtKeys.publicKeys(RSA.pem())),
        Arguments.of("PS512", RSA, JwtKeys.publicKeys(RSA.pem())),
        Arguments.of("ES256", P256, JwtKeys.publicKeys(P256.pem())),
        Arguments.of("ES384", P384, JwtKeys.publicKeys(P384.pem())),
        Arguments.of("ES512", P521, JwtKeys.publicKeys(P521.pem())));
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void aTokenOfEveryAlgorithmVerifies(String algorithm, Signer signer, JwtKeys keys) {
    var only = new JwtVerifier(at(NOW, JwtSettings.of(keys)));
    var expected =
        new JwtResult.Valid(
            Map.of("sub", "42", "exp", 1_700_000_060L), Instant.ofEpochSecond(1_700_000_060));

    assertEquals(expected, only.verify(signer.token(algorithm, CLAIMS)));
    assertEquals(expected, only.verify(signer.token(algorithm, "any", CLAIMS)));
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void aTokenOfAnotherKeyIsInvalid(String algorithm, Signer signer, JwtKeys keys) {
    Signer other =
        switch (algorithm.substring(0, 2)) {
          case "HS" -> Signer.secret(TEXT.replace('a', 'b'));
          case "RS", "PS" -> Signer.rsa(2048);
          default ->
              Signer.ec(
                  Map.of("ES256", "secp256r1", "ES384", "secp384r1", "ES512", "secp521r1")
                      .get(algorithm));
        };
    var only = new JwtVerifier(at(NOW, JwtSettings.of(keys)));

    assertInvalid(only, other.token(algorithm, CLAIMS));
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void aTokenThatIsChangedIsInvalid(String algorithm, Signer signer, JwtKeys keys) {
    var only = new JwtVerifier(at(NOW, JwtSettings.of(keys)));
    String token = signer.token(algorithm, CLAIMS);
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < token.length(); i++) {
      // The highest of six bits: the last character has some that say nothing.
      int digit = alphabet.indexOf(token.charAt(i));
      String changed =
          token.substring(0, i)
              + (digit < 0 ? "A" : alphabet.charAt(digit ^ 32))
              + token.substring(i + 1);
      assertInvalid(only, changed);
    }
    for (int length = 0; length < token.length(); length += 7) {
      assertInvalid(only, token.substring(0, length));
    }
  }

  @Test
  void claimsAreAsInJson() {
    String claims =
        "{\"iss\":\"me\",\"aud\":[\"a\",\"b\"],\"iat\":1699999999,\"exp\":1700000060,\"n\":1.5,"
            + "\"big\":9007199254740993,\"yes\":true,\"in\":{\"list\":[1,\"two\",false]}}";

    var valid = valid(verifier, SECRET.token("HS256", claims));

    assertEquals(
        Map.of(
            "iss",
            "me",
            "aud",
            List.of("a", "b"),
            "iat",
            1_699_999_999L,
            "exp",
            1_700_000_060L,
            "n",
            1.5,
            "big",
            9_007_199_254_740_993L,
            "yes",
            true,
            "in",
            Map.of("list", List.of(1L, "two", false))),
        valid.claims());
    assertThrows(UnsupportedOperationException.class, () -> valid.claims().put("sub", "1"));
    String one = SECRET.token("HS256", "{\"aud\":\"a\",\"exp\":1700000060}");
    assertEquals("a", valid(verifier, one).claims().get("aud"));
  }

  @Test
  void noTokenIsMissing() {
    assertEquals(new JwtResult.Missing(), verifier.verify(null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30.e30",
        "bnVsbA.bnVsbA.",
        "W10.e30.",
        "{}",
        "\ud83d",
        "eyJhbGciOiJIUzI1NiJ9.",
        "eyJhbGciOiJIUzI1NiJ9..",
        "eyJhbGciOiJIUzI1NiJ9.e30.",
        "eyJhbGciOjF9.e30.e30",
        "eyJhbGciOm51bGx9.e30.e30",
        "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.9"
      })
  void whatIsNoTokenIsInvalid(String text) {
    assertInvalid(verifier, text);
    assertInvalid(publicVerifier, text);
  }

  @Test
  void aHeaderThatIsNestedDeepIsInvalid() {
    String deep = "[".repeat(20_000);
    assertInvalid(verifier, Signer.base64("{\"alg\":\"HS256\",\"a\":" + deep) + ".e30.e30");
    assertInvalid(verifier, Signer.base64(deep) + ".e30.e30");
  }

  @Test
  void claimsThatAreNoneAreInvalid() {
    for (String claims :
        List.of("", "null", "[]", "1", "{", "{\"exp\":1700000060", "{\"exp\":\"1\"}")) {
      assertInvalid(verifier, SECRET.token("HS256", claims));
    }
    assertInvalid(verifier, SECRET.token("HS256", "{\"exp\":1700000060,\"aud\":1}"));
    assertInvalid(
        verifier, SECRET.token("HS256", "{\"exp\":1700000060,\"a\":" + "[".repeat(30_000)));
  }

  @Test
  void aTokenThatIsTooLongIsInvalid() {
    String claims = "{\"exp\":1700000060,\"a\":\"" + "a".repeat(48 * 1024) + "\"}";

    assertInvalid(verifier, SECRET.token("HS256", claims));
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "None", "NONE", "nOnE", ""})
  void anUnsignedTokenIsInvalid(String none) {
    String header = Signer.base64("{\"alg\":\"" + none + "\"}");
    String signed = SECRET.token("HS256", CLAIMS);
    String signature = signed.substring(signed.lastIndexOf('.') + 1);
    for (JwtVerifier each : List.of(verifier, publicVerifier)) {
      assertInvalid(each, header + "." + Signer.base64(CLAIMS) + ".");
      assertInvalid(each, header + "." + Signer.base64(CLAIMS) + "." + signature);
      assertInvalid(each, header + "." + Signer.base64(CLAIMS));
    }
    assertInvalid(verifier, SECRET.sign("HS256", "{\"alg\":\"" + none + "\"}", CLAIMS));
    assertInvalid(verifier, SECRET.sign("HS256", "{}", CLAIMS));
  }

  /** What an RSA verifier must never take for a secret: its public key, in any spelling. */
  @Test
  void aPublicKeyIsNoSecret() {
    for (Signer.Pair pair : List.of(RSA, P256, P384, P521)) {
      var only = new JwtVerifier(at(NOW, JwtSettings.of(JwtKeys.publicKeys(pair.pem()))));
      for (byte[] secret :
          List.of(
              pair.pem().getBytes(StandardCharsets.UTF_8),
              pair.pem().strip().getBytes(StandardCharsets.UTF_8),
              pair.jwk("").getBytes(StandardCharsets.UTF_8),
              pair.open().getEncoded())) {
        for (String algorithm : List.of("HS256", "HS384", "HS512")) {
          assertInvalid(only, Signer.secret(secret).token(algorithm, CLAIMS));
        }
      }
    }
  }

  @Test
  void aSecretVerifiesNoOtherAlgorithm() {
    assertInvalid(verifier, RSA.token("RS256", CLAIMS));
    assertInvalid(verifier, RSA.token("PS256", CLAIMS));
    assertInvalid(verifier, P256.token("ES256", CLAIMS));
    assertInvalid(verifier, SECRET.sign("HS256", "{\"alg\":\"RS256\"}", CLAIMS));
    assertInvalid(verifier, SECRET.sign("HS256", "{\"alg\":\"hs256\"}", CLAIMS));
  }

  @ParameterizedTest
  @CsvSource({
    "RS256, PS256",
    "PS256, RS256",
    "RS256, RS512",
    "RS256, ES256",
    "RS256, EdDSA",
    "RS256, ES256K"
  })
  void aTokenIsSignedAsItSays(String signed, String said) {
    assertInvalid(publicVerifier, RSA.sign(signed, "{\"alg\":\"" + said + "\"}", CLAIMS));
  }

  @Test
  void aCurveIsForItsAlgorithmOnly() {
    assertInvalid(publicVerifier, P384.token("ES256", CLAIMS));
    assertInvalid(publicVerifier, P256.token("ES512", CLAIMS));
  }

  /** CVE-2022-21449. */
  @Test
  void aSignatureOfZerosIsInvalid() {
    for (String algorithm : List.of("ES256", "ES384", "ES512")) {
      int length = algorithm.equals("ES256") ? 64 : algorithm.equals("ES384") ? 96 : 132;
      String zeros = Signer.base64(new String(new char[length]));
      String header = Signer.base64("{\"alg\":\"" + algorithm + "\"}");
      assertInvalid(publicVerifier, header + "." + Signer.base64(CLAIMS) + "." + zeros);
    }
  }

  @Test
  void aKeyThatATokenBringsIsNotLookedAt() {
    var attacker = Signer.rsa(2048);
    String jwk = attacker.jwk("\"kid\":\"1\"");
    for (String member :
        List.of(
            "\"jwk\":" + jwk,
            "\"jku\":\"http://127.0.0.1:1/jwks.json\"",
            "\"x5u\":\"http://127.0.0.1:1/certificate.pem\"",
            "\"jwk\":" + jwk + ",\"kid\":\"1\"")) {
      String header = "{\"alg\":\"RS256\"," + member + "}";
      assertInvalid(publicVerifier, attacker.sign("RS256", header, CLAIMS));
      // It does no harm either.
      assertInstanceOf(
          JwtResult.Valid.class, publicVerifier.verify(RSA.sign("RS256", header, CLAIMS)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "JWT, true",
    "jwt, true",
    "at+jwt, true",
    "application/at+jwt, false",
    "JOSE, false",
    "dpop+jwt, false"
  })
  void typesOfOtherTokensAreRefused(String type, boolean accepted) {
    String header = "{\"alg\":\"HS256\",\"typ\":\"" + type + "\"}";

    var result = verifier.verify(SECRET.sign("HS256", header, CLAIMS));

    assertEquals(accepted, result instanceof JwtResult.Valid, result.toString());
  }

  @Test
  void whatATokenWantsToBeUnderstoodIsRefused() {
    String header =
        "{\"alg\":\"HS256\",\"crit\":[\"http://example/must\"],\"http://example/must\":1}";
    assertInvalid(verifier, SECRET.sign("HS256", header, CLAIMS));
    assertInvalid(
        verifier,
        SECRET.sign("HS256", "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", CLAIMS));
  }

  @Test
  void anEncryptedTokenIsInvalid() {
    String header = Signer.base64("{\"alg\":\"dir\",\"enc\":\"A128GCM\"}");
    assertInvalid(verifier, header + "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA");
  }

  @Test
  void aTokenExpires() {
    assertInvalid(verifier, SECRET.token("HS256", "{\"sub\":\"42\"}"));
    assertInvalid(verifier, SECRET.token("HS256", "{\"exp\":null}"));
    String token = SECRET.token("HS256", CLAIMS);
    var exact = SETTINGS.withClockSkew(Duration.ZERO);

    assertValid(at(NOW + 59, exact), token);
    assertExpired(at(NOW + 61, exact), token);
    // 60 s of skew by default.
    assertValid(at(NOW + 119, SETTINGS), token);
    assertExpired(at(NOW + 121, SETTINGS), token);
  }

  @Test
  void anExpiredTokenOfAnotherKeyIsInvalid() {
    String token = Signer.secret(TEXT.replace('a', 'b')).token("HS256", "{\"exp\":1}");
    assertInvalid(verifier, token);
  }

  @Test
  void aTokenIsNotYetGoodBeforeItSays() {
    String token = SECRET.token("HS256", "{\"nbf\":1700000060,\"exp\":1800000000}");
    var exact = SETTINGS.withClockSkew(Duration.ZERO);

    assertValid(at(NOW + 61, exact), token);
    assertInvalid(new JwtVerifier(at(NOW + 59, exact)), token);
    assertValid(at(NOW + 1, SETTINGS), token);
    assertInvalid(new JwtVerifier(at(NOW - 1, SETTINGS)), token);
  }

  @Test
  void aTokenIsOfItsIssuer() {
    var settings = SETTINGS.withIssuer("https://login.example/");

    assertValid(
        settings, SECRET.token("HS256", "{\"iss\":\"https://login.example/\",\"exp\":1700000060}"));
    for (String issuer :
        List.of("\"https://login.example\"", "\"\"", "null", "[\"https://login.example/\"]")) {
      assertInvalid(
          new JwtVerifier(settings),
          SECRET.token("HS256", "{\"iss\":" + issuer + ",\"exp\":1700000060}"));
    }
    assertInvalid(new JwtVerifier(settings), SECRET.token("HS256", CLAIMS));
    assertValid(settings.withIssuer(null), SECRET.token("HS256", CLAIMS));
  }

  @Test
  void aTokenIsForItsAudience() {
    var settings = SETTINGS.withAudiences("chat", "board");

    for (String audience : List.of("\"chat\"", "[\"chat\"]", "[\"mail\",\"board\"]")) {
      assertValid(settings, SECRET.token("HS256", "{\"aud\":" + audience + ",\"exp\":1700000060}"));
    }
    for (String audience : List.of("\"mail\"", "[]", "[\"mail\"]", "null", "\"Chat\"", "\"\"")) {
      assertInvalid(
          new JwtVerifier(settings),
          SECRET.token("HS256", "{\"aud\":" + audience + ",\"exp\":1700000060}"));
    }
    assertInvalid(new JwtVerifier(settings), SECRET.token("HS256", CLAIMS));
    assertValid(
        settings.withAudiences(), SECRET.token("HS256", "{\"aud\":\"mail\",\"exp\":1700000060}"));
  }

  @Test
  void anyOfSeveralSecretsVerifies() {
    String fresh = "another secret of 32 bytes and a";
    var both = at(NOW, JwtSettings.of(JwtKeys.secrets(fresh, TEXT)));

    assertValid(both, SECRET.token("HS256", CLAIMS));
    assertValid(both, SECRET.token("HS512", CLAIMS));
    assertValid(both, Signer.secret(fresh).token("HS256", CLAIMS));
  }

  @Test
  void anyOfSeveralPublicKeysVerifies() {
    var fresh = Signer.rsa(2048);
    var both = at(NOW, JwtSettings.of(JwtKeys.publicKeys(fresh.pem() + "\n" + RSA.pem())));

    assertValid(both, RSA.token("RS256", CLAIMS));
    assertValid(both, fresh.token("PS512", CLAIMS));
  }

  /** RFC 7518, section 3.2. */
  @Test
  void aSecretIsAsLongAsTheHash() {
    String bytes32 = "a".repeat(32);
    String bytes48 = "a".repeat(48);
    var short_ = at(NOW, JwtSettings.of(JwtKeys.secrets(bytes32)));
    var middle = at(NOW, JwtSettings.of(JwtKeys.secrets(bytes48)));

    assertValid(short_, Signer.secret(bytes32).token("HS256", CLAIMS));
    assertInvalid(new JwtVerifier(short_), Signer.secret(bytes32).token("HS384", CLAIMS));
    assertInvalid(new JwtVerifier(short_), Signer.secret(bytes32).token("HS512", CLAIMS));
    assertValid(middle, Signer.secret(bytes48).token("HS384", CLAIMS));
    assertInvalid(new JwtVerifier(middle), Signer.secret(bytes48).token("HS512", CLAIMS));
  }

  @Test
  void keysThatAreTooWeakAreRefused() {
    assertRefused("at least 32 bytes, got 31", () -> JwtKeys.secrets("a".repeat(31)));
    assertRefused("at least 32 bytes, got 0", () -> JwtKeys.secrets(TEXT, ""));
    assertRefused("got none", JwtKeys::secrets);
    String weak = Signer.rsa(1024).pem();
    assertRefused("got RSA of 1024 bits", () -> JwtKeys.publicKeys(weak));
  }

  @Test
  void whatIsNoPublicKeyIsRefusedWithAWayOut() {
    assertRefused("found none in 0 characters", () -> JwtKeys.publicKeys(""));
    assertRefused("found none", () -> JwtKeys.publicKeys(TEXT));
    assertRefused("pkey -pubout", () -> JwtKeys.publicKeys(RSA.pem().replace("PUBLIC", "PRIVATE")));
    assertRefused(
        "RSAPublicKey_in", () -> JwtKeys.publicKeys(RSA.pem().replace("PUBLIC", "RSA PUBLIC")));
    assertRefused(
        "x509 -pubkey", () -> JwtKeys.publicKeys(RSA.pem().replace("PUBLIC KEY", "CERTIFICATE")));
    assertRefused(
        "RSA or an elliptic curve",
        () -> JwtKeys.publicKeys("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"));
    // Ed25519, from RFC 8410.
    assertRefused(
        "RSA or an elliptic curve",
        () ->
            JwtKeys.publicKeys(
                """
                -----BEGIN PUBLIC KEY-----
                MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
                -----END PUBLIC KEY-----
                """));
  }

  @Test
  void settingsThatCannotBeRightAreRefused() {
    assertRefused("issuer", () -> SETTINGS.withIssuer(""));
    assertRefused("audience", () -> SETTINGS.withAudiences("chat", ""));
    assertRefused("0 to 10 min", () -> SETTINGS.withClockSkew(Duration.ofSeconds(-1)));
    assertRefused("0 to 10 min", () -> SETTINGS.withClockSkew(Duration.ofSeconds(601)));
    assertRefused("whole seconds", () -> SETTINGS.withClockSkew(Duration.ofMillis(1500)));
    assertEquals(Duration.ofSeconds(60), SETTINGS.clockSkew());
  }

  @Test
  void nothingPrintsASecret() {
    assertFalse(SETTINGS.toString().contains("secret of"), SETTINGS.toString());
    assertTrue(SETTINGS.toString().contains("Secrets[1]"), SETTINGS.toString());
  }

  @Test
  void reasonsSayWhatWasWrong() {
    assertReason("Signed JWT rejected", SECRET.token("HS256", CLAIMS) + "A");
    assertReason("missing required claims: [exp]", SECRET.token("HS256", "{}"));
    assertReason("at most 65536 characters", "a".repeat(70_000));
  }

  private void assertReason(String reason, String token) {
    var invalid = assertInstanceOf(JwtResult.Invalid.class, verifier.verify(token));
    assertTrue(invalid.reason().contains(reason), invalid.reason());
  }

  private static JwtSettings at(long seconds, JwtSettings settings) {
    return settings.withClock(InstantSource.fixed(Instant.ofEpochSecond(seconds)));
  }

  private static JwtResult.Valid valid(JwtVerifier verifier, String token) {
    return assertInstanceOf(JwtResult.Valid.class, verifier.verify(token));
  }

  private static void assertValid(JwtSettings settings, String token) {
    valid(new JwtVerifier(settings), token);
  }

  private static void assertExpired(JwtSettings settings, String token) {
    assertEquals(new JwtResult.Expired(), new JwtVerifier(settings).verify(token));
  }

  private static void assertInvalid(JwtVerifier verifier, String token) {
    assertInstanceOf(JwtResult.Invalid.class, verifier.verify(token), token);
  }

  private static void assertRefused(String message, Runnable settings) {
    var e = assertThrows(IllegalArgumentException.class, settings::run);
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }
}
