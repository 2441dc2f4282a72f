package dev.roost.token.jwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Key sets: fetched from a server of this machine, and read from files. */
class JwksTest {

  private static final Signer.Pair OLD = Signer.rsa(2048);
  private static final Signer.Pair NEW = Signer.ec("secp256r1");
  // In the year 2100.
  private static final String CLAIMS = "{\"sub\":\"42\",\"exp\":4102444800}";
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final AtomicInteger fetches = new AtomicInteger();
  private final CountDownLatch silence = new CountDownLatch(1);
  private HttpServer server;
  private URI location;
  private volatile int status = 200;
  private volatile boolean silent;
  private volatile String set = set(OLD.jwk("\"kid\":\"old\""));

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/jwks.json",
        exchange -> {
          fetches.incrementAndGet();
          byte[] body = set.getBytes(StandardCharsets.UTF_8);
          if (silent) {
            await(silence);
          }
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    location = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/jwks.json");
  }

  @AfterEach
  void stop() {
    silence.countDown();
    server.stop(0);
  }

  @Test
  void aSetIsFetchedForTheFirstTokenAndKept() {
    try (var verifier = verifier(JwtKeys.jwks(location))) {
      assertEquals(0, fetches.get());
      for (int i = 0; i < 100; i++) {
        assertValid(verifier, OLD.token("RS256", "old", CLAIMS));
        assertValid(verifier, OLD.token("PS384", CLAIMS));
      }
      assertEquals(1, fetches.get());
    }
  }

  @Test
  void aSetIsFetchedOnceHoweverManyWait() throws Exception {
    try (var verifier = verifier(JwtKeys.jwks(location));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      String token = OLD.token("RS256", "old", CLAIMS);
      List<Future<JwtResult>> results =
          IntStream.range(0, 50)
              .mapToObj(i -> threads.submit(() -> verifier.verify(token)))
              .toList();
      for (Future<JwtResult> result : results) {
        assertInstanceOf(JwtResult.Valid.class, result.get());
      }
      assertEquals(1, fetches.get());
    }
  }

  @Test
  void aKeyThatIsNewIsFetchedWhenATokenNamesIt() {
    try (var verifier = verifier(JwtKeys.jwks(location))) {
      assertValid(verifier, OLD.token("RS256", "old", CLAIMS));

      set = set(OLD.jwk("\"kid\":\"old\""), NEW.jwk("\"kid\":\"new\""));

      assertValid(verifier, NEW.token("ES256", "new", CLAIMS));
      assertValid(verifier, OLD.token("RS256", "old", CLAIMS));
      assertEquals(2, fetches.get());
    }
  }

  @Test
  void aKeyThatWasTakenOutIsRefusedOnceTheSetIsTooOld() {
    var keys =
        JwtKeys.jwks(location)
            .withTimeout(Duration.ofMillis(50))
            .withRetryAfter(Duration.ofMillis(1))
            .withKeepFor(Duration.ofMillis(600))
            .withSurviveOutage(Duration.ZERO);
    try (var verifier = verifier(keys)) {
      String token = OLD.token("RS256", "old", CLAIMS);
      awaitValid(verifier, token);

      set = set(NEW.jwk("\"kid\":\"new\""));

      await(() -> verifier.verify(token) instanceof JwtResult.Invalid);
      awaitValid(verifier, NEW.token("ES256", "new", CLAIMS));
    }
  }

  @Test
  void aSetIsFetchedAheadOfItsEnd() {
    var keys =
        JwtKeys.jwks(location)
            .withTimeout(Duration.ofMillis(100))
            .withRetryAfter(Duration.ofMillis(1))
            .withKeepFor(Duration.ofSeconds(4))
            .withSurviveOutage(Duration.ZERO);
    try (var verifier = verifier(keys)) {
      String token = OLD.token("RS256", "old", CLAIMS);
      awaitValid(verifier, token);
      int before = fetches.get();
      silent = true;

      // 0.9 s before the end, and no token waits for it.
      await(
          () -> {
            assertValid(verifier, token);
            return fetches.get() > before;
          });
    }
  }

