package dev.roost.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * A chaos run: starts a cluster and its crowd, lets the cluster suffer one fault after the other
 * under steady load, waits after each until everybody is served again, and has the logs judged.
 * Exit code 0 if all claims of {@link Checker} hold, 1 if not or if somebody was not served in
 * time. {@code .ci/chaos} calls it.
 */
public final class Chaos {

  /** How often everybody pushes while one waits for the two sides of a split to be one. */
  private static final Duration PROBES = Duration.ofSeconds(2);

  private final Options options;
  private final boolean hasNetworks;
  private final Cluster cluster;
  private final Crowd crowd;
  private final List<Strike> strikes = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private final long started = System.nanoTime();

  private long nextProbe;

  private Chaos(Options options, boolean hasNetworks, Cluster cluster) {
    this.options = options;
    this.hasNetworks = hasNetworks;
    this.cluster = cluster;
    this.crowd =
        Crowd.of(
            options.clients(),
            options.topics(),
            options.topicsPerClient(),
            cluster.gateways(),
            Timing.defaults().withPushInterval(options.pushInterval()),
            options.seed());
  }

  /** Runs with the options of {@code Options}. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Options options;
    try {
      options = Options.parse(List.of(arguments));
    } catch (IllegalArgumentException e) {
      System.err.println("chaos: " + e.getMessage());
      System.exit(2);
      return;
    }
    Files.createDirectories(options.logs());
    Optional<Networks> networks;
    try {
      networks = networks(options);
    } catch (IllegalStateException e) {
      System.err.println("chaos: " + e.getMessage());
      System.exit(2);
      return;
    }
    // Neither nodes nor networks may outlive a run that is interrupted.
    atTheEnd(() -> networks.ifPresent(Networks::close));
    Report report;
    try (var cluster = Cluster.of(options, ClassArchive.create(options), networks)) {
      atTheEnd(cluster::close);
      report = new Chaos(options, networks.isPresent(), cluster).run();
    }
    System.out.println();
    System.out.print(report.text());
    Files.writeString(options.report(), report.text());
    System.exit(report.isGood() ? 0 : 1);
  }

  private static Optional<Networks> networks(Options options) throws InterruptedException {
    if (options.networks() == Options.Choice.OFF) {
      return Optional.empty();
    }
    try {
      return Optional.of(Networks.create(options.gateways() + options.channelNodes()));
    } catch (IllegalStateException e) {
      if (options.networks() == Options.Choice.ON) {
        throw e;
      }
      System.out.println("without splits and lost packets: " + e.getMessage());
      return Optional.empty();
    }
  }

  private static void atTheEnd(Runnable action) {
    Runtime.getRuntime().addShutdownHook(new Thread(action, "chaos-end"));
  }

  private Report run() throws IOException, InterruptedException {
    say("seed " + options.seed() + ": starting the cluster");
    cluster.start();
    crowd.start();
    crowd.pushing(true);
    try {
      awaitServed("the start");
      for (Fault fault : faults()) {
        suffer(fault);
      }
      settle();
    } catch (IllegalStateException failure) {
      failures.add(failure.getMessage());
    }
    crowd.stop();
    return judge();
  }

  private List<Fault> faults() {
    return Schedule.of(
        options.seed(), options.faults(), options.gateways(), options.channelNodes(), hasNetworks);
  }

  private void suffer(Fault fault) throws InterruptedException {
    say(fault.number() + ": " + fault);
    long struck = System.nanoTime();
    try {
      cluster.suffer(fault);
    } finally {
      strikes.add(new Strike(fault, struck, System.nanoTime()));
    }
    String what = "fault " + fault.number() + ", " + fault;
    if (fault.breaksNetwork()) {
      awaitTogether(what);
    }
    awaitServed(what);
    crowd.goHome();
    awaitServed("the way home after fault " + fault.number());
    TimeUnit.MILLISECONDS.sleep(fault.calmAfter().toMillis());
  }

  /** Waits until each member has received something that was pushed from now on. */
  private void awaitServed(String after) throws InterruptedException {
    long now = System.nanoTime();
    await(
        () -> crowd.all(membership -> membership.isServedSince(now)),
        "everybody is served again after " + after);
  }

  /** Waits until each member hears everybody of its topic: two sides would each serve their own. */
  private void awaitTogether(String after) throws InterruptedException {
    long now = System.nanoTime();
    nextProbe = now;
    await(
        () -> {
          if (System.nanoTime() >= nextProbe) {
            nextProbe += PROBES.toNanos();
            crowd.pushEach();
          }
          return crowd.isTogetherSince(now);
        },
        "everybody hears everybody again after " + after);
  }

  /** No more load; then a last message of each member, which is received by all. */
  private void settle() throws InterruptedException {
    crowd.pushing(false);
    crowd.pushEach();
    say("waiting for the last messages");
    await(crowd::isUpToDate, "everybody has received the last message of everybody");
  }

  private void await(BooleanSupplier condition, String what) throws InterruptedException {
    long deadline = System.nanoTime() + options.recoveryLimit().toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "waited " + options.recoveryLimit().toSeconds() + " s in vain until " + what);
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private Report judge() throws IOException {
    Map<Member, List<Entry>> logs = crowd.logs();
    Verdict verdict = Checker.check(logs, strikes, options.recoveryLimit());
    if (!verdict.violations().isEmpty() || !failures.isEmpty()) {
      keep(logs, verdict);
    }
    var read = new ArrayList<Suffered>();
    for (int i = 0; i < strikes.size(); i++) {
      Strike strike = strikes.get(i);
      long to = i + 1 < strikes.size() ? strikes.get(i + 1).at() : Long.MAX_VALUE;
      read.add(Suffered.read(strike.fault(), strike.at(), to, logs));
    }
    return new Report(
        options,
        hasNetworks,
        read,
        verdict,
        failures,
        Duration.ofNanos(System.nanoTime() - started));
  }

  /** Writes down all that happened on the topics concerned, in the order of time. */
  private void keep(Map<Member, List<Entry>> logs, Verdict verdict) throws IOException {
    var topics =
        verdict.violations().stream()
            .map(violation -> violation.member().topic())
            .collect(Collectors.toSet());
    for (String topic : topics) {
      record Line(Entry entry, Member member) {}
      var lines =
          logs.entrySet().stream()
              .filter(log -> log.getKey().topic().equals(topic))
              .flatMap(log -> log.getValue().stream().map(entry -> new Line(entry, log.getKey())))
              .sorted(Comparator.comparingLong(line -> line.entry().at()))
              .map(line -> line.member() + " " + line.entry())
              .toList();
      Files.write(options.logs().resolve(topic.replace(':', '-') + ".txt"), lines);
    }
  }

  private void say(String what) {
    System.out.printf("%6.1f s  %s%n", (System.nanoTime() - started) / 1e9, what);
  }
}
