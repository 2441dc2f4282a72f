package dev.roost.token.jwt;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.jca.JCAContext;
import com.nimbusds.jose.util.Base64URL;
import dev.roost.threads.Niceness;
import java.security.Key;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Checks signatures of key pairs on threads that come behind all others of the process, half as
 * many as it has processors. One takes up to half a millisecond, and there are as many at once as
 * clients come: on virtual threads all channels would wait for them, and event loops, too.
 */
final class BackgroundVerifiers extends DefaultJWSVerifierFactory {

  private static final Executor THREADS = threads();

  private static Executor threads() {
    int count = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    var pool =
        new ThreadPoolExecutor(
            count,
            count,
            60,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(), // As many as there are callers, who wait.
            Thread.ofPlatform().daemon().name("roost-signatures-", 0).factory());
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  @Override
  public JWSVerifier createJWSVerifier(JWSHeader header, Key key) throws JOSEException {
    JWSVerifier verifier = super.createJWSVerifier(header, key);
    // With a secret it takes microseconds.
    return verifier instanceof MACVerifier ? verifier : inBackground(verifier);
  }

  static JWSVerifier inBackground(JWSVerifier verifier) {
    return new InBackground(verifier);
  }

  private record InBackground(JWSVerifier verifier) implements JWSVerifier {

    @Override
    public boolean verify(JWSHeader header, byte[] signed, Base64URL signature)
        throws JOSEException {
      var result = new CompletableFuture<Boolean>();
      THREADS.execute(
          () -> {
            Niceness.lower();
            try {
              result.complete(verifier.verify(header, signed, signature));
            } catch (Throwable failure) {
              result.completeExceptionally(failure);
            }
          });
      try {
        return result.join();
      } catch (CompletionException failed) {
        switch (failed.getCause()) {
          case JOSEException broken -> throw broken;
          case RuntimeException broken -> throw broken;
          case null, default -> throw failed;
        }
      }
    }

    @Override
    public Set<JWSAlgorithm> supportedJWSAlgorithms() {
      return verifier.supportedJWSAlgorithms();
    }

    @Override
    public JCAContext getJCAContext() {
      return verifier.getJCAContext();
    }
  }
}
