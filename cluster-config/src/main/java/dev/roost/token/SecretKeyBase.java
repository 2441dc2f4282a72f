package dev.roost.token;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The secret of a Phoenix application, {@code secret_key_base} there: tokens are made with the
 * newest and accepted with any. To rotate, put the new one first and keep the old one among the
 * older until the last token made with it has expired.
 *
 * @param newest text as it is, not decoded from Base64 (K-5), at least {@value #MIN_BYTES} bytes of
 *     UTF-8; {@code mix phx.gen.secret} makes one
 * @param older those before it, in any order, at most {@value #MAX_OLDER}; default none
 */
public record SecretKeyBase(String newest, List<String> older) {

  /** Bytes that a secret has at least, as Phoenix wants it. */
  public static final int MIN_BYTES = 20;

  /** Older secrets at most: a token that fits none costs one try of each. */
  public static final int MAX_OLDER = 15;

  /** Throws IllegalArgumentException for a secret that is too short, or too many older ones. */
  public SecretKeyBase {
    older = List.copyOf(older);
    if (older.size() > MAX_OLDER) {
      throw new IllegalArgumentException(
          "at most " + MAX_OLDER + " older secrets are kept, got " + older.size());
    }
    Stream.concat(Stream.of(newest), older.stream()).forEach(SecretKeyBase::check);
  }

  public static SecretKeyBase of(String secret) {
    return new SecretKeyBase(secret, List.of());
  }

  /** These as well, besides those that were there. */
  public SecretKeyBase withOlder(String... secrets) {
    List<String> all = new ArrayList<>(older);
    all.addAll(List.of(secrets));
    return new SecretKeyBase(newest, all);
  }

  /** How many there are, without a letter of them. */
  @Override
  public String toString() {
    return "SecretKeyBase[newest=..., older=" + older.size() + "]";
  }

  private static void check(String secret) {
    int bytes = secret.getBytes(StandardCharsets.UTF_8).length;
    if (bytes < MIN_BYTES) {
      throw new IllegalArgumentException(
          "a secret key base has at least "
              + MIN_BYTES
              + " bytes, got "
              + bytes
              + "; mix phx.gen.secret or openssl rand -base64 48 makes one");
    }
  }
}
