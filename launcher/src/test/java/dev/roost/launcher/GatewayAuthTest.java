package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.gateway.auth.AuthOptions;
import dev.roost.gateway.auth.CookieSession;
import dev.roost.launcher.settings.Invocation;
import dev.roost.launcher.settings.Settings;
import dev.roost.token.jwt.JwtKeys;
import dev.roost.token.jwt.JwtSettings;
import dev.roost.token.jwt.JwtVerifier;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From settings and files to what gateways know clients by. */
class GatewayAuthTest {

  private static final String SECRET = "0123456789abcdef0123456789abcdef";
  private static final String[] SESSION = {
    "--session-cookie=_app_key", "--session-signing-salt=salt"
  };

  private static final String PUBLIC_KEY =
      """
      -----BEGIN PUBLIC KEY-----
      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKNHasWtLLdt/lHhL9DFQVT8PkwtG
      gslHBDZAhcKPl0MhvDQv7Xgx5n0eCApf/pjtaqIbrWwL9ulZMY8R6aRCgA==
      -----END PUBLIC KEY-----
      """;

  @TempDir private Path directory;

  private static Settings settings(String... arguments) {
    return assertInstanceOf(Invocation.Start.class, Invocation.read(List.of(arguments), Map.of()))
        .settings();
  }

  private static String[] with(String[] some, String more) {
    String[] all = java.util.Arrays.copyOf(some, some.length + 1);
    all[some.length] = more;
    return all;
  }

  private String file(String text) throws IOException {
    return Files.writeString(directory.resolve("secret"), text).toString();
  }

  private static String failure(Settings settings, Map<String, String> environment) {
    return assertThrows(StartFailure.class, () -> GatewayAuth.of(settings, environment))
        .getMessage();
  }

  @Test
  void withoutSettingsGatewaysKnowNothing() {
    assertEquals(
        AuthOptions.none(),
        GatewayAuth.of(settings(), Map.of(Settings.SECRET_KEY_BASE_VARIABLE, SECRET)));
  }

  @Test
  void theSecretOfSessionsIsInTheVariableOrInAFileWithOlderOnes() throws IOException {
    AuthOptions byVariable =
        GatewayAuth.of(settings(SESSION), Map.of(Settings.SECRET_KEY_BASE_VARIABLE, SECRET));
    CookieSession session = assertNotNullSession(byVariable);
    assertEquals("_app_key", session.cookieName());

    String file = file(SECRET + "\n\nold-" + SECRET + "\n");
    assertNotNullSession(
        GatewayAuth.of(settings(with(SESSION, "--secret-key-base-file=" + file)), Map.of()));
    assertNull(GatewayAuth.of(settings(), Map.of()).session());
  }

  @Test
  void tokensAreVerifiedWithASecretPublicKeysOrASet() throws IOException {
    JwtVerifier bySecret =
        verifier(
            settings("--jwt-issuer=me", "--jwt-audiences=a, b", "--jwt-clock-skew=5s"),
            Map.of(Settings.JWT_SECRET_VARIABLE, SECRET));
    assertEquals(
        JwtSettings.of(JwtKeys.secrets(SECRET))
            .withIssuer("me")
            .withAudiences("a", "b")
            .withClockSkew(Duration.ofSeconds(5)),
        bySecret.settings());
    assertEquals(
        JwtKeys.secrets(SECRET, SECRET + "2"),
        verifier(settings("--jwt-secret-file=" + file(SECRET + "\n" + SECRET + "2\n")), Map.of())
            .settings()
            .keys());
    assertEquals(
        JwtKeys.jwks(URI.create("https://login.example/jwks")),
        verifier(settings("--jwt-key-set=https://login.example/jwks"), Map.of()).settings().keys());
    assertInstanceOf(
        JwtKeys.PublicKeys.class,
        verifier(settings("--jwt-public-key-file=" + file(PUBLIC_KEY)), Map.of())
            .settings()
            .keys());
  }

