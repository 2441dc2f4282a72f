package dev.roost.gateway.socket;

import dev.roost.bus.RawPayload;
import dev.roost.gateway.auth.Identity;
import dev.roost.gateway.auth.TokenGate;
import dev.roost.gateway.auth.Verdict;
import dev.roost.gateway.protocol.Wire;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.RateLimit;
import dev.roost.token.jwt.JwtVerifier;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long a socket may stay: as long as its token is good, as long as its application says, the
 * shorter of both. Used on the gateway's context only.
 */
public final class Lease {

  // Times are nanoseconds since BEGINNING, so that they compare as numbers. There is no timer: the
  // gateway looks at all sockets every second anyway.

  private static final Logger log = LoggerFactory.getLogger(Lease.class);

  /** A client is told so long before the end. */
  static final Duration NOTICE = Duration.ofMinutes(1);

  private static final long BEGINNING = System.nanoTime();
  private static final long NEVER = Long.MAX_VALUE;
  private static final long LONGEST_MS = Duration.ofDays(36_500).toMillis();

  /** Of JSON with a token: each of its characters may be an escape. */
  private static final int MAX_PAYLOAD_BYTES = 6 * JwtVerifier.MAX_CHARACTERS;

  private final @Nullable Token token;
  private long ofToken = NEVER;
  private long ofApplication = NEVER;
  private boolean noticed;
  private boolean renewing;

  /** A token's part in it, and how another takes its place. */
  private record Token(
      JwtCheck check,
      TokenGate gate,
      Identity identity,
      RateLimit renewals,
      int renewalsPerSecond) {}

  /** Where a lease is. */
  enum Stage {
    GOOD,
    /** It ends soon; once for each end. */
    ENDING,
    OVER
  }

  /**
   * What a client is told of its new token.
   *
   * @param assigns what channels start with from now on, null if that has not changed
   */
  record Renewed(String status, RawPayload response, @Nullable RawPayload assigns) {}

  private Lease(@Nullable Token token) {
    this.token = token;
  }

  /**
   * For as long as a token is good, and those that the client sends after it.
   *
   * @param renewalsPerSecond how many of these may come
   */
  public static Lease of(JwtCheck check, TokenGate gate, Identity identity, int renewalsPerSecond) {
    var renewals = new RateLimit(System.nanoTime());
    var lease = new Lease(new Token(check, gate, identity, renewals, renewalsPerSecond));
    lease.ofToken = in(identity.left().toMillis());
    return lease;
  }

  /** For as long as the application says. */
  public static Lease unlimited() {
    return new Lease(null);
  }

  /**
   * What the application says, in place of what it said before.
   *
   * @param at end in milliseconds since 1970, 0 for none
   */
  public Lease limit(long at) {
    ofApplication = at == 0 ? NEVER : in(at - System.currentTimeMillis());
    noticed = false;
    return this;
  }

  private static long in(long millis) {
    long bounded = Math.clamp(millis, 0, LONGEST_MS);
    return System.nanoTime() - BEGINNING + bounded * 1_000_000;
  }

  /**
   * Where it is.
   *
   * @param now as of {@link System#nanoTime}
   */
  Stage stage(long now) {
    long left = left(now);
    if (left <= 0) {
      return Stage.OVER;
    }
    if (noticed || left > NOTICE.toNanos()) {
      return Stage.GOOD;
    }
    noticed = true;
    return Stage.ENDING;
  }

  /** {@code {"expires_in": SECONDS}}, rounded up. */
  RawPayload notice(long now) {
    long seconds = Math.ceilDiv(Math.max(0, left(now)), 1_000_000_000L);
    return RawPayload.jsonText("{\"expires_in\":" + seconds + "}");
  }

  private long left(long now) {
    long end = Math.min(ofToken, ofApplication);
    return end == NEVER ? NEVER : end - (now - BEGINNING);
  }

  /** Whether clients bring new tokens. */
  boolean isRenewable() {
    return token != null;
  }

  /**
   * Whether a new token is within the client's rate, in which it counts if it is.
   *
   * @param now as of {@link System#nanoTime}
   */
  boolean mayRenew(long now) {
    return token == null || token.renewals().tryTake(token.renewalsPerSecond(), now);
  }

  /**
   * Takes a client's new token, which has to be of the same client; answers once, on the context.
   *
   * @param payload {@code {"access_token": TOKEN}}
   */
  void renew(RawPayload payload, Consumer<Renewed> then) {
    Token held = token;
    if (held == null || renewing) {
      then.accept(new Renewed(Wire.ERROR_STATUS, Wire.UNAVAILABLE, null));
      return;
    }
    renewing = true;
    held.gate()
        .verify(
            held.check(),
            text(payload),
            verdict -> {
              renewing = false;
              then.accept(renewed(held, verdict));
            });
  }

  private Renewed renewed(Token held, Verdict verdict) {
    return switch (verdict) {
      case Verdict.Good(var identity, var claims) when identity.isSame(held.identity()) -> {
        ofToken = in(identity.left().toMillis());
        noticed = false;
        yield new Renewed(
            Wire.OK_STATUS,
            notice(System.nanoTime()),
            held.check().askHandler() ? null : identity.assigns());
      }
      case Verdict.Good(var another, var claims) -> refused("it is another client's");
      case Verdict.Bad(var reason) -> refused(reason);
      case Verdict.Unknown(var reason) -> new Renewed(Wire.ERROR_STATUS, Wire.UNAVAILABLE, null);
    };
  }

  private static Renewed refused(String reason) {
    log.debug("new token not accepted: {}", reason);
    return new Renewed(Wire.ERROR_STATUS, Wire.INVALID_TOKEN, null);
  }

  private static @Nullable String text(RawPayload payload) {
    if (payload.isBinary() || payload.size() > MAX_PAYLOAD_BYTES) {
      return null;
    }
    try {
      Object json = Json.decodeValue(Buffer.buffer(payload.bytes()), Map.class);
      return json instanceof Map<?, ?> object
              && object.get(Wire.ACCESS_TOKEN) instanceof String token
          ? token
          : null;
    } catch (DecodeException | ClassCastException e) {
      return null; // No object, or what Jackson does not read: numbers of 1,000 digits.
    }
  }
}
