package dev.roost.launcher.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.ChannelOptions;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.edge.EdgeOptions;
import dev.roost.gateway.edge.ForceSsl;
import dev.roost.gateway.edge.TrustedProxies;
import dev.roost.gateway.tls.TlsOptions;
import dev.roost.membership.BusTls;
import dev.roost.membership.ClusterOptions;
import dev.roost.presence.PresenceOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.event.Level;
import picocli.CommandLine;

class InvocationTest {

  private static final String ADVICE = "roost --help lists every setting.";

  @TempDir Path folder;

  private static Invocation read(Map<String, String> environment, String... arguments) {
    return Invocation.read(List.of(arguments), environment);
  }

  private static Settings settings(Map<String, String> environment, String... arguments) {
    Invocation invocation = read(environment, arguments);
    if (invocation instanceof Invocation.Refuse(var text)) {
      throw new AssertionError(text);
    }
    return assertInstanceOf(Invocation.Start.class, invocation).settings();
  }

  /** The problems, without {@code roost: } in front and without the advice at the end. */
  private static List<String> problems(Map<String, String> environment, String... arguments) {
    var refused = assertInstanceOf(Invocation.Refuse.class, read(environment, arguments));
    List<String> lines = refused.text().lines().toList();
    assertEquals(ADVICE, lines.getLast());
    List<String> problems = lines.subList(0, lines.size() - 1);
    problems.forEach(problem -> assertTrue(problem.startsWith("roost: "), problem));
    return problems.stream().map(problem -> problem.substring("roost: ".length())).toList();
  }

  private String file(String... lines) throws IOException {
    return Files.write(folder.resolve("roost.properties"), Arrays.asList(lines)).toString();
  }

  @Test
  void withoutAnySettingTheOptionsHaveTheirOwnDefaults() {
    Settings settings = settings(Map.of());
    assertEquals(Settings.Role.ALL, settings.role());
    assertEquals(ChannelOptions.defaults(), settings.channels());
    GatewayOptions defaults = GatewayOptions.defaults();
    assertEquals(defaults, settings.gateway().withMetrics(defaults.metrics()));
    assertEquals(Runtime.getRuntime().availableProcessors(), settings.gatewayVerticles());
    assertEquals(Settings.NetworkTransport.AUTO, settings.transport());
    assertEquals(Level.INFO, settings.logLevel());
    assertTrue(settings.applications().includes("anything"));
  }

  @Test
  void aProcessWithoutGatewaysLeavesHalfOfItsProcessorsToApplications() {
    int processors = Runtime.getRuntime().availableProcessors();
    assertEquals(
        Math.max(1, processors / 2),
        settings(Map.of(), "--role", "channels").channels().verticles());
    assertEquals(
        processors,
        settings(Map.of(), "--role", "channels", "--channel-verticles", "processors")
            .channels()
            .verticles());
  }

  @Test
  void theCommandLineGoesBeforeTheEnvironmentAndThatBeforeTheFile() throws IOException {
    String file = file("port=1", "host=::1", "max-frame-bytes = 2048");
    Settings settings =
        settings(
            Map.of("ROOST_PORT", "2", "ROOST_HOST", "127.0.0.1"), "--config", file, "--port", "3");
    assertEquals(3, settings.gateway().port());
    assertEquals("127.0.0.1", settings.gateway().host());
    assertEquals(2_048, settings.gateway().maxFrameBytes());
    assertEquals(4_000, settings(Map.of()).gateway().port());
  }

  @Test
  void aSettingRemembersWhereItWasSet() throws IOException {
    String file = file("# ours", "", "max-frame-bytes=2048");
    Settings settings =
        settings(Map.of("ROOST_HOST", "::", "ROOST_CONFIG", file, "ROOST_PORT", "1"), "--port=2");
    assertEquals("--port", settings.origin("port"));
    assertEquals("ROOST_HOST", settings.origin("host"));
    assertEquals("max-frame-bytes (" + file + ":3)", settings.origin("max-frame-bytes"));
    assertEquals("--role", settings.origin("role"));
  }

