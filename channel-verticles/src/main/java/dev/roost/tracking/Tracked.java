package dev.roost.tracking;

import dev.roost.hosting.PartitionTable;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One presence, as the host of its tracker knows it: what it is to be, and whom that was told. Used
 * on the host's context only.
 */
final class Tracked {

  /** A change that somebody waits for. */
  static final class Change {

    private final @Nullable MetaVersion before;
    private final MetaVersion after;
    private final long claim;
    private final Promise<String> done = Promise.promise();

    /**
     * @param before what it was, null if this is new
     * @param after what it is to be
     * @param claim number by which its gateway is asked for leave
     */
    Change(@Nullable MetaVersion before, MetaVersion after, long claim) {
      this.before = before;
      this.after = after;
      this.claim = claim;
    }

    @Nullable MetaVersion before() {
      return before;
    }

    MetaVersion after() {
      return after;
    }

    long claim() {
      return claim;
    }

    Promise<String> done() {
      return done;
    }
  }

  private final Tracker tracker;
  private final Tracker.Name name;
  private final Queue<Runnable> behind = new ArrayDeque<>(0);
  private MetaVersion version;
  private @Nullable Change change;
  private PartitionTable.@Nullable Owner at;
  private long request;
  private long claim;

  Tracked(Tracker tracker, Tracker.Name name, MetaVersion version) {
    this.tracker = tracker;
    this.name = name;
    this.version = version;
  }

  Tracker tracker() {
    return tracker;
  }

  Tracker.Name name() {
    return name;
  }

  MetaVersion version() {
    return version;
  }

  void version(MetaVersion now) {
    version = now;
  }

  /** The change that is under way, if any. */
  @Nullable Change change() {
    return change;
  }

  void begin(Change begun) {
    change = begun;
  }

  /** The change is over: what waited behind it goes on. */
  void settle() {
    change = null;
    while (change == null && !behind.isEmpty()) {
      behind.remove().run();
    }
  }

  /** Runs an action when no change is under way. */
  void whenSettled(Runnable action) {
    if (change == null) {
      action.run();
    } else {
      behind.add(action);
    }
  }

  /** The host that was told last, null if it has to be told anew. */
  PartitionTable.@Nullable Owner at() {
    return at;
  }

  void at(PartitionTable.@Nullable Owner owner) {
    at = owner;
  }

  /** What its gateway has granted it, until that is released; 0 for nothing. */
  long claim() {
    return claim;
  }

  void claim(long number) {
    claim = number;
  }

  /** Number of the last request about it that is not answered, 0 for none. */
  long request() {
    return request;
  }

  void request(long number) {
    request = number;
  }
}
