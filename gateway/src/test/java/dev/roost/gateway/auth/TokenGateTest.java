package dev.roost.gateway.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.roost.gateway.LogLines;
import dev.roost.gateway.workers.Workers;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.TokenSource;
import dev.roost.token.jwt.JwtKeys;
import dev.roost.token.jwt.JwtSettings;
import dev.roost.token.jwt.JwtVerifier;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TokenGateTest {

  private static final JwtCheck CHECK = JwtCheck.of(TokenSource.param("jwt"));
  private static final ECKey KEY = key();

  private final Vertx vertx = Vertx.vertx();
  private final Context context = vertx.getOrCreateContext();
  private final AtomicReference<Thread> decider = new AtomicReference<>();
  private final LogLines lines = LogLines.of(TokenGate.class);

  @TempDir private Path folder;

  /** Where keys may come from. */
  enum Source {
    TEXT,
    SET
  }

  @BeforeEach
  void writeSet() throws IOException {
    Files.writeString(folder.resolve("keys.json"), new JWKSet(KEY.toPublicJWK()).toString());
  }

  @AfterEach
  void close() {
    lines.close();
    vertx.close().await();
  }

  private static ECKey key() {
    try {
      return new ECKeyGenerator(Curve.P_256).generate();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  private static String token(Instant expiry) throws JOSEException {
    var claims = new JWTClaimsSet.Builder().subject("ada").expirationTime(Date.from(expiry));
    var token = new SignedJWT(new JWSHeader(JWSAlgorithm.ES256), claims.build());
    token.sign(new ECDSASigner(KEY));
    return token.serialize();
  }

  private TokenGate gate(Source source, InstantSource clock) throws JOSEException {
    JwtKeys keys =
        switch (source) {
          case TEXT ->
              JwtKeys.publicKeys(
                  "-----BEGIN PUBLIC KEY-----\n"
                      + Base64.getMimeEncoder().encodeToString(KEY.toPublicKey().getEncoded())
                      + "\n-----END PUBLIC KEY-----\n");
          case SET -> JwtKeys.jwks(folder.resolve("keys.json").toUri());
        };
    var verifier = new JwtVerifier(JwtSettings.of(keys).withClock(clock));
    assertEquals(source == Source.SET, verifier.mayBlock());
    return new TokenGate(context, Map.of(CHECK.keys(), verifier), Workers.forSignatures(vertx), 10);
  }

  private Verdict verify(TokenGate gate, String token) throws Exception {
    var answer = new CompletableFuture<Verdict>();
    context.runOnContext(
        ignored ->
            gate.verify(
                CHECK,
                token,
                verdict -> {
                  assertEquals(context, vertx.getOrCreateContext());
                  assertEquals(0, gate.inFlight());
                  answer.complete(verdict);
                }));
    return answer.get(30, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @EnumSource
  void signaturesAreCheckedByThreadsThatComeBehind(Source source) throws Exception {
    TokenGate gate =
        gate(
            source,
            () -> {
              decider.set(Thread.currentThread());
              return Instant.now();
            });
    String good = token(Instant.now().plusSeconds(60));
    assertInstanceOf(Verdict.Good.class, verify(gate, good));
    assertTrue(decider.get().getName().startsWith("roost-signatures"), decider.get().getName());
    assertInstanceOf(Verdict.Bad.class, verify(gate, good + "A"));
    assertEquals(
        new Verdict.Bad("it has expired"), verify(gate, token(Instant.now().minusSeconds(120))));
  }

  @ParameterizedTest
  @EnumSource
  void aGateThatClosesDecidesWhatItHasTaken(Source source) throws Exception {
    TokenGate gate = gate(source, InstantSource.system());
    String token = token(Instant.now().plusSeconds(60));
    var taken = new ArrayList<CompletableFuture<Verdict>>();
    var late = new CompletableFuture<Verdict>();
    context.runOnContext(
        ignored -> {
          for (int i = 0; i < 10; i++) {
            var answer = new CompletableFuture<Verdict>();
            taken.add(answer);
            gate.verify(CHECK, token, answer::complete);
          }
          gate.close();
          gate.verify(CHECK, token, late::complete);
        });
    assertEquals(new Verdict.Unknown("this gateway is closed"), late.get(30, TimeUnit.SECONDS));
    for (CompletableFuture<Verdict> answer : taken) {
      assertInstanceOf(Verdict.Good.class, answer.get(30, TimeUnit.SECONDS));
    }
  }

  @ParameterizedTest
  @EnumSource
  void whateverGoesWrongIsAnsweredAndTold(Source source) throws Exception {
    TokenGate gate =
        gate(
            source,
            () -> {
              throw new AssertionError("no time");
            });
    Verdict verdict = verify(gate, token(Instant.now().plusSeconds(60)));
    assertEquals(new Verdict.Unknown("java.lang.AssertionError: no time"), verdict);
    assertTrue(
        lines.all().stream()
            .anyMatch(
                line ->
                    line.getLevel() == Level.ERROR
                        && line.getFormattedMessage().equals("a token could not be verified")));
  }
}
