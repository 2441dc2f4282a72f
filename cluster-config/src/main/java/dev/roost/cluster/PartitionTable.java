package dev.roost.cluster;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who hosts which partition now, as a value. Immutable; changes give a new one. Epochs only grow:
 * what an older tenure still says is ignored.
 */
public final class PartitionTable {

  /** Partitions of an application, fixed for ever: topics hash to them. */
  public static final int PARTITIONS = 256;

  /**
   * A host's tenure of a partition.
   *
   * @param inbox address of the host verticle
   * @param epoch number of the tenure, from 1
   */
  public record Owner(String inbox, long epoch) {}

  private static final PartitionTable EMPTY = new PartitionTable(Map.of(), 0);

  private final Map<String, List<Owner>> owners;
  private final long lastEpoch;

  private PartitionTable(Map<String, List<Owner>> owners, long lastEpoch) {
    this.owners = owners;
    this.lastEpoch = lastEpoch;
  }

  /** Nobody hosts anything. */
  public static PartitionTable empty() {
    return EMPTY;
  }

  /** The partition of a topic: the top octet of a mixed {@link String#hashCode()}. */
  public static int partition(String topic) {
    return (topic.hashCode() * 0x9e3779b9) >>> 24;
  }

  /** The host of a partition of this application. */
  public Optional<Owner> owner(String application, int partition) {
    List<Owner> all = owners.get(application);
    return all == null ? Optional.empty() : Optional.of(all.get(partition));
  }

  /** With every partition of the application spread over these inboxes, in a new epoch. */
  public PartitionTable claim(String application, List<String> inboxes) {
    long epoch = lastEpoch + 1;
    var claimed = new Owner[PARTITIONS];
    for (int partition = 0; partition < PARTITIONS; partition++) {
      claimed[partition] = new Owner(inboxes.get(partition % inboxes.size()), epoch);
    }
    var all = new HashMap<>(owners);
    all.put(application, List.of(claimed));
    return new PartitionTable(Map.copyOf(all), epoch);
  }

  /** Without any host for the application. */
  public PartitionTable release(String application) {
    var rest = new HashMap<>(owners);
    rest.remove(application);
    return new PartitionTable(Map.copyOf(rest), lastEpoch);
  }
}
