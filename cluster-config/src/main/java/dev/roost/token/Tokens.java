package dev.roost.token;

import dev.roost.token.term.Symbol;
import dev.roost.token.term.TermException;
import dev.roost.token.term.Terms;
import dev.roost.token.term.Tuple;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes and checks tokens that a Phoenix application makes and checks too, as {@code Phoenix.Token}
 * does (section 21 of the specification). Any number of threads may use one.
 *
 * {@snippet :
 * var tokens = new Tokens(TokenSettings.of(System.getenv("SECRET_KEY_BASE"), "user auth"));
 * String token = tokens.sign(42L);
 *
 * switch (tokens.verify(token)) {
 *   case TokenResult.Valid(Long user) -> welcome(user);
 *   case TokenResult.Valid valid -> refuse("not a user's token");
 *   case TokenResult.Expired expired -> refuse("sign in again");
 *   case TokenResult.Missing missing -> refuse("sign in first");
 *   case TokenResult.Invalid invalid -> refuse("not a token of ours");
 * }
 * }
 *
 * <p>A signed token can be read by whoever has it, an encrypted one cannot. Neither can be changed,
 * nor taken back before it expires.
 *
 * <p>Keep one of these for each purpose: it derives the keys when it is made, about a millisecond
 * for each secret with Phoenix's iterations, and holds them.
 */
public final class Tokens {

  /** Characters of a token at most, 64 Ki; a longer one is invalid. */
  public static final int MAX_CHARACTERS = 64 * 1024;

  private static final Symbol INFINITY = new Symbol("infinity");
  private static final Symbol DATA = new Symbol("data");
  private static final Symbol SIGNED = new Symbol("signed");

  private final TokenSettings settings;
  private final List<byte[]> keys;
  private final SecureRandom random = new SecureRandom();

  public Tokens(TokenSettings settings) {
    this.settings = settings;
    this.keys = settings.derivation().keys(settings.secretKeyBase(), settings.salt());
  }

  /**
   * A token with this data, signed now.
   *
   * @param data what {@link Terms} has in its table
   * @throws IllegalArgumentException for data that it does not have, or that is too large
   */
  public String sign(@Nullable Object data) {
    return sign(data, settings.clock().instant());
  }

  /**
   * A token with this data that counts as signed at that time, to the millisecond.
   *
   * @throws IllegalArgumentException as {@link #sign(Object)} does
   */
  public String sign(@Nullable Object data, Instant signedAt) {
    return bounded(SignedMessage.sign(payload(data, signedAt), keys.getFirst()));
  }

  /** What the text is, as a token of {@link #sign}; null if a client brought none. */
  public TokenResult verify(@Nullable String token) {
    if (token == null) {
      return new TokenResult.Missing();
    }
    return judge(
        token.length() > MAX_CHARACTERS ? Optional.empty() : SignedMessage.verify(token, keys));
  }

  /**
   * A token with this data, made now, that nobody can read.
   *
   * @param data what {@link Terms} has in its table
   * @throws IllegalArgumentException for data that it does not have, or that is too large
   * @throws IllegalStateException if keys are not of 32 bytes
   */
  public String encrypt(@Nullable Object data) {
    return encrypt(data, settings.clock().instant());
  }

  /**
   * A token with this data that nobody can read and that counts as made at that time, to the
   * millisecond.
   *
   * @throws IllegalArgumentException as {@link #encrypt(Object)} does
   * @throws IllegalStateException as {@link #encrypt(Object)} does
   */
  public String encrypt(@Nullable Object data, Instant madeAt) {
    needEncryptionKeys();
    byte[] nonce = new byte[XChaCha20Poly1305.NONCE_BYTES];
    random.nextBytes(nonce);
    return bounded(EncryptedMessage.encrypt(payload(data, madeAt), keys.getFirst(), nonce));
  }

  /**
   * What the text is, as a token of {@link #encrypt}; null if a client brought none.
   *
   * @throws IllegalStateException if keys are not of 32 bytes
   */
  public TokenResult decrypt(@Nullable String token) {
    needEncryptionKeys();
    if (token == null) {
      return new TokenResult.Missing();
    }
    return judge(
        token.length() > MAX_CHARACTERS ? Optional.empty() : EncryptedMessage.decrypt(token, keys));
  }