  @Test
  void keysThatNobodyHasAreLookedForNowAndThenOnly() {
    try (var verifier = verifier(JwtKeys.jwks(location))) {
      assertValid(verifier, OLD.token("RS256", "old", CLAIMS));
      JwtResult result = new JwtResult.Missing();
      for (int i = 0; i < 20; i++) {
        result = verifier.verify(NEW.token("ES256", "made up " + i, CLAIMS));
      }

      assertInstanceOf(JwtResult.Unavailable.class, result);
      assertTrue(fetches.get() <= 3, "fetched " + fetches.get() + " times");
      assertValid(verifier, OLD.token("RS256", "old", CLAIMS));
    }
  }

  @Test
  void aTokenOfAnotherKeyOrKindIsInvalid() {
    var other = Signer.rsa(2048);
    set = set(OLD.jwk("\"kid\":\"old\",\"alg\":\"RS256\""), NEW.jwk("\"kid\":\"new\""));
    try (var verifier = verifier(JwtKeys.jwks(location))) {
      assertValid(verifier, OLD.token("RS256", "old", CLAIMS));
      assertInvalid(verifier, other.token("RS256", "old", CLAIMS));
      assertInvalid(verifier, "eyJhbGciOiJub25lIn0." + Signer.base64(CLAIMS) + ".");
      byte[] pem = OLD.pem().getBytes(StandardCharsets.UTF_8);
      assertInvalid(verifier, Signer.secret(pem).token("HS256", "old", CLAIMS));
      assertEquals(1, fetches.get());
    }
  }

  @Test
  void aKeyIsForWhatItsSetSays() {
    var weak = Signer.rsa(1024);
    String secret = "a secret of 32 bytes or some more";
    set =
        set(
            OLD.jwk("\"kid\":\"old\",\"alg\":\"RS256\""),
            NEW.jwk("\"kid\":\"new\",\"use\":\"enc\""),
            weak.jwk("\"kid\":\"weak\""),
            "{\"kty\":\"oct\",\"kid\":\"secret\",\"k\":\"" + Signer.base64(secret) + "\"}",
            "{\"kty\":\"OKP\",\"kid\":\"ed\",\"crv\":\"Ed25519\",\"x\":\"" + "A".repeat(43) + "\"}",
            "{\"kty\":\"unheard of\"}");
    try (var verifier = verifier(JwtKeys.jwks(location).withRetryAfter(Duration.ofMillis(1)))) {
      assertValid(verifier, OLD.token("RS256", "old", CLAIMS));
      assertInvalid(verifier, weak.token("RS256", "weak", CLAIMS));
      assertInvalid(verifier, Signer.secret(secret).token("HS256", "secret", CLAIMS));
      assertNotValid(verifier, OLD.token("PS256", "old", CLAIMS));
      assertNotValid(verifier, NEW.token("ES256", "new", CLAIMS));
    }
  }

  @Test
  void theLastSetSurvivesAnOutage() {
    var keys =
        JwtKeys.jwks(location)
            .withTimeout(Duration.ofMillis(50))
            .withRetryAfter(Duration.ofMillis(1))
            .withKeepFor(Duration.ofMillis(600));
    try (var verifier = verifier(keys)) {
      String token = OLD.token("RS256", "old", CLAIMS);
      awaitValid(verifier, token);

      status = 503;

      await(
          () -> {
            assertValid(verifier, token);
            return fetches.get() >= 4;
          });
      // Nobody knows of a key that is not in it.
      assertUnavailable(verifier, NEW.token("ES256", "new", CLAIMS));
    }
  }

