package dev.roost.channel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Named values that a socket carries. Those from connect have crossed the bus as JSON and are read
 * as the type asked for; those that a channel puts are its own objects, seen by nobody else (M-17).
 *
 * <p>For use in the channel's callbacks; not safe for several threads at once.
 */
public final class Assigns {

  private final ObjectMapper mapper;
  private final ObjectNode connect;
  private Map<String, Object> own = Map.of();

  /** Begins with what connect assigned. */
  public Assigns(ObjectMapper mapper, ObjectNode connect) {
    this.mapper = mapper;
    this.connect = connect;
  }

  /**
   * The value of this name.
   *
   * @throws IllegalArgumentException if it is of another type
   */
  public <T> Optional<T> get(String name, Class<T> type) {
    Object value = own.get(name);
    if (value != null) {
      if (!type.isInstance(value)) {
        throw new IllegalArgumentException(
            "assign \""
                + name
                + "\" is a "
                + value.getClass().getName()
                + ", not a "
                + type.getName());
      }
      return Optional.of(type.cast(value));
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

  /** Keeps a value for this channel. */
  public Assigns put(String name, Object value) {
    if (own.isEmpty()) {
      own = new HashMap<>();
    }
    own.put(name, value);
    return this;
  }
}
