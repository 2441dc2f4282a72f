package dev.roost.chaos;

import dev.roost.chaos.Fault.Blow;
import dev.roost.chaos.Fault.Kind;
import dev.roost.chaos.Fault.Way;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The faults of a run, all of them known from the seed. Each round has every blow once and once two
 * at a time, in an order of its own, so that a short run has them all: seven faults, or nine where
 * the network can be broken.
 */
final class Schedule {

  private final Random random;
  private final int gateways;
  private final int channelNodes;
  private final List<Supplier<Blow>> blows = new ArrayList<>();

  private Schedule(Random random, int gateways, int channelNodes, boolean hasNetworks) {
    this.random = random;
    this.gateways = gateways;
    this.channelNodes = channelNodes;
    for (Kind kind : Kind.values()) {
      blows.add(() -> hit(kind));
    }
    if (hasNetworks) {
      blows.add(this::split);
      blows.add(this::loss);
    }
  }

  /**
   * So many faults; the cluster's first nodes are its gateways.
   *
   * @param hasNetworks whether the network between the nodes can be broken
   */
  static List<Fault> of(
      long seed, int faults, int gateways, int channelNodes, boolean hasNetworks) {
    if (gateways < 1 || channelNodes < 2) {
      throw new IllegalArgumentException(
          "expected a gateway and two channel nodes at least, so that something is left when one of"
              + " them is hit, got "
              + gateways
              + " and "
              + channelNodes);
    }
    return new Schedule(new Random(seed), gateways, channelNodes, hasNetworks).draw(faults);
  }

  private List<Fault> draw(int faults) {
    var drawn = new ArrayList<Fault>();
    var round = new ArrayList<Supplier<List<Blow>>>();
    while (drawn.size() < faults) {
      if (round.isEmpty()) {
        for (Supplier<Blow> blow : blows) {
          round.add(() -> List.of(blow.get()));
        }
        round.add(this::twoBlows);
        Collections.shuffle(round, random);
      }
      var next = round.removeLast().get();
      drawn.add(new Fault(drawn.size() + 1, next, millis(300, 1_000)));
    }
    return List.copyOf(drawn);
  }

  private List<Blow> twoBlows() {
    Blow first = any();
    return Stream.generate(this::any)
        .filter(second -> goTogether(first, second))
        .findFirst()
        .map(second -> List.of(first, second))
        .orElseThrow();
  }

  private Blow any() {
    return blows.get(random.nextInt(blows.size())).get();
  }

  /** Two nodes, or a node and the network. */
  private static boolean goTogether(Blow first, Blow second) {
    return (first instanceof Blow.Hit one && second instanceof Blow.Hit other)
        ? one.node() != other.node()
        : first.breaksNetwork() != second.breaksNetwork();
  }

  private Blow hit(Kind kind) {
    int node =
        kind.hitsGateway() ? random.nextInt(gateways) : gateways + random.nextInt(channelNodes);
    // A freeze may be shorter or longer than what the cluster takes for a node that is gone.
    return new Blow.Hit(
        kind, node, kind.way() == Way.FROZEN ? millis(1_000, 10_000) : millis(500, 3_000));
  }

  private Blow split() {
    int nodes = gateways + channelNodes;
    Set<Integer> side = new HashSet<>();
    while (side.isEmpty() || side.size() == nodes) {
      side.clear();
      for (int node = 0; node < nodes; node++) {
        if (random.nextBoolean()) {
          side.add(node);
        }
      }
    }
    return new Blow.Split(side, millis(5_000, 60_000));
  }

  private Blow loss() {
    return new Blow.Loss(random.nextInt(1, 31), millis(3_000, 15_000));
  }

  private Duration millis(int from, int to) {
    return Duration.ofMillis(random.nextInt(from, to));
  }
}
