package dev.roost.hosting;

import java.util.Map;
import java.util.Optional;

/** The partition tables of all applications that are offered now, as a value. */
public final class Partitions {

  private static final Partitions NONE = new Partitions(Map.of());

  private final Map<String, PartitionTable> tables;

  /** These tables, by application. */
  public Partitions(Map<String, PartitionTable> tables) {
    this.tables = Map.copyOf(tables);
  }

  /** Nobody hosts anything. */
  public static Partitions none() {
    return NONE;
  }

  /** The host of a partition of this application. */
  public Optional<PartitionTable.Owner> owner(String application, int partition) {
    PartitionTable table = tables.get(application);
    return table == null ? Optional.empty() : table.owner(partition);
  }

  /** The table of this application, empty where nobody hosts anything. */
  public PartitionTable table(String application) {
    PartitionTable table = tables.get(application);
    return table == null ? PartitionTable.empty() : table;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Partitions partitions && tables.equals(partitions.tables);
  }

  @Override
  public int hashCode() {
    return tables.hashCode();
  }
}
