package dev.roost.hosting;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who hosts which partition of one application, as a value. Immutable; changes give a new one.
 *
 * <p>A partition has an owner or none, and an epoch: 0 as long as nobody ever hosted it. Every
 * change of the owner, also to none, is a higher epoch, so one epoch never means two hosts.
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

  private static final PartitionTable EMPTY = empty(PARTITIONS);

  private final @Nullable Owner[] owners;
  private final long[] epochs;

  private PartitionTable(@Nullable Owner[] owners, long[] epochs) {
    this.owners = owners;
    this.epochs = epochs;
  }

  /** Nobody hosts anything. */
  public static PartitionTable empty() {
    return EMPTY;
  }

  /** The same for another number of partitions: simulations want short tables. */
  public static PartitionTable empty(int partitions) {
    return new PartitionTable(new Owner[partitions], new long[partitions]);
  }

  /** The partition of a topic: the top octet of a mixed {@link String#hashCode()}. */
  public static int partition(String topic) {
    return (topic.hashCode() * 0x9e3779b9) >>> 24;
  }

  /** The host of a partition. */
  public Optional<Owner> owner(int partition) {
    return Optional.ofNullable(owners[partition]);
  }

  /** The number of the partition's tenure, whether somebody hosts it or not. */
  public long epoch(int partition) {
    return epochs[partition];
  }

  /** Partitions of this host that are in another tenure in the later table, its own or not. */
  public BitSet changed(String inbox, PartitionTable later) {
    var changed = new BitSet(owners.length);
    for (int partition = 0; partition < owners.length; partition++) {
      if (inbox.equals(inbox(partition)) && !sameTenure(partition, later)) {
        changed.set(partition);
      }
    }
    return changed;
  }

  /** How many partitions there are. */
  public int size() {
    return owners.length;
  }

  /** The owner's inbox, null for none. */
  public @Nullable String inbox(int partition) {
    Owner owner = owners[partition];
    return owner == null ? null : owner.inbox();
  }

  /** Whether both tables give the partition to the same host, or to none, in the same epoch. */
  public boolean sameTenure(int partition, PartitionTable other) {
    return epochs[partition] == other.epochs[partition]
        && (owners[partition] == null
            ? other.owners[partition] == null
            : owners[partition].equals(other.owners[partition]));
  }

  /** With one partition in another tenure. */
  PartitionTable with(int partition, @Nullable String inbox, long epoch) {
    return change().set(partition, inbox, epoch).made();
  }

  /** A table to be made from this one. */
  public Draft change() {
    return new Draft(owners.clone(), epochs.clone());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PartitionTable table
        && Arrays.equals(epochs, table.epochs)
        && Arrays.equals(owners, table.owners);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(epochs) + Arrays.hashCode(owners);
  }

  @Override
  public String toString() {
    var text = new StringBuilder("PartitionTable[");
    for (int i = 0; i < owners.length; i++) {
      text.append(i == 0 ? "" : ", ").append(inbox(i)).append('@').append(epochs[i]);
    }
    return text.append(']').toString();
  }

  /** A table that is being made; used once. */
  public static final class Draft {

    private final @Nullable Owner[] owners;
    private final long[] epochs;

    private Draft(@Nullable Owner[] owners, long[] epochs) {
      this.owners = owners;
      this.epochs = epochs;
    }

    /** Puts the partition into another tenure; null for one without a host. */
    public Draft set(int partition, @Nullable String inbox, long epoch) {
      owners[partition] = inbox == null ? null : new Owner(inbox, epoch);
      epochs[partition] = epoch;
      return this;
    }

    /** The table; the draft is not used any more. */
    public PartitionTable made() {
      return new PartitionTable(owners, epochs);
    }
  }
}
