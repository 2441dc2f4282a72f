package dev.roost.cluster;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The registry of nodes that share one process: {@link #join} gives each its own view of the same
 * values. Safe for use by every thread.
 */
final class MemoryRegistry {

  private final Map<String, byte[]> values = new HashMap<>();
  private final Set<String> nodes = new HashSet<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  /** Takes in a node. */
  Registry join(String name) {
    synchronized (this) {
      if (!nodes.add(name)) {
        throw new IllegalStateException(
            "a node named " + name + " is here already: each has a name of its own");
      }
    }
    changed();
    return new View(name);
  }

  // Outside the lock: what is woken may read at once.
  private void changed() {
    listeners.forEach(Runnable::run);
  }

  private synchronized byte @Nullable [] get(String key) {
    byte[] value = values.get(key);
    return value == null ? null : value.clone();
  }

  private synchronized boolean swap(
      String key, byte @Nullable [] expected, byte @Nullable [] changed) {
    if (!Arrays.equals(values.get(key), expected)) {
      return false;
    }
    if (changed == null) {
      values.remove(key);
    } else {
      values.put(key, changed.clone());
    }
    return true;
  }

  private synchronized Set<String> nodes() {
    return Set.copyOf(nodes);
  }

  private synchronized void leave(String name) {
    nodes.remove(name);
  }

  /** What one node sees and does. */
  private final class View implements Registry {

    private final String name;
    private final List<Runnable> own = new CopyOnWriteArrayList<>();

    View(String name) {
      this.name = name;
    }

    @Override
    public byte @Nullable [] get(String key) {
      return MemoryRegistry.this.get(key);
    }

    @Override
    public boolean compareAndSet(
        String key, byte @Nullable [] expected, byte @Nullable [] changed) {
      boolean swapped = swap(key, expected, changed);
      if (swapped) {
        changed();
      }
      return swapped;
    }

    @Override
    public Set<String> nodes() {
      return MemoryRegistry.this.nodes();
    }

    @Override
    public void listen(Runnable wake) {
      own.add(wake);
      listeners.add(wake);
    }

    @Override
    public void close() {
      listeners.removeAll(own);
      leave(name);
      changed();
    }
  }
}
