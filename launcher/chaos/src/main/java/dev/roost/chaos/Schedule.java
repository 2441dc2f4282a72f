package dev.roost.chaos;

import dev.roost.chaos.Fault.Blow;
import dev.roost.chaos.Fault.Kind;
import dev.roost.chaos.Fault.Way;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * The faults of a run, all of them known from the seed. Each round of seven has every kind once and
 * once two blows at a time, in an order of its own, so that a short run has them all.
 */
final class Schedule {

  private static final List<Kind> KINDS = List.of(Kind.values());
  private static final int NODES_AT_ONCE = 2;

  private final Random random;
  private final int gateways;
  private final int channelNodes;

  private Schedule(Random random, int gateways, int channelNodes) {
    this.random = random;
    this.gateways = gateways;
    this.channelNodes = channelNodes;
  }

  /** So many faults; the cluster's first nodes are its gateways. */
  static List<Fault> of(long seed, int faults, int gateways, int channelNodes) {
    if (gateways < 1 || channelNodes < 2) {
      throw new IllegalArgumentException(
          "expected a gateway and two channel nodes at least, so that something is left when one of"
              + " them is hit, got "
              + gateways
              + " and "
              + channelNodes);
    }
    return new Schedule(new Random(seed), gateways, channelNodes).draw(faults);
  }

  private List<Fault> draw(int faults) {
    var drawn = new ArrayList<Fault>();
    var round = new ArrayList<Optional<Kind>>();
    while (drawn.size() < faults) {
      if (round.isEmpty()) {
        for (Kind kind : KINDS) {
          round.add(Optional.of(kind));
        }
        round.add(Optional.empty());
        Collections.shuffle(round, random);
      }
      var blows = round.removeLast().map(kind -> List.of(blow(kind))).orElseGet(this::twoBlows);
      drawn.add(new Fault(drawn.size() + 1, blows, millis(300, 1_000)));
    }
    return List.copyOf(drawn);
  }

  private List<Blow> twoBlows() {
    var blows = new ArrayList<Blow>();
    while (blows.size() < NODES_AT_ONCE) {
      Blow next = blow(KINDS.get(random.nextInt(KINDS.size())));
      if (blows.stream().noneMatch(blow -> blow.node() == next.node())) {
        blows.add(next);
      }
    }
    return blows;
  }

  private Blow blow(Kind kind) {
    int node =
        kind.hitsGateway() ? random.nextInt(gateways) : gateways + random.nextInt(channelNodes);
    // A freeze may be shorter or longer than what the cluster takes for a node that is gone.
    return new Blow(
        kind, node, kind.way() == Way.FROZEN ? millis(1_000, 10_000) : millis(500, 3_000));
  }

  private Duration millis(int from, int to) {
    return Duration.ofMillis(random.nextInt(from, to));
  }
}