  @Test
  void furtherKeySetsHaveNamesIssuersAndAudiencesOfTheirOwn() {
    AuthOptions auth =
        GatewayAuth.of(
            settings(
                "--jwt-named-key-sets=staff=https://s.example/jwks,partners=https://p.example/jwks",
                "--jwt-named-issuers=partners=them",
                "--jwt-named-audiences=partners=a,partners=b",
                "--jwt-clock-skew=5s"),
            Map.of(Settings.JWT_SECRET_VARIABLE, SECRET));
    assertEquals(Set.of("default", "staff", "partners"), auth.jwt().keySet());
    assertEquals(
        JwtSettings.of(JwtKeys.jwks(URI.create("https://s.example/jwks")))
            .withClockSkew(Duration.ofSeconds(5)),
        auth.jwt().get("staff").settings());
    assertEquals(
        JwtSettings.of(JwtKeys.jwks(URI.create("https://p.example/jwks")))
            .withIssuer("them")
            .withAudiences("a", "b")
            .withClockSkew(Duration.ofSeconds(5)),
        auth.jwt().get("partners").settings());
    String noSet = failure(settings("--jwt-named-key-sets=staff=file:///nowhere"), Map.of());
    assertTrue(
        noSet.startsWith("--jwt-named-key-sets, staff: the JWKS in /nowhere cannot be read"),
        noSet);
  }

  private static JwtVerifier verifier(Settings settings, Map<String, String> environment) {
    JwtVerifier verifier = GatewayAuth.of(settings, environment).jwt().get("default");
    assertNotNull(verifier);
    return verifier;
  }

  @Test
  void keysThatAreThereTwiceOrNoneAreNamed() throws IOException {
    assertEquals(
        "--jwt-key-set: tokens are verified with one kind of keys, and ROOST_JWT_SECRET is set too:"
            + " keep one of them",
        failure(
            settings("--jwt-key-set=https://login.example/jwks"),
            Map.of(Settings.JWT_SECRET_VARIABLE, SECRET)));
    assertEquals(
        "ROOST_JWT_SECRET: a secret of JWTs has at least 32 bytes, got 5; openssl rand -base64 48"
            + " makes one",
        failure(settings(), Map.of(Settings.JWT_SECRET_VARIABLE, "short")));
    String noKey = failure(settings("--jwt-public-key-file=" + file("no key")), Map.of());
    assertTrue(noKey.startsWith("--jwt-public-key-file: "), noKey);
    String noSet = failure(settings("--jwt-key-set=file:///nowhere"), Map.of());
    assertTrue(noSet.startsWith("--jwt-key-set: the JWKS in /nowhere cannot be read"), noSet);
  }

  private static CookieSession assertNotNullSession(AuthOptions options) {
    CookieSession session = options.session();
    assertNotNull(session);
    return session;
  }

  @Test
  void aSecretThatIsMissingTwiceThereOrTooShortIsNamedWithoutALetterOfIt() throws IOException {
    assertEquals(
        "--session-cookie: sessions need the secret_key_base of the application that makes the"
            + " cookie: set --secret-key-base-file or ROOST_SECRET_KEY_BASE",
        failure(settings(SESSION), Map.of()));
    Settings byFile = settings(with(SESSION, "--secret-key-base-file=" + file("short")));
    assertEquals(
        "--secret-key-base-file: the secret is in ROOST_SECRET_KEY_BASE too: keep one of them",
        failure(byFile, Map.of(Settings.SECRET_KEY_BASE_VARIABLE, SECRET)));
    assertEquals(
        "--secret-key-base-file: a secret key base has at least 20 bytes, got 5; mix"
            + " phx.gen.secret or openssl rand -base64 48 makes one",
        failure(byFile, Map.of()));
    Settings missing = settings(with(SESSION, "--secret-key-base-file=/nowhere"));
    assertTrue(failure(missing, Map.of()).startsWith("--secret-key-base-file: cannot read"));
  }
}
