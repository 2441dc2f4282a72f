package dev.roost.launcher.settings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/** Turns arguments, environment and file into an {@link Invocation}. */
final class InvocationReader {

  /*
   * The command line is parsed twice. The first time alone: that finds every mistake in it, whether
   * help is wanted (which has to work however wrong the rest is), and the file's name. The second
   * time environment and file stand behind it as picocli's default values, all of them checked
   * before, so that nothing can go wrong any more.
   */

  private final String[] arguments;
  private final Map<String, String> environment;

  InvocationReader(List<String> arguments, Map<String, String> environment) {
    this.arguments = arguments.toArray(String[]::new);
    this.environment = environment;
  }

  Invocation read() {
    var alone = new Flags();
    CommandLine first = commandLine(alone);
    first.getCommandSpec().parser().collectErrors(true);
    ParseResult parsed = first.parseArgs(arguments);
    if (parsed.isUsageHelpRequested()) {
      return new Invocation.Show(new CommandLine(new Flags()).getUsageMessage(Ansi.OFF));
    }
    if (parsed.isVersionHelpRequested()) {
      return new Invocation.Show(Version.line() + "\n");
    }
    var sources = new SettingSources(first.getCommandSpec());
    var problems = new ArrayList<>(CommandLineMistakes.describe(parsed, sources));
    sources.addEnvironment(environment);
    configFile(alone.config).ifPresent(sources::addFile);
    problems.addAll(sources.problems());
    return problems.isEmpty() ? complete(sources) : refuse(problems);
  }

  private Optional<Path> configFile(@Nullable Path flag) {
    if (flag != null) {
      return Optional.of(flag);
    }
    return Optional.ofNullable(environment.get(SettingSources.variable("config")))
        .map(String::strip)
        .filter(file -> !file.isEmpty())
        .flatMap(InvocationReader::path);
  }

  /** Empty if the text is none, which the sources have told of. */
  private static Optional<Path> path(String text) {
    try {
      return Optional.of(new Values.File().convert(text));
    } catch (TypeConversionException told) {
      return Optional.empty();
    }
  }

  private Invocation complete(SettingSources sources) {
    var flags = new Flags();
    CommandLine second = commandLine(flags).setDefaultValueProvider(sources);
    ParseResult parsed = second.parseArgs(arguments);
    Map<String, String> origins = new HashMap<>(sources.origins());
    for (ArgSpec given : parsed.matchedArgs()) {
      String name = SettingSources.name(given);
      origins.put(name, "--" + name);
    }
    List<String> conflicts = flags.conflicts(origins);
    if (!conflicts.isEmpty()) {
      return refuse(conflicts);
    }
    return new Invocation.Start(flags.settings(origins));
  }

  private static Invocation refuse(List<String> problems) {
    var text = new StringBuilder();
    problems.forEach(problem -> text.append("roost: ").append(problem).append('\n'));
    return new Invocation.Refuse(text.append("roost --help lists every setting.\n").toString());
  }

  /** Values are taken as they are: no {@code @files}, no variables inside, no quotes removed. */
  private static CommandLine commandLine(Flags flags) {
    return new CommandLine(flags).setExpandAtFiles(false).setInterpolateVariables(false);
  }
}
