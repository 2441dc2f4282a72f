package dev.roost.launcher.settings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** The settings of what clients prove who they are with: {@link Settings.Auth}. */
final class AuthFlags {

  @Option(
      names = "--session-cookie",
      paramLabel = "NAME",
      converter = CookieName.class,
      description =
          "The cookie with the session of a Phoenix application, for sockets that want it."
              + " Default: none.")
  @Nullable String sessionCookie;

  @Option(
      names = "--session-signing-salt",
      paramLabel = "TEXT",
      converter = Text.class,
      description = "That application's signing_salt. Default: none.")
  @Nullable String sessionSigningSalt;

  @Option(
      names = "--session-encryption-salt",
      paramLabel = "TEXT",
      converter = Text.class,
      description =
          "Its encryption_salt, if its session is encrypted. Default: none, it is only signed.")
  @Nullable String sessionEncryptionSalt;

  @Option(
      names = "--secret-key-base-file",
      paramLabel = "FILE",
      description =
          "A file with its secret_key_base, on further lines those before it;"
              + " ROOST_SECRET_KEY_BASE is the secret itself. Default: none.")
  @Nullable Path secretKeyBaseFile;

  /** The options' values, once they are parsed. */
  Settings.Auth settings() {
    return new Settings.Auth(
        sessionCookie == null || sessionSigningSalt == null
            ? null
            : new Settings.Session(
                sessionCookie, sessionSigningSalt, sessionEncryptionSalt, secretKeyBaseFile));
  }

  /** What is wrong with settings that are right each by itself. */
  List<String> conflicts(UnaryOperator<String> origin) {
    var problems = new ArrayList<String>();
    if ((sessionCookie == null) != (sessionSigningSalt == null)) {
      String given = sessionCookie == null ? "session-signing-salt" : "session-cookie";
      problems.add(
          origin.apply(given)
              + ": expected session-cookie and session-signing-salt together, got one of them");
    } else if (sessionCookie == null) {
      requireSession(sessionEncryptionSalt, "session-encryption-salt", origin, problems);
      requireSession(secretKeyBaseFile, "secret-key-base-file", origin, problems);
    }
    return problems;
  }

  private static void requireSession(
      @Nullable Object value, String name, UnaryOperator<String> origin, List<String> problems) {
    if (value != null) {
      problems.add(
          origin.apply(name)
              + ": it is for sessions only: set session-cookie and session-signing-salt too");
    }
  }

  static final class CookieName implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      if (!text.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]+")) {
        throw Values.wrong("the name of a cookie such as _my_app_key", text);
      }
      return text;
    }
  }

  static final class Text implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      if (text.isEmpty()) {
        throw Values.wrong("a text", text);
      }
      return text;
    }
  }
}
