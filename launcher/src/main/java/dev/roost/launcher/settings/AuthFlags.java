package dev.roost.launcher.settings;

import dev.roost.routing.JwtCheck;
import dev.roost.token.jwt.JwtKeys;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
      converter = Values.File.class,
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
      converter = Values.File.class,
      description = "Public keys of such tokens instead, PEM. Default: none.")
  @Nullable Path jwtPublicKeyFile;

  @Option(
      names = "--jwt-secret-file",
      paramLabel = "FILE",
      converter = Values.File.class,
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

  @Option(
      names = "--jwt-named-key-sets",
      paramLabel = "SETS",
      converter = NamedKeySets.class,
      description =
          "Further JWKS, for sockets that name their keys: NAME=URL, with commas between them."
              + " Default: none.")
  @Nullable ByName<URI> jwtNamedKeySets;

  @Option(
      names = "--jwt-named-issuers",
      paramLabel = "ISSUERS",
      converter = NamedIssuers.class,
      description = "The iss of tokens of these: NAME=TEXT, with commas. Default: any.")
  @Nullable ByName<String> jwtNamedIssuers;

  @Option(
      names = "--jwt-named-audiences",
      paramLabel = "NAMES",
      converter = NamedAudiences.class,
      description =
          "Their aud: NAME=TEXT, with commas; once more for each that will do. Default: any.")
  @Nullable ByName<List<String>> jwtNamedAudiences;

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
            jwtClockSkew,
            namedKeys()));
  }

  private Map<String, Settings.NamedKeys> namedKeys() {
    Map<String, String> issuers = orEmpty(jwtNamedIssuers);
    Map<String, List<String>> audiences = orEmpty(jwtNamedAudiences);
    var named = new LinkedHashMap<String, Settings.NamedKeys>();
    orEmpty(jwtNamedKeySets)
        .forEach(
            (name, keySet) ->
                named.put(
                    name,
                    new Settings.NamedKeys(
                        keySet, issuers.get(name), audiences.getOrDefault(name, List.of()))));
    return named;
  }

  private static <V> Map<String, V> orEmpty(@Nullable ByName<V> given) {
    return given == null ? Map.of() : given.values();
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
    requireNamed(orEmpty(jwtNamedIssuers).keySet(), "jwt-named-issuers", origin, problems);
    requireNamed(orEmpty(jwtNamedAudiences).keySet(), "jwt-named-audiences", origin, problems);
    return problems;
  }

  private void requireNamed(
      Set<String> names, String setting, UnaryOperator<String> origin, List<String> problems) {
    Set<String> known = orEmpty(jwtNamedKeySets).keySet();
    for (String name : names) {
      if (!known.contains(name)) {
        problems.add(
            origin.apply(setting)
                + (": " + name + " names no keys: jwt-named-key-sets has ")
                + (known.isEmpty() ? "none" : String.join(", ", known)));
      }
    }
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

  /** No map: picocli has rules of its own for those. */
  record ByName<V>(Map<String, V> values) {}

  /** Values with names in front: {@code partners=VALUE,staff=VALUE}. */
  private static Map<String, List<String>> byName(String text, String expected) {
    var values = new LinkedHashMap<String, List<String>>();
    for (String part : text.split(",", -1)) {
      String[] pair = part.strip().split("=", 2);
      if (pair.length < 2 || !pair[0].matches("[A-Za-z0-9_-]{1,63}") || pair[1].isEmpty()) {
        throw Values.wrong(expected, text);
      }
      values.computeIfAbsent(pair[0], ignored -> new ArrayList<>()).add(pair[1]);
    }
    return values;
  }

  /** The same with one value for each name. */
  private static Map<String, String> onceByName(String text, String expected) {
    var values = new LinkedHashMap<String, String>();
    byName(text, expected)
        .forEach(
            (name, given) -> {
              if (given.size() > 1) {
                throw Values.wrong("each name once", text);
              }
              values.put(name, given.getFirst());
            });
    return values;
  }

  static final class NamedKeySets implements ITypeConverter<ByName<URI>> {
    @Override
    public ByName<URI> convert(String text) {
      var sets = new LinkedHashMap<String, URI>();
      onceByName(text, "NAME=URL with commas between them such as staff=file:///etc/staff.json")
          .forEach((name, url) -> sets.put(name, new KeySet().convert(url)));
      if (sets.containsKey(JwtCheck.DEFAULT_KEYS)) {
        throw Values.wrong(
            "names other than default, whose keys are those of jwt-key-set, jwt-public-key-file or"
                + " jwt-secret-file",
            text);
      }
      return new ByName<>(sets);
    }
  }

  static final class NamedIssuers implements ITypeConverter<ByName<String>> {
    @Override
    public ByName<String> convert(String text) {
      return new ByName<>(
          onceByName(
              text, "NAME=TEXT with commas between them such as staff=https://login.example/"));
    }
  }

  static final class NamedAudiences implements ITypeConverter<ByName<List<String>>> {
    @Override
    public ByName<List<String>> convert(String text) {
      return new ByName<>(
          byName(text, "NAME=TEXT with commas between them such as staff=chat,staff=news"));
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
