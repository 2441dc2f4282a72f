package dev.roost.membership;

import com.hazelcast.core.EntryEvent;
import com.hazelcast.map.IMap;
import com.hazelcast.map.listener.EntryAddedListener;
import com.hazelcast.map.listener.EntryRemovedListener;
import com.hazelcast.map.listener.EntryUpdatedListener;
import com.hazelcast.map.listener.MapListener;
import dev.roost.cluster.Registry;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The registry as a map of the Hazelcast cluster, with a copy on three nodes beside the owner's.
 */
final class HazelcastRegistry implements Registry {

  private final ClusterMember member;
  private final IMap<String, byte[]> values;
  private final List<Runnable> woken = new CopyOnWriteArrayList<>();
  private final UUID listener;

  HazelcastRegistry(ClusterMember member) {
    this.member = member;
    this.values = member.hazelcast().getMap(HazelcastConfiguration.registry(member.contract()));
    Runnable wakeAll = () -> woken.forEach(Runnable::run);
    this.listener = values.addEntryListener(new Changes(wakeAll), false);
    member.listen(wakeAll);
  }

  @Override
  public byte @Nullable [] get(String key) {
    return values.get(key);
  }

  @Override
  public boolean compareAndSet(String key, byte @Nullable [] expected, byte @Nullable [] changed) {
    if (expected == null) {
      return changed == null ? values.get(key) == null : values.putIfAbsent(key, changed) == null;
    }
    return changed == null ? values.remove(key, expected) : values.replace(key, expected, changed);
  }

  @Override
  public Set<String> nodes() {
    return member.nodes();
  }

  @Override
  public void listen(Runnable wake) {
    woken.add(wake);
  }

  /** Wakes nobody any more. The node leaves with Vert.x, which needs the member up to its end. */
  @Override
  public void close() {
    woken.clear();
    if (member.hazelcast().getLifecycleService().isRunning()) {
      values.removeEntryListener(listener);
    }
  }

  private record Changes(Runnable wake)
      implements MapListener,
          EntryAddedListener<String, byte[]>,
          EntryUpdatedListener<String, byte[]>,
          EntryRemovedListener<String, byte[]> {

    @Override
    public void entryAdded(EntryEvent<String, byte[]> event) {
      wake.run();
    }

    @Override
    public void entryUpdated(EntryEvent<String, byte[]> event) {
      wake.run();
    }

    @Override
    public void entryRemoved(EntryEvent<String, byte[]> event) {
      wake.run();
    }
  }
}
