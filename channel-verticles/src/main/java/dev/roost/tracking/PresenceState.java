package dev.roost.tracking;

import dev.roost.bus.RawPayload;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Who is present in one topic, and what its members have yet to be told of it. Pure: no clock, no
 * thread, nothing sent.
 */
final class PresenceState {

  /*
   * Changes are gathered in `pending` until they are taken as a diff. What a client has is a list and
   * the diffs behind it, so a version of a meta that came and went in between cancels out: unless a
   * list has shown it, for whoever got that list has to be told that it left (and to the others a leave
   * of what they do not know is nothing). One that a list has shown to be gone, and that comes back as
   * it was, needs a diff of its own behind the one with its leave, so `pending` is sealed. It also is
   * when it has grown to MAX_DIFF_BYTES.
   *
   * Every change has a number, the state's version. `shown` is the version of the last list.
   */

  /** A diff that is larger is told in several: 1 MiB. */
  private static final int MAX_DIFF_BYTES = 1 << 20;

  /** The presences of one key, in the order in which they were first tracked (P-7). */
  private static final class Key {
    final byte[] json;
    final List<Meta> metas = new ArrayList<>(1);

    Key(String key) {
      json = JsonText.quoted(key);
    }
  }

  /**
   * A version of a meta that came or went.
   *
   * @param join of one that went: that it came, if members have not been told of that
   */
  private record Change(String key, Meta meta, long version, @Nullable Change join) {}

  /** Changes that members have yet to be told, by ref. */
  private static final class Pending {
    final Map<String, Change> joins = new LinkedHashMap<>();
    final Map<String, Change> leaves = new LinkedHashMap<>();
    long bytes;

    boolean isEmpty() {
      return joins.isEmpty() && leaves.isEmpty();
    }
  }

  private final Map<String, Key> keys = new LinkedHashMap<>();
  private final List<Pending> sealed = new ArrayList<>(0);
  private Pending pending = new Pending();
  private int size;
  private long bytes;
  private long version;
  private long shown;
  private long encodedVersion = -1;
  private RawPayload encoded = RawPayload.EMPTY_OBJECT;

  /** Presences, each tracker of a key counted. */
  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Bytes of all metas and keys. */
  long bytes() {
    return bytes;
  }

  void forEach(BiConsumer<String, Meta> action) {
    keys.forEach((key, present) -> present.metas.forEach(meta -> action.accept(key, meta)));
  }

  /** The meta of one tracker under a key. */
  @Nullable Meta find(String host, long tracker, String key) {
    Key present = keys.get(key);
    int i = present == null ? -1 : indexOf(present.metas, host, tracker);
    return present == null || i < 0 ? null : present.metas.get(i);
  }

  /**
   * Makes a tracker present under a key, or replaces its meta in its place (P-24); nothing changes
   * if this version is there already.
   */
  void put(String key, Meta meta) {
    Key present = keys.computeIfAbsent(key, Key::new);
    int i = indexOf(present.metas, meta.host(), meta.tracker());
    if (i < 0) {
      present.metas.add(meta);
      size++;
      bytes += meta.json().size() + present.json.length;
      joined(key, meta);
      return;
    }
    Meta old = present.metas.get(i);
    if (!old.ref().equals(meta.ref())) {
      present.metas.set(i, meta);
      bytes += meta.json().size() - old.json().size();
      left(key, old);
      joined(key, meta);
    }
  }

  /** Ends a tracker's presence under a key; nothing changes if there is none (P-23). */
  void remove(String host, long tracker, String key) {
    Key present = keys.get(key);
    int i = present == null ? -1 : indexOf(present.metas, host, tracker);
    if (present != null && i >= 0) {
      removed(key, present, present.metas.remove(i));
    }
  }

  /** Ends all presences whose trackers are like this. */
  void removeIf(Predicate<Meta> isGone) {
    for (var present : List.copyOf(keys.entrySet())) {
      List<Meta> gone = present.getValue().metas.stream().filter(isGone).toList();
      // At a time: a key that everybody has may have very many.
      present.getValue().metas.removeIf(isGone);
      gone.forEach(meta -> removed(present.getKey(), present.getValue(), meta));
    }
  }

  private void removed(String key, Key present, Meta gone) {
    size--;
    bytes -= gone.json().size() + present.json.length;
    if (present.metas.isEmpty()) {
      keys.remove(key);
    }
    left(key, gone);
  }

  private static int indexOf(List<Meta> metas, String host, long tracker) {
    for (int i = 0; i < metas.size(); i++) {
      if (metas.get(i).isOf(host, tracker)) {
        return i;
      }
    }
    return -1;
  }