  @Test
  void anOutageIsNotSurvivedForEver() {
    var keys =
        JwtKeys.jwks(location)
            .withTimeout(Duration.ofMillis(50))
            .withRetryAfter(Duration.ofMillis(1))
            .withKeepFor(Duration.ofMillis(500))
            .withSurviveOutage(Duration.ofMillis(500));
    try (var verifier = verifier(keys)) {
      String token = OLD.token("RS256", "old", CLAIMS);
      awaitValid(verifier, token);

      status = 503;
      await(() -> verifier.verify(token) instanceof JwtResult.Unavailable);

      status = 200;
      awaitValid(verifier, token);
    }
  }

  @Test
  void aSetThatCannotBeHadIsUnavailableUntilItCan() {
    status = 500;
    try (var verifier = verifier(JwtKeys.jwks(location).withRetryAfter(Duration.ofMillis(1)))) {
      String token = OLD.token("RS256", "old", CLAIMS);
      assertUnavailable(verifier, token);

      status = 200;

      awaitValid(verifier, token);
    }
  }

  @Test
  void whatIsNoSetIsUnavailable() {
    for (String none :
        List.of("", "{}", "null", "[]", "<html></html>", "{\"keys\":1}", set("1"), set("null"))) {
      set = none;
      try (var verifier = verifier(JwtKeys.jwks(location))) {
        assertUnavailable(verifier, OLD.token("RS256", "old", CLAIMS));
      }
    }
  }

  @Test
  void aSetThatIsTooLargeIsUnavailable() {
    set = " ".repeat(JwtKeys.Jwks.MAX_BYTES) + set(OLD.jwk("\"kid\":\"old\""));
    try (var verifier = verifier(JwtKeys.jwks(location))) {
      assertUnavailable(verifier, OLD.token("RS256", "old", CLAIMS));
    }
  }

  @Test
  void aServerThatSaysNothingIsUnavailableAfterTheTimeout() {
    silent = true;
    try (var verifier = verifier(JwtKeys.jwks(location).withTimeout(Duration.ofMillis(100)))) {
      long begun = System.nanoTime();
      assertUnavailable(verifier, OLD.token("RS256", "old", CLAIMS));

      assertTrue(System.nanoTime() - begun < LIMIT.toNanos());
    }
  }

  @Test
  void nobodyThereIsUnavailable() {
    server.stop(0);
    try (var verifier = verifier(JwtKeys.jwks(location))) {
      assertUnavailable(verifier, OLD.token("RS256", "old", CLAIMS));
    }
  }

  @Test
  void aSetInAFileIsReadAgain(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("jwks with blank.json");
    Files.writeString(file, set);
    try (var verifier = verifier(JwtKeys.jwksFile(file))) {
      assertValid(verifier, OLD.token("RS256", "old", CLAIMS));

      Files.writeString(file, set(NEW.jwk("\"kid\":\"new\"")));

      assertValid(verifier, NEW.token("ES256", "new", CLAIMS));
      assertEquals(0, fetches.get());
    }
  }

  @Test
  void aSetInAFileIsThereFromTheStart(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("jwks.json");
    assertRefused("cannot be read", JwtKeys.jwksFile(file));
    Files.writeString(file, "no JSON");
    assertRefused("is no JWKS", JwtKeys.jwksFile(file));
    Files.writeString(file, set());
    assertRefused("has none", JwtKeys.jwksFile(file));
    Files.writeString(file, set("{\"kty\":\"oct\",\"k\":\"AAAA\"}"));
    assertRefused("has none", JwtKeys.jwksFile(file));
    Files.writeString(file, " ".repeat(JwtKeys.Jwks.MAX_BYTES + 1));
    assertRefused("at most", JwtKeys.jwksFile(file));
    assertRefused("cannot be read", JwtKeys.jwksFile(folder));
  }

