package dev.roost.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A run as a page of Markdown. */
final class Report {

  private static final int MAX_VIOLATIONS_SHOWN = 50;

  private final Options options;
  private final boolean hasNetworks;
  private final List<Suffered> faults;
  private final Verdict verdict;
  private final List<String> failures;
  private final Duration took;

  Report(
      Options options,
      boolean hasNetworks,
      List<Suffered> faults,
      Verdict verdict,
      List<String> failures,
      Duration took) {
    this.options = options;
    this.hasNetworks = hasNetworks;
    this.faults = List.copyOf(faults);
    this.verdict = verdict;
    this.failures = List.copyOf(failures);
    this.took = took;
  }

  boolean isGood() {
    return failures.isEmpty()
        && verdict.violations().isEmpty()
        && verdict.received() > 0
        && faults.size() == options.faults();
  }

  String text() {
    var lines = new ArrayList<String>();
    lines.add(
        "Seed %d, %d faults in %s; %d gateways, %d channel nodes; %d sockets, %d members of %d topics."
            .formatted(
                options.seed(),
                faults.size(),
                seconds(took),
                options.gateways(),
                options.channelNodes(),
                options.clients(),
                options.clients() * options.topicsPerClient(),
                options.topics()));
    lines.add(
        hasNetworks
            ? "Each node has a network of its own."
            : "One network for all nodes: no splits, no lost packets.");
    lines.add("Commit " + options.commit() + ". " + versions());
    lines.add("");
    faultTable(lines);
    lines.add("");
    totals(lines);
    lines.add("");
    failures.forEach(failure -> lines.add("FAILED: " + failure));
    verdict.violations().stream()
        .limit(MAX_VIOLATIONS_SHOWN)
        .forEach(violation -> lines.add("VIOLATION: " + violation));
    lines.add(
        "%d violations. %s."
            .formatted(verdict.violations().size(), isGood() ? "The claims hold" : "FAILED"));
    return String.join("\n", lines) + "\n";
  }

  private void faultTable(List<String> lines) {
    lines.add(
        "| fault | times | members signalled | phx_error | socket closed | longest signal to rejoin"
            + " | longest blow to last rejoin | longest missed message to signal |");
    lines.add("|---|---|---|---|---|---|---|---|");
    var kinds = new TreeMap<String, List<Suffered>>();
    for (Suffered fault : faults) {
      kinds.computeIfAbsent(fault.fault().title(), kind -> new ArrayList<>()).add(fault);
    }
    kinds.forEach((kind, some) -> lines.add(row(kind, some)));
    lines.add(row("all", faults));
  }

  private String row(String kind, List<Suffered> some) {
    return "| %s | %d | %d | %d | %d | %s | %s | %s |"
        .formatted(
            kind,
            some.size(),
            some.stream().mapToInt(Suffered::signalled).sum(),
            some.stream().mapToInt(Suffered::errors).sum(),
            some.stream().mapToInt(Suffered::closed).sum(),
            longest(some, Suffered::longestAway),
            longest(some, Suffered::lastBack),
            longest(some, this::slowestSignal));
  }

  private Duration slowestSignal(Suffered fault) {
    return verdict.slowestSignals().getOrDefault(fault.fault().number(), Duration.ZERO);
  }

  private static String longest(List<Suffered> some, Function<Suffered, Duration> time) {
    return some.stream().map(time).max(Duration::compareTo).map(Report::seconds).orElse("");
  }

  private void totals(List<String> lines) {
    lines.add("| messages | |");
    lines.add("|---|---|");
    lines.add("| pushed | %d |".formatted(verdict.pushed()));
    lines.add("| received, all members together | %d |".formatted(verdict.received()));
    lines.add("| pushes answered with an error | %d |".formatted(verdict.refused()));
    lines.add("| reached nobody, publisher signalled | %d |".formatted(verdict.reachedNobody()));
    lines.add("| missed by a member that was signalled | %d |".formatted(verdict.missed()));
    lines.add(
        "| longest from such a message to the signal | %s |"
            .formatted(seconds(verdict.slowestSignal())));
    lines.add(
        "| longest from such a message to when its client moved by itself | %s |"
            .formatted(seconds(verdict.oldestUnderWay())));
  }

  /** Roost's libraries by the names of its jars; the JVM is the one that runs this, too. */
  private String versions() {
    Path lib = options.roost().resolveSibling("../lib").normalize();
    try (var jars = Files.list(lib)) {
      String libraries =
          jars.map(jar -> jar.getFileName().toString().replace(".jar", ""))
              .filter(
                  jar ->
                      jar.startsWith("vertx-core-5")
                          || jar.startsWith("hazelcast-")
                          || jar.startsWith("netty-transport-4")
                          || jar.startsWith("roost-launcher-"))
              .sorted()
              .collect(Collectors.joining(", "));
      return "Versions: %s; Java %s; %s %s, %d processors."
          .formatted(
              libraries,
              Runtime.version(),
              System.getProperty("os.name"),
              System.getProperty("os.version"),
              Runtime.getRuntime().availableProcessors());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String seconds(Duration time) {
    return String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1_000.0);
  }
}
