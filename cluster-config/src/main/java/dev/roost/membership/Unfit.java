package dev.roost.membership;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why a node cannot stay with the members that it is among. */
sealed interface Unfit {

  /*
   * All decide alike, each for itself, by one order: the members as Hazelcast lists them, oldest
   * first. Whoever joins comes last, and after a split so do those of the side that gives way. So
   * the version that counts is the oldest member's, and of two nodes with one name the older keeps
   * it; that a node which is about to go is still listed harms nobody who may stay.
   */

  /**
   * What a member says of itself.
   *
   * @param name its full name
   * @param nodeName the name that its settings gave it, if they did
   * @param contract its version of what crosses the cluster, as it says it
   * @param address where it is, for people
   */
  record Peer(String name, @Nullable String nodeName, String contract, String address) {}

  /** What was expected, what came and what to do. */
  String message();

  /** The oldest member speaks another version of what crosses the cluster. */
  record OtherContract(Peer self, Peer oldest) implements Unfit {
    @Override
    public String message() {
      return "node "
          + (oldest.name() + " at " + oldest.address() + " speaks version " + oldest.contract())
          + (" of the contract between nodes, this one version " + self.contract())
          + ": run one release in a cluster, and give the other a cluster name of its own";
    }
  }

  /** A member that was there before has the same name. */
  record NameTaken(Peer holder) implements Unfit {
    @Override
    public String message() {
      return ("node name " + holder.nodeName() + " is taken by the node at " + holder.address())
          + ", which is alive: give each node of a cluster a name of its own";
    }
  }

  /**
   * Why this node has to go, if it has to.
   *
   * @param members oldest first; this node may be missing, as long as nobody has listed it
   */
  static Optional<Unfit> of(Peer self, List<Peer> members) {
    if (members.isEmpty()) {
      return Optional.empty();
    }
    Peer oldest = members.getFirst();
    if (!oldest.contract().equals(self.contract())) {
      return Optional.of(new OtherContract(self, oldest));
    }
    String wanted = self.nodeName();
    return wanted == null
        ? Optional.empty()
        : members.stream()
            .takeWhile(member -> !member.name().equals(self.name()))
            .filter(member -> member.contract().equals(self.contract()))
            .filter(member -> wanted.equals(member.nodeName()))
            .findFirst()
            .map(NameTaken::new);
  }
}