  @Test
  void everySettingReachesItsOption() throws IOException {
    Settings settings =
        settings(
            Map.of(),
            "--config",
            file(
                "role=all",
                "applications=chat, news",
                "await-applications=board, chat",
                "public-host=chat.example.com",
                "gateway-verticles=3",
                "channel-verticles=5",
                "transport=nio",
                "max-message-bytes=2001",
                "max-unfinished-bytes=3000000000",
                "max-queued-total-bytes=4000000000",
                "compression=on",
                "io-uring=off",
                "max-request-line-bytes=2002",
                "max-header-bytes=2003",
                "max-queued-bytes=2004",
                "max-pending-connects=6",
                "mailbox-messages=7",
                "mailbox-total-bytes=5000000000",
                "handshake-timeout=1s",
                "connect-timeout=2s",
                "callback-timeout=3s",
                "replace-timeout=4s",
                "write-timeout=6s",
                "close-timeout=5m",
                "log-level=debug"));
    GatewayOptions expected =
        GatewayOptions.defaults()
            .withPublicHost("chat.example.com")
            .withMaxMessageBytes(2_001)
            .withLimits(
                GatewayLimits.defaults()
                    .withMaxUnfinishedBytes(3_000_000_000L)
                    .withMaxQueuedTotalBytes(4_000_000_000L))
            .withCompression(true)
            .withIoUring(false)
            .withMaxRequestLineBytes(2_002)
            .withMaxHeaderBytes(2_003)
            .withMaxQueuedBytes(2_004)
            .withMaxPendingConnects(6)
            .withHandshakeTimeout(Duration.ofSeconds(1))
            .withConnectTimeout(Duration.ofSeconds(2))
            .withWriteTimeout(Duration.ofSeconds(6))
            .withCloseTimeout(Duration.ofMinutes(5))
            .withAwaitApplications(Set.of("board", "chat"));
    assertEquals(expected, settings.gateway().withMetrics(expected.metrics()));
    assertEquals(
        ChannelOptions.defaults()
            .withVerticles(5)
            .withMailboxMessages(7)
            .withMailboxTotalBytes(5_000_000_000L)
            .withCallbackTimeout(Duration.ofSeconds(3))
            .withReplaceTimeout(Duration.ofSeconds(4)),
        settings.channels());
    assertEquals(3, settings.gatewayVerticles());
    assertEquals(Settings.NetworkTransport.NIO, settings.transport());
    assertEquals(Level.DEBUG, settings.logLevel());
    assertTrue(settings.applications().includes("news"));
    assertEquals(Set.of("news"), settings.applications().missing(Set.of("chat", "more")));
  }

  /* ---- who clients are */

  @Test
  void everySettingOfSessionsIsThere() throws IOException {
    Settings settings =
        settings(
            Map.of("ROOST_SECRET_KEY_BASE", "no setting, and no mistake"),
            "--config",
            file(
                "session-cookie=_app_key",
                "session-signing-salt=sign",
                "session-encryption-salt=encrypt",
                "secret-key-base-file=secret"));
    assertEquals(
        new Settings.Session("_app_key", "sign", "encrypt", Path.of("secret")),
        settings.auth().session());
  }

  @Test
  void settingsOfSessionsThatDoNotFitAreNamed() {
    assertEquals(
        List.of(
            "--session-cookie: expected session-cookie and session-signing-salt together, got one"
                + " of them"),
        problems(Map.of(), "--session-cookie=_app_key"));
    assertEquals(
        List.of(
            "--secret-key-base-file: it is for sessions only: set session-cookie and"
                + " session-signing-salt too"),
        problems(Map.of(), "--secret-key-base-file=secret"));
    assertEquals(
        List.of("--session-cookie: expected the name of a cookie such as _my_app_key, got \"a b\""),
        problems(Map.of(), "--session-cookie=a b"));
  }

  @Test
  void everySettingOfTokensIsThere() throws IOException {
    Settings settings =
        settings(
            Map.of("ROOST_JWT_SECRET", "no setting, and no mistake"),
            "--config",
            file(
                "jwt-key-set=https://login.example/jwks",
                "jwt-issuer=https://login.example/",
                "jwt-audiences=chat, news",
                "jwt-clock-skew=10s",
                "jwt-named-key-sets=staff=file:///staff.json, partners=https://p.example/jwks?a=b",
                "jwt-named-issuers=partners=https://p.example/",
                "jwt-named-audiences=partners=chat,partners=news"));
    assertEquals(
        new Settings.Jwt(
            URI.create("https://login.example/jwks"),
            null,
            null,
            "https://login.example/",
            List.of("chat", "news"),
            Duration.ofSeconds(10),
            Map.of(
                "staff",
                new Settings.NamedKeys(URI.create("file:///staff.json"), null, List.of()),
                "partners",
                new Settings.NamedKeys(
                    URI.create("https://p.example/jwks?a=b"),
                    "https://p.example/",
                    List.of("chat", "news")))),
        settings.auth().jwt());
    assertEquals(
        Path.of("key.pem"),
        settings(Map.of(), "--jwt-public-key-file=key.pem").auth().jwt().publicKeyFile());
    assertEquals(
        Path.of("secret"),
        settings(Map.of(), "--jwt-secret-file=secret").auth().jwt().secretFile());
  }