  private void joined(String key, Meta meta) {
    version++;
    Change leave = pending.leaves.get(meta.ref());
    if (leave != null && leave.version() > shown) {
      pending.leaves.remove(meta.ref());
      if (leave.join() != null) {
        pending.joins.put(meta.ref(), leave.join());
      }
      return;
    }
    if (leave != null) {
      seal();
    }
    note(pending.joins, new Change(key, meta, version, null));
  }

  private void left(String key, Meta meta) {
    version++;
    Change join = pending.joins.remove(meta.ref());
    if (join == null || join.version() <= shown) {
      note(pending.leaves, new Change(key, meta, version, join));
    }
  }

  private void note(Map<String, Change> changes, Change change) {
    changes.put(change.meta().ref(), change);
    pending.bytes += change.key().length() + change.meta().json().size();
    if (pending.bytes > MAX_DIFF_BYTES) {
      seal();
    }
  }

  private void seal() {
    sealed.add(pending);
    pending = new Pending();
  }

  /* ---- what clients get */

  /** Whether a list is there already. */
  boolean isEncoded() {
    return encodedVersion == version;
  }

  /** All who are present (P-1), for somebody who may tell a client. */
  RawPayload list() {
    shown = version;
    return snapshot();
  }

  /** All who are present, for nobody's client. Written once for each version. */
  RawPayload snapshot() {
    if (!isEncoded()) {
      encoded = encode();
      encodedVersion = version;
    }
    return encoded;
  }

  /** The presence of one key, {@code {"metas": [..]}}. */
  Optional<RawPayload> get(String key) {
    shown = version;
    Key present = keys.get(key);
    return present == null
        ? Optional.empty()
        : Optional.of(new JsonText(64).metas(present.metas).raw());
  }

  private RawPayload encode() {
    var text = new JsonText((int) Math.min(bytes + 32L * keys.size() + 2, Integer.MAX_VALUE - 8));
    text.open();
    keys.values().forEach(key -> text.member(key.json).metas(key.metas));
    return text.close().raw();
  }

  /** Whether members have anything to be told. */
  boolean hasChanges() {
    return !sealed.isEmpty() || !pending.isEmpty();
  }

  /** What members have yet to be told, as one diff or, rarely, several; from now on they know. */
  List<Diff> takeDiffs() {
    var diffs = new ArrayList<Diff>(1);
    seal();
    for (Pending next : sealed) {
      if (!next.isEmpty()) {
        diffs.add(
            new Diff(
                presences(next.joins),
                presences(next.leaves),
                next.joins.size(),
                next.leaves.size(),
                unannounced(next)));
      }
    }
    sealed.clear();
    return diffs;
  }

  private static Set<String> unannounced(Pending told) {
    return told.leaves.values().stream()
        .filter(leave -> leave.join() != null)
        .map(leave -> leave.meta().ref())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** From keys to metas, in the shape of a list. */
  private static RawPayload presences(Map<String, Change> changes) {
    if (changes.isEmpty()) {
      return RawPayload.EMPTY_OBJECT;
    }
    var byKey = new LinkedHashMap<String, List<Meta>>();
    for (Change change : changes.values()) {
      byKey.computeIfAbsent(change.key(), key -> new ArrayList<>(1)).add(change.meta());
    }
    var text = new JsonText(256 * byKey.size());
    text.open();
    byKey.forEach((key, metas) -> text.member(JsonText.quoted(key)).metas(metas));
    return text.close().raw();
  }

  /**
   * Joins and leaves, each in the shape of a list, and how many metas they are.
   *
   * @param unannounced refs of those leaves whose joins were in no diff: lists have shown them
   */
  record Diff(RawPayload joins, RawPayload leaves, int joined, int left, Set<String> unannounced) {

    /** The same for somebody who has seen those lists. */
    Diff announced() {
      return new Diff(joins, leaves, joined, left, Set.of());
    }

    /** Of keys of which nothing else is known. */
    static Diff unknownLeaves(List<String> keys) {
      var text = new JsonText(32 * keys.size()).open();
      keys.forEach(key -> text.member(JsonText.quoted(key)).metas(List.of()));
      return new Diff(RawPayload.EMPTY_OBJECT, text.close().raw(), 0, 0, Set.of());
    }

    /** The payload of {@code presence_diff} (P-2). */
    RawPayload payload() {
      return new JsonText(joins.size() + leaves.size() + 32)
          .open()
          .member(JsonText.quoted("joins"))
          .value(joins)
          .member(JsonText.quoted("leaves"))
          .value(leaves)
          .close()
          .raw();
    }
  }
}
