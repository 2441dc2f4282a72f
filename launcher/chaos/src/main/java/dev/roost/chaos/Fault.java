package dev.roost.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What is done to the cluster at one time: one blow, or two at once. */
record Fault(int number, List<Blow> blows, Duration calmAfter) {

  Fault {
    blows = List.copyOf(blows);
  }

  /** The same for each fault of its kind: for the table. */
  String title() {
    return blows.size() == 1 ? blows.getFirst().title() : "two of them at once";
  }

  /** Whether nodes may take each other for dead that both go on. */
  boolean breaksNetwork() {
    return blows.stream().anyMatch(Blow::breaksNetwork);
  }

  /** Whether gateways and the network are left alone, so that no socket has a reason to close. */
  boolean hitsChannelNodesAlone() {
    return blows.stream()
        .allMatch(blow -> blow instanceof Blow.Hit hit && !hit.kind().hitsGateway());
  }

  /**
   * How long a member that missed a message may wait to be told, of the longest that any fault may
   * take: half where nodes end, which shows at once, two thirds where they freeze, for up to 10 s.
   */
  Duration signalLimit(Duration longest) {
    if (breaksNetwork()) {
      return longest;
    }
    boolean freezes =
        blows.stream()
            .anyMatch(blow -> blow instanceof Blow.Hit hit && hit.kind().way() == Way.FROZEN);
    return freezes ? longest.multipliedBy(2).dividedBy(3) : longest.dividedBy(2);
  }

  @Override
  public String toString() {
    return blows.stream().map(Blow::toString).collect(Collectors.joining(" and "));
  }

  /** What is done to a node, or to the network between the nodes. */
  sealed interface Blow {

    /** How long it lasts: until what it broke is mended, or is started again. */
    Duration length();

    /** The same for each blow of its kind. */
    String title();

    boolean breaksNetwork();

    /**
     * What is done to one node.
     *
     * @param node its index among all nodes, gateways first
     */
    record Hit(Kind kind, int node, Duration length) implements Blow {

      @Override
      public String title() {
        return kind.title();
      }

      @Override
      public boolean breaksNetwork() {
        return false;
      }

      @Override
      public String toString() {
        return title() + " (node " + node + ", " + length.toMillis() + " ms)";
      }
    }

    /**
     * Nothing passes any more between these nodes and the others; clients reach all of them.
     *
     * @param side some of the nodes, neither none nor all
     */
    record Split(Set<Integer> side, Duration length) implements Blow {

      public Split {
        side = Set.copyOf(side);
      }

      @Override
      public String title() {
        return "split";
      }

      @Override
      public boolean breaksNetwork() {
        return true;
      }

      @Override
      public String toString() {
        return title()
            + " (nodes "
            + new TreeSet<>(side)
            + " and the others, "
            + length.toMillis()
            + " ms)";
      }
    }

    /**
     * Each node loses a share of the packets that the others send it.
     *
     * @param percent of all packets
     */
    record Loss(int percent, Duration length) implements Blow {

      @Override
      public String title() {
        return "packets lost, 1 to 30 %";
      }

      @Override
      public boolean breaksNetwork() {
        return true;
      }

      @Override
      public String toString() {
        return "packets lost (" + percent + " %, " + length.toMillis() + " ms)";
      }
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
