package dev.roost.launcher.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.application.ChannelOptions;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.admission.ConnectionLimits;
import dev.roost.gateway.edge.EdgeOptions;
import dev.roost.gateway.edge.ForceSsl;
import dev.roost.gateway.tls.TlsOptions;
import dev.roost.presence.PresenceOptions;
import dev.roost.routing.SocketLimits;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The page and the code have the same list. */
class SettingsPageTest {

  private static final Path PAGE = Path.of("..", "docs", "settings.md");
  private static final Pattern ROW = Pattern.compile("\\| `--([a-z-]+)` \\|.*");

  private static List<OptionSpec> settings() {
    return new CommandLine(new Flags())
        .getCommandSpec().options().stream()
            .filter(option -> !option.usageHelp() && !option.versionHelp())
            .toList();
  }

  private static List<String> rows() throws IOException {
    return Files.readAllLines(PAGE).stream().filter(ROW.asMatchPredicate()).toList();
  }

  @Test
  void eachSettingHasARowWithItsVariableKeyAndDefault() throws IOException {
    for (OptionSpec option : settings()) {
      String name = SettingSources.name(option);
      String key = name.equals("config") ? "" : " `" + name + "`";
      String standard = option.defaultValue() == null ? "none" : "`" + option.defaultValue() + "`";
      String start =
          "| `--"
              + name
              + "` | `"
              + SettingSources.variable(name)
              + "` |"
              + key
              + " | "
              + standard
              + " |";
      assertTrue(
          rows().stream().anyMatch(row -> row.startsWith(start)),
          () -> PAGE + " needs a row that starts with " + start);
    }
  }

  @Test
  void thePageHasNoRowBesides() throws IOException {
    Set<String> named =
        rows().stream()
            .map(row -> row.replaceFirst(ROW.pattern(), "$1"))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> declared =
        settings().stream()
            .map(SettingSources::name)
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(declared, named);
  }

  @Test
  void eachOptionOfAGatewayAndOfAnApplicationIsASetting() {
    Set<String> declared =
        settings().stream().map(SettingSources::name).collect(Collectors.toSet());
    Stream.of(
            options(GatewayOptions.class, "")
                .filter(name -> !Set.of("edge", "auth", "limits").contains(name)),
            options(GatewayLimits.class, "")
                .filter(name -> !name.equals("connections") && !name.equals("sockets")),
            options(ConnectionLimits.class, ""),
            options(SocketLimits.class, ""),
            options(ChannelOptions.class, "")
                .filter(name -> !name.equals("presence"))
                .map(n -> n.equals("verticles") ? "channel-" + n : n)
                .map(n -> n.equals("filter") ? "filter-parameters" : n),
            options(PresenceOptions.class, "presence-"),
            options(EdgeOptions.class, "").filter(name -> !name.equals("tls")),
            options(TlsOptions.class, "tls-"),
            options(ForceSsl.class, "force-ssl-").filter(name -> !name.endsWith("-hsts")),
            options(ForceSsl.Hsts.class, "hsts-"))
        .flatMap(names -> names)
        .filter(name -> !Set.of("metrics", "telemetry").contains(name))
        .forEach(name -> assertTrue(declared.contains(name), () -> "no setting for " + name));
  }

  private static Stream<String> options(Class<?> options, String prefix) {
    return Arrays.stream(options.getRecordComponents())
        .map(RecordComponent::getName)
        .map(name -> prefix + name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT));
  }
}
