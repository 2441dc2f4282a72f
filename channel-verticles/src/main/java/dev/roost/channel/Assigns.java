package dev.roost.channel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Named values that a socket carries. Those from connect have crossed the bus as JSON and are read
 * as the type asked for; those that a channel puts are its own objects, seen by nobody else (M-17).
 *
 * <p>For use in the channel's callbacks; not safe for several threads at once.
 */
public final class Assigns {

  /** Hides what connect assigned under a name. */
  private static final Object REMOVED = new Object();

  private final ObjectMapper mapper;
  private final ObjectNode connect;
  private Map<String, Object> own = Map.of();

  /** Begins with what connect assigned. */
  public Assigns(ObjectMapper mapper, ObjectNode connect) {
    this.mapper = mapper;
    this.connect = connect;
  }

  /**
   * The value of this name: the channel's own, else the one from connect. A primitive type is that
   * of its values: {@code int.class} is {@code Integer.class}.
   *
   * @throws IllegalArgumentException if it is of another type
   */
  public <T> Optional<T> get(String name, Class<T> type) {
    Object value = own.get(name);
    if (value == REMOVED) {
      return Optional.empty();
    }
    if (value != null) {
      Class<T> boxed = boxed(type);
      if (!boxed.isInstance(value)) {
        throw new IllegalArgumentException(
            "assign \""
                + name
                + "\" is a "
                + value.getClass().getName()
                + ", not a "
                + type.getName());
      }
      return Optional.of(boxed.cast(value));
    }
    @Nullable JsonNode node = connect.get(name);
    if (node == null || node.isNull()) {
      return Optional.empty();
    }
    try {
      return Optional.of(mapper.convertValue(node, type));
    } catch (IllegalArgumentException e) {
      // Jackson's own message quotes the value, which belongs in no log.
      throw new IllegalArgumentException(
          "assign \"" + name + "\" from connect does not fit " + type.getName());
    }
  }

  @SuppressWarnings("unchecked") // int.class is a Class<Integer>, and so on
  private static <T> Class<T> boxed(Class<T> type) {
    return (Class<T>) MethodType.methodType(type).wrap().returnType();
  }

  /**
   * Keeps a value for this channel.
   *
   * @throws NullPointerException if it is null: {@link #remove} is for no value
   */
  public Assigns put(String name, Object value) {
    Objects.requireNonNull(
        value, () -> "assign \"" + name + "\" is null: use remove to have no value");
    return keep(name, value);
  }

  /** From now on this channel has no value of this name, not the one from connect either. */
  public Assigns remove(String name) {
    return keep(name, REMOVED);
  }

  private Assigns keep(String name, Object value) {
    if (own.isEmpty()) {
      own = new HashMap<>();
    }
    own.put(name, value);
    return this;
  }
}
