package dev.roost.launcher;

import dev.roost.gateway.auth.AuthOptions;
import dev.roost.gateway.auth.CookieSession;
import dev.roost.launcher.settings.Settings;
import dev.roost.token.SecretKeyBase;
import dev.roost.token.SessionCookie;
import dev.roost.token.SessionSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
   * Settings#SECRET_KEY_BASE_VARIABLE}.
   *
   * @throws StartFailure if a secret is missing, there twice, or none
   */
  static AuthOptions of(Settings settings, Map<String, String> environment) {
    var auth = new GatewayAuth(settings, environment);
    return AuthOptions.none().withSession(auth.session());
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
