package dev.roost.gateway.auth;

import dev.roost.gateway.workers.Workers;
import dev.roost.routing.JwtCheck;
import dev.roost.token.jwt.JwtResult;
import dev.roost.token.jwt.JwtVerifier;
import io.vertx.core.Context;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies the tokens of one gateway's clients. Where keys may have to be fetched a virtual thread
 * waits for them; signatures are checked by threads that come behind all others. Used on the
 * gateway's context only.
 */
public final class TokenGate {

  private static final Logger log = LoggerFactory.getLogger(TokenGate.class);
  private static final Thread.Builder.OfVirtual THREADS = Thread.ofVirtual().name("roost-token");

  private final Context context;
  private final Map<String, JwtVerifier> verifiers;
  private final Workers signatures;
  private final int maxInFlight;
  private final OutageLog outages = new OutageLog(System::nanoTime);
  private int inFlight;
  private boolean closed;

  /**
   * A gate of this context.
   *
   * @param verifiers by the names that mounts know them by
   * @param signatures who checks them; closed with this gate
   * @param maxInFlight tokens that are verified at a time; over it the next is {@link
   *     Verdict.Unknown}
   */
  public TokenGate(
      Context context, Map<String, JwtVerifier> verifiers, Workers signatures, int maxInFlight) {
    this.context = context;
    this.verifiers = verifiers;
    this.signatures = signatures;
    this.maxInFlight = maxInFlight;
  }

  /** Calls back on the context, at once if there is nothing to verify. */
  public void verify(JwtCheck check, @Nullable String token, Consumer<Verdict> then) {
    JwtVerifier verifier = verifiers.get(check.keys());
    if (verifier == null) {
      then.accept(new Verdict.Unknown("this gateway has no keys named " + check.keys()));
    } else if (token == null) {
      then.accept(new Verdict.Bad("there is no token"));
    } else if (closed) {
      then.accept(new Verdict.Unknown("this gateway is closed"));
    } else if (inFlight >= maxInFlight) {
      then.accept(new Verdict.Unknown(inFlight + " tokens are being verified already"));
    } else {
      inFlight++;
      Consumer<Verdict> done =
          verdict -> {
            inFlight--;
            report(check.keys(), verdict);
            then.accept(verdict);
            endWhenIdle();
          };
      if (verifier.mayBlock()) {
        THREADS.start(() -> findKeys(verifier, check, token, done));
      } else {
        decide(() -> verdict(verifier, check, verifier.verify(token)), done);
      }
    }
  }

  /* The virtual thread does not wait for a worker: who wakes it may start a thread that carries it, with its own niceness. */
  private void findKeys(
      JwtVerifier verifier, JwtCheck check, String token, Consumer<Verdict> done) {
    try {
      Supplier<JwtResult> prepared = verifier.prepare(token);
      context.runOnContext(ignored -> decide(() -> verdict(verifier, check, prepared.get()), done));
    } catch (Throwable failure) {
      context.runOnContext(ignored -> done.accept(failed(failure)));
    }
  }

  private void decide(Callable<Verdict> decision, Consumer<Verdict> done) {
    signatures
        .compute(decision)
        .onComplete((verdict, failure) -> done.accept(verdict == null ? failed(failure) : verdict));
  }

  /** Whatever it is, whoever asked has to be answered. */
  private static Verdict failed(Throwable failure) {
    log.error("a token could not be verified", failure);
    return new Verdict.Unknown(failure.toString());
  }

  private static Verdict verdict(JwtVerifier verifier, JwtCheck check, JwtResult result) {
    return switch (result) {
      case JwtResult.Valid valid ->
          Identity.of(check, verifier.settings(), valid)
              .<Verdict>map(identity -> new Verdict.Good(identity, valid.claims()))
              .orElseGet(() -> new Verdict.Bad("it has not the claims of id " + check.id()));
      case JwtResult.Missing() -> new Verdict.Bad("there is no token");
      case JwtResult.Expired() -> new Verdict.Bad("it has expired");
      case JwtResult.Invalid(var reason) -> new Verdict.Bad(reason);
      case JwtResult.Unavailable(var reason) -> new Verdict.Unknown(reason);
    };
  }

  private void report(String keys, Verdict verdict) {
    switch (verdict) {
      case Verdict.Unknown(var reason) -> outages.unavailable(keys, reason);
      case Verdict.Good(var identity, var claims) -> outages.verified(keys);
      case Verdict.Bad(var reason) -> {}
    }
  }

  /** Takes no more; the threads end when the last token is verified that was taken. */
  public void close() {
    closed = true;
    endWhenIdle();
  }

  private void endWhenIdle() {
    if (closed && inFlight == 0) {
      var unused = signatures.close();
    }
  }

  /** Tokens that are being verified now. */
  public int inFlight() {
    return inFlight;
  }
}
