package dev.roost.launcher.settings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * What environment and file set, as the values that picocli takes for options that are not on the
 * command line. The first source that is added wins; all are checked.
 */
final class SettingSources implements IDefaultValueProvider {

  private static final String PREFIX = "ROOST_";

  /*
   * Kubernetes and Docker links describe a service named roost, or roost-anything, in variables of
   * our prefix: ROOST_SERVICE_HOST, ROOST_PORT=tcp://10.0.0.1:4000, ROOST_PORT_4000_TCP_ADDR. They
   * are no settings, and a cluster with a service of that name is no mistake.
   */
  private static final Pattern SERVICE_LINK =
      Pattern.compile(
          "ROOST_(\\w+_)?(SERVICE_HOST|SERVICE_PORT(_\\w+)?"
              + "|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");
  private static final Pattern SERVICE_ADDRESS = Pattern.compile("(tcp|udp|sctp)://.*");

  /** Variables that are no settings: what they hold stands in no file of settings. */
  private static final Set<String> SECRETS =
      Set.of(
          Settings.ADMIN_TOKEN_VARIABLE,
          Settings.SECRET_KEY_BASE_VARIABLE,
          Settings.JWT_SECRET_VARIABLE);

  private final Map<String, OptionSpec> known = new LinkedHashMap<>();
  private final Map<String, String> values = new HashMap<>();
  private final Map<String, String> origins = new HashMap<>();
  private final List<String> problems = new ArrayList<>();

  SettingSources(CommandSpec spec) {
    for (OptionSpec option : spec.options()) {
      if (!option.usageHelp() && !option.versionHelp()) {
        known.put(name(option), option);
      }
    }
  }

  /** The setting's name: {@code port} for {@code --port}; also its key in the file. */
  static String name(ArgSpec option) {
    return ((OptionSpec) option).longestName().substring(2);
  }

  /** The setting's variable: {@code ROOST_MAX_FRAME_BYTES} for {@code max-frame-bytes}. */
  static String variable(String name) {
    return PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  /** Takes the variables of our prefix; one that is set to nothing counts as not set. */
  void addEnvironment(Map<String, String> environment) {
    var byVariable = new HashMap<String, OptionSpec>();
    known.forEach((name, option) -> byVariable.put(variable(name), option));
    new TreeMap<>(environment)
        .forEach(
            (variable, text) -> {
              String value = text.strip();
              if (!variable.startsWith(PREFIX)
                  || value.isEmpty()
                  || SECRETS.contains(variable)
                  || isLink(variable, value)) {
                return;
              }
              OptionSpec option = byVariable.get(variable);
              if (option == null) {
                problems.add(
                    variable
                        + ": no such setting"
                        + suggestion(bare(variable), SettingSources::variable));
              } else {
                add(option, value, variable);
              }
            });
  }

  /** The name that a variable of our prefix would stand for. */
  private static String bare(String variable) {
    return variable.substring(PREFIX.length()).toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static boolean isLink(String variable, String value) {
    return SERVICE_LINK.matcher(variable).matches() || SERVICE_ADDRESS.matcher(value).matches();
  }

  /** Takes the keys of a properties file. */
  void addFile(Path path) {
    SettingsFile file = SettingsFile.read(path);
    problems.addAll(file.problems());
    for (SettingsFile.Entry entry : file.entries()) {
      String origin = entry.key() + " (" + path + ":" + entry.line() + ")";
      OptionSpec option = known.get(entry.key());
      if (option == null) {
        problems.add(origin + ": no such setting" + suggestion(entry.key(), name -> name));
      } else if (entry.key().equals("config")) {
        problems.add(
            origin + ": a file names no other file; use --config or " + variable("config"));
      } else {
        add(option, entry.value(), origin);
      }
    }
  }

  private void add(OptionSpec option, String value, String origin) {
    try {
      for (ITypeConverter<?> converter : option.converters()) {
        converter.convert(value);
      }
    } catch (TypeConversionException wrong) {
      problems.add(origin + ": " + wrong.getMessage());
    } catch (Exception unforeseen) {
      throw new IllegalStateException("the converter of " + option + " fails", unforeseen);
    }
    String name = name(option);
    if (values.putIfAbsent(name, value) == null) {
      origins.put(name, origin);
    }
  }

  /** {@code "; did you mean --port?"} if a setting has a name close to this; else empty. */
  String suggestion(String name, UnaryOperator<String> writing) {
    return Suggestion.closest(name, known.keySet())
        .map(close -> "; did you mean " + writing.apply(close) + "?")
        .orElse("");
  }

  /** What is wrong: where, which setting, what was expected and what came. */
  List<String> problems() {
    return problems;
  }

  /** Where each setting was found that is set here. */
  Map<String, String> origins() {
    return origins;
  }

  @Override
  public @Nullable String defaultValue(ArgSpec option) {
    return values.get(name(option));
  }
}