  private void needEncryptionKeys() {
    int length = settings.derivation().lengthBytes();
    if (length != XChaCha20Poly1305.KEY_BYTES) {
      throw new IllegalStateException(
          "encryption needs keys of "
              + XChaCha20Poly1305.KEY_BYTES
              + " bytes, the derivation's lengthBytes is "
              + length);
    }
  }

  private byte[] payload(@Nullable Object data, Instant at) {
    Object maxAge =
        switch (settings.maxAge()) {
          case MaxAge.AsSigned() -> seconds(MaxAge.DEFAULT);
          case MaxAge.Within(var duration) -> seconds(duration);
          case MaxAge.Infinite() -> INFINITY;
        };
    return Terms.encode(Tuple.of(data, at.toEpochMilli(), maxAge));
  }

  private static Object seconds(Duration duration) {
    if (duration.toNanosPart() == 0) {
      return duration.toSeconds();
    }
    return millis(duration) / 1000.0;
  }

  private static String bounded(String token) {
    if (token.length() > MAX_CHARACTERS) {
      throw new IllegalArgumentException(
          "a token has at most " + MAX_CHARACTERS + " characters, got " + token.length());
    }
    return token;
  }

  private TokenResult judge(Optional<byte[]> authentic) {
    if (authentic.isEmpty()) {
      return new TokenResult.Invalid();
    }
    Object payload;
    try {
      payload = Terms.decode(authentic.get());
    } catch (TermException e) {
      return new TokenResult.Invalid();
    }
    // The second and third are those of Plug.Crypto 1.1 and of Phoenix before it (K-7).
    return switch (payload) {
      case Tuple tuple when tuple.size() == 3 -> judge(tuple.get(0), tuple.get(1), tuple.get(2));
      case Tuple tuple when tuple.size() == 2 ->
          judge(tuple.get(0), tuple.get(1), MaxAge.DEFAULT.toSeconds());
      case Map<?, ?> map when map.containsKey(DATA) && map.containsKey(SIGNED) ->
          judge(map.get(DATA), map.get(SIGNED), MaxAge.DEFAULT.toSeconds());
      case null, default -> new TokenResult.Invalid();
    };
  }

  private TokenResult judge(
      @Nullable Object data, @Nullable Object signedAt, @Nullable Object claimedMaxAge) {
    return switch (settings.maxAge()) {
      case MaxAge.Infinite() -> new TokenResult.Valid(data);
      case MaxAge.Within(var duration) ->
          judge(data, signedAt, duration.isPositive(), millis(duration));
      case MaxAge.AsSigned() ->
          switch (claimedMaxAge) {
            case Symbol symbol when symbol.equals(INFINITY) -> new TokenResult.Valid(data);
            case Long seconds -> judge(data, signedAt, seconds > 0, millis(seconds));
            case BigInteger seconds -> judge(data, signedAt, seconds.signum() > 0, Long.MAX_VALUE);
            // A cast to long stops at the largest.
            case Double seconds -> judge(data, signedAt, seconds > 0, (long) (seconds * 1000));
            case null, default -> new TokenResult.Invalid();
          };
    };
  }

  /** K-14 to K-17, in their order. */
  private TokenResult judge(
      @Nullable Object data, @Nullable Object signedAt, boolean agesAtAll, long maxAgeMillis) {
    if (!agesAtAll) {
      return new TokenResult.Expired();
    }
    long now = settings.clock().millis();
    return switch (signedAt) {
      case Long millis when millis > now -> new TokenResult.Invalid();
      case Long millis when millis < now - maxAgeMillis -> new TokenResult.Expired();
      case Long millis -> new TokenResult.Valid(data);
      case BigInteger millis when millis.signum() < 0 -> new TokenResult.Expired();
      case null, default -> new TokenResult.Invalid();
    };
  }

  private static long millis(Duration duration) {
    try {
      return duration.toMillis();
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE;
    }
  }

  private static long millis(long seconds) {
    return seconds > Long.MAX_VALUE / 1000 ? Long.MAX_VALUE : seconds * 1000;
  }
}
