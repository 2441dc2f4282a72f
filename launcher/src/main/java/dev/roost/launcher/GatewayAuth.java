package dev.roost.launcher;

import dev.roost.gateway.auth.AuthOptions;
import dev.roost.gateway.auth.CookieSession;
import dev.roost.launcher.settings.Settings;
import dev.roost.token.SecretKeyBase;
import dev.roost.token.SessionCookie;
import dev.roost.token.SessionSettings;
import dev.roost.token.jwt.JwtKeys;
import dev.roost.token.jwt.JwtSettings;
import dev.roost.token.jwt.JwtVerifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What this process's gateways share of secrets and keys, read once when they start. */
final class GatewayAuth {

  private final Settings settings;
  private final Map<String, String> environment;

  private GatewayAuth(Settings settings, Map<String, String> environment) {
    this.settings = settings;
    this.environment = environment;
  }

  /**
   * What the settings name, and the variables that are no settings: {@link
   * Settings#SECRET_KEY_BASE_VARIABLE} and {@link Settings#JWT_SECRET_VARIABLE}.
   *
   * @throws StartFailure if a secret or key is missing, there twice, or none
   */
  static AuthOptions of(Settings settings, Map<String, String> environment) {
    var auth = new GatewayAuth(settings, environment);
    AuthOptions options = AuthOptions.none().withSession(auth.session());
    options = auth.verifier().map(options::withJwt).orElse(options);
    for (var keys : settings.auth().jwt().named().entrySet()) {
      options = options.withJwt(keys.getKey(), auth.named(keys.getKey(), keys.getValue()));
    }
    return options;
  }

  private JwtVerifier named(String name, Settings.NamedKeys keys) {
    try {
      return new JwtVerifier(
          JwtSettings.of(JwtKeys.jwks(keys.keySet()))
              .withIssuer(keys.issuer())
              .withAudiences(keys.audiences().toArray(String[]::new))
              .withClockSkew(settings.auth().jwt().clockSkew()));
    } catch (IllegalArgumentException mistake) {
      throw StartFailure.wrongSettings(
          settings.origin("jwt-named-key-sets") + (", " + name + ": " + mistake.getMessage()));
    }
  }

  private @Nullable CookieSession session() {
    Settings.Session session = settings.auth().session();
    if (session == null) {
      return null;
    }
    String origin = settings.origin("secret-key-base-file");
    List<String> secrets =
        secret("secret-key-base-file", session.secretFile(), Settings.SECRET_KEY_BASE_VARIABLE)
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .toList();
    if (secrets.isEmpty()) {
      throw StartFailure.wrongSettings(
          settings.origin("session-cookie")
              + (": sessions need the secret_key_base of the application that makes the cookie: set"
                  + " ")
              + (origin + " or " + Settings.SECRET_KEY_BASE_VARIABLE));
    }
    try {
      var secretKeyBase = new SecretKeyBase(secrets.getFirst(), secrets.subList(1, secrets.size()));
      return new CookieSession(
          session.cookie(),
          new SessionCookie(
              SessionSettings.of(secretKeyBase, session.signingSalt())
                  .withEncryptionSalt(session.encryptionSalt())));
    } catch (IllegalArgumentException mistake) {
      throw StartFailure.wrongSettings(
          (session.secretFile() == null ? Settings.SECRET_KEY_BASE_VARIABLE : origin)
              + (": " + mistake.getMessage()));
    }
  }

  private Optional<JwtVerifier> verifier() {
    Settings.Jwt jwt = settings.auth().jwt();
    String secret = secret("jwt-secret-file", jwt.secretFile(), Settings.JWT_SECRET_VARIABLE);
    String origin = jwtOrigin(jwt);
    if (!secret.isEmpty() && jwt.secretFile() == null && !origin.isEmpty()) {
      throw StartFailure.wrongSettings(
          origin
              + (": tokens are verified with one kind of keys, and " + Settings.JWT_SECRET_VARIABLE)
              + " is set too: keep one of them");
    }
    if (origin.isEmpty() && secret.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new JwtVerifier(
              JwtSettings.of(keys(jwt, origin, secret))
                  .withIssuer(jwt.issuer())
                  .withAudiences(jwt.audiences().toArray(String[]::new))
                  .withClockSkew(jwt.clockSkew())));
    } catch (IllegalArgumentException mistake) {
      throw StartFailure.wrongSettings(
          (origin.isEmpty() ? Settings.JWT_SECRET_VARIABLE : origin)
              + (": " + mistake.getMessage()));
    }
  }

  private static JwtKeys keys(Settings.Jwt jwt, String origin, String secret) {
    if (jwt.keySet() != null) {
      return JwtKeys.jwks(jwt.keySet());
    }
    if (jwt.publicKeyFile() != null) {
      return JwtKeys.publicKeys(read(origin, jwt.publicKeyFile()));
    }
    return JwtKeys.secrets(
        secret.lines().map(String::strip).filter(line -> !line.isEmpty()).toArray(String[]::new));
  }

  /** The setting that names the keys of tokens; empty if none does. */
  private String jwtOrigin(Settings.Jwt jwt) {
    if (jwt.keySet() != null) {
      return settings.origin("jwt-key-set");
    }
    if (jwt.publicKeyFile() != null) {
      return settings.origin("jwt-public-key-file");
    }
    return jwt.secretFile() == null ? "" : settings.origin("jwt-secret-file");
  }

  /** What the file or the variable holds; empty if neither is set. */
  private String secret(String setting, @Nullable Path file, String variable) {
    String given = environment.getOrDefault(variable, "").strip();
    if (file == null) {
      return given;
    }
    String origin = settings.origin(setting);
    if (!given.isEmpty()) {
      throw StartFailure.wrongSettings(
          origin + ": the secret is in " + variable + " too: keep one of them");
    }
    String text = read(origin, file);
    if (text.isBlank()) {
      throw StartFailure.wrongSettings(
          origin + ": expected a file with a secret, " + file + " is empty");
    }
    return text.strip();
  }

  private static String read(String origin, Path file) {
    try {
      return Files.readString(file);
    } catch (IOException unreadable) {
      throw StartFailure.failed(
          origin + ": cannot read " + file + ": " + unreadable.getMessage(), unreadable);
    }
  }
}