  @Test
  void settingsOfTokensThatDoNotFitAreNamed() {
    assertEquals(
        List.of(
            "--jwt-secret-file: tokens are verified with one kind of keys, and"
                + " --jwt-public-key-file is set too: keep one of them"),
        problems(Map.of(), "--jwt-secret-file=secret", "--jwt-public-key-file=key.pem"));
    assertEquals(
        List.of(
            "--jwt-key-set: expected an https, http or file URL such as"
                + " https://login.example/.well-known/jwks.json, got \"login.example\""),
        problems(Map.of(), "--jwt-key-set=login.example"));
    assertEquals(
        List.of("--jwt-clock-skew: expected whole seconds from 0s to 10m, got \"11m\""),
        problems(Map.of(), "--jwt-clock-skew=11m"));
    assertEquals(
        List.of(
            "--jwt-named-key-sets: expected each name once, got"
                + " \"a=file:///a.json,a=file:///b.json\""),
        problems(Map.of(), "--jwt-named-key-sets=a=file:///a.json,a=file:///b.json"));
    assertEquals(
        List.of(
            "--jwt-named-key-sets: expected names other than default, whose keys are those of"
                + " jwt-key-set, jwt-public-key-file or jwt-secret-file, got"
                + " \"default=file:///a.json\""),
        problems(Map.of(), "--jwt-named-key-sets=default=file:///a.json"));
    assertEquals(
        List.of(
            "--jwt-named-key-sets: expected an https, http or file URL such as"
                + " https://login.example/.well-known/jwks.json, got \"a.json\""),
        problems(Map.of(), "--jwt-named-key-sets=a=a.json"));
    assertEquals(
        List.of(
            "--jwt-named-key-sets: expected NAME=URL with commas between them such as"
                + " staff=file:///etc/staff.json, got \"file:///a.json\""),
        problems(Map.of(), "--jwt-named-key-sets=file:///a.json"));
    assertEquals(
        List.of(
            "--jwt-named-issuers: b names no keys: jwt-named-key-sets has a",
            "--jwt-named-audiences: c names no keys: jwt-named-key-sets has a"),
        problems(
            Map.of(),
            "--jwt-named-key-sets=a=file:///a.json",
            "--jwt-named-issuers=a=me,b=you",
            "--jwt-named-audiences=c=chat"));
    assertEquals(
        List.of("--jwt-named-issuers: b names no keys: jwt-named-key-sets has none"),
        problems(Map.of(), "--jwt-named-issuers=b=you"));
  }

  /* ---- TLS and proxies */

  @Test
  void everySettingOfTheEdgeReachesItsOption() throws IOException {
    Settings settings =
        settings(
            Map.of("ROOST_ADMIN_TOKEN", "0123456789abcdef"), // No setting, and no mistake.
            "--config",
            file(
                "tls-certificate=cert.pem",
                "tls-key=key.pem",
                "tls-client-ca=ca.pem",
                "tls-reload-interval=1m",
                "http-redirect-port=80",
                "force-ssl=on",
                "force-ssl-exclude=probe.example, ::1",
                "hsts-max-age=60",
                "hsts-include-subdomains=on",
                "hsts-preload=on",
                "trusted-proxies=10.0.0.0/8, fd00::7",
                "proxy-protocol=on",
                "admin-port=0",
                "admin-token-file=token"));
    assertEquals(
        new EdgeOptions(
            new TlsOptions(
                Path.of("cert.pem"), Path.of("key.pem"), Path.of("ca.pem"), Duration.ofMinutes(1)),
            new ForceSsl(
                new ForceSsl.Hsts(Duration.ofMinutes(1), true, true),
                Set.of("probe.example", "::1")),
            TrustedProxies.of("10.0.0.0/8", "fd00::7"),
            true,
            80),
        settings.gateway().edge());
    assertEquals(new Settings.Admin("127.0.0.1", 0, Path.of("token")), settings.admin());
  }

