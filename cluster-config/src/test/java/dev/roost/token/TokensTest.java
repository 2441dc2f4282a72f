package dev.roost.token;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.token.term.Symbol;
import dev.roost.token.term.Terms;
import dev.roost.token.term.Tuple;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {

  private static final TokenResult MISSING = new TokenResult.Missing();
  private static final TokenResult INVALID = new TokenResult.Invalid();
  private static final TokenResult EXPIRED = new TokenResult.Expired();
  private static final TokenResult ONE = new TokenResult.Valid(1L);

  // In a payload: signed at 1700000000000, for 86400.
  private static final String AT = " 6e 06 00 0068e5cf8b01 ";
  private static final String DAY = " 62 00015180 ";

  private static final TokenSettings SETTINGS =
      TokenSettings.of(Vectors.SECRET, Vectors.SALT).withClock(later(Duration.ZERO));

  private final Tokens tokens = new Tokens(SETTINGS);
  private final Tokens ageless = new Tokens(SETTINGS.withMaxAge(MaxAge.infinite()));

  /** Section 21.5, row by row. */
  static Stream<Arguments> vectors() {
    return Stream.of(
        vector(1L, "g2gDYQFuBgAAaOXPiwFiAAFRgA", "9-QFSHdp1yl-bvLjGr4a0WGMySGXqrAkWxEOeqOaIKY"),
        vector(
            -5L, "g2gDYv____tuBgAAaOXPiwFiAAFRgA", "UJu-OfVz93MS2D2MvMLDzK27vjHNbHphpbAq8pozIiI"),
        vector(
            2147483648L,
            "g2gDbgQAAAAAgG4GAABo5c-LAWIAAVGA",
            "AWfwgDtX7LquMgGp3H2xh0K25ZqLPcJOGQt3msOQeRs"),
        vector(
            -1099511627776L,
            "g2gDbgYBAAAAAAABbgYAAGjlz4sBYgABUYA",
            "En2sLJQVkMeuNytTq8WJSv3nfDu_25SUoAUlEr-zu1g"),
        vector(
            "user-42",
            "g2gDbQAAAAd1c2VyLTQybgYAAGjlz4sBYgABUYA",
            "nN3I2eK9sGGiojP6q8oyyt3iDAkcBkxLhPGQfgl2qRA"),
        vector(
            null, "g2gDZAADbmlsbgYAAGjlz4sBYgABUYA", "5RI4Su748a60tQtSH38MNz3XMNx2rvgvHx0NxZmCgnw"),
        vector(
            null, "g2gDdwNuaWxuBgAAaOXPiwFiAAFRgA", "pA-GFhACK1fTHYVWbAmgJfkLoPi1KkDZjfGDXSohRSY"),
        vector(
            new Symbol("admin"),
            "g2gDdwVhZG1pbm4GAABo5c-LAWIAAVGA",
            "GTgTbEf-pEjyc8qPgGDeGrEox4WJ9PXUTjq4ySsmFW4"),
        vector(
            1.5,
            "g2gDRj_4AAAAAAAAbgYAAGjlz4sBYgABUYA",
            "3v_-AUcIg7mrkV_WK5cNpCvxkZdew57-dBM2BIR7Q2w"),
        vector(
            Tuple.of(new Symbol("user"), 7L),
            "g2gDaAJkAAR1c2VyYQduBgAAaOXPiwFiAAFRgA",
            "p9K-Gdopxm2R6CotmcVZaP_ZQvqFH-cGHfmtESRcKWM"),
        vector(
            List.of(1L, 2L, 3L),
            "g2gDawADAQIDbgYAAGjlz4sBYgABUYA",
            "J-CKkGryWZjvEcocRXUjCJF1zqvI6amvo_MbGW7qe6c"),
        vector(
            List.of("a", 1L),
            "g2gDbAAAAAJtAAAAAWFhAWpuBgAAaOXPiwFiAAFRgA",
            "gQWQ2TPYXiL5E_UdDgi4DY268_T-aGa3NgTOMzCctTE"),
        vector(
            Map.of("id", 7L, "role", "admin"),
            "g2gDdAAAAAJtAAAAAmlkYQdtAAAABHJvbGVtAAAABWFkbWlubgYAAGjlz4sBYgABUYA",
            "deyABCesTWk2vC7I9LCuWP0eOkrmjxUXy2iglTJz_qo"),
        vector(
            Map.of(new Symbol("id"), 7L),
            "g2gDdAAAAAFkAAJpZGEHbgYAAGjlz4sBYgABUYA",
            "-pOMlmIM7IT-RHK5mvCiE24WCSBYc7zBI6uTvTk5MOc"));
  }

  private static Arguments vector(@Nullable Object data, String payload, String signature) {
    return Arguments.of(data, "SFMyNTY." + payload + "." + signature);
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void aTokenOfPhoenixVerifies(@Nullable Object data, String token) {
    assertEquals(new TokenResult.Valid(data), ageless.verify(token));
    assertEquals(new TokenResult.Valid(data), tokens.verify(token));
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void aTokenOfOursVerifies(@Nullable Object data, String token) {
    assertEquals(new TokenResult.Valid(data), tokens.verify(tokens.sign(data)));
    assertEquals(new TokenResult.Valid(data), tokens.decrypt(tokens.encrypt(data)));
  }

  @Test
  void aTokenThatNeverExpiresVerifies() {
    String token =
        "SFMyNTY.g2gDYQFuBgAAaOXPiwFkAAhpbmZpbml0eQ.eigxgZPD3RuZ9yF0BZ--t4WljOpxsilhvCeHGIFWNdg";

    assertEquals(ONE, ageless.verify(token));
    assertEquals(ONE, after(Duration.ofDays(1_000_000)).verify(token));
  }

  @Test
  void aTokenIsTheOneThatPhoenixMakes() {
    assertEquals(Vectors.ONE, tokens.sign(1));
    assertEquals(
        Vectors.ONE,
        new Tokens(SETTINGS.withClock(InstantSource.system())).sign(1L, Vectors.SIGNED_AT));
    assertEquals(Vectors.ONE, new Tokens(SETTINGS.withMaxAge(Duration.ofDays(1))).sign(1));
  }

  @Test
  void anEncryptedTokenOfPhoenixIsRead() {
    assertEquals(ONE, ageless.decrypt(Vectors.ENCRYPTED_ONE));
    assertEquals(ONE, tokens.decrypt(Vectors.ENCRYPTED_ONE));
  }

  @Test
  void anEncryptedTokenIsTheOneThatPhoenixMakesWithTheSameNonce() {
    byte[] nonce =
        Arrays.copyOf(Base64.getUrlDecoder().decode(Vectors.ENCRYPTED_ONE.substring(4)), 24);
    byte[] payload = Vectors.part(Vectors.ONE, 1);

    assertEquals(
        Vectors.ENCRYPTED_ONE,
        EncryptedMessage.encrypt(payload, HexFormat.of().parseHex(Vectors.KEY), nonce));
  }

  @Test
  void everyEncryptedTokenIsAnotherText() {
    assertNotEquals(tokens.encrypt(1), tokens.encrypt(1));
  }

  /** K-2. */
  @ParameterizedTest
  @CsvSource({"HS256, HmacSHA256", "HS384, HmacSHA384", "HS512, HmacSHA512"})
  void allThreeAlgorithmsVerify(String name, String algorithm) {
    byte[] payload = Terms.encode(Tuple.of(1, Vectors.SIGNED_AT.toEpochMilli(), 86_400));

    assertEquals(ONE, tokens.verify(Vectors.signed(name, algorithm, payload)));
  }

  /** K-2, K-11. */
  @ParameterizedTest
  @CsvSource({
    "none, HmacSHA256",
    "HS1, HmacSHA1",
    "HS256, HmacSHA512",
    "HS512, HmacSHA256",
    "hs256, HmacSHA256"
  })
  void noOtherAlgorithmVerifies(String name, String algorithm) {
    byte[] payload = Terms.encode(Tuple.of(1, Vectors.SIGNED_AT.toEpochMilli(), 86_400));

    assertEquals(INVALID, tokens.verify(Vectors.signed(name, algorithm, payload)));
  }

  /** K-10. */
  @Test
  void noTokenIsMissing() {
    assertEquals(MISSING, tokens.verify(null));
    assertEquals(MISSING, tokens.decrypt(null));
  }

  /** K-11, K-23. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "...",
        "SFMyNTY",
        "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA",
        "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.",
        "SFMyNTY..",
        ".g2gDYQFuBgAAaOXPiwFiAAFRgA.9-QFSHdp1yl-bvLjGr4a0WGMySGXqrAkWxEOeqOaIKY",
        "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.9-QFSHdp1yl-bvLjGr4a0WGMySGXqrAkWxEOeqOaIKY.",
        "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.9-QFSHdp1yl-bvLjGr4a0WGMySGXqrAkWxEOeqOaIKY=",
        " SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.9-QFSHdp1yl-bvLjGr4a0WGMySGXqrAkWxEOeqOaIKY",
        "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.9+QFSHdp1yl+bvLjGr4a0WGMySGXqrAkWxEOeqOaIKY",
        "XCP.",
        "XCP.AAAA",
        "XCP.!",
        "XCP.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "XCP.-Za3UjapDTU2AyqlVELsVQLaWDxDJLmmpqBaMr3o4B6Gy3VnYkI956IV9MFxPgpBDx88TQSgoo_vRI8=",
        "xcp.-Za3UjapDTU2AyqlVELsVQLaWDxDJLmmpqBaMr3o4B6Gy3VnYkI956IV9MFxPgpBDx88TQSgoo_vRI8",
        "QTEyOEdDTQ.AAAA.AAAA.AAAA.AAAA",
        "\ud83d",
        "\u0000"
      })
  void whatIsNoTokenIsInvalid(String text) {
    assertEquals(INVALID, ageless.verify(text));
    assertEquals(INVALID, ageless.decrypt(text));
  }

  @Test
  void aSignedTokenIsNoEncryptedOneNorTheOtherWayRound() {
    assertEquals(INVALID, ageless.decrypt(Vectors.ONE));
    assertEquals(INVALID, ageless.verify(Vectors.ENCRYPTED_ONE));
  }

  @Test
  void aTokenWithAnyCharacterChangedIsInvalid() {
    for (String token : List.of(Vectors.ONE, Vectors.ENCRYPTED_ONE)) {
      for (int i = 0; i < token.length(); i++) {
        for (char other : "AQgw_-.=é".toCharArray()) {
          if (token.charAt(i) != other) {
            String changed = token.substring(0, i) + other + token.substring(i + 1);
            assertEquals(INVALID, ageless.verify(changed), changed);
            assertEquals(INVALID, ageless.decrypt(changed), changed);
          }
        }
      }
    }
  }

  @Test
  void aTokenThatIsCutIsInvalid() {
    for (String token : List.of(Vectors.ONE, Vectors.ENCRYPTED_ONE)) {
      for (int length = 0; length < token.length(); length++) {
        String cut = token.substring(0, length);
        assertEquals(INVALID, ageless.verify(cut), cut);
        assertEquals(INVALID, ageless.decrypt(cut), cut);
      }
    }
  }

  /** The last character of a signature has two bits that say nothing. */
  @Test
  void aSignatureHasOneSpelling() {
    String spelled = Vectors.ONE.substring(0, Vectors.ONE.length() - 1) + "Z";
    byte[] signature = Vectors.part(Vectors.ONE, 2);
    assertEquals(
        HexFormat.of().formatHex(signature), HexFormat.of().formatHex(Vectors.part(spelled, 2)));

    assertEquals(INVALID, ageless.verify(spelled));
  }

  @Test
  void secretSaltAndDerivationAreOfAToken() {
    var derivation = KeyDerivation.defaults();
    var others =
        List.of(
            TokenSettings.of("x" + Vectors.SECRET, Vectors.SALT),
            TokenSettings.of(Vectors.SECRET, "user auth "),
            SETTINGS.withDerivation(derivation.withIterations(999)),
            SETTINGS.withDerivation(derivation.withDigest(KeyDerivation.Digest.SHA384)));
    for (TokenSettings other : others) {
      var otherTokens = new Tokens(other.withMaxAge(MaxAge.infinite()));
      assertEquals(INVALID, otherTokens.verify(Vectors.ONE), other.toString());
      assertEquals(INVALID, otherTokens.decrypt(Vectors.ENCRYPTED_ONE), other.toString());
    }
    assertThrows(IllegalArgumentException.class, () -> TokenSettings.of(Vectors.SECRET, ""));
  }

  @Test
  void keysOfAnyLengthSignAndOnlyThoseOf32BytesEncrypt() {
    for (int length : new int[] {16, 33, 64, 1024}) {
      var derivation = KeyDerivation.defaults().withLengthBytes(length);
      var other = new Tokens(SETTINGS.withDerivation(derivation));

      assertEquals(ONE, other.verify(other.sign(1)));
      var e = assertThrows(IllegalStateException.class, () -> other.encrypt(1));
      assertTrue(e.getMessage().contains("lengthBytes is " + length), e.getMessage());
      assertThrows(IllegalStateException.class, () -> other.decrypt(Vectors.ENCRYPTED_ONE));
    }
  }

  @Test
  void secretsRotate() {
    String oldest = "the oldest secret key base";
    String newest = "the newest secret key base";
    var before = new Tokens(SETTINGS.withOlderSecrets(oldest));
    var after =
        new Tokens(
            new TokenSettings(
                SecretKeyBase.of(newest).withOlder(Vectors.SECRET, oldest),
                Vectors.SALT,
                SETTINGS.derivation(),
                SETTINGS.maxAge(),
                SETTINGS.clock()));
    var at = new Tokens(TokenSettings.of(oldest, Vectors.SALT).withClock(SETTINGS.clock()));
    var end = new Tokens(TokenSettings.of(newest, Vectors.SALT).withClock(SETTINGS.clock()));

    // Made with the newest.
    assertEquals(Vectors.ONE, before.sign(1));
    assertEquals(ONE, end.verify(after.sign(1)));
    assertEquals(ONE, end.decrypt(after.encrypt(1)));
    // Accepted with any.
    for (Tokens maker : List.of(at, before, after, end)) {
      assertEquals(ONE, after.verify(maker.sign(1)));
      assertEquals(ONE, after.decrypt(maker.encrypt(1)));
    }
    // And not once it is gone.
    assertEquals(INVALID, end.verify(before.sign(1)));
    assertEquals(INVALID, end.decrypt(before.encrypt(1)));
    assertEquals(INVALID, before.verify(after.sign(1)));
  }

  /** K-12, K-16. */
  @Test
  void aTokenIsGoodForAsLongAsItSays() {
    Duration day = Duration.ofDays(1);

    assertEquals(ONE, after(day).verify(Vectors.ONE));
    assertEquals(EXPIRED, after(day.plusMillis(1)).verify(Vectors.ONE));
    assertEquals(ONE, after(day).decrypt(Vectors.ENCRYPTED_ONE));
    assertEquals(EXPIRED, after(day.plusMillis(1)).decrypt(Vectors.ENCRYPTED_ONE));
  }

  /** K-12. */
  @Test
  void aTokenIsGoodForAsLongAsTheVerifierSays() {
    Duration hour = Duration.ofHours(1);
    Duration year = Duration.ofDays(365);

    assertEquals(ONE, after(hour, MaxAge.within(hour)).verify(Vectors.ONE));
    assertEquals(EXPIRED, after(hour.plusMillis(1), MaxAge.within(hour)).verify(Vectors.ONE));
    assertEquals(ONE, after(year, MaxAge.within(year)).verify(Vectors.ONE));
    assertEquals(EXPIRED, after(year.plusMillis(1), MaxAge.within(year)).verify(Vectors.ONE));
    assertEquals(ONE, after(year, MaxAge.infinite()).verify(Vectors.ONE));
    String forEver = new Tokens(SETTINGS.withMaxAge(MaxAge.infinite())).sign(1);
    assertEquals(ONE, after(year).verify(forEver));
    assertEquals(EXPIRED, after(year, MaxAge.within(hour)).verify(forEver));
  }

  /** K-13. */
  @Test
  void aTokenThatNeverExpiresIsGoodBeforeItWasSigned() {
    String forEver = new Tokens(SETTINGS.withMaxAge(MaxAge.infinite())).sign(1);

    assertEquals(ONE, after(Duration.ofDays(-1)).verify(forEver));
    assertEquals(ONE, after(Duration.ofDays(-1), MaxAge.infinite()).verify(Vectors.ONE));
  }

  /** K-14. */
  @Test
  void aMaxAgeOfNothingIsExpiredAlsoInTheFuture() {
    for (Duration none : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofMillis(-500))) {
      for (Duration moment : List.of(Duration.ZERO, Duration.ofDays(-1), Duration.ofDays(1))) {
        assertEquals(EXPIRED, after(moment, MaxAge.within(none)).verify(Vectors.ONE));
        String token = new Tokens(SETTINGS.withMaxAge(none)).sign(1);
        assertEquals(EXPIRED, after(moment).verify(token));
      }
    }
  }

  /** K-15. */
  @Test
  void aTokenOfTheFutureIsInvalid() {
    assertEquals(INVALID, after(Duration.ofMillis(-1)).verify(Vectors.ONE));
    assertEquals(INVALID, after(Duration.ofMillis(-1)).decrypt(Vectors.ENCRYPTED_ONE));
  }

  /** K-16: fractions of seconds, cut to milliseconds. */
  @Test
  void agesHaveFractions() {
    String token = new Tokens(SETTINGS.withMaxAge(Duration.ofMillis(1500))).sign(1);
    assertEquals(
        "8368036101" + AT.replace(" ", "") + "463ff8000000000000",
        HexFormat.of().formatHex(Vectors.part(token, 1)));

    assertEquals(ONE, after(Duration.ofMillis(1500)).verify(token));
    assertEquals(EXPIRED, after(Duration.ofMillis(1501)).verify(token));
    // 0.0015 s
    String short_ = Vectors.signed("83 68 03 61 01" + AT + "46 3f589374bc6a7efa");
    assertEquals(ONE, after(Duration.ofMillis(1)).verify(short_));
    assertEquals(EXPIRED, after(Duration.ofMillis(2)).verify(short_));
    var within = MaxAge.within(Duration.ofNanos(1_999_999));
    assertEquals(ONE, after(Duration.ofMillis(1), within).verify(Vectors.ONE));
    assertEquals(EXPIRED, after(Duration.ofMillis(2), within).verify(Vectors.ONE));
  }

  /** K-8. */
  @Test
  void theTimeOfSigningIsCutToMilliseconds() {
    assertEquals(Vectors.ONE, tokens.sign(1, Vectors.SIGNED_AT.plusNanos(999_999)));
    assertEquals(ONE, tokens.verify(tokens.sign(1, Vectors.SIGNED_AT.plusNanos(999_999))));
    assertEquals(INVALID, tokens.verify(tokens.sign(1, Vectors.SIGNED_AT.plusNanos(1_000_000))));
  }

  @Test
  void agesThatNoClockReachesAreForEver() {
    String[] ages = {
      "6e 08 00 ffffffffffffff7f", "6e 09 00 000000000000000001", "46 7fe0000000000000"
    };
    var later = after(Duration.ofDays(1_000_000));
    for (String age : ages) {
      assertEquals(ONE, later.verify(Vectors.signed("83 68 03 61 01" + AT + age)), age);
    }
    var longest = MaxAge.within(Duration.ofSeconds(Long.MAX_VALUE));
    assertEquals(ONE, after(Duration.ofDays(1_000_000), longest).verify(Vectors.ONE));
    String token = new Tokens(SETTINGS.withMaxAge(longest)).sign(1);
    assertEquals(ONE, later.verify(token));
    String negative = "6e 09 01 000000000000000001";
    assertEquals(EXPIRED, tokens.verify(Vectors.signed("83 68 03 61 01" + AT + negative)));
  }

  @Test
  void timesThatNoClockReachesAreFarAway() {
    String past = "6e 09 01 000000000000000001";
    String future = "6e 09 00 000000000000000001";
    String longAgo = "6e 08 01 0000000000000080";

    assertEquals(EXPIRED, tokens.verify(Vectors.signed("83 68 03 61 01" + past + DAY)));
    assertEquals(INVALID, tokens.verify(Vectors.signed("83 68 03 61 01" + future + DAY)));
    assertEquals(EXPIRED, tokens.verify(Vectors.signed("83 68 03 61 01" + longAgo + DAY)));
    assertEquals(ONE, ageless.verify(Vectors.signed("83 68 03 61 01" + future + DAY)));
  }

  /** K-7. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "83 68 02 61 01" + AT,
        "83 74 00000002 64 0004 64617461 61 01 64 0006 7369676e6564" + AT,
        "83 74 00000002 77 06 7369676e6564" + AT + " 77 04 64617461 61 01",
        "83 74 00000003 77 06 7369676e6564" + AT + " 77 04 64617461 61 01 61 05 61 06"
      })
  void olderPayloadsAreGoodForADay(String payload) {
    String token = Vectors.signed(payload);
    Duration day = Duration.ofDays(1);

    assertEquals(ONE, tokens.verify(token));
    assertEquals(ONE, after(day).verify(token));
    assertEquals(EXPIRED, after(day.plusMillis(1)).verify(token));
    assertEquals(INVALID, after(Duration.ofMillis(-1)).verify(token));
    assertEquals(ONE, after(day.plusMillis(1), MaxAge.within(day.plusDays(1))).verify(token));
  }

  /** K-18. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "83",
        "83 61 01",
        "83 6a",
        "83 77 03 6e696c",
        "83 68 00",
        "83 68 01 61 01",
        "83 68 04 61 01" + AT + DAY + " 61 01",
        "83 6c 00000003 61 01" + AT + DAY + " 6a",
        "83 68 03 61 01" + AT + " 77 05 6f74686572",
        "83 68 03 61 01" + AT + " 77 03 6e696c",
        "83 68 03 61 01" + AT + " 6d 00000005 3836343030",
        "83 68 03 61 01 6d 00000001 31" + DAY,
        "83 68 03 61 01 77 03 6e696c" + DAY,
        "83 68 03 61 01 46 4278bcfe56800000" + DAY,
        "83 74 00000001 77 04 64617461 61 01",
        "83 74 00000002 6d 00000004 64617461 61 01 6d 00000006 7369676e6564" + AT,
        "83 68 03 61 01" + AT + DAY + " 00",
        "82 68 03 61 01" + AT + DAY,
        "83 68 03 70 00000000" + AT + DAY,
        "83 68 03 71 77 01 61 77 01 61 61 01" + AT + DAY,
        "83 68 03 79 00000000 61 01" + AT + DAY
      })
  void aSignedPayloadOfAnotherShapeIsInvalid(String payload) {
    assertEquals(INVALID, tokens.verify(Vectors.signed(payload)));
  }

  /** K-30, in a token. */
  @Test
  void aCompressedTokenVerifies() {
    String token =
        Vectors.signed(
            "835000000141789ccb60ce656060d4494c4a4e494d4bcfc8cc1a651162e5b13130643c3ddfcd98"
                + "c4c018d80000cfbe7c48");

    assertEquals(new TokenResult.Valid("abcdefghij".repeat(30)), tokens.verify(token));
  }

  @Test
  void dataOfEveryKindComesBack() {
    Object data =
        Map.of(
            "list",
            List.of(1L, 2.5, "three", false, Tuple.of(new Symbol("four"), null)),
            new Symbol("big"),
            BigInteger.TWO.pow(100),
            7L,
            Map.of(),
            "text",
            "r\u00f6st \ud83d\ude00");

    assertEquals(new TokenResult.Valid(data), tokens.verify(tokens.sign(data)));
    assertEquals(new TokenResult.Valid(data), tokens.decrypt(tokens.encrypt(data)));
    byte[] bytes = {-1, 0, 1};
    var valid = assertInstanceOf(TokenResult.Valid.class, tokens.verify(tokens.sign(bytes)));
    assertEquals(HexFormat.of().formatHex(bytes), HexFormat.of().formatHex((byte[]) valid.data()));
  }

  @Test
  void tokensAreAsLongAsTheyMayBeAndNoLonger() {
    String large = "a".repeat(49_000);
    assertEquals(new TokenResult.Valid(large), tokens.verify(tokens.sign(large)));

    String larger = "a".repeat(50_000);
    assertThrows(IllegalArgumentException.class, () -> tokens.sign(larger));
    assertThrows(IllegalArgumentException.class, () -> tokens.encrypt(larger));
    byte[] payload = Terms.encode(Tuple.of(larger, Vectors.SIGNED_AT.toEpochMilli(), 86_400));
    assertEquals(INVALID, tokens.verify(Vectors.signed("HS256", "HmacSHA256", payload)));
    assertEquals(
        INVALID,
        tokens.decrypt(
            EncryptedMessage.encrypt(payload, HexFormat.of().parseHex(Vectors.KEY), new byte[24])));
  }

  @Test
  void whatPhoenixHasNotIsRefusedAtTheCall() {
    assertThrows(IllegalArgumentException.class, () -> tokens.sign(Instant.EPOCH));
    assertThrows(IllegalArgumentException.class, () -> tokens.encrypt(new int[0]));
  }

  private static InstantSource later(Duration duration) {
    return InstantSource.fixed(Vectors.SIGNED_AT.plus(duration));
  }

  private static Tokens after(Duration duration) {
    return new Tokens(SETTINGS.withClock(later(duration)));
  }

  private static Tokens after(Duration duration, MaxAge maxAge) {
    return new Tokens(SETTINGS.withMaxAge(maxAge).withClock(later(duration)));
  }
}
