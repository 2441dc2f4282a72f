package dev.roost.launcher.settings;

import java.util.List;
import java.util.Map;

/** What a command line asks for. */
public sealed interface Invocation {

  /** To start with these settings, which are valid each by itself. */
  record Start(Settings settings) implements Invocation {}

  /** To print this and do nothing else: help or version. */
  record Show(String text) implements Invocation {}

  /** Nothing that can be done: what is wrong, one line for each mistake and one with advice. */
  record Refuse(String text) implements Invocation {}

  /**
   * Reads a command line and what it is completed by.
   *
   * @param environment all variables of the process; those that begin with {@code ROOST_} count
   */
  static Invocation read(List<String> arguments, Map<String, String> environment) {
    return new InvocationReader(arguments, environment).read();
  }
}
