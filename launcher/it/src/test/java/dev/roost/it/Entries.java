package dev.roost.it;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;

/** Counts the entries of every map and collection that an object of Roost's reaches. */
final class Entries {

  private record Found(String where, Object object) {}

  private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Deque<Found> open = new ArrayDeque<>();
  private final Map<String, Integer> counts = new TreeMap<>();

  private Entries() {}

  /**
   * By the field that they stand in, such as {@code SocketTable.rows}; those of one field are added
   * up. Called where the object may be read.
   */
  static Map<String, Integer> of(Object root) {
    var entries = new Entries();
    entries.add(root.getClass().getSimpleName(), root);
    while (!entries.open.isEmpty()) {
      entries.look(entries.open.pop());
    }
    return entries.counts;
  }

  private void add(String where, Object object) {
    if (object != null && seen.add(object)) {
      open.push(new Found(where, object));
    }
  }

  private void look(Found found) {
    String where = found.where();
    switch (found.object()) {
      case Map<?, ?> map -> count(where, map.size(), map.values().toArray());
      case Collection<?> collection -> count(where, collection.size(), collection.toArray());
      case Optional<?> optional -> optional.ifPresent(value -> add(where, value));
      case AtomicReference<?> reference -> add(where, reference.get());
      case Object[] array -> Arrays.stream(array).forEach(value -> add(where, value));
      case Object object -> {
        if (isOurs(object.getClass())) {
          for (Class<?> type = object.getClass(); isOurs(type); type = type.getSuperclass()) {
            Arrays.stream(type.getDeclaredFields()).forEach(field -> look(object, field));
          }
        }
      }
    }
  }

  private void count(String where, int size, Object[] values) {
    counts.merge(where, size, Integer::sum);
    Arrays.stream(values).forEach(value -> add(where + "[]", value));
  }

  private void look(Object object, Field field) {
    if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) {
      return;
    }
    field.setAccessible(true);
    try {
      add(field.getDeclaringClass().getSimpleName() + "." + field.getName(), field.get(object));
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isOurs(Class<?> type) {
    String name = type.getName();
    return name.startsWith("dev.roost.") && !name.startsWith("dev.roost.it.") && !type.isHidden();
  }
}