  @Test
  void aSwitchIsOnByItsNameAlone() {
    String[] bare = {"--force-ssl", "--proxy-protocol", "--port=1"};
    EdgeOptions edge = settings(Map.of(), bare).gateway().edge();
    assertEquals(ForceSsl.defaults(), edge.forceSsl());
    assertTrue(edge.proxyProtocol());
    assertEquals(
        EdgeOptions.defaults(),
        settings(Map.of("ROOST_FORCE_SSL", "on"), "--force-ssl=off").gateway().edge());
    assertEquals(
        List.of("ROOST_FORCE_SSL: expected on or off, got \"true\""),
        problems(Map.of("ROOST_FORCE_SSL", "true")));
  }

  @Test
  void settingsOfTheEdgeThatDoNotFitAreNamed() {
    assertEquals(
        List.of("--tls-key: expected tls-certificate and tls-key together, got one of them"),
        problems(Map.of(), "--tls-key=key.pem"));
    assertEquals(
        List.of(
            "ROOST_TLS_CERTIFICATE: expected tls-certificate and tls-key together, got one of"
                + " them"),
        problems(Map.of("ROOST_TLS_CERTIFICATE", "cert.pem")));
    assertEquals(
        List.of(
            "--tls-client-ca: clients show certificates in TLS only: set tls-certificate and"
                + " tls-key too"),
        problems(Map.of(), "--tls-client-ca=ca.pem"));
    assertEquals(
        List.of(
            "--http-redirect-port: 4000 is what port is, which serves the rest: choose another"),
        problems(Map.of(), "--http-redirect-port=4000"));
    assertEquals(
        List.of(
            "--trusted-proxies: expected addresses and ranges with commas between them, such as"
                + " 10.0.0.7,fd00::/8, got \"10.0.0.0/8,proxy\""),
        problems(Map.of(), "--trusted-proxies=10.0.0.0/8,proxy"));
    assertEquals(
        List.of("--hsts-max-age: expected a number of seconds from 0 to 2147483647, got \"365d\""),
        problems(Map.of(), "--hsts-max-age=365d"));
  }

  @ParameterizedTest
  @CsvSource({
    "500ms, PT0.5S",
    "10s, PT10S",
    "2m, PT2M",
    "1h, PT1H",
    "24h, PT24H",
    "PT1.5S, PT1.5S"
  })
  void timesHaveAUnitOrAreIso(String text, Duration time) {
    assertEquals(time, settings(Map.of(), "--close-timeout", text).gateway().closeTimeout());
  }

