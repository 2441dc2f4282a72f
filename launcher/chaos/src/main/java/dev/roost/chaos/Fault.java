package dev.roost.chaos;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/** What is done to the cluster at one time: a blow to one node, or to two at once. */
record Fault(int number, List<Blow> blows, Duration calmAfter) {

  Fault {
    blows = List.copyOf(blows);
  }

  /** The same for each fault of its kind: for the table. */
  String title() {
    return blows.size() == 1 ? blows.getFirst().kind().title() : "two of them at once";
  }

  @Override
  public String toString() {
    return blows.stream().map(Blow::toString).collect(Collectors.joining(" and "));
  }

  /**
   * What is done to one node.
   *
   * @param node its index among all nodes, gateways first
   * @param length how long it is frozen, or stays away until it is started again
   */
  record Blow(Kind kind, int node, Duration length) {

    @Override
    public String toString() {
      return kind.title() + " (node " + node + ", " + length.toMillis() + " ms)";
    }
  }

  /** The ways in which a process goes. */
  enum Way {
    KILLED,
    STOPPED,
    FROZEN
  }

  /** What is done to a node of which role. */
  enum Kind {
    KILL_CHANNELS("kill -9 a channel node", false, Way.KILLED),
    DRAIN_CHANNELS("SIGTERM a channel node", false, Way.STOPPED),
    FREEZE_CHANNELS("SIGSTOP a channel node", false, Way.FROZEN),
    KILL_GATEWAY("kill -9 a gateway", true, Way.KILLED),
    DRAIN_GATEWAY("SIGTERM a gateway", true, Way.STOPPED),
    FREEZE_GATEWAY("SIGSTOP a gateway", true, Way.FROZEN);

    private final String title;
    private final boolean hitsGateway;
    private final Way way;

    Kind(String title, boolean hitsGateway, Way way) {
      this.title = title;
      this.hitsGateway = hitsGateway;
      this.way = way;
    }

    String title() {
      return title;
    }

    boolean hitsGateway() {
      return hitsGateway;
    }

    Way way() {
      return way;
    }
  }
}
