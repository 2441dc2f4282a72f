package dev.roost.token;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeyDerivationTest {

  private static final SecretKeyBase SECRET = SecretKeyBase.of(Vectors.SECRET);

  @Test
  void keysAreThoseOfPhoenix() {
    var defaults = KeyDerivation.defaults();

    assertEquals(new KeyDerivation(1000, 32, KeyDerivation.Digest.SHA256), defaults);
    assertEquals(Vectors.KEY, key(defaults));
    assertEquals(
        "5a3eb1c79bf8d8c795f7d756d39936ef1ceda7dde748cd8b5458bab16bab1f59",
        key(defaults.withDigest(KeyDerivation.Digest.SHA512)));
    assertEquals(
        "14c3d46b68641a8bcb6f1bc052b0c040", key(defaults.withIterations(1).withLengthBytes(16)));
  }

  @Test
  void eachDigestMakesAnotherKey() {
    var defaults = KeyDerivation.defaults();
    String sha384 = key(defaults.withDigest(KeyDerivation.Digest.SHA384));

    assertEquals(64, sha384.length());
    assertFalse(
        List.of(key(defaults), key(defaults.withDigest(KeyDerivation.Digest.SHA512)))
            .contains(sha384));
  }

  @Test
  void everySecretHasItsKeyTheNewestFirst() {
    var older = SecretKeyBase.of("an older secret key base");
    var secrets = new SecretKeyBase(Vectors.SECRET, List.of(older.newest()));
    var defaults = KeyDerivation.defaults();

    List<byte[]> keys = defaults.keys(secrets, Vectors.SALT);

    assertEquals(2, keys.size());
    assertEquals(Vectors.KEY, HexFormat.of().formatHex(keys.get(0)));
    assertArrayEquals(defaults.keys(older, Vectors.SALT).getFirst(), keys.get(1));
  }

  @Test
  void secretsAreTextInUtf8() {
    // 10 characters of two bytes each.
    assertEquals(0, SecretKeyBase.of("é".repeat(10)).older().size());
    assertFalse(
        key(KeyDerivation.defaults(), SecretKeyBase.of("é".repeat(10)))
            .equals(key(KeyDerivation.defaults(), SecretKeyBase.of("è".repeat(10)))));
  }

  @Test
  void aSecretHasTwentyBytes() {
    assertEquals("a".repeat(20), SecretKeyBase.of("a".repeat(20)).newest());

    var e = assertThrows(IllegalArgumentException.class, () -> SecretKeyBase.of("hush".repeat(4)));
    assertTrue(e.getMessage().contains("at least 20 bytes, got 16"), e.getMessage());
    assertFalse(e.getMessage().contains("hush"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> SECRET.withOlder("hush"));
  }

  @Test
  void olderSecretsAreFew() {
    List<String> most = Collections.nCopies(SecretKeyBase.MAX_OLDER, "a".repeat(20));
    var secrets = new SecretKeyBase(Vectors.SECRET, most);

    assertThrows(IllegalArgumentException.class, () -> secrets.withOlder("b".repeat(20)));
  }

  @Test
  void nothingPrintsASecret() {
    var secrets = SECRET.withOlder("an older secret key base");
    String text =
        secrets
            + TokenSettings.of(secrets, "salt").toString()
            + SessionSettings.of(secrets, "salt");

    assertFalse(text.contains("spec-vector") || text.contains("an older"), text);
  }

  @Test
  void numbersOutOfTheirRangeAreRefused() {
    var defaults = KeyDerivation.defaults();

    assertThrows(IllegalArgumentException.class, () -> defaults.withIterations(0));
    assertThrows(IllegalArgumentException.class, () -> defaults.withLengthBytes(15));
    assertThrows(IllegalArgumentException.class, () -> defaults.withLengthBytes(1025));
  }

  private static String key(KeyDerivation derivation) {
    return key(derivation, SECRET);
  }

  private static String key(KeyDerivation derivation, SecretKeyBase secret) {
    return HexFormat.of().formatHex(derivation.keys(secret, Vectors.SALT).getFirst());
  }
}
