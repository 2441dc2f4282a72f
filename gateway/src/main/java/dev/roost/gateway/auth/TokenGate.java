package dev.roost.gateway.auth;

import dev.roost.routing.JwtCheck;
import dev.roost.token.jwt.JwtResult;
import dev.roost.token.jwt.JwtVerifier;
import io.vertx.core.Context;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies the tokens of one gateway's clients, each on a virtual thread, because keys may have to
 * be fetched. Used on the gateway's context only.
 */
public final class TokenGate {

  private static final Logger log = LoggerFactory.getLogger(TokenGate.class);
  private static final Thread.Builder.OfVirtual THREADS = Thread.ofVirtual().name("roost-token");

  private final Context context;
  private final Map<String, JwtVerifier> verifiers;
  private final int maxInFlight;
  private final OutageLog outages = new OutageLog(System::nanoTime);
  private int inFlight;

  /**
   * A gate of this context.
   *
   * @param verifiers by the names that mounts know them by
   * @param maxInFlight tokens that are verified at a time; over it the next is {@link
   *     Verdict.Unknown}
   */
  public TokenGate(Context context, Map<String, JwtVerifier> verifiers, int maxInFlight) {
    this.context = context;
    this.verifiers = verifiers;
    this.maxInFlight = maxInFlight;
  }

  /** Calls back on the context, at once if there is nothing to verify. */
  public void verify(JwtCheck check, @Nullable String token, Consumer<Verdict> then) {
    JwtVerifier verifier = verifiers.get(check.keys());
    if (verifier == null) {
      then.accept(new Verdict.Unknown("this gateway has no keys named " + check.keys()));
    } else if (token == null) {
      then.accept(new Verdict.Bad("there is no token"));
    } else if (inFlight >= maxInFlight) {
      then.accept(new Verdict.Unknown(inFlight + " tokens are being verified already"));
    } else {
      inFlight++;
      THREADS.start(
          () -> {
            Verdict verdict = verdict(verifier, check, token);
            context.runOnContext(
                ignored -> {
                  inFlight--;
                  report(check.keys(), verdict);
                  then.accept(verdict);
                });
          });
    }
  }

  private static Verdict verdict(JwtVerifier verifier, JwtCheck check, String token) {
    try {
      return switch (verifier.verify(token)) {
        case JwtResult.Valid valid ->
            Identity.of(check, verifier.settings(), valid)
                .<Verdict>map(identity -> new Verdict.Good(identity, valid.claims()))
                .orElseGet(() -> new Verdict.Bad("it has not the claims of id " + check.id()));
        case JwtResult.Missing() -> new Verdict.Bad("there is no token");
        case JwtResult.Expired() -> new Verdict.Bad("it has expired");
        case JwtResult.Invalid(var reason) -> new Verdict.Bad(reason);
        case JwtResult.Unavailable(var reason) -> new Verdict.Unknown(reason);
      };
    } catch (Throwable failure) {
      // Whatever it is, whoever asked has to be answered.
      log.error("a token could not be verified", failure);
      return new Verdict.Unknown(failure.toString());
    }
  }

  private void report(String keys, Verdict verdict) {
    switch (verdict) {
      case Verdict.Unknown(var reason) -> outages.unavailable(keys, reason);
      case Verdict.Good(var identity, var claims) -> outages.verified(keys);
      case Verdict.Bad(var reason) -> {}
    }
  }

  /** Tokens that are being verified now. */
  public int inFlight() {
    return inFlight;
  }
}
