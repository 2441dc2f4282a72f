package dev.roost.token.jwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.jca.JCAContext;
import com.nimbusds.jose.util.Base64URL;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class BackgroundVerifiersTest {

  private static final JWSHeader ES256 = new JWSHeader(JWSAlgorithm.ES256);
  private static final Base64URL SIGNATURE = Base64URL.encode("x");

  private static boolean verify(Callable<Boolean> answer) throws JOSEException {
    return BackgroundVerifiers.inBackground(new Answering(answer))
        .verify(ES256, new byte[1], SIGNATURE);
  }

  @Test
  void halfTheProcessorsAreBusyWithSignaturesAtMost() throws Exception {
    int most = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    var busy = new AtomicInteger();
    var go = new CountDownLatch(1);
    var all = new CountDownLatch(most);
    var threads = new ConcurrentLinkedQueue<Integer>();
    Callable<Boolean> waiting =
        () -> {
          threads.add(busy.incrementAndGet());
          all.countDown();
          go.await();
          busy.decrementAndGet();
          return Thread.currentThread().getName().startsWith("roost-signatures-");
        };
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var results =
          Stream.generate(() -> callers.submit(() -> verify(waiting))).limit(most + 10L).toList();
      all.await();
      go.countDown();
      for (Future<Boolean> result : results) {
        assertTrue(result.get());
      }
    }
    assertEquals(most + 10, threads.size());
    assertTrue(threads.stream().allMatch(count -> count <= most), threads::toString);
  }

  @Test
  void whatGoesWrongIsTheCallersToKnow() throws JOSEException {
    assertFalse(verify(() -> false));
    var broken = new JOSEException("asked to");
    assertSame(broken, assertThrows(JOSEException.class, () -> verify(failing(broken))));
    var wrong = new IllegalStateException("asked to");
    assertSame(wrong, assertThrows(IllegalStateException.class, () -> verify(failing(wrong))));
  }

  private static Callable<Boolean> failing(Exception failure) {
    return () -> {
      throw failure;
    };
  }

  @Test
  void aSecretIsUsedByTheCaller() throws JOSEException {
    var key = new SecretKeySpec(new byte[64], "HmacSHA256");
    JWSVerifier verifier =
        new BackgroundVerifiers().createJWSVerifier(new JWSHeader(JWSAlgorithm.HS256), key);
    assertSame(MACVerifier.class, verifier.getClass());
  }

  /** Nimbus's interface, which throws JOSEExceptions only. */
  private record Answering(Callable<Boolean> answer) implements JWSVerifier {

    @Override
    public boolean verify(JWSHeader header, byte[] signed, Base64URL signature)
        throws JOSEException {
      try {
        return answer.call();
      } catch (JOSEException | RuntimeException failure) {
        throw failure;
      } catch (Exception failure) {
        throw new AssertionError(failure);
      }
    }

    @Override
    public Set<JWSAlgorithm> supportedJWSAlgorithms() {
      return Set.of(JWSAlgorithm.ES256);
    }

    @Override
    public JCAContext getJCAContext() {
      return new JCAContext();
    }
  }
}
