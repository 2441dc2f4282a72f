package dev.roost.launcher.settings;

import dev.roost.token.jwt.JwtKeys;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
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

  @Option(
      names = "--jwt-key-set",
      paramLabel = "URL",
      converter = KeySet.class,
      description =
          "Where the keys of clients' JSON Web Tokens are, a JWKS: an https, http or file URL."
              + " Default: none.")
  @Nullable URI jwtKeySet;

  @Option(
      names = "--jwt-public-key-file",
      paramLabel = "FILE",
      description = "Public keys of such tokens instead, PEM. Default: none.")
  @Nullable Path jwtPublicKeyFile;

  @Option(
      names = "--jwt-secret-file",
      paramLabel = "FILE",
      description =
          "Secrets of such tokens instead, one on a line; ROOST_JWT_SECRET is one itself."
              + " Default: none.")
  @Nullable Path jwtSecretFile;

  @Option(
      names = "--jwt-issuer",
      paramLabel = "TEXT",
      converter = Text.class,
      description = "Their iss. Default: any.")
  @Nullable String jwtIssuer;

  @Option(
      names = "--jwt-audiences",
      paramLabel = "NAMES",
      converter = Audiences.class,
      description = "Their aud names one of these, with commas between them. Default: any.")
  @Nullable List<String> jwtAudiences;

  @Option(
      names = "--jwt-clock-skew",
      paramLabel = "TIME",
      defaultValue = "60s",
      converter = ClockSkew.class,
      description =
          "How long they are accepted after they have expired, whole seconds to 10m."
              + " Default: ${DEFAULT-VALUE}.")
  Duration jwtClockSkew;

  /** The options' values, once they are parsed. */
  Settings.Auth settings() {
    return new Settings.Auth(
        sessionCookie == null || sessionSigningSalt == null
            ? null
            : new Settings.Session(
                sessionCookie, sessionSigningSalt, sessionEncryptionSalt, secretKeyBaseFile),
        new Settings.Jwt(
            jwtKeySet,
            jwtPublicKeyFile,
            jwtSecretFile,
            jwtIssuer,
            jwtAudiences == null ? List.of() : jwtAudiences,
            jwtClockSkew));
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
    List<String> keys =
        Stream.of(
                named("jwt-key-set", jwtKeySet),
                named("jwt-public-key-file", jwtPublicKeyFile),
                named("jwt-secret-file", jwtSecretFile))
            .flatMap(Optional::stream)
            .toList();
    if (keys.size() > 1) {
      problems.add(
          origin.apply(keys.get(1))
              + (": tokens are verified with one kind of keys, and " + origin.apply(keys.get(0)))
              + " is set too: keep one of them");
    }
    return problems;
  }

  private static Optional<String> named(String name, @Nullable Object value) {
    return value == null ? Optional.empty() : Optional.of(name);
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

  static final class KeySet implements ITypeConverter<URI> {
    @Override
    public URI convert(String text) {
      try {
        return JwtKeys.jwks(new URI(text)).location();
      } catch (URISyntaxException | IllegalArgumentException mistake) {
        throw Values.wrong(
            "an https, http or file URL such as https://login.example/.well-known/jwks.json", text);
      }
    }
  }

  static final class Audiences implements ITypeConverter<List<String>> {
    @Override
    public List<String> convert(String text) {
      List<String> names = Arrays.stream(text.split(",", -1)).map(String::strip).toList();
      if (names.contains("")) {
        throw Values.wrong("names with commas between them such as chat,news", text);
      }
      return names;
    }
  }

  static final class ClockSkew implements ITypeConverter<Duration> {

    private static final Duration LONGEST = Duration.ofMinutes(10);

    @Override
    public Duration convert(String text) {
      Duration time = new Values.Delay().convert(text);
      if (time.toMillis() % 1_000 != 0 || time.compareTo(LONGEST) > 0) {
        throw Values.wrong("whole seconds from 0s to 10m", text);
      }
      return time;
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
