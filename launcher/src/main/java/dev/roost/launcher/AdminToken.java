package dev.roost.launcher;

import dev.roost.launcher.settings.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What whoever runs the node shows to the admin port; only its digest is kept. */
final class AdminToken {

  private static final int LEAST_CHARACTERS = 16;
  private static final String SCHEME = "bearer ";

  private final byte[] digest;

  private AdminToken(String token) {
    this.digest = digest(token);
  }

  /**
   * The token of the file or of the variable; empty if neither is set.
   *
   * @throws StartFailure if both are, or what is set is none
   */
  static Optional<AdminToken> of(Settings settings, Map<String, String> environment) {
    Settings.Admin admin = settings.admin();
    Path file = admin == null ? null : admin.tokenFile();
    String variable = environment.getOrDefault(Settings.ADMIN_TOKEN_VARIABLE, "").strip();
    if (file == null) {
      return variable.isEmpty()
          ? Optional.empty()
          : Optional.of(checked(variable, Settings.ADMIN_TOKEN_VARIABLE));
    }
    String origin = settings.origin("admin-token-file");
    if (!variable.isEmpty()) {
      throw StartFailure.wrongSettings(
          origin + ": the token is in " + Settings.ADMIN_TOKEN_VARIABLE + " too: keep one of them");
    }
    try {
      return Optional.of(checked(Files.readString(file).strip(), origin + " " + file));
    } catch (IOException unreadable) {
      throw StartFailure.failed(
          origin + ": expected a file with the admin token, cannot read " + unreadable.getMessage(),
          unreadable);
    }
  }

  private static AdminToken checked(String token, String origin) {
    if (token.length() < LEAST_CHARACTERS || !token.matches("[!-~]+")) {
      throw StartFailure.wrongSettings(
          origin
              + (": expected a token of " + LEAST_CHARACTERS + " or more visible characters of")
              + (" ASCII without blanks, got " + token.length() + " characters")
              + "; openssl rand -hex 32 makes one");
    }
    return new AdminToken(token);
  }

  /**
   * Whether this is the header {@code Authorization: Bearer TOKEN} with the token; it takes the
   * same time for each that is not.
   */
  boolean isShownBy(@Nullable String authorization) {
    return authorization != null
        && authorization.toLowerCase(Locale.ROOT).startsWith(SCHEME)
        && MessageDigest.isEqual(digest, digest(authorization.substring(SCHEME.length()).strip()));
  }

  private static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JVM has SHA-256", impossible);
    }
  }
}