  @ParameterizedTest
  @ValueSource(strings = {"10", "ten", "0s", "-1s", "25h", "PT0.0001S", "10 s", "999999999999999h"})
  void anyOtherTimeIsRefused(String text) {
    assertEquals(
        List.of(
            "ROOST_CLOSE_TIMEOUT: expected a time from 1ms to 24h, such as 500ms, 10s, 2m or PT10S,"
                + " got \""
                + text
                + "\""),
        problems(Map.of("ROOST_CLOSE_TIMEOUT", text)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          role | boss | one of all, gateway, channels
          transport | kqueue | one of auto, epoll, nio
          io-uring | maybe | on or off
          log-level | loud | one of error, warn, info, debug, trace
          port | 65536 | a port from 0 (any free one) to 65535
          port | -1 | a port from 0 (any free one) to 65535
          port | 4e3 | a port from 0 (any free one) to 65535
          host | http://localhost | a host name or address, without scheme, port and path
          public-host | example.com:80 | a host name or address, without scheme, port and path
          gateway-verticles | 0 | processors, or a number from 1 to 1024
          channel-verticles | many | processors, or a number from 1 to 1024
          max-frame-bytes | 1023 | a number of bytes from 1024 to 16777216
          max-frame-bytes | 16777217 | a number of bytes from 1024 to 16777216
          max-queued-bytes | 2147483648 | a number of bytes from 1024 to 2147483647
          mailbox-messages | 0 | a number from 1 to 2147483647
          cluster | yes | one of auto, on, off
          cluster-name | a b | up to 63 letters, digits, ".", "-" and "_"
          node-name | a.b | up to 63 letters, digits, "-" and "_"
          cluster-host | a/b | a host name or address, without scheme, port and path
          cluster-port | 0 | a port from 1 to 65533
          bus-port | 65534 | a port from 0 (any free one) to 65533
          cluster-seeds | a:b | hosts or host:port with commas between them, such as node-1,10.0.0.7:5701
          cluster-timeout | 1500ms | whole seconds from 2s to 24h
          applications | chat,,x | all, or names with commas between them such as chat,news
          await-applications | chat, | names with commas between them such as chat,news
          await-applications | all | names with commas between them such as chat,news
          """)
  void aWrongValueIsNamedWithItsPlaceAndWhatWasExpected(String name, String value, String expected)
      throws IOException {
    String rest = ": expected " + expected + ", got \"" + value + "\"";
    assertEquals(List.of("--" + name + rest), problems(Map.of(), "--" + name + "=" + value));
    String variable = SettingSources.variable(name);
    assertEquals(List.of(variable + rest), problems(Map.of(variable, value)));
    String file = file("", name + "=" + value);
    assertEquals(List.of(name + " (" + file + ":2)" + rest), problems(Map.of(), "--config", file));
  }

  /** What picocli converts by itself fails with a stack trace, if it stands in a file. */
  @Test
  void everySettingIsReadInOurWords() {
    assertEquals(
        List.of(),
        new CommandLine(new Flags())
            .getCommandSpec().options().stream()
                .filter(option -> option.converters().length == 0)
                .filter(option -> !option.usageHelp() && !option.versionHelp())
                .map(SettingSources::name)
                .toList());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tls-certificate",
        "tls-key",
        "tls-client-ca",
        "bus-tls-certificate",
        "bus-tls-key",
        "bus-tls-ca",
        "admin-token-file",
        "secret-key-base-file",
        "jwt-public-key-file",
        "jwt-secret-file"
      })
  void aFileThatHasNoNameOrCannotBeIsRefusedWithItsPlace(String name) throws IOException {
    String nothing = ": expected a file, got nothing";
    assertEquals(List.of("--" + name + nothing), problems(Map.of(), "--" + name + "="));
    String impossible =
        ": expected a file, got \"a\\u0000b\", which is no path here: Nul character not allowed";
    assertEquals(List.of("--" + name + impossible), problems(Map.of(), "--" + name + "=a\0b"));
    String variable = SettingSources.variable(name);
    assertEquals(List.of(variable + impossible), problems(Map.of(variable, "a\0b")));
    String file = file(name + "=");
    assertEquals(
        List.of(name + " (" + file + ":1)" + nothing), problems(Map.of(), "--config", file));
    file(name + "=a\\u0000b");
    assertEquals(
        List.of(name + " (" + file + ":1)" + impossible), problems(Map.of(), "--config", file));
  }

  @Test
  void aFileOfSettingsThatHasNoNameOrCannotBeIsRefused() {
    assertEquals(
        List.of("--config: expected a file, got nothing"), problems(Map.of(), "--config="));
    assertEquals(
        List.of(
            "ROOST_CONFIG: expected a file, got \"a\\u0000b\", which is no path here: Nul character"
                + " not allowed"),
        problems(Map.of("ROOST_CONFIG", "a\0b")));
  }

  @Test
  void aWrongValueIsRefusedEvenWhereAnotherGoesBeforeIt() {
    assertEquals(1, problems(Map.of("ROOST_PORT", "x"), "--port", "1").size());
  }

  @Test
  void unknownNamesAreErrorsWithASuggestionIfOneIsClose() throws IOException {
    String file = file("max-frame-byte=2048", "colour=red");
    assertEquals(
        List.of(
            "--prot: no such option; did you mean --port?",
            "--colour: no such option",
            "ROOST_COLOUR: no such setting",
            "ROOST_PROT: no such setting; did you mean ROOST_PORT?",
            "max-frame-byte (" + file + ":1): no such setting; did you mean max-frame-bytes?",
            "colour (" + file + ":2): no such setting"),
        problems(
            Map.of("ROOST_PROT", "1", "ROOST_COLOUR", "red", "PATH", "x"),
            "--config",
            file,
            "--prot",
            "1",
            "--colour=red"));
  }

  @Test
  void everyMistakeOfTheCommandLineIsNamed() {
    assertEquals(
        List.of("--port: expected once, got it twice; keep one"),
        problems(Map.of(), "--port", "1", "--port", "2"));
    assertEquals(
        List.of("--port: expected PORT after it, got nothing"), problems(Map.of(), "--port"));
    assertEquals(
        List.of("--port: expected a port from 0 (any free one) to 65535, got nothing"),
        problems(Map.of(), "--port="));
    assertEquals(
        List.of("\"start\": expected options only, got an argument that belongs to none"),
        problems(Map.of(), "start"));
    assertEquals(
        List.of("\"@file\": expected options only, got an argument that belongs to none"),
        problems(Map.of(), "@file"));
  }

  @Test
  void aFileThatCannotBeReadIsNamed() {
    Path absent = folder.resolve("absent");
    assertEquals(
        List.of(absent + ": no such file; --config names a properties file"),
        problems(Map.of("ROOST_CONFIG", absent.toString())));
    assertEquals(1, problems(Map.of(), "--config", folder.toString()).size());
  }

  @Test
  void aFileThatIsNotUtf8IsNamed() throws IOException {
    Path file = folder.resolve("latin");
    Files.write(file, new byte[] {'#', (byte) 0xe4, '\n'});
    assertEquals(
        List.of(file + ": expected text in UTF-8; --config names a properties file"),
        problems(Map.of(), "--config", file.toString()));
  }

  @Test
  void aFileHasThePropertiesSyntax() throws IOException {
    String file =
        file(
            "# comment \\",
            "! another",
            "applications = chat,\\",
            "   news  ",
            "port:1",
            "host 127.0.0.1");
    Settings settings = settings(Map.of(), "--config", file);
    assertTrue(settings.applications().includes("news"));
    assertEquals(1, settings.gateway().port());
    assertEquals("127.0.0.1", settings.gateway().host());
    assertEquals("port (" + file + ":5)", settings.origin("port"));
  }

  @Test
  void aKeyThatStandsTwiceOrIsMalformedIsNamedWithItsLine() throws IOException {
    String file = file("port=1", "config=x", "port=2", "host=\\u12");
    assertEquals(
        List.of(
            "port (" + file + ":3): expected once, got it on line 1 too; keep one",
            file + ":4: expected key=value, got \"host=\\u12\"",
            "config (" + file + ":2): a file names no other file; use --config or ROOST_CONFIG"),
        problems(Map.of(), "--config", file));
  }

  @Test
  void variablesThatAreEmptyOrDescribeAServiceAreNoSettings() {
    Settings settings =
        settings(
            Map.of(
                "ROOST_HOST", "",
                "ROOST_CONFIG", " ",
                "ROOST_PORT", "tcp://10.0.0.1:4000",
                "ROOST_SERVICE_HOST", "10.0.0.1",
                "ROOST_SERVICE_PORT_HTTP", "4000",
                "ROOST_PORT_4000_TCP_ADDR", "10.0.0.1",
                "ROOST_GATEWAY_PORT_4000_TCP", "tcp://10.0.0.1:4000"));
    assertEquals(4_000, settings.gateway().port());
    assertEquals("0.0.0.0", settings.gateway().host());
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway", "channels"})
  void aRoleOfItsOwnIsInAClusterAndNotWithoutOne(String role) {
    assertEquals(ClusterOptions.defaults(), settings(Map.of(), "--role=" + role).cluster());
    assertEquals(
        List.of(
            "ROOST_ROLE: role "
                + role
                + " needs a cluster, and --cluster is off: leave one of them out"),
        problems(Map.of("ROOST_ROLE", role), "--cluster=off"));
  }

  @Test
  void bothRolesAreInAClusterIfAskedToOrIfOneOfItsSettingsIsSet() {
    assertNull(settings(Map.of()).cluster());
    assertEquals(ClusterOptions.defaults(), settings(Map.of(), "--cluster=on").cluster());
    Map<String, String> named = Map.of("ROOST_CLUSTER_NAME", "blue");
    assertEquals(ClusterOptions.defaults().withClusterName("blue"), settings(named).cluster());
    assertNull(settings(named, "--cluster=off").cluster());
  }

  @Test
  void everySettingOfTheClusterReachesItsOption() throws IOException {
    Settings settings =
        settings(
            Map.of(),
            "--config",
            file(
                "cluster-name=blue",
                "node-name=chat-1",
                "cluster-host=10.0.0.5",
                "cluster-port=6001",
                "bus-port=0",
                "cluster-seeds=node-1, [fd00::7]:6002",
                "cluster-dns=roost.internal",
                "kubernetes-service=roost.default.svc.cluster.local",
                "cluster-timeout=7s",
                "bus-tls-certificate=own.pem",
                "bus-tls-key=own.key",
                "bus-tls-ca=ca.pem"));
    assertEquals(
        ClusterOptions.defaults()
            .withClusterName("blue")
            .withNodeName("chat-1")
            .withHost("10.0.0.5")
            .withClusterPort(6001)
            .withBusPort(0)
            .withSeeds(List.of("node-1", "[fd00::7]:6002"))
            .withDns("roost.internal")
            .withKubernetesService("roost.default.svc.cluster.local")
            .withHeartbeatTimeout(Duration.ofSeconds(7))
            .withTls(new BusTls(Path.of("own.pem"), Path.of("own.key"), Path.of("ca.pem"))),
        settings.cluster());
  }

  @Test
  void clusterSettingsThatDoNotGoTogetherAreRefused() {
    assertEquals(
        List.of(
            "--bus-tls-certificate: expected bus-tls-certificate, bus-tls-key and bus-tls-ca"
                + " together, got 1 of the three"),
        problems(Map.of(), "--bus-tls-certificate=own.pem"));
    assertEquals(
        List.of(
            "--bus-port: its three ports, from 5703, overlap those of cluster-port, from 5701:"
                + " choose others"),
        problems(Map.of(), "--bus-port=5703"));
  }

  /** One process would share such a port between them, and whoever comes could drain the node. */
  @Test
  void aPortForTwoPurposesIsRefused() {
    assertEquals(
        List.of("--admin-port: 4000 is what port is, where strangers come: choose another"),
        problems(Map.of(), "--admin-port=4000", "--host=127.0.0.1", "--admin-host=127.0.0.2"));
    assertEquals(
        List.of(
            "--admin-port: 80 is what http-redirect-port is, where strangers come: choose another"),
        problems(Map.of(), "--admin-port=80", "--http-redirect-port=80"));
    assertEquals(
        List.of(
            "ROOST_PORT: 5703 is one of the three ports of cluster-port, from 5701: choose another",
            "--admin-port: 5711 is one of the three ports of bus-port, from 5711: choose another"),
        problems(Map.of("ROOST_PORT", "5703"), "--cluster=on", "--admin-port=5711"));
  }

  @Test
  void portsThatNothingElseTakesAreFree() {
    settings(Map.of(), "--port=0", "--admin-port=0");
    settings(Map.of(), "--port=5701", "--admin-port=5712");
    settings(Map.of(), "--role=channels", "--admin-port=4000");
    settings(Map.of(), "--port=5710", "--admin-port=5704", "--cluster=on");
    settings(Map.of(), "--port=5711", "--bus-port=0");
  }

  @Test
  void presencesHaveSettingsAndThoseThatDoNotGoTogetherAreRefused() {
    assertEquals(
        PresenceOptions.defaults()
            .withDiffWindow(Duration.ofMillis(20))
            .withTopicPresences(50_000)
            .withSocketRate(7),
        settings(
                Map.of(),
                "--presence-diff-window=20ms",
                "--presence-topic-presences=50000",
                "--presence-socket-rate=7")
            .channels()
            .presence());
    assertEquals(
        List.of(
            "--presence-diff-window: is more than presence-max-diff-window: lower it, or raise"
                + " that"),
        problems(Map.of(), "--presence-diff-window=2s"));
    assertEquals(
        List.of("--presence-topic-bytes: expected at most 8388608, got 9000000"),
        problems(Map.of(), "--presence-topic-bytes=9000000"));
    assertEquals(
        List.of(
            "--presence-meta-bytes: is more than presence-topic-bytes: lower it, or raise that"),
        problems(Map.of(), "--presence-topic-bytes=2048"));
  }

  @Test
  void helpListsEverySettingHoweverWrongTheRestIs() {
    var shown =
        assertInstanceOf(
            Invocation.Show.class, read(Map.of("ROOST_PORT", "x"), "--help", "--prot", "--host="));
    for (String name : List.of("--config", "--role", "--port", "--close-timeout", "--log-level")) {
      assertTrue(shown.text().contains(name), shown.text());
    }
    assertTrue(shown.text().contains("Default: 4000"), shown.text());
    assertEquals(shown, read(Map.of(), "-h"));
  }

  @Test
  void versionNamesRoostAndJava() {
    var shown = assertInstanceOf(Invocation.Show.class, read(Map.of(), "--version"));
    assertTrue(shown.text().matches("Roost \\d+\\.\\d+\\.\\d+\\S*, Java \\d\\S*\n"), shown.text());
  }
}