  @Test
  void locationsAndTimesThatCannotBeRightAreRefused() {
    for (String none : List.of("jwks.json", "ftp://login.example/", "https:/jwks.json", "")) {
      assertThrows(IllegalArgumentException.class, () -> JwtKeys.jwks(URI.create(none)), none);
    }
    var keys = JwtKeys.jwks(URI.create("HTTPS://login.example/jwks.json"));
    Duration minute = Duration.ofMinutes(1);

    assertThrows(IllegalArgumentException.class, () -> keys.withTimeout(Duration.ofNanos(1)));
    assertThrows(IllegalArgumentException.class, () -> keys.withTimeout(minute.plusMillis(1)));
    assertThrows(IllegalArgumentException.class, () -> keys.withTimeout(minute));
    assertThrows(IllegalArgumentException.class, () -> keys.withKeepFor(Duration.ofSeconds(19)));
    assertThrows(IllegalArgumentException.class, () -> keys.withKeepFor(Duration.ofDays(31)));
    assertThrows(IllegalArgumentException.class, () -> keys.withRetryAfter(Duration.ZERO));
    assertThrows(IllegalArgumentException.class, () -> keys.withRetryAfter(keys.keepFor()));
    assertThrows(IllegalArgumentException.class, () -> keys.withSurviveOutage(minute));
    assertThrows(IllegalArgumentException.class, () -> keys.withSurviveOutage(minute.negated()));
    assertThrows(IllegalArgumentException.class, () -> keys.withSurviveOutage(Duration.ofDays(31)));
  }

  @Test
  void keysOfTokensThatAreNoneForClientsAreNotFetched() {
    String proof = "{\"alg\":\"RS256\",\"typ\":\"dpop+jwt\",\"kid\":\"old\"}";
    try (var verifier = verifier(JwtKeys.jwks(location))) {
      assertInvalid(verifier, OLD.sign("RS256", proof, CLAIMS));
      assertInvalid(verifier, OLD.token("RS256", "old", "no claims"));
      assertEquals(0, fetches.get());
    }
  }

  @Test
  void aPreparedTokenWaitsForNothing() {
    try (var verifier = verifier(JwtKeys.jwks(location))) {
      assertTrue(verifier.mayBlock());
      Supplier<JwtResult> good = verifier.prepare(OLD.token("RS256", "old", CLAIMS));
      Supplier<JwtResult> bad = verifier.prepare(Signer.rsa(2048).token("RS256", "old", CLAIMS));
      assertEquals(1, fetches.get());
      Supplier<JwtResult> unknown = verifier.prepare(NEW.token("ES256", "new", CLAIMS));
      assertEquals(2, fetches.get());
      set = set(NEW.jwk("\"kid\":\"new\""));
      assertInstanceOf(JwtResult.Valid.class, good.get());
      assertInstanceOf(JwtResult.Invalid.class, bad.get());
      assertInstanceOf(JwtResult.Invalid.class, unknown.get());
      assertEquals(2, fetches.get());
    }
  }

  private static JwtVerifier verifier(JwtKeys keys) {
    return new JwtVerifier(JwtSettings.of(keys));
  }

  private static String set(String... keys) {
    return "{\"keys\":[" + String.join(",", keys) + "]}";
  }

  private static void assertRefused(String message, JwtKeys keys) {
    var e = assertThrows(IllegalArgumentException.class, () -> verifier(keys));
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }

  private static void assertValid(JwtVerifier verifier, String token) {
    assertInstanceOf(JwtResult.Valid.class, verifier.verify(token));
  }

  /** For fetches that are given little time: the machine may be busy. */
  private static void awaitValid(JwtVerifier verifier, String token) {
    await(() -> verifier.verify(token) instanceof JwtResult.Valid);
  }

  private static void assertInvalid(JwtVerifier verifier, String token) {
    assertInstanceOf(JwtResult.Invalid.class, verifier.verify(token));
  }

  private static void assertUnavailable(JwtVerifier verifier, String token) {
    assertInstanceOf(JwtResult.Unavailable.class, verifier.verify(token));
  }

  private static void assertNotValid(JwtVerifier verifier, String token) {
    JwtResult result = verifier.verify(token);
    assertTrue(
        result instanceof JwtResult.Invalid || result instanceof JwtResult.Unavailable,
        result.toString());
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "not within " + LIMIT);
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
