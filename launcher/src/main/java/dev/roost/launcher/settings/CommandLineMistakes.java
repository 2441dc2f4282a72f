package dev.roost.launcher.settings;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, in the same words as for the other sources. */
final class CommandLineMistakes {

  private CommandLineMistakes() {}

  /** One line for each mistake that picocli collected. */
  static List<String> describe(ParseResult parsed, SettingSources sources) {
    return parsed.errors().stream()
        .flatMap(
            error ->
                error instanceof ParameterException mistake
                    ? describe(mistake, sources)
                    : Stream.of(String.valueOf(error.getMessage())))
        .toList();
  }

  private static Stream<String> describe(ParameterException mistake, SettingSources sources) {
    return switch (mistake) {
      case UnmatchedArgumentException unmatched -> unknown(unmatched.getUnmatched(), sources);
      case MissingParameterException missing ->
          missing.getMissing().stream()
              .map(it -> flag(it) + ": expected " + it.paramLabel() + " after it, got nothing");
      case OverwrittenOptionException twice ->
          Stream.of(flag(twice.getOverwritten()) + ": expected once, got it twice; keep one");
      default ->
          mistake.getCause() instanceof TypeConversionException wrong
              ? Stream.of(flag(mistake.getArgSpec()) + ": " + wrong.getMessage())
              : Stream.of(mistake.getMessage());
    };
  }

  private static String flag(ArgSpec option) {
    return "--" + SettingSources.name(option);
  }

  /** What follows an unknown option is taken for its value. */
  private static Stream<String> unknown(List<String> arguments, SettingSources sources) {
    var problems = new ArrayList<String>();
    boolean maybeValue = false;
    for (String argument : arguments) {
      if (argument.startsWith("-")) {
        String flag = argument.replaceFirst("=.*", "");
        problems.add(
            flag
                + ": no such option"
                + sources.suggestion(flag.replaceFirst("^-+", ""), name -> "--" + name));
      } else if (!maybeValue) {
        problems.add(
            "\"" + argument + "\": expected options only, got an argument that belongs to none");
      }
      maybeValue = argument.startsWith("-") && !argument.contains("=");
    }
    return problems.stream();
  }
}
