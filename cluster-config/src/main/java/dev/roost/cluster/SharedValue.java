package dev.roost.cluster;

import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One value of the registry as this node read it last. Used on the keeper's thread only. */
final class SharedValue<T> {

  private final Registry registry;
  private final String key;
  private final Function<byte[], T> decode;
  private final Function<T, byte[]> encode;
  private byte @Nullable [] bytes;
  private final T none;
  private T value;

  /**
   * A value that was not read yet.
   *
   * @param none what it says as long as there is none
   */
  SharedValue(
      Registry registry,
      String key,
      Function<byte[], T> decode,
      Function<T, byte[]> encode,
      T none) {
    this.registry = registry;
    this.key = key;
    this.decode = decode;
    this.encode = encode;
    this.none = none;
    this.value = none;
  }

  /** What the registry says now; decoded only if it changed. */
  T read() {
    byte[] now = registry.get(key);
    if (!Arrays.equals(now, bytes)) {
      value = now == null ? none : decode.apply(now);
      bytes = now;
    }
    return value;
  }

  /** Writes, unless it is not any more what was read last; whether it did. */
  boolean replace(T changed) {
    byte[] next = encode.apply(changed);
    if (!registry.compareAndSet(key, bytes, next)) {
      return false;
    }
    value = changed;
    bytes = next;
    return true;
  }
}
