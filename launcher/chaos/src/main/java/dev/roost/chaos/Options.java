package dev.roost.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a run is made of; each is an option of the command line, {@code --name=value}.
 *
 * @param seed of the schedule and of the clients' choices
 * @param faults how many
 * @param gateways nodes with sockets
 * @param channelNodes nodes with channels
 * @param clients sockets
 * @param topics rooms
 * @param topicsPerClient how many of them each client joins
 * @param pushInterval mean time between two messages of a client on one topic
 * @param recoveryLimit from the end of a fault until everybody is served, and from a message that a
 *     member missed until it is told, where the network was broken; half of it where nodes ended,
 *     two thirds where they froze
 * @param networks whether each node has a network of its own, so that splits and lost packets are
 *     among the faults
 * @param commit of the source, for the report
 * @param port the first gateway's; the others follow
 * @param clusterPort the first node's; the others follow, each ten later
 * @param roost the start script
 * @param fixture jar of the application
 * @param logs folder for what the nodes print, and for the logs of members with violations
 * @param report file that gets the report too, besides the standard output
 */
record Options(
    long seed,
    int faults,
    int gateways,
    int channelNodes,
    int clients,
    int topics,
    int topicsPerClient,
    Duration pushInterval,
    Duration recoveryLimit,
    Choice networks,
    String commit,
    int port,
    int clusterPort,
    Path roost,
    Path fixture,
    Path logs,
    Path report) {

  /** Yes, no, or yes where it can be. */
  enum Choice {
    AUTO,
    ON,
    OFF
  }

  /**
   * Reads the command line.
   *
   * @throws IllegalArgumentException if an option is unknown, is no number, or is missing
   */
  static Options parse(List<String> arguments) {
    var given = new HashMap<String, String>();
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      if (!argument.startsWith("--") || equals < 0) {
        throw new IllegalArgumentException("expected --name=value, got " + argument);
      }
      given.put(argument.substring(2, equals), argument.substring(equals + 1));
    }
    var options =
        new Options(
            number(given, "seed", 1),
            (int) number(given, "faults", 21),
            (int) number(given, "gateways", 2),
            (int) number(given, "channel-nodes", 3),
            (int) number(given, "clients", 240),
            (int) number(given, "topics", 60),
            (int) number(given, "topics-per-client", 3),
            Duration.ofMillis(number(given, "push-interval-ms", 6_000)),
            Duration.ofSeconds(number(given, "recovery-limit-s", 30)),
            choice(given, "networks"),
            text(given, "commit", "unknown"),
            (int) number(given, "port", 4110),
            (int) number(given, "cluster-port", 6210),
            path(given, "roost"),
            path(given, "fixture"),
            path(given, "logs"),
            path(given, "report"));
    if (!given.isEmpty()) {
      throw new IllegalArgumentException("no such option: --" + given.keySet().iterator().next());
    }
    return options;
  }

  private static long number(Map<String, String> given, String name, long otherwise) {
    String value = given.remove(name);
    try {
      return value == null ? otherwise : Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("expected a number for --" + name + ", got " + value, e);
    }
  }

  private static Choice choice(Map<String, String> given, String name) {
    String value = text(given, name, "auto");
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "auto" -> Choice.AUTO;
      case "on" -> Choice.ON;
      case "off" -> Choice.OFF;
      default ->
          throw new IllegalArgumentException(
              "expected auto, on or off for --" + name + ", got " + value);
    };
  }

  private static String text(Map<String, String> given, String name, String otherwise) {
    String value = given.remove(name);
    return value == null ? otherwise : value;
  }

  private static Path path(Map<String, String> given, String name) {
    String value = given.remove(name);
    if (value == null) {
      throw new IllegalArgumentException("expected --" + name + "=PATH");
    }
    return Path.of(value).toAbsolutePath();
  }
}
